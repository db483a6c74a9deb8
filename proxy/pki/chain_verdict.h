#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "pki/certificate.h"

namespace wssgate::pki {

/// A certificate on the path from the leaf (the first) towards the root, borrowed.
struct PathMember {
  X509* certificate = nullptr;
  SourceLocation at;
};

/// How the path from the leaf ends.
struct PathEnd {
  /// The root that the file holds beside the path, or null.
  const X509* root = nullptr;
  /// That it ends too early has been told already, with its cause.
  bool explained = false;
  /// The file holds the server's certificate and nothing else.
  bool leaf_alone = false;
  /// Where certificates.intermediates has the missing one, unfit; else empty.
  std::string unfit_file;
};

/// Judges each member by itself: dates at `now`, strength of key and signature, the leaf's usage,
/// the intermediates' right to issue. False when an intermediate has no such right.
bool judge_members(const std::vector<PathMember>& path, std::chrono::system_clock::time_point now,
                   Report& report);

/// Judges the certificate that we show as a client, and the intermediates behind it, likewise.
void judge_client_members(const std::vector<PathMember>& path,
                          std::chrono::system_clock::time_point now, Report& report);

/// Judges an intermediate that stands by itself, to complete chains: whether it may. Dates that
/// keep it from that are a warning.
bool judge_intermediate(const PathMember& member, std::chrono::system_clock::time_point now,
                        Report& report);

/// Judges whether a leaf that must be stapled (RFC 7633) can be without a staple file: refused for
/// ever by the clients that insist, otherwise.
void judge_stapling(const PathMember& leaf, Report& report);

/// Asks OpenSSL whether `path`, as a client would get it, leads to a root of `trust` at `now`,
/// for a server's use and at security level 2. Returns that root, or null.
X509Ptr judge_trust(const std::vector<PathMember>& path, const PathEnd& end, const Trust& trust,
                    std::chrono::system_clock::time_point now, Report& report);

/// From when on `warn_of_end` warns; nothing where the dates do not decode.
std::optional<std::chrono::system_clock::time_point> warning_time(const X509* certificate);

/// Warns of a certificate that ends in less than 14 days, or less than a third of its lifetime
/// where that is shorter: whatever renews it should have done so by then. `what` begins the
/// sentence.
void warn_of_end(const X509* certificate, const std::string& what, const SourceLocation& at,
                 std::chrono::system_clock::time_point now, const std::string& hint, Report& report,
                 Problem::Kind kind = Problem::Kind::other);

}  // namespace wssgate::pki
