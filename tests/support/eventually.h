#pragma once

#include <chrono>
#include <functional>

namespace wssgate::test {

/// How long what has to come may take: with sanitizers on a busy machine little is quick. Less than
/// the 30 s after which wssgate pings, or ends a drain, by itself.
constexpr std::chrono::seconds kPatience{20};

/// Looks until it is so, for kPatience at most; then false.
bool eventually(const std::function<bool()>& so);

}  // namespace wssgate::test
