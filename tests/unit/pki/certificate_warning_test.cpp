#include <gtest/gtest.h>

#include <ostream>

#include "unit/pki/certificate_files.h"

// What loading tells of certificates that serve, but want something done.
namespace wssgate::pki {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::system_clock;
using test::CertificateFiles;
using test::CertificateOptions;
using test::day;
using test::TestCertificate;

CertificateOptions valid(system_clock::time_point from, system_clock::time_point to) {
  CertificateOptions options;
  options.common_name = "chat.test";
  options.names = {"chat.test"};
  options.not_before = from;
  options.not_after = to;
  return options;
}

struct Ending {
  const char* name;
  int lifetime_in_hours;
  minutes left;
  /// Nothing: no warning.
  const char* in;
};

std::ostream& operator<<(std::ostream& out, const Ending& ending) { return out << ending.name; }

class CertificateEnding : public testing::TestWithParam<Ending> {};

TEST_P(CertificateEnding, IsToldInTime) {
  CertificateFiles files;
  const auto end = day(2026, 7, 1);
  const auto leaf =
      files.ca.intermediate.issue(valid(end - hours(GetParam().lifetime_in_hours), end));
  files.arrange(leaf);
  files.now = end - GetParam().left;
  EXPECT_TRUE(files.load()) << files.told();
  const std::string in = GetParam().in;
  EXPECT_EQ(files.told(), in.empty() ? ""
                                     : "DIR/fullchain.pem:1:1: warning: 'chat.test' expires at "
                                       "2026-07-01T00:00:00Z, in " +
                                           in + ". renew the certificate.\n");
}

constexpr int kDay = 24;
INSTANTIATE_TEST_SUITE_P(
    All, CertificateEnding,
    testing::Values(Ending{"OfNinetyDaysEarly", 90 * kDay, minutes(14 * 1440 + 1), ""},
                    Ending{"OfNinetyDays", 90 * kDay, minutes(14 * 1440 - 1), "13 days"},
                    Ending{"OfAYear", 365 * kDay, minutes(14 * 1440), "14 days"},
                    Ending{"OfThirtyDaysEarly", 30 * kDay, minutes(10 * 1440 + 1), ""},
                    Ending{"OfThirtyDays", 30 * kDay, minutes(10 * 1440), "10 days"},
                    Ending{"OfSixDaysEarly", 6 * kDay, minutes(2 * 1440 + 1), ""},
                    Ending{"OfSixDays", 6 * kDay, minutes(2 * 1440), "2 days"},
                    Ending{"InHours", 6 * kDay, minutes(47 * 60), "47 hours"},
                    Ending{"InMinutes", 6 * kDay, minutes(119), "119 minutes"},
                    Ending{"AtTheVeryEnd", 6 * kDay, minutes(0), "0 minutes"}),
    [](const auto& one) { return std::string(one.param.name); });

TEST(CertificateWarning, TheIntermediatesEndIsToldToo) {
  CertificateFiles files;
  CertificateOptions options = valid(day(2025, 1, 1), day(2026, 6, 6));
  options.common_name = "Old CA";
  options.names.clear();
  options.is_ca = true;
  options.extended_key_usage.clear();
  const auto intermediate = files.ca.root.issue(options);
  const auto leaf = intermediate.leaf({"chat.test"});
  files.chain = test::pem_of({&leaf, &intermediate});
  files.key = leaf.key_pem();
  EXPECT_TRUE(files.load());
  EXPECT_EQ(files.told(),
            files.with_lines("DIR/fullchain.pem:$2:1: warning: 'Old CA' expires at "
                             "2026-06-06T00:00:00Z, in 5 days. take the present fullchain.pem from "
                             "the CA.\n"));
}

TEST(CertificateWarning, AndTheRoots) {
  CertificateFiles files;
  CertificateOptions options = valid(day(2020, 1, 1), day(2026, 6, 6));
  options.common_name = "Old Root";
  options.names.clear();
  options.is_ca = true;
  options.extended_key_usage.clear();
  const auto root = TestCertificate::self_signed(options);
  const auto leaf = root.leaf({"chat.test"});
  files.chain = leaf.pem();
  files.key = leaf.key_pem();
  files.roots = root.pem();
  EXPECT_TRUE(files.load());
  EXPECT_EQ(files.told(),
            "DIR/fullchain.pem:1:1: warning: the chain ends in the root 'Old Root', which expires "
            "at 2026-06-06T00:00:00Z, in 5 days. get a certificate from a CA that clients trust "
            "today.\n");
  EXPECT_EQ(files.report.problems().at(0).kind, Problem::Kind::root_expiring);
}

TEST(CertificateWarning, AMemberThatIsThereTwiceIsSentOnce) {
  CertificateFiles files;
  files.arrange(files.ca.intermediate.leaf({"chat.test"}));
  files.chain += files.ca.intermediate.pem();
  const auto certificate = files.load();
  ASSERT_TRUE(certificate) << files.told();
  EXPECT_EQ(certificate->intermediates.size(), 1U);
  EXPECT_EQ(files.told(),
            files.with_lines("DIR/fullchain.pem:$3:1: warning: 'Test Intermediate' is there twice, "
                             "first in line $2; it is sent once. remove one of the two.\n"));
}

TEST(CertificateWarning, MustStapleWithAResponderIsFine) {
  CertificateFiles files;
  CertificateOptions options = valid(day(2026, 1, 1), day(2027, 1, 1));
  options.tls_feature = "status_request";
  options.authority_info_access = "OCSP;URI:http://ocsp.test/";
  files.arrange(files.ca.intermediate.issue(options));
  const auto certificate = files.load();
  ASSERT_TRUE(certificate) << files.told();
  EXPECT_TRUE(certificate->must_staple);
  EXPECT_EQ(files.told(), "");
}

}  // namespace
}  // namespace wssgate::pki
