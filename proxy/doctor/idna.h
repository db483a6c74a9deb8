#pragma once

#include <optional>
#include <string>

namespace wssgate::doctor {

/// The A-labels ("xn--…") of a host name in UTF-8, by RFC 5891 §5 as libidn2 looks names up.
/// Nothing where the name is none, or this machine has no libidn2.
std::optional<std::string> to_a_labels(const std::string& name);

}  // namespace wssgate::doctor
