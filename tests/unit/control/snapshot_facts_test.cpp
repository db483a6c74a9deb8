#include "control/snapshot_facts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

#include "gateway/snapshot.h"

namespace wssgate::control {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using namespace std::chrono_literals;
constexpr auto kDay = 24h;
const SnapshotFacts::TimePoint kNow{1'000'000h};

using CertificatePtr = std::shared_ptr<const pki::Certificate>;

CertificatePtr ending_in(std::chrono::hours left) {
  const auto certificate = std::make_shared<pki::Certificate>();
  certificate->not_after = kNow + left;
  certificate->not_before = certificate->not_after - 90 * kDay;
  return certificate;
}

class SnapshotFactsTest : public testing::Test {
 protected:
  /// A certificate on the disk, and the site that has it where there is one.
  void add(const CertificatePtr& certificate, const std::string& site_name = "") {
    gateway::CertificateState& state = snapshot_->certificates.emplace_back();
    state.served = certificate;
    if (site_name.empty()) return;
    gateway::Site site;
    site.certificates.push_back({certificate, nullptr});
    site.tls.emplace_back();
    site.end = certificate->not_after;
    add(site_name, std::move(site));
  }
  void add(const std::string& site_name, gateway::Site site,
           std::shared_ptr<upstream::Upstream> passthrough = nullptr) {
    const auto host = std::make_shared<gateway::Host>();
    host->passthrough = std::move(passthrough);
    site.host = host;
    snapshot_->sites.add(*HostPattern::parse(site_name), std::move(site));
  }

  const SnapshotFacts& facts() {
    facts_.adopt(snapshot_);
    return facts_;
  }

  std::shared_ptr<gateway::Snapshot> snapshot_ = std::make_shared<gateway::Snapshot>();
  SnapshotFacts facts_;
};

TEST_F(SnapshotFactsTest, CertificatesThatSomeHostHasAreToldOfNearTheirEnd) {
  const auto soon = ending_in(10 * kDay);
  const auto later = ending_in(60 * kDay);
  add(ending_in(1h));  // nobody's
  add(later, "later.example");
  add(soon, "soon.example");
  EXPECT_THAT(facts().certificates(), ElementsAre(later.get(), soon.get()));
  EXPECT_THAT(facts().near_their_end(kNow - 10 * kDay), IsEmpty());
  EXPECT_THAT(facts().near_their_end(kNow), ElementsAre(soon.get()));
  EXPECT_THAT(facts().near_their_end(kNow + 60 * kDay), ElementsAre(later.get(), soon.get()));
}

TEST_F(SnapshotFactsTest, NamesWithoutACertificate) {
  add(ending_in(10 * kDay), "soon.example");
  add("none.example", {});
  add("passed.example", {},
      std::make_shared<upstream::Upstream>("app", std::vector<upstream::Member>(),
                                           upstream::Terms(), nullptr));
  EXPECT_THAT(facts().without_certificate(kNow), ElementsAre("none.example"));
  EXPECT_THAT(facts().without_certificate(kNow + 11 * kDay),
              ElementsAre("none.example", "soon.example"));
}

TEST_F(SnapshotFactsTest, ThoseThatNeedCareAreTheMostUrgent) {
  add(ending_in(60 * kDay), "later.example");
  add(ending_in(10 * kDay), "soon.example");
  add(ending_in(80 * kDay), "held.example");
  snapshot_->certificates.back().refused.push_back({.at = {}, .message = "no good", .hint = ""});
  const auto& all = snapshot_->certificates;
  EXPECT_THAT(facts().most_urgent(), ElementsAre(&all[2], &all[1], &all[0]));
}

TEST_F(SnapshotFactsTest, AreOfTheSnapshotThatServes) {
  add("none.example", {});
  EXPECT_THAT(facts().without_certificate(kNow), ElementsAre("none.example"));
  snapshot_ = std::make_shared<gateway::Snapshot>();
  EXPECT_THAT(facts().without_certificate(kNow), IsEmpty());
}

}  // namespace
}  // namespace wssgate::control
