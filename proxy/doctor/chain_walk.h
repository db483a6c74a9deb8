#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "doctor/facts.h"
#include "pki/trust.h"

/// What stands in a chain as it was sent, before anybody judges it.
namespace wssgate::doctor {

/// What chains are judged against.
struct Judge {
  const pki::TrustAnchors& anchors;
  /// --ca named roots: whoever asks has told what to trust.
  bool has_own_roots = false;
  std::chrono::system_clock::time_point now;
};

/// How the chain of one answer was walked, from the server's certificate up. Borrows from the
/// answer and the anchors.
struct ChainWalk {
  /// Indices into TlsAnswer::chain of the way up, the leaf first.
  std::vector<std::size_t> path;
  /// The trusted root that it ends in; null where it ends in none.
  pki::X509Ptr root;
  /// It ends in a self-signed certificate (which may be trusted).
  bool ends_self_signed = false;

  bool complete() const { return root != nullptr; }
};
ChainWalk walk_chain(const TlsAnswer& answer, const pki::TrustAnchors& anchors);

/// The staple that came: "good", "revoked", "absent", "unusable", "unverified" (its issuer is not
/// sent), "not applicable" (there is no responder to ask).
struct StapleState {
  std::string word;
  std::string why;
};
StapleState staple_state(const TlsAnswer& answer, const ChainWalk& walk, const Judge& judge);

/// The subject alternative names that servers are verified by, as they stand there. Printable.
std::vector<std::string> alternative_names(const X509* certificate);

/// RFC 9525 §6: by the alternative names alone. `name` is canonical, or an IP address.
bool covers(const X509* certificate, const std::string& name);

}  // namespace wssgate::doctor
