#pragma once

#include <chrono>
#include <functional>

namespace wssgate::test {

/// How long what has to come may take: with sanitizers on a busy machine little is quick.
constexpr std::chrono::seconds kPatience{30};

/// Looks until it is so, for kPatience at most; then false.
bool eventually(const std::function<bool()>& so);

}  // namespace wssgate::test
