#include "doctor/chain_verdicts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "unit/doctor/facts.h"

namespace wssgate::doctor {
namespace {

using test::CertificateOptions;
using test::day;
using test::TestCertificate;
using test::TestKey;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class ChainVerdicts : public testing::Test {
 protected:
  std::vector<Finding> judge(const std::vector<const TestCertificate*>& chain,
                             const KnownIssuers& known = {}) const {
    return judge(handshake(chain), clinic_.judge(), known);
  }
  std::vector<Finding> judge(const TlsAnswer& answer, const Judge& judge,
                             const KnownIssuers& known = {}) const {
    return judge_chain(answer, walk_chain(answer, judge.anchors), wanted_, known, judge);
  }
  std::vector<Finding> judge(const CertificateOptions& options) const {
    const TestCertificate leaf = clinic_.leaf(options);
    return judge({&leaf, &clinic_.ca().intermediate});
  }

  Clinic clinic_;
  std::string wanted_ = "chat.test";
};

TEST_F(ChainVerdicts, AGoodChainHasNone) { EXPECT_THAT(judge(good_options()), IsEmpty()); }

TEST_F(ChainVerdicts, EachFaultOfALeafHasItsName) {
  struct Case {
    const char* id;
    void (*plant)(CertificateOptions&);
  };
  for (const auto& [id, plant] :
       {Case{"name_not_covered", [](auto& options) { options.names = {"other.test"}; }},
        Case{"name_not_covered", [](auto& options) { options.names = {"*.chat.test"}; }},
        Case{"name_not_covered", [](auto& options) { options.names = {}; }},
        Case{"expired", [](auto& options) { options.not_after = day(2026, 1, 31); }},
        Case{"not_yet_valid", [](auto& options) { options.not_before = day(2026, 2, 2); }},
        Case{"expires_soon", [](auto& options) { options.not_after = day(2026, 2, 5); }},
        Case{"validity_too_long", [](auto& options) { options.not_before = day(2023, 1, 1); }},
        Case{"weak", [](auto& options) { options.key = TestKey::rsa1024; }},
        Case{"weak", [](auto& options) { options.digest = "SHA1"; }},
        Case{"wrong_usage", [](auto& options) { options.extended_key_usage = "clientAuth"; }},
        Case{"must_staple_missing", [](auto& options) { options.tls_feature = "status_request"; }},
        Case{"staple_absent", [](auto& options) {
               options.authority_info_access = "OCSP;URI:http://ocsp.test/";
             }}}) {
    CertificateOptions options = good_options();
    plant(options);
    EXPECT_THAT(ids(judge(options)), ElementsAre(id));
  }
}

TEST_F(ChainVerdicts, PublicCertificatesLiveShorterByTheDayOfIssue) {
  struct Case {
    std::chrono::system_clock::time_point issued;
    int most = 0;
  };
  for (const auto& [issued, most] : {Case{day(2026, 3, 14), 398}, Case{day(2026, 3, 15), 200},
                                     Case{day(2027, 3, 15), 100}, Case{day(2029, 3, 15), 47}}) {
    for (const int days : {most, most + 1}) {
      CertificateOptions options = good_options();
      options.not_before = issued;
      options.not_after = issued + std::chrono::hours(24 * days);
      const TestCertificate leaf = clinic_.leaf(options);
      Judge by = clinic_.judge();
      by.has_own_roots = false;
      by.now = issued;
      const auto found = ids(judge(handshake({&leaf, &clinic_.ca().intermediate}), by));
      const auto count = std::count(found.begin(), found.end(), "validity_too_long");
      EXPECT_EQ(count, days > most ? 1 : 0) << most << " " << days;
    }
  }
}

TEST_F(ChainVerdicts, AnEdwardsKeyKeepsBrowsersOut) {
  CertificateOptions options = good_options();
  options.key = TestKey::ed25519;
  const auto findings = judge(options);
  ASSERT_THAT(ids(findings), ElementsAre("weak"));
  EXPECT_EQ(findings[0].browsers.outlook, Outlook::refuse);
  EXPECT_EQ(findings[0].strict.outlook, Outlook::accept);
}

TEST_F(ChainVerdicts, ALeafAloneIsCompletedByBrowsersWhereItsIssuerIsPublished) {
  CertificateOptions options = good_options();
  options.authority_info_access = "caIssuers;URI:http://ca.test/x.crt";
  const TestCertificate leaf = clinic_.leaf(options);
  const auto findings = judge({&leaf});
  ASSERT_THAT(ids(findings), ElementsAre("chain_incomplete"));
  EXPECT_EQ(findings[0].browsers.outlook, Outlook::depends);
  EXPECT_THAT(findings[0].browsers.why, HasSubstr("http://ca.test/x.crt"));
  EXPECT_EQ(findings[0].strict.outlook, Outlook::refuse);
}

TEST_F(ChainVerdicts, ALeafAloneIsRefusedByAllWhereNothingSaysWhatIsMissing) {
  const TestCertificate leaf = clinic_.leaf();
  const auto findings = judge({&leaf});
  ASSERT_THAT(ids(findings), ElementsAre("chain_incomplete"));
  EXPECT_EQ(findings[0].browsers.outlook, Outlook::refuse);
}

TEST_F(ChainVerdicts, AnotherAddressMayTellWhatIsMissing) {
  const TestCertificate leaf = clinic_.leaf();
  KnownIssuers known;
  known.members.push_back({clinic_.ca().intermediate.certificate(), "192.0.2.2:443"});
  const auto findings = judge({&leaf}, known);
  ASSERT_THAT(ids(findings), ElementsAre("chain_incomplete"));
  EXPECT_THAT(findings[0].what, HasSubstr("192.0.2.2:443 sends it"));
  EXPECT_EQ(findings[0].browsers.outlook, Outlook::depends);
}

TEST_F(ChainVerdicts, WithoutRootsOfItsOwnALeafOfAnUnknownCaIsUntrusted) {
  const TestCertificate leaf = clinic_.leaf();
  Judge by = clinic_.judge();
  by.has_own_roots = false;
  EXPECT_THAT(ids(judge(handshake({&leaf}), by)), ElementsAre("untrusted"));
}

TEST_F(ChainVerdicts, ARootThatIsNotTrustedIsUntrustedSentOrNot) {
  const test::TestCa other;
  const TestCertificate leaf = other.intermediate.issue(good_options());
  EXPECT_THAT(ids(judge({&leaf, &other.intermediate, &other.root})),
              ElementsAre("untrusted", "chain_superfluous"));
}

TEST_F(ChainVerdicts, ACaThatChangedItsKeyIsTold) {
  const test::TestCa other;  // the same names, other keys
  const TestCertificate leaf = clinic_.leaf();
  const auto findings = judge({&leaf, &other.intermediate});
  ASSERT_THAT(ids(findings), ElementsAre("chain_invalid", "chain_superfluous"));
  EXPECT_THAT(findings[0].what, HasSubstr("has changed its key"));
}

TEST_F(ChainVerdicts, ASelfSignedLeafIsToldApart) {
  const TestCertificate leaf = TestCertificate::self_signed(good_options());
  EXPECT_THAT(ids(judge({&leaf})), ElementsAre("self_signed"));
}

TEST_F(ChainVerdicts, AWrongOrderIsOneForSomeStrictClients) {
  const TestCertificate lower = clinic_.ca().intermediate.intermediate("Lower");
  const TestCertificate leaf = lower.issue(good_options());
  EXPECT_THAT(judge({&leaf, &lower, &clinic_.ca().intermediate}), IsEmpty());
  const auto findings = judge({&leaf, &clinic_.ca().intermediate, &lower});
  ASSERT_THAT(ids(findings), ElementsAre("chain_order"));
  EXPECT_EQ(findings[0].browsers.outlook, Outlook::accept);
  EXPECT_EQ(findings[0].strict.outlook, Outlook::depends);
}

TEST_F(ChainVerdicts, WhatClientsDoNotNeedIsANote) {
  const TestCertificate leaf = clinic_.leaf();
  const TestCertificate stranger = clinic_.ca().root.intermediate("Stranger");
  const auto findings = judge({&leaf, &clinic_.ca().intermediate, &stranger, &clinic_.ca().root});
  ASSERT_THAT(ids(findings), ElementsAre("chain_superfluous"));
  EXPECT_THAT(findings[0].what, HasSubstr("'Stranger', 'Test Root'"));
}

TEST_F(ChainVerdicts, AnExpiredIntermediateIsOneEvenIfTheLeafIsGood) {
  CertificateOptions options;
  options.common_name = "Old Intermediate";
  options.is_ca = true;
  options.extended_key_usage.clear();
  options.not_after = day(2026, 1, 15);
  const TestCertificate old = clinic_.ca().root.issue(options);
  const TestCertificate leaf = old.issue(good_options());
  const auto findings = judge({&leaf, &old});
  ASSERT_THAT(ids(findings), ElementsAre("expired"));
  EXPECT_THAT(findings[0].what, HasSubstr("Old Intermediate"));
}

TEST_F(ChainVerdicts, WhatOnlyOpensslSeesIsTold) {
  CertificateOptions options;
  options.common_name = "Constrained";
  options.is_ca = true;
  options.extended_key_usage.clear();
  options.name_constraints = "permitted;DNS:other.test";
  const TestCertificate constrained = clinic_.ca().root.issue(options);
  const TestCertificate leaf = constrained.issue(good_options());
  EXPECT_THAT(ids(judge({&leaf, &constrained})), ElementsAre("chain_invalid"));
}

TEST_F(ChainVerdicts, AddressesAreCoveredByAddressesAlone) {
  CertificateOptions options = good_options();
  options.names = {"chat.test", "192.0.2.1"};
  const TestCertificate leaf = clinic_.leaf(options);
  EXPECT_TRUE(covers(leaf.certificate(), "192.0.2.1"));
  EXPECT_FALSE(covers(leaf.certificate(), "192.0.2.2"));
  EXPECT_FALSE(covers(clinic_.leaf().certificate(), "192.0.2.1"));
}

TEST_F(ChainVerdicts, AStapleOfNonsenseIsAWarning) {
  const TestCertificate leaf = clinic_.leaf();
  TlsAnswer answer = handshake({&leaf, &clinic_.ca().intermediate});
  answer.staple = "nonsense";
  EXPECT_THAT(ids(judge(answer, clinic_.judge())), ElementsAre("staple_bad"));
}

TEST_F(ChainVerdicts, MoreThanIsLookedAtIsAWarning) {
  const TestCertificate leaf = clinic_.leaf();
  TlsAnswer answer = handshake({&leaf, &clinic_.ca().intermediate});
  answer.chain_sent = 240;
  const auto findings = judge(answer, clinic_.judge());
  ASSERT_THAT(ids(findings), ElementsAre("chain_superfluous"));
  EXPECT_EQ(findings[0].level, Level::warning);
  EXPECT_THAT(findings[0].what, HasSubstr("240"));
}

TEST_F(ChainVerdicts, WithoutACertificateThereIsNothingToJudge) {
  EXPECT_THAT(judge(alert(40), clinic_.judge()), IsEmpty());
}

}  // namespace
}  // namespace wssgate::doctor
