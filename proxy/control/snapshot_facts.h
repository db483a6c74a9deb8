#pragma once

#include <chrono>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "gateway/certificates.h"
#include "pki/certificate.h"

namespace wssgate::gateway {
struct Site;
struct Snapshot;
}  // namespace wssgate::gateway

namespace wssgate::control {

/// What is worked out once of a snapshot, for those who look every few seconds: with many hosts it
/// would be most of what they do. Belongs to the control thread.
class SnapshotFacts {
 public:
  using TimePoint = std::chrono::system_clock::time_point;

  /// More of them nobody reads.
  static constexpr std::size_t kMostUrgent = 40;

  /// All that follows is of this one, and borrows from it.
  void adopt(const std::shared_ptr<const gateway::Snapshot>& snapshot);

  /// Certificates that need care, and after them those that end first: kMostUrgent.
  const std::vector<const gateway::CertificateState*>& most_urgent() const { return urgent_; }
  /// Those that some host has: an abandoned folder hurts nobody. In the configuration's order.
  const std::vector<const pki::Certificate*>& certificates() const { return certificates_; }
  /// Those of them that judge_certificate() has something to say of.
  std::vector<const pki::Certificate*> near_their_end(TimePoint now) const;
  /// Names whose handshakes are refused, since no certificate may serve them.
  std::set<std::string> without_certificate(TimePoint now) const;

 private:
  void look_at_sites(const gateway::Snapshot& snapshot);
  void look_at_certificates(const gateway::Snapshot& snapshot);

  std::weak_ptr<const gateway::Snapshot> snapshot_;
  std::vector<const gateway::CertificateState*> urgent_;
  std::vector<const pki::Certificate*> certificates_;
  /// From when on there is something to say of each, and of the first one.
  std::vector<TimePoint> told_from_;
  TimePoint first_told_;
  /// Sites that may be without a certificate before any of theirs has ended.
  std::vector<std::pair<std::string, const gateway::Site*>> doubtful_;
  TimePoint first_end_;
};

}  // namespace wssgate::control
