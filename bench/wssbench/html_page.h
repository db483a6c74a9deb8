#pragma once

#include <string>
#include <string_view>

namespace wssgate::bench {

/// A whole HTML document around `body`, with its style and nothing from elsewhere. `title` is
/// escaped here.
std::string html_page(std::string_view title, std::string_view body);

}  // namespace wssgate::bench
