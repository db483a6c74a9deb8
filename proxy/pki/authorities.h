#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pki/trust.h"

namespace wssgate::pki {

/// How problems with a file of CAs are told.
struct AuthorityWords {
  /// "the clients' CA".
  std::string_view file;
  /// Of one that has expired: "no client's certificate below it passes".
  std::string_view consequence;
  /// "give the PEM certificates of the CAs that issue to your clients".
  std::string_view advice;
};

enum class SelfSigned : std::uint8_t {
  ca_only,  ///< each certificate must be a CA's
  taken,    ///< one that is no CA but has signed itself stands for itself
};

/// CAs named by the operator, trusted in place of any others.
struct Authorities {
  std::vector<X509Ptr> certificates;
  /// With all of them, each trusted by itself, whether it is a root or not.
  StorePtr store;

  /// All that are in a PEM file. Problems go to `report`; nothing if any. One that has expired at
  /// `now` is a warning while another one holds.
  static std::optional<Authorities> load(const NamedPath& file, const AuthorityWords& words,
                                         SelfSigned self_signed,
                                         std::chrono::system_clock::time_point now, Report& report);

  /// Equal for the same certificates, in any order.
  std::string digest_text() const;
};

}  // namespace wssgate::pki
