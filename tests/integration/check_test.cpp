#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <nlohmann/json.hpp>
#include <regex>

#include "support/clients.h"
#include "support/process.h"
#include "support/test_ca.h"

// What `wssgate check` tells people and programs, and what `run` makes of warnings.
namespace wssgate::test {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::MatchesRegex;

class Check : public testing::Test {
 protected:
  Check() {
    folder_.write("root.pem", ca_.root.pem());
    folder_.write("intermediates/test.pem", ca_.intermediate.pem());
    good("a.example");
  }

  static CertificateOptions named(const std::string& name) {
    CertificateOptions options;
    options.common_name = name;
    options.names = {name};
    return options;
  }

  void put(const std::string& name, const std::string& chain, const TestCertificate& leaf) {
    folder_.write("certs/" + name + "/fullchain.pem", chain);
    folder_.write("certs/" + name + "/privkey.pem", leaf.key_pem());
  }

  void good(const std::string& name) {
    const TestCertificate leaf = ca_.intermediate.issue(named(name));
    put(name, ca_.chain(leaf), leaf);
  }

  void leaf_only(const std::string& name) {
    const TestCertificate leaf = ca_.intermediate.issue(named(name));
    put(name, leaf.pem(), leaf);
  }

  void expired(const std::string& name) {
    CertificateOptions options = named(name);
    options.not_after = day(2021, 1, 1);
    const TestCertificate leaf = ca_.intermediate.issue(options);
    put(name, ca_.chain(leaf), leaf);
  }

  /// Serves `names`.
  std::string configuration(const std::string& names) {
    return folder_.write(
        "wssgate.yaml",
        "listeners: [{address: \"127.0.0.1:0\"}]\n"
        "certificates: {folders: [certs], roots: [root.pem], intermediates: intermediates}\n"
        "hosts:\n"
        "  - names: [" +
            names +
            "]\n"
            "    routes: [{path: /, upstream: u}]\n"
            "upstreams: {u: {endpoints: [\"127.0.0.1:9\"]}}\n"
            "admin: {address: \"off\"}\n");
  }

  std::string path(const std::string& name) const { return folder_.path() + "/" + name; }

  TempFolder folder_;
  TestCa ca_;
};

TEST_F(Check, TellsWhatItHasProven) {
  const std::string file = configuration("a.example");
  const Ended ended = run_wssgate({"check", "-c", file});
  EXPECT_EQ(ended.exit_code, 0);
  EXPECT_EQ(ended.error_output, "");
  EXPECT_THAT(ended.output, MatchesRegex("host +certificate +key +issuer +days left\n"
                                         "a.example +" +
                                         path("certs/a.example/fullchain.pem") +
                                         " +EC prime256v1 +Test Intermediate +[0-9]+\n" + file +
                                         ": no problems\n"));
}

TEST_F(Check, AWarningIsNoFailure) {
  leaf_only("b.example");
  const std::string file = configuration("a.example, b.example");
  const Ended ended = run_wssgate({"check", "-c", file});
  EXPECT_EQ(ended.exit_code, 0);
  EXPECT_EQ(ended.error_output,
            path("certs/b.example/fullchain.pem") +
                ":1:1: warning: intermediate 'Test Intermediate' is missing; completed from " +
                path("intermediates/test.pem") +
                ". give the CA's fullchain.pem, so that the file is complete by itself.\n");
  EXPECT_THAT(ended.output, HasSubstr(file + ": 1 warning\n"));
}

TEST_F(Check, ANameWhoseCertificateIsRefusedSaysWhichOne) {
  expired("old.example");
  const Ended ended = run_wssgate({"check", "-c", configuration("a.example, old.example")});
  EXPECT_EQ(ended.exit_code, 1);
  EXPECT_EQ(ended.output, "");
  EXPECT_EQ(ended.error_output,
            path("certs/old.example/fullchain.pem") +
                ":1:1: 'old.example' expired at 2021-01-01T00:00:00Z. renew the certificate.\n" +
                path("wssgate.yaml") + ":4:24: no valid certificate covers 'old.example': " +
                path("certs/old.example/fullchain.pem") +
                " does, but is refused. put right what is said of that certificate or its key.\n"
                "2 problems: wssgate run would serve nothing\n");
}

TEST_F(Check, TellsProgramsWhatItHasProven) {
  leaf_only("b.example");
  const Ended ended = run_wssgate({"check", "--json", "-c", configuration("a.example, b.example")});
  EXPECT_EQ(ended.exit_code, 0);
  EXPECT_EQ(ended.error_output, "");
  const json told = json::parse(ended.output);
  EXPECT_EQ(told["ok"], true);
  ASSERT_EQ(told["problems"].size(), 1U);
  EXPECT_EQ(told["problems"][0]["severity"], "warning");
  EXPECT_EQ(told["problems"][0]["file"], path("certs/b.example/fullchain.pem"));
  EXPECT_EQ(told["problems"][0]["line"], 1);
  ASSERT_EQ(told["certificates"].size(), 2U);
  EXPECT_EQ(told["certificates"][0]["hosts"], json({"a.example"}));
  EXPECT_EQ(told["certificates"][0]["issuer"], "Test Intermediate");
  EXPECT_EQ(told["certificates"][1]["names"], json({"b.example"}));
}

TEST_F(Check, TellsProgramsWhatIsWrong) {
  expired("old.example");
  const Ended ended =
      run_wssgate({"check", "--json", "-c", configuration("a.example, old.example")});
  EXPECT_EQ(ended.exit_code, 1);
  EXPECT_EQ(ended.error_output, "");
  const json told = json::parse(ended.output);
  EXPECT_EQ(told["ok"], false);
  ASSERT_EQ(told["problems"].size(), 2U);
  EXPECT_EQ(told["problems"][0]["message"], "'old.example' expired at 2021-01-01T00:00:00Z");
  EXPECT_EQ(told["problems"][0]["hint"], "renew the certificate");
  EXPECT_EQ(told["problems"][1]["line"], 4);
  EXPECT_EQ(told["problems"][1]["column"], 24);
}

TEST_F(Check, SpeaksJsonWhateverTheConfigurationIs) {
  for (const char* text :
       {"", "listeners: [", "\x01\x02", "hosts: \xff\n", "wrokers: \"\\uD800\"\n"}) {
    const std::string file = folder_.write("wssgate.yaml", text);
    const Ended ended = run_wssgate({"check", "--json", "-c", file});
    EXPECT_EQ(ended.exit_code, 1) << text;
    const json told = json::parse(ended.output);
    EXPECT_EQ(told["ok"], false) << text;
    EXPECT_FALSE(told["problems"].empty()) << text;
  }
  const Ended missing = run_wssgate({"check", "--json", "-c", path("none.yaml")});
  EXPECT_EQ(missing.exit_code, 1);
  EXPECT_EQ(json::parse(missing.output)["problems"].size(), 1U);
}

TEST_F(Check, RunServesTheCompletedChainAndLogsTheWarning) {
  leaf_only("b.example");
  Process running({"run", "-c", configuration("a.example, b.example")});
  const std::string log = running.wait_for_error("\"event\":\"serving\"");
  EXPECT_THAT(log, HasSubstr("intermediate 'Test Intermediate' is missing; completed from"));
  std::smatch found;
  ASSERT_TRUE(std::regex_search(log, found, std::regex(R"("listeners":"([^" ]+))")));
  {
    const TlsClient client(*SocketAddress::parse(found[1].str()), "b.example");
    EXPECT_THAT(client.leaf_names(), testing::ElementsAre("b.example"));
    STACK_OF(X509)* sent = SSL_get_peer_cert_chain(client.ssl());
    ASSERT_EQ(sk_X509_num(sent), 2);
    EXPECT_EQ(X509_cmp(sk_X509_value(sent, 1), ca_.intermediate.certificate()), 0);
  }
  running.signal(SIGTERM);
  EXPECT_EQ(running.wait(), 0);
}

}  // namespace
}  // namespace wssgate::test
