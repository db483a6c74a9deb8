#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace wssgate {

/// The canonical form of a DNS host name: lower case, no trailing dot. Nothing for what is not
/// one: empty, over 253 bytes, an empty label or one over 63 bytes, characters other than letters,
/// digits, '-' and '_', a label that starts or ends with '-', or an IP literal (RFC 6066 §3 allows
/// no literals in a server name; a last label of only digits is one, RFC 1123 §2.1).
/// A single label ("localhost") is a name. International names come in their A-label form.
std::optional<std::string> canonical_hostname(std::string_view text);

/// A name that a host entry answers to, or that a certificate covers: exact ("chat.example.com")
/// or a wildcard for exactly one leftmost label ("*.example.com", RFC 9525 §6.3).
class HostPattern {
 public:
  /// Nothing for what is neither a host name nor "*." before one of at least two labels
  /// (a wildcard directly below a top-level domain covers strangers' names).
  static std::optional<HostPattern> parse(std::string_view text);

  bool is_wildcard() const { return wildcard_; }
  /// What stands in the configuration: "chat.example.com", "*.example.com".
  std::string text() const;
  /// The name itself, or for a wildcard what follows the "*.".
  const std::string& suffix() const { return suffix_; }

  /// `name` must be canonical.
  bool covers(std::string_view name) const;
  /// Every name that `other` covers is covered by this one as well.
  bool covers(const HostPattern& other) const;

  bool operator==(const HostPattern&) const = default;

 private:
  HostPattern(std::string suffix, bool wildcard)
      : suffix_(std::move(suffix)), wildcard_(wildcard) {}

  std::string suffix_;
  bool wildcard_;
};

}  // namespace wssgate
