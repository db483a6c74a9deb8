#include "cli/report_output.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "net/fd.h"
#include "pki/x509_facts.h"
#include "support/test_ca.h"

namespace wssgate::cli {
namespace {

using test::day;

Report mixed() {
  Report report;
  report.add({"wssgate.yaml", 11, 24}, "no valid certificate covers 'b.example'", "put one there");
  report.warn({"certs/a/fullchain.pem", 1, 1}, "'a.example' expires soon", "renew it");
  report.add({"wssgate.yaml", 3, 4}, "cannot listen", "ask who listens");
  report.add({"wssgate.yaml", 0, 0}, "the log cannot be written", "name another");
  return report;
}

TEST(ProblemsText, IsOneLineAProblemWhereItIsSearched) {
  EXPECT_EQ(problems_text(mixed(), Look::lines),
            "certs/a/fullchain.pem:1:1: warning: 'a.example' expires soon. renew it.\n"
            "wssgate.yaml: the log cannot be written. name another.\n"
            "wssgate.yaml:3:4: cannot listen. ask who listens.\n"
            "wssgate.yaml:11:24: no valid certificate covers 'b.example'. put one there.\n");
}

TEST(ProblemsText, IsAPageForPeople) {
  EXPECT_EQ(problems_text(mixed(), Look::page),
            "certs/a/fullchain.pem\n"
            "  1:1  warning  'a.example' expires soon\n"
            "                renew it\n"
            "\n"
            "wssgate.yaml\n"
            "         error    the log cannot be written\n"
            "                  name another\n"
            "  3:4    error    cannot listen\n"
            "                  ask who listens\n"
            "  11:24  error    no valid certificate covers 'b.example'\n"
            "                  put one there\n");
}

TEST(ProblemsText, IsColouredBySeverity) {
  Report report;
  report.add({"roots.pem", 0, 0}, "the file is empty", "fill it");
  report.warn({"roots.pem", 0, 0}, "ends soon", "renew it");
  EXPECT_EQ(problems_text(report, Look::coloured_page),
            "\x1b[1mroots.pem\x1b[0m\n"
            "  \x1b[1;31merror\x1b[0m    the file is empty\n"
            "           fill it\n"
            "  \x1b[33mwarning\x1b[0m  ends soon\n"
            "           renew it\n");
}

TEST(ProblemsText, LetsNothingReachTheTerminalThatItWouldActOn) {
  Report report;
  report.add({"certs/\x1b[2J\x7f/ä.pem", 0, 0}, "a\nb", "c\td");
  EXPECT_EQ(problems_text(report, Look::page),
            "certs/\\x1b[2J\\x7f/ä.pem\n"
            "  error    a\\x0ab\n"
            "           c\\x09d\n");
}

TEST(ProblemsText, OfNothingIsNothing) {
  for (const Look look : {Look::lines, Look::page, Look::coloured_page}) {
    EXPECT_EQ(problems_text(Report(), look), "");
  }
}

TEST(CountsText, TellsProblemsAndWarnings) {
  const struct {
    int errors;
    int warnings;
    const char* told;
  } table[] = {{0, 0, "no problems"},
               {0, 1, "1 warning"},
               {0, 2, "2 warnings"},
               {1, 0, "1 problem"},
               {2, 1, "2 problems and 1 warning"}};
  for (const auto& row : table) {
    Report report;
    for (int i = 0; i < row.errors; ++i) report.add({}, "", "");
    for (int i = 0; i < row.warnings; ++i) report.warn({}, "", "");
    EXPECT_EQ(counts_text(report), row.told);
  }
}

/// Sets the variables that decide about colour, and puts back what there was.
class Environment {
 public:
  Environment() {
    for (const char* name : kNames) {
      const char* value = ::getenv(name);
      before_.push_back(value == nullptr ? std::nullopt : std::optional<std::string>(value));
    }
  }
  ~Environment() {
    for (std::size_t i = 0; i < before_.size(); ++i) set(kNames[i], before_[i]);
  }
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

  static void set(const char* name, const std::optional<std::string>& value) {
    if (value) {
      ::setenv(name, value->c_str(), 1);
    } else {
      ::unsetenv(name);
    }
  }

 private:
  static constexpr const char* kNames[] = {"NO_COLOR", "TERM"};
  std::vector<std::optional<std::string>> before_;
};

TEST(LookOf, FollowsTheTerminalAndTheEnvironment) {
  const Environment restored;
  const net::Fd controller(::posix_openpt(O_RDWR | O_NOCTTY));
  ASSERT_GE(controller.get(), 0);
  ASSERT_EQ(::grantpt(controller.get()), 0);
  ASSERT_EQ(::unlockpt(controller.get()), 0);
  const net::Fd terminal(::open(::ptsname(controller.get()), O_RDWR | O_NOCTTY));
  ASSERT_GE(terminal.get(), 0);
  const net::Fd file(::open("/dev/null", O_WRONLY));
  const struct {
    std::optional<std::string> no_color;
    std::optional<std::string> term;
    Look on_terminal;
  } table[] = {
      {std::nullopt, "xterm-256color", Look::coloured_page},
      {std::nullopt, std::nullopt, Look::coloured_page},
      {"", "xterm", Look::coloured_page},  // as no-color.org has it
      {"1", "xterm", Look::page},
      {std::nullopt, "dumb", Look::page},
  };
  for (const auto& row : table) {
    Environment::set("NO_COLOR", row.no_color);
    Environment::set("TERM", row.term);
    EXPECT_EQ(look_of(terminal.get()), row.on_terminal);
    EXPECT_EQ(look_of(file.get()), Look::lines);
  }
}

std::shared_ptr<const pki::Certificate> proven(const std::string& file,
                                               const test::TestCertificate& leaf) {
  auto made = std::make_shared<pki::Certificate>();
  made->chain_file = file;
  X509_up_ref(leaf.certificate());
  made->leaf.reset(leaf.certificate());
  EVP_PKEY_up_ref(leaf.key());
  made->key.reset(leaf.key());
  made->names = pki::dns_names(leaf.certificate());
  made->fingerprint = pki::fingerprint(leaf.certificate());
  made->not_after = *pki::not_after(leaf.certificate());
  return made;
}

std::vector<ProvenHost> two_hosts() {
  const test::TestCa ca;
  const auto a =
      proven("certs/a/fullchain.pem", ca.intermediate.leaf({"a.example", "*.a.example"}));
  const auto b = proven("certs/b.pem", ca.root.leaf({"long.b.example"}, test::TestKey::rsa2048));
  return {{"a.example", a}, {"long.b.example", b}, {"*.a.example", a}};
}

TEST(HostsText, IsATable) {
  // The certificates end at 2049-01-01.
  EXPECT_EQ(hosts_text(two_hosts(), day(2048, 12, 1) + std::chrono::hours(1), Look::lines),
            "host            certificate            key            issuer             days left\n"
            "a.example       certs/a/fullchain.pem  EC prime256v1  Test Intermediate         30\n"
            "long.b.example  certs/b.pem            RSA 2048       Test Root                 30\n"
            "*.a.example     certs/a/fullchain.pem  EC prime256v1  Test Intermediate         30\n");
  EXPECT_THAT(hosts_text(two_hosts(), day(2049, 1, 1), Look::coloured_page),
              testing::StartsWith("\x1b[1mhost  "));
}

TEST(CheckJson, HoldsProblemsAndCertificates) {
  const auto hosts = two_hosts();
  const auto json = nlohmann::json::parse(check_json(mixed(), hosts));
  EXPECT_EQ(json["ok"], false);
  ASSERT_EQ(json["problems"].size(), 4U);
  EXPECT_EQ(json["problems"][0], (nlohmann::json{{"severity", "warning"},
                                                 {"file", "certs/a/fullchain.pem"},
                                                 {"line", 1},
                                                 {"column", 1},
                                                 {"message", "'a.example' expires soon"},
                                                 {"hint", "renew it"}}));
  EXPECT_EQ(json["problems"][1]["severity"], "error");
  EXPECT_EQ(json["problems"][1]["line"], 0);
  EXPECT_EQ(json["problems"][1]["column"], 0);
  ASSERT_EQ(json["certificates"].size(), 2U);
  EXPECT_EQ(json["certificates"][0],
            (nlohmann::json{{"chain_file", "certs/a/fullchain.pem"},
                            {"names", {"a.example", "*.a.example"}},
                            {"issuer", "Test Intermediate"},
                            {"key", "EC prime256v1"},
                            {"fingerprint", hosts[0].certificate->fingerprint},
                            {"not_before", "2020-01-01T00:00:00Z"},
                            {"not_after", "2049-01-01T00:00:00Z"},
                            {"hosts", {"a.example", "*.a.example"}}}));
  EXPECT_EQ(json["certificates"][1]["hosts"], nlohmann::json({"long.b.example"}));
}

TEST(CheckJson, IsJsonWhateverAFileIsCalled) {
  Report report;
  report.warn({"certs/\xff\xfe\n\"/x.pem", 1, 1}, "\xc3", "\x01");
  const std::string text = check_json(report, {});
  const auto json = nlohmann::json::parse(text);
  EXPECT_EQ(json["ok"], true);
  EXPECT_EQ(json["problems"].size(), 1U);
  EXPECT_EQ(json["certificates"], nlohmann::json::array());
  EXPECT_EQ(text.back(), '\n');
}

}  // namespace
}  // namespace wssgate::cli
