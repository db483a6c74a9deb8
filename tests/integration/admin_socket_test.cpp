// The admin socket and the commands that speak through it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "net/listener.h"
#include "support/live_gateway.h"

namespace wssgate::test {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using testing::StartsWith;

class AdminSocket : public testing::Test {
 protected:
  RawClient visit() const { return RawClient(*SocketAddress::parse(gateway_.admin_address())); }
  std::string answer_to(const std::string& bytes) const {
    RawClient client = visit();
    client.write(bytes);
    return client.read_all();
  }
  std::string answer(const std::string& method, const std::string& path) const {
    return answer_to(method + " " + path + " HTTP/1.1\r\nHost: admin\r\n\r\n");
  }
  Ended command(const std::vector<std::string>& words) const {
    std::vector<std::string> all = words;
    all.insert(all.end(), {"--admin", gateway_.admin_address()});
    return run_wssgate(all);
  }

  Backend backend_{serving_and_echoing()};
  LiveGateway gateway_{{"a.example"}, hosts_for({"a.example"}, backend_.endpoint())};
};

TEST_F(AdminSocket, IsForItsOwnerOnly) {
  struct stat found {};
  ASSERT_EQ(::stat(gateway_.path("admin.sock").c_str(), &found), 0);
  EXPECT_TRUE(S_ISSOCK(found.st_mode));
  EXPECT_EQ(found.st_mode & 0777U, 0600U);
}

TEST_F(AdminSocket, IsGoneAfterTheEnd) {
  gateway_.process().signal(SIGTERM);
  EXPECT_EQ(gateway_.process().wait(), 0);
  EXPECT_FALSE(std::filesystem::exists(gateway_.path("admin.sock")));
}

TEST_F(AdminSocket, AnswersInJson) {
  const std::string status = answer("GET", "/status");
  EXPECT_THAT(status, StartsWith("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"));
  const json body = json::parse(status.substr(status.find("\r\n\r\n") + 4));
  EXPECT_EQ(body.at("pid"), gateway_.process().pid());
  EXPECT_EQ(body.at("workers"), 2);
  EXPECT_EQ(body.at("config"), gateway_.path("wssgate.yaml"));
}

TEST_F(AdminSocket, KnowsItsPaths) {
  EXPECT_THAT(answer("GET", "/statuses"), StartsWith("HTTP/1.1 404 Not Found\r\n"));
  EXPECT_THAT(answer("GET", "/dashboard"), StartsWith("HTTP/1.1 404 "));
  EXPECT_THAT(answer("POST", "/status"), StartsWith("HTTP/1.1 405 Method Not Allowed\r\n"));
  EXPECT_THAT(answer("POST", "/status"), HasSubstr("\r\nAllow: GET, HEAD\r\n"));
  EXPECT_THAT(answer("GET", "/reload"), StartsWith("HTTP/1.1 405 "));
  EXPECT_THAT(answer("POST", "/connections"), HasSubstr("\r\nAllow: GET, HEAD, DELETE\r\n"));
  EXPECT_THAT(answer("GET", "/status?pretty=1"), StartsWith("HTTP/1.1 200 "));
}

TEST_F(AdminSocket, RefusesWhatIsNoRequest) {
  EXPECT_THAT(answer_to("how are you?\r\n\r\n"), StartsWith("HTTP/1.1 400 Bad Request\r\n"));
  RawClient endless = visit();
  endless.write(std::string(20'000, 'x'));
  EXPECT_THAT(endless.read_message(), StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(answer_to(std::string("\0\1\2\r\n\r\n", 7)), StartsWith("HTTP/1.1 400 "));
}

TEST_F(AdminSocket, CutsWhoSaysNothing) {
  RawClient idle = visit();
  RawClient slow = visit();
  slow.write("GET /status HTTP/1.1\r\n");
  EXPECT_TRUE(idle.ends());
  EXPECT_TRUE(slow.ends());
}

TEST_F(AdminSocket, ServesManyAtOnce) {
  std::vector<RawClient> silent;
  for (int i = 0; i < 50; ++i) silent.push_back(visit());
  std::vector<RawClient> asking;
  for (int i = 0; i < 20; ++i) {
    asking.push_back(visit());
    asking.back().write("POST /reload HTTP/1.1\r\nHost: admin\r\n\r\n");
  }
  for (RawClient& client : asking) EXPECT_THAT(client.read_all(), StartsWith("HTTP/1.1 200 "));
}

TEST_F(AdminSocket, OutlivesAClientThatLeaves) {
  for (int i = 0; i < 5; ++i) {
    RawClient client = visit();
    client.write("POST /reload HTTP/1.1\r\nHost: admin\r\n\r\n");
  }
  EXPECT_EQ(gateway_.reload().at("ok"), true);
}

std::string with_admin(const LiveGateway& gateway, const std::string& address,
                       const std::string& hosts) {
  std::string text = gateway.configuration(hosts);
  const std::string own = gateway.admin_address();
  return text.replace(text.find(own), own.size(), address);
}

/// Another process with this configuration, until it serves.
class Second {
 public:
  Second(const LiveGateway& first, const std::string& configuration)
      : process_({"run", "-c", first.folder().write("second.yaml", configuration)},
                 {"SSL_CERT_FILE=" + first.path("no-roots.pem")}) {
    process_.wait_for_error("\"event\":\"serving\"");
  }
  Process& operator*() { return process_; }
  Process* operator->() { return &process_; }

 private:
  Process process_;
};

TEST_F(AdminSocket, IsNotTakenFromAProcessThatListens) {
  Second second(gateway_, gateway_.configuration(hosts_for({"a.example"}, backend_.endpoint())));
  EXPECT_THAT(second->error_output(), HasSubstr("\"event\":\"admin_unavailable\""));
  EXPECT_EQ(gateway_.status().at("pid"), gateway_.process().pid());

  second->signal(SIGTERM);
  EXPECT_EQ(second->wait(), 0);
  EXPECT_EQ(gateway_.status().at("pid"), gateway_.process().pid()) << "it is still there";
}

TEST_F(AdminSocket, IsTakenOverFromAProcessThatIsGone) {
  gateway_.process().signal(SIGKILL);
  gateway_.process().wait();
  ASSERT_TRUE(std::filesystem::exists(gateway_.path("admin.sock")));
  Second second(gateway_, gateway_.configuration(hosts_for({"a.example"}, backend_.endpoint())));
  EXPECT_EQ(gateway_.status().at("pid"), second->pid());
  EXPECT_THAT(second->error_output(), Not(HasSubstr("admin_unavailable")));
}

TEST_F(AdminSocket, IsNotRemovedWhenItHasBecomeAnothers) {
  std::filesystem::remove(gateway_.path("admin.sock"));
  Second second(gateway_, gateway_.configuration(hosts_for({"a.example"}, backend_.endpoint())));
  gateway_.process().signal(SIGTERM);
  EXPECT_EQ(gateway_.process().wait(), 0);
  EXPECT_EQ(gateway_.status().at("pid"), second->pid());
}

TEST_F(AdminSocket, ReplacesNoFile) {
  const std::string file = gateway_.folder().write("precious", "data");
  Second second(gateway_, with_admin(gateway_, "unix:" + file,
                                     hosts_for({"a.example"}, backend_.endpoint())));
  EXPECT_THAT(second->error_output(), HasSubstr("\"event\":\"admin_unavailable\""));
  second->signal(SIGTERM);
  second->wait();
  EXPECT_TRUE(std::filesystem::is_regular_file(file));
}

TEST_F(AdminSocket, MayBeOff) {
  Second second(gateway_,
                with_admin(gateway_, "off", hosts_for({"a.example"}, backend_.endpoint())));
  EXPECT_THAT(second->error_output(), Not(HasSubstr("admin_unavailable")));
  const Ended asked = run_wssgate({"status", "-c", gateway_.path("second.yaml")});
  EXPECT_EQ(asked.exit_code, 1);
  EXPECT_THAT(asked.error_output, HasSubstr("admin"));
  EXPECT_THAT(asked.error_output, HasSubstr("off"));
}

// At the default address another process may be listening, and would be told to reload or drain.
TEST_F(AdminSocket, IsNotGuessedOfABrokenConfiguration) {
  gateway_.write("wssgate.yaml", "listeners: [{address: \n");
  const Ended asked = run_wssgate({"reload", "-c", gateway_.path("wssgate.yaml")});
  EXPECT_EQ(asked.exit_code, 1);
  EXPECT_THAT(asked.error_output, HasSubstr("wssgate.yaml' has problems, so where its process "
                                            "listens for commands is not known. mend it"));
  EXPECT_THAT(asked.error_output, HasSubstr("--admin unix:"));
}

TEST_F(AdminSocket, IsInAFolderThatIsMade) {
  const std::string path = gateway_.path("run/wssgate/admin.sock");
  Second second(gateway_, with_admin(gateway_, "unix:" + path,
                                     hosts_for({"a.example"}, backend_.endpoint())));
  const Ended asked = run_wssgate({"status", "--admin", "unix:" + path, "--json"});
  EXPECT_EQ(asked.exit_code, 0) << asked.error_output;
  EXPECT_EQ(json::parse(asked.output).at("pid"), second->pid());
}

TEST_F(AdminSocket, StatusIsForPeople) {
  const Ended shown = run_wssgate({"status", "-c", gateway_.path("wssgate.yaml")});
  EXPECT_EQ(shown.exit_code, 0) << shown.error_output;
  EXPECT_THAT(shown.output, HasSubstr("configuration  " + gateway_.path("wssgate.yaml") + "\n"));
  EXPECT_THAT(shown.output, HasSubstr("listeners      " + gateway_.address().text() + "\n"));
  EXPECT_THAT(shown.output, HasSubstr("what is on the disk serves\n"));
  EXPECT_THAT(shown.output,
              HasSubstr("\n" + gateway_.path("certs/a.example/fullchain.pem") + "\n"));
  EXPECT_THAT(shown.output, HasSubstr("  SHA-256   " + gateway_.presented("a.example") + "\n"));
  EXPECT_THAT(shown.output, HasSubstr("  hosts     a.example\n  on disk   the same\n"));
}

TEST_F(AdminSocket, StatusSaysWhatIsRefused) {
  gateway_.write("certs/a.example/fullchain.pem", "garbage");
  gateway_.reload();
  const Ended shown = command({"status"});
  EXPECT_EQ(shown.exit_code, 0);
  EXPECT_THAT(shown.output, HasSubstr("not all that is on the disk serves, see below\n"));
  EXPECT_THAT(shown.output, HasSubstr("  on disk   refused:\n" +
                                      gateway_.path("certs/a.example/fullchain.pem") + ": "));
}

TEST_F(AdminSocket, StatusSaysWhatIsRefusedBesidesCertificates) {
  gateway_.write("certs/half/fullchain.pem", gateway_.ca().chain(gateway_.mint({"b.example"})));
  gateway_.reload();
  EXPECT_THAT(command({"status"}).output, HasSubstr("has fullchain.pem but no privkey.pem"));
}

TEST_F(AdminSocket, ReloadTellsThatAllIsWell) {
  gateway_.renew("a.example");
  const Ended done = command({"reload"});
  EXPECT_EQ(done.exit_code, 0);
  EXPECT_THAT(done.output, HasSubstr("what is on the disk serves\n"));
  EXPECT_EQ(done.error_output, "");
  const Ended again = command({"reload"});
  EXPECT_EQ(again.exit_code, 0);
  EXPECT_EQ(again.output, "nothing has changed: what is on the disk serves\n");
}

TEST_F(AdminSocket, ReloadTellsWhatIsRefused) {
  gateway_.write("certs/a.example/fullchain.pem", "garbage");
  const Ended held = command({"reload"});
  EXPECT_EQ(held.exit_code, 1);
  EXPECT_EQ(held.output, "");
  EXPECT_THAT(held.error_output, HasSubstr("certs/a.example/fullchain.pem: "));
  EXPECT_THAT(held.error_output,
              HasSubstr("the rest serves; for what is refused above, what was there before goes"));

  gateway_.configure("limitz: 5\n");
  const Ended refused = command({"reload"});
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_THAT(refused.error_output, HasSubstr("wssgate.yaml:"));
  EXPECT_THAT(refused.error_output, HasSubstr("limitz"));
  EXPECT_THAT(refused.error_output, HasSubstr("the configuration before goes on"));
}

TEST_F(AdminSocket, ReloadIsForProgramsToo) {
  const Ended done = command({"reload", "--json"});
  EXPECT_EQ(done.exit_code, 0);
  EXPECT_EQ(json::parse(done.output).at("cause"), "wssgate reload");
}

class NoProcess : public testing::TestWithParam<const char*> {};

TEST_P(NoProcess, IsSaidWithWhatToDo) {
  const TempFolder folder;
  const std::string address = "unix:" + folder.path() + "/admin.sock";
  const Ended asked = run_wssgate({GetParam(), "--admin", address});
  EXPECT_EQ(asked.exit_code, 1);
  EXPECT_EQ(asked.output, "");
  EXPECT_THAT(asked.error_output, HasSubstr("cannot talk to the process at " + address +
                                            ": No "
                                            "such file or directory. see that wssgate runs"));
}

TEST_P(NoProcess, IsSaidOfAnAddressThatIsNoSocket) {
  const Ended asked = run_wssgate({GetParam(), "--admin", "127.0.0.1:1"});
  EXPECT_EQ(asked.exit_code, 1);
  EXPECT_THAT(asked.error_output, HasSubstr("that is no unix socket"));
}

INSTANTIATE_TEST_SUITE_P(Commands, NoProcess, testing::Values("status", "reload", "drain"));

}  // namespace
}  // namespace wssgate::test
