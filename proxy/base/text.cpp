#include "base/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <numeric>
#include <optional>

namespace wssgate {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

/// Levenshtein's distance to other words, a whole column of the matrix at a time: one bit a
/// character (Myers 1999, in Hyyro's form). A client's made-up server name is compared with every
/// host there is, so it must cost little.
class ShortWord {
 public:
  static constexpr std::size_t kMost = 64;

  explicit ShortWord(std::string_view word) : size_(word.size()) {
    for (std::size_t i = 0; i < size_; ++i) places_[byte(word[i])] |= std::uint64_t{1} << i;
  }

  /// Anything over `most` once it is certain to be.
  std::size_t distance(std::string_view other, std::size_t most) const {
    const std::uint64_t last = std::uint64_t{1} << (size_ - 1);
    std::uint64_t grows = ~std::uint64_t{0};  // from one row to the next
    std::uint64_t shrinks = 0;
    std::size_t distance = size_;
    for (std::size_t left = other.size(); const char c : other) {
      const std::uint64_t same = places_[byte(c)];
      const std::uint64_t diagonal = (((same & grows) + grows) ^ grows) | same | shrinks;
      std::uint64_t more = shrinks | ~(diagonal | grows);  // than in the column before
      std::uint64_t less = diagonal & grows;
      if ((more & last) != 0) ++distance;
      if ((less & last) != 0) --distance;
      if (distance > most + --left) return most + 1;  // each that is left takes away one at most
      more = (more << 1) | 1;
      less <<= 1;
      grows = less | ~(diagonal | more);
      shrinks = more & diagonal;
    }
    return distance;
  }

 private:
  static std::size_t byte(char c) { return static_cast<unsigned char>(c); }

  std::size_t size_;
  std::array<std::uint64_t, 256> places_{};  // of each character in the word
};

/// The same for words of any length, one row at a time.
std::size_t edit_distance(std::string_view a, std::string_view b, std::size_t most) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
    }
    if (*std::min_element(row.begin(), row.end()) > most) return most + 1;
  }
  return row.back();
}

}  // namespace

std::string to_lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), lower);
  return out;
}

bool iequals(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const auto at = text.find(separator);
    parts.push_back(trim(text.substr(0, at)));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

std::string_view nearest(std::string_view word, const std::vector<std::string_view>& candidates) {
  if (word.empty()) return {};
  std::optional<ShortWord> as_short;
  if (word.size() <= ShortWord::kMost) as_short.emplace(word);
  std::string_view best;
  std::size_t best_distance = std::string_view::npos;
  for (const std::string_view candidate : candidates) {
    const std::size_t longer = std::max(word.size(), candidate.size());
    const std::size_t near = longer < 2 ? 0 : std::max<std::size_t>(1, longer / 3);
    const std::size_t most = std::min(near, best_distance);
    if (longer - std::min(word.size(), candidate.size()) > most) continue;
    const std::size_t distance =
        as_short ? as_short->distance(candidate, most) : edit_distance(word, candidate, most);
    if (distance > most || distance == best_distance) continue;
    best = candidate;
    best_distance = distance;
  }
  return best;
}

std::string printable(std::string_view text, std::size_t limit) {
  std::string out;
  const bool cut = text.size() > limit;
  for (const char c : text.substr(0, limit)) {
    if (c >= 0x20 && c < 0x7f) {
      out += c;
    } else {
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    }
  }
  if (cut) out += "...";
  return out;
}

}  // namespace wssgate
