#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <regex>

#include "base/address.h"
#include "net/listener.h"
#include "support/clients.h"
#include "support/process.h"
#include "support/test_ca.h"

// The program itself: what it says and how it ends, above all when the configuration is wrong.
namespace wssgate::test {
namespace {

using testing::AllOf;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::StartsWith;

class CommandLine : public testing::Test {
 protected:
  CommandLine() { folder_.write("root.pem", ca_.root.pem()); }

  void certificate(const std::string& name, const CertificateOptions& options) {
    const TestCertificate leaf = ca_.intermediate.issue(options);
    folder_.write("certs/" + name + "/fullchain.pem", ca_.chain(leaf));
    folder_.write("certs/" + name + "/privkey.pem", leaf.key_pem());
  }

  static CertificateOptions named(const std::string& name) {
    CertificateOptions options;
    options.common_name = name;
    options.names = {name};
    return options;
  }

  std::string write(const std::string& yaml) { return folder_.write("wssgate.yaml", yaml); }

  /// Serves a.example on this address.
  std::string good(const std::string& address, const std::string& more = "") {
    return write("listeners: [{address: \"" + address +
                 "\"}]\n"
                 "workers: 2\n"
                 "admin: {address: \"off\"}\n"
                 "certificates: {folders: [certs], roots: [root.pem]}\n"
                 "hosts:\n"
                 "  - names: [a.example]\n"
                 "    routes: [{path: /, upstream: u}]\n"
                 "upstreams: {u: {endpoints: [\"127.0.0.1:9\"]}}\n" +
                 more);
  }

  /// The address that a running wssgate says it listens on.
  static SocketAddress address_of(Process& running) {
    const std::string log = running.wait_for_error("\"event\":\"serving\"");
    std::smatch found;
    if (!std::regex_search(log, found, std::regex(R"("listeners":"([^" ]+))"))) {
      throw std::runtime_error("no address in " + log);
    }
    return *SocketAddress::parse(found[1].str());
  }

  TempFolder folder_;
  TestCa ca_;
};

TEST_F(CommandLine, DevServesOrChangesWhatIsTrustedAndNotBoth) {
  const std::string folder = folder_.path() + "/nothing";
  for (const std::vector<std::string>& options :
       std::vector<std::vector<std::string>>{{"--install", "--uninstall"},
                                             {"--install", "--upstream", "127.0.0.1:9"},
                                             {"--uninstall", "--port", "8443"}}) {
    std::vector<std::string> arguments = {"dev", "--folder", folder};
    arguments.insert(arguments.end(), options.begin(), options.end());
    const Ended ended = run_wssgate(arguments);
    EXPECT_EQ(ended.exit_code, 2) << options.back();
    EXPECT_THAT(ended.error_output, HasSubstr("excludes")) << options.back();
  }
  const Ended wrong = run_wssgate({"dev", "--install", "--folder", folder, "a b"});
  EXPECT_EQ(wrong.exit_code, 1);
  EXPECT_THAT(wrong.error_output, StartsWith("wssgate dev NAME: 'a b' is not a host name."));
  EXPECT_FALSE(std::filesystem::exists(folder));
}

TEST_F(CommandLine, HelpAndVersionAreOutputAndASuccess) {
  const Ended help = run_wssgate({"--help"});
  EXPECT_EQ(help.exit_code, 0);
  EXPECT_THAT(help.output, AllOf(HasSubstr("run"), HasSubstr("check"), HasSubstr("serve")));
  EXPECT_EQ(help.error_output, "");
  EXPECT_THAT(run_wssgate({"run", "--help"}).output, HasSubstr("--config"));
  const Ended version = run_wssgate({"--version"});
  EXPECT_EQ(version.exit_code, 0);
  EXPECT_THAT(version.output,
              testing::MatchesRegex("wssgate [0-9]+\\.[0-9]+\\.[0-9]+( .commit [-.a-z0-9]+.)?\n"
                                    "OpenSSL +3\\.[0-9]+\\.[0-9]+.*\n"
                                    "Asio +1\\.[0-9]+\\.[0-9]+\n(.+\n)+"));
}

TEST_F(CommandLine, AWrongCommandLineIsExplained) {
  const struct {
    std::vector<std::string> arguments;
    const char* explanation;
  } table[] = {
      {{}, "name a command: run, check"},
      {{"chek"}, "there is no command 'chek'; did you mean 'check'?"},
      {{"serve-it"}, "there is no command 'serve-it'"},
      {{"--verison"}, "there is no option '--verison'; did you mean '--version'?"},
      {{"run", "--confg", "x"}, "there is no option '--confg'; did you mean '--config'?"},
      {{"run", "x.yaml"}, "there is no argument 'x.yaml'"},
      {{"run", "-c"}, "--config"},
      {{"run", "--log-level", "loud"}, "loud not in {debug,error,info,off,warn}"},
      {{"check", "bad\nword\x1b[2J"}, "'bad\\x0aword\\x1b[2J'"},
  };
  for (const auto& row : table) {
    const Ended ended = run_wssgate(row.arguments);
    EXPECT_EQ(ended.exit_code, 2) << row.explanation;
    EXPECT_THAT(ended.error_output, AllOf(StartsWith("wssgate: "), HasSubstr(row.explanation),
                                          HasSubstr("--help' lists")));
    EXPECT_EQ(ended.output, "");
  }
}

TEST_F(CommandLine, AMissingConfigurationIsExplained) {
  for (const char* command : {"run", "check"}) {
    const Ended ended = run_wssgate({command, "-c", folder_.path() + "/none.yaml"});
    EXPECT_EQ(ended.exit_code, 1);
    EXPECT_THAT(ended.error_output, AllOf(StartsWith(folder_.path() + "/none.yaml: "),
                                          HasSubstr("No such file or directory"), HasSubstr("-c")));
  }
}

TEST_F(CommandLine, CheckFindsAGoodConfigurationGood) {
  certificate("a", named("a.example"));
  const Ended ended = run_wssgate({"check", "-c", good("127.0.0.1:0")});
  EXPECT_EQ(ended.exit_code, 0) << ended.error_output;
  EXPECT_THAT(ended.output, HasSubstr("no problems"));
  EXPECT_EQ(ended.error_output, "");
}

TEST_F(CommandLine, RunServesUntilItIsTerminated) {
  certificate("a", named("a.example"));
  Process running({"run", "-c", good("127.0.0.1:0")});
  {
    const TlsClient client(address_of(running), "a.example");
    EXPECT_THAT(client.leaf_names(), testing::ElementsAre("a.example"));
  }
  running.signal(SIGTERM);
  EXPECT_EQ(running.wait(), 0) << running.error_output();
}

// What is wrong in the file, what is wrong with certificates, and what only the machine knows: all
// in one run.
TEST_F(CommandLine, EveryProblemIsToldInOneGoAndNothingIsServed) {
  certificate("a", named("a.example"));
  CertificateOptions old = named("old.example");
  old.not_after = day(2021, 1, 1);
  certificate("old", old);
  const TestCertificate alone = ca_.intermediate.leaf({"alone.example"});
  folder_.write("certs/alone/fullchain.pem", alone.pem());
  folder_.write("certs/alone/privkey.pem", alone.key_pem());
  const TestCertificate open = ca_.intermediate.leaf({"open.example"});
  folder_.write("certs/open/fullchain.pem", ca_.chain(open));
  folder_.write("certs/open/privkey.pem", open.key_pem(), 0644);
  const net::Fd taken = net::listen_on(*SocketAddress::parse("127.0.0.1:0"), false);
  net::Fd free = net::listen_on(*SocketAddress::parse("127.0.0.1:0"), false);
  const std::string free_address = net::bound_address(free.get()).text();
  const std::string taken_address = net::bound_address(taken.get()).text();
  free = net::Fd();

  const std::string file = write(
      "listeners:\n"  // 1
      "  - address: " +
      free_address +
      "\n"  // 2
      "  - address: " +
      taken_address +
      "\n"                                           // 3
      "certificates:\n"                              // 4
      "  folders: [certs, nowhere]\n"                // 5
      "  roots: [root.pem, missing.pem]\n"           // 6
      "wrokers: 2\n"                                 // 7
      "limits: {connections: many}\n"                // 8
      "timeouts: {handshake: 5}\n"                   // 9
      "hosts:\n"                                     // 10
      "  - names: [a.example, uncovered.example]\n"  // 11
      "    routes: [{path: /, upstream: chta}]\n"    // 12
      "  - names: [A.Example.]\n"                    // 13
      "    routes: [{path: /, upstream: chat}]\n"    // 14
      "  - names: [x.example]\n"                     // 15
      "    certificate: {chain: certs/a/fullchain.pem, key: certs/a/privkey.pem}\n"
      "    routes: [{path: /, upstream: chat}]\n"              // 17
      "upstreams: {chat: {endpoints: [\"127.0.0.1:9\"]}}\n");  // 18
  const Ended ended = run_wssgate({"run", "-c", file});
  EXPECT_EQ(ended.exit_code, 1);
  EXPECT_EQ(ended.output, "");
  const auto problem = [&](const std::string& place, const std::string& what) {
    EXPECT_THAT(ended.error_output, ContainsRegex("wssgate.yaml:" + place + ": [^\n]*" + what));
  };
  problem("3:14", "cannot listen on " + taken_address + ": Address already in use");
  problem("5:20", "nowhere");
  problem("6:21", "missing.pem");
  problem("7:1", "'wrokers'[^\n]*workers");
  problem("8:23", "many");
  problem("9:23", "5");
  problem("11:24", "no valid certificate covers 'uncovered.example'");
  problem("12:34", "no upstream is called 'chta'[^\n]*chat");
  problem("13:13", "'a.example' belongs to another host already");
  problem("15:13", "does not cover 'x.example'");
  EXPECT_THAT(ended.error_output, ContainsRegex("certs/old[^\n]*: [^\n]*expired"));
  EXPECT_THAT(ended.error_output, ContainsRegex("certs/alone[^\n]*: [^\n]*Test Intermediate"));
  EXPECT_THAT(ended.error_output, ContainsRegex("certs/open/privkey.pem[^\n]*: [^\n]*0644"));
  EXPECT_THAT(ended.error_output, HasSubstr("13 problems: nothing is served\n"));
  EXPECT_THROW(RawClient(*SocketAddress::parse(free_address)), std::system_error);
}

TEST_F(CommandLine, AFileThatCannotBeReadIsNamed) {
  certificate("a", named("a.example"));
  folder_.write("certs/b/privkey.pem/in-the-way", "");  // a folder in the place of a file
  folder_.write("certs/b/fullchain.pem", "no PEM at all\n");
  const Ended ended = run_wssgate({"check", "-c", good("127.0.0.1:0")});
  EXPECT_EQ(ended.exit_code, 1);
  EXPECT_THAT(ended.error_output, ContainsRegex("certs/b/privkey.pem[^\n]*: [^\n]*directory"));
  EXPECT_THAT(ended.error_output, ContainsRegex("certs/b/fullchain.pem[^\n]*: [^\n]*certificate"));
}

// Two of them could share the port without either noticing, and each get half of the connections.
TEST_F(CommandLine, ASecondWssgateOnTheSamePortIsRefused) {
  certificate("a", named("a.example"));
  Process first({"run", "-c", good("127.0.0.1:0")});
  const std::string address = address_of(first).text();
  const Ended second = run_wssgate({"run", "-c", good(address)});
  EXPECT_EQ(second.exit_code, 1);
  EXPECT_THAT(second.error_output, ContainsRegex("wssgate.yaml:1:23: cannot listen on " + address +
                                                 ": Address already in use[^\n]*ss -ltnp"));
  EXPECT_NO_THROW(TlsClient(*SocketAddress::parse(address), "a.example"));  // the first goes on
}

TEST_F(CommandLine, AnAccessLogThatCannotBeWrittenIsAProblem) {
  certificate("a", named("a.example"));
  for (const char* access : {"./certs", "root.pem/access.log"}) {
    const std::string file = good("127.0.0.1:0", std::string("log: {access: ") + access + "}\n");
    for (const char* command : {"run", "check"}) {
      const Ended ended = run_wssgate({command, "-c", file});
      EXPECT_EQ(ended.exit_code, 1) << command;
      EXPECT_THAT(ended.error_output,
                  ContainsRegex("wssgate.yaml: log.access: cannot write '[^\n]*': [^\n]*director"))
          << command;
    }
  }
}

// It may only be starting again, which must not keep the gateway from it.
TEST_F(CommandLine, ALogDaemonThatIsNotThereIsNoError) {
  certificate("a", named("a.example"));
  const std::string file = good("127.0.0.1:0", "log: {output: syslog, access: journald}\n");
  const Ended ended = run_wssgate({"check", "-c", file});
  EXPECT_EQ(ended.exit_code, 0) << ended.error_output;
  const bool is_there = ::access("/dev/log", W_OK) == 0;
  EXPECT_EQ(ended.error_output.find("log.output: cannot write 'syslog'") == std::string::npos,
            is_there);
}

}  // namespace
}  // namespace wssgate::test
