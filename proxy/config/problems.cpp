#include "config/problems.h"

#include <fmt/format.h>

#include <utility>

#include "base/text.h"

namespace wssgate::config {
namespace {

// Longer words are no typing error of any known one, and comparing them costs time.
constexpr std::size_t kLongestWord = 64;
constexpr std::size_t kMostCompared = 200;
constexpr std::size_t kMostListed = 16;

}  // namespace

void Problems::add(Place place, std::string message, std::string hint) {
  if (full()) return;
  if (count_++ == kMost) {
    report_.add(at({}),
                fmt::format("more than {} problems were found, and the rest is not shown", kMost),
                "correct the first ones and check again");
    return;
  }
  report_.add(at(place), std::move(message), std::move(hint));
}

std::string suggest(std::string_view word, const std::vector<std::string_view>& known,
                    std::string_view otherwise) {
  std::vector<std::string_view> compared = known;
  if (compared.size() > kMostCompared) compared.resize(kMostCompared);
  const std::string_view meant =
      word.size() <= kLongestWord ? nearest(word, compared) : std::string_view();
  if (!meant.empty()) return fmt::format("write '{}' if you meant that", printable(meant));
  std::string list(otherwise);
  for (std::size_t i = 0; i < known.size() && i < kMostListed; ++i) {
    list += fmt::format("{} {}", i == 0 ? "" : ",", printable(known[i]));
  }
  if (known.size() > kMostListed) list += fmt::format(" and {} more", known.size() - kMostListed);
  return list;
}

}  // namespace wssgate::config
