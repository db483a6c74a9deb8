#include "gateway/certificates.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/ocsp_responses.h"
#include "support/temp_folder.h"
#include "support/test_ca.h"

// What a reload proves again, and what it takes for proven.
namespace wssgate::gateway {
namespace {

using std::chrono::hours;
using test::day;
using testing::HasSubstr;
using testing::SizeIs;

struct CertificatesProven : testing::Test {
  test::TempFolder folder;
  test::TestCa ca;
  test::TestCertificate leaf = ca.intermediate.leaf({"a.test"});
  std::chrono::system_clock::time_point now = day(2026, 6, 1);
  std::vector<pki::NamedPath> roots = {{folder.write("root.pem", ca.root.pem()), {}}};
  std::vector<CertificateState> states;
  Report report;
  Report held;

  CertificatesProven() {
    arrange(leaf);
    load(nullptr);
    EXPECT_TRUE(state().served) << report.text();
  }

  void arrange(const test::TestCertificate& certificate, const std::string& name = "a") const {
    folder.write("certs/" + name + "/fullchain.pem", ca.chain(certificate));
    folder.write("certs/" + name + "/privkey.pem", certificate.key_pem());
  }
  void load(const std::vector<CertificateState>* before) {
    report = Report();
    held = Report();
    const auto trust = pki::Trust::load(roots, {}, now, report);
    Certificates certificates(before, trust, now, report, held);
    certificates.load_folders({{folder.path() + "/certs", {}}});
    states = certificates.take_states();
  }
  void reload() {
    const auto before = states;
    load(&before);
  }
  const CertificateState& state() const { return states.front(); }

  /// At a reload: the same certificate serves, and whether it was proven again.
  bool is_proven_again() {
    const CertificateState before = state();
    reload();
    EXPECT_EQ(state().served, before.served);
    return !before.proof || state().proof != before.proof;
  }
  /// At a reload: it is refused, and told so.
  std::string refusal() {
    reload();
    EXPECT_THAT(state().refused, SizeIs(1));
    return held.text();
  }
};

TEST_F(CertificatesProven, OnceWhileNothingChanges) {
  EXPECT_FALSE(is_proven_again());
  now += hours(24);
  EXPECT_FALSE(is_proven_again());
}

TEST_F(CertificatesProven, AgainWhenTheChainFileHasOtherBytes) {
  folder.write("certs/a/fullchain.pem", ca.chain(leaf) + "# a remark\n");
  EXPECT_TRUE(is_proven_again());
  EXPECT_FALSE(is_proven_again());
}

TEST_F(CertificatesProven, AgainWhenTheKeyIsAnother) {
  folder.write("certs/a/privkey.pem", ca.intermediate.leaf({"a.test"}).key_pem());
  EXPECT_THAT(refusal(), HasSubstr("is not the key of 'a.test'"));
}

TEST_F(CertificatesProven, AgainWhenOthersMayReadTheKey) {
  folder.write("certs/a/privkey.pem", leaf.key_pem(), 0644);
  EXPECT_THAT(refusal(), HasSubstr("is readable by every user"));
  EXPECT_THAT(refusal(), HasSubstr("is readable by every user"));
}

TEST_F(CertificatesProven, AgainWhenTheRootIsTrustedNoMore) {
  const auto other = test::TestCertificate::root("Another Root");
  folder.write("root.pem", other.pem());
  EXPECT_THAT(refusal(), HasSubstr("nor a trusted root"));
}

TEST_F(CertificatesProven, AgainWhenTheRootOfThatNameIsAnother) {
  folder.write("root.pem", test::TestCertificate::root("Test Root").pem());
  EXPECT_THAT(refusal(), HasSubstr("did not sign it"));
}

TEST_F(CertificatesProven, AgainWhenItsEndIsNear) {
  test::CertificateOptions options;
  options.names = {"a.test"};
  options.not_before = day(2026, 5, 1);
  options.not_after = day(2026, 7, 30);
  arrange(ca.intermediate.issue(options));
  reload();
  EXPECT_FALSE(is_proven_again());
  now = day(2026, 7, 16) - hours(1);
  EXPECT_FALSE(is_proven_again());
  now = day(2026, 7, 16) + hours(1);
  EXPECT_TRUE(is_proven_again());
  EXPECT_THAT(report.text(), HasSubstr("expires at 2026-07-30T00:00:00Z, in 13 days"));
  EXPECT_TRUE(is_proven_again()) << "as long as there is something to say";
  now = day(2026, 7, 31);
  reload();
  EXPECT_FALSE(state().served);
}

TEST_F(CertificatesProven, AgainWhenTheEndOfItsIntermediateIsNear) {
  test::CertificateOptions options;
  options.common_name = "Ending Intermediate";
  options.is_ca = true;
  options.not_before = day(2026, 1, 1);
  options.not_after = day(2026, 7, 30);
  const auto ending = ca.root.issue(options);
  leaf = ending.leaf({"a.test"});
  folder.write("certs/a/fullchain.pem", test::pem_of({&leaf, &ending}));
  folder.write("certs/a/privkey.pem", leaf.key_pem());
  reload();
  EXPECT_FALSE(is_proven_again());
  now = day(2026, 7, 16) + hours(1);
  EXPECT_TRUE(is_proven_again());
  EXPECT_THAT(report.text(), HasSubstr("'Ending Intermediate' expires"));
}

TEST_F(CertificatesProven, AgainWhenTheClockWentBack) {
  now -= hours(24);
  EXPECT_TRUE(is_proven_again());
}

TEST_F(CertificatesProven, AgainWhenAStapleFileComesOrEnds) {
  folder.write("certs/a/ocsp.der", test::ocsp_response(leaf, ca.intermediate));
  reload();
  ASSERT_TRUE(state().served->file_staple) << report.text();
  EXPECT_FALSE(is_proven_again());
  now = day(2026, 6, 7);
  reload();
  EXPECT_FALSE(state().served->file_staple);
  EXPECT_THAT(report.text(), HasSubstr("it expired at 2026-06-06T00:00:00Z"));
}

TEST_F(CertificatesProven, ShareTheirIntermediate) {
  arrange(ca.intermediate.leaf({"b.test"}), "b");
  reload();
  ASSERT_THAT(states, SizeIs(2));
  const auto* const first = states[0].served->intermediates.at(0).get();
  EXPECT_EQ(states[1].served->intermediates.at(0).get(), first) << "added at a reload";
  arrange(ca.intermediate.leaf({"a.test"}));
  reload();
  EXPECT_EQ(states[0].served->intermediates.at(0).get(), first) << "renewed";
  load(nullptr);
  EXPECT_EQ(states[0].served->intermediates.at(0).get(),
            states[1].served->intermediates.at(0).get())
      << "at the start";
}

}  // namespace
}  // namespace wssgate::gateway
