// Started as root, wssgate binds its ports and becomes a user that may do nothing else.

#include <gtest/gtest.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <regex>
#include <string>

#include "net/listener.h"
#include "support/backend.h"
#include "support/live_gateway.h"

namespace wssgate::test {
namespace {

constexpr const char* kUser = "nobody";

/// A loopback port below 1024 that is free; 0 where there is none.
std::uint16_t free_low_port() {
  for (std::uint16_t port = 1023; port > 511; --port) {
    try {
      const std::string address = "127.0.0.1:" + std::to_string(port);
      const net::Fd bound = net::listen_on(*SocketAddress::parse(address), false);
      return port;
    } catch (const std::system_error&) {  // taken
    }
  }
  return 0;
}

std::string listeners_at(std::uint16_t port) {
  return "[{address: \"127.0.0.1:" + std::to_string(port) + "\"}]";
}

/// The gateway's folder belongs to the user, as an operator would see to it.
void give_away(const LiveGateway& gateway) {
  const passwd* const user = ::getpwnam(kUser);
  ASSERT_NE(user, nullptr);
  const std::string folder = gateway.folder().path();
  ASSERT_EQ(::chown(folder.c_str(), user->pw_uid, user->pw_gid), 0);
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    ASSERT_EQ(::chown(entry.path().c_str(), user->pw_uid, user->pw_gid), 0);
  }
}

std::string status_field(pid_t pid, const std::string& name) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(file, line);) {
    std::smatch found;
    if (std::regex_match(line, found, std::regex(name + ":\\s*(.*)"))) return found[1];
  }
  return {};
}

class Privileges : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can become somebody else";
    port_ = free_low_port();
    if (port_ == 0) GTEST_SKIP() << "no low port is free";
  }

  std::string yaml() const {
    return std::string("user: ") + kUser + "\n" + hosts_for({"test.example"}, backend_.endpoint());
  }
  /// Listens on the low port.
  LiveGateway::Fill filled() {
    return [this](LiveGateway& gateway) {
      gateway.renew("test.example");
      give_away(gateway);
      return gateway.configuration(yaml(), listeners_at(port_));
    };
  }

  Backend backend_{serving_and_echoing()};
  std::uint16_t port_ = 0;
};

TEST_F(Privileges, AreThoseOfTheUserAndToBindLowPorts) {
  LiveGateway gateway(filled());
  const pid_t pid = gateway.process().pid();
  const passwd* const user = ::getpwnam(kUser);
  const std::string uid = std::to_string(user->pw_uid);
  EXPECT_EQ(status_field(pid, "Uid"), uid + "\t" + uid + "\t" + uid + "\t" + uid);
  const std::string gid = std::to_string(user->pw_gid);
  EXPECT_EQ(status_field(pid, "Gid"), gid + "\t" + gid + "\t" + gid + "\t" + gid);
  EXPECT_EQ(status_field(pid, "CapEff"), "0000000000000400") << "CAP_NET_BIND_SERVICE alone";
  EXPECT_EQ(status_field(pid, "NoNewPrivs"), "1");
  TlsClient client(gateway.address(), "test.example");
  EXPECT_NE(get(client, "test.example").find("served"), std::string::npos);
}

TEST_F(Privileges, AreEnoughForAReloadThatBindsAnotherLowPort) {
  LiveGateway gateway(filled());
  const std::uint16_t other = free_low_port();
  ASSERT_NE(other, 0);
  gateway.write("wssgate.yaml",
                gateway.configuration(
                    yaml(), "[{address: \"127.0.0.1:" + std::to_string(port_) +
                                "\"}, {address: \"127.0.0.1:" + std::to_string(other) + "\"}]"));
  give_away(gateway);
  EXPECT_EQ(gateway.reload()["ok"], true) << gateway.process().error_output();
  const SocketAddress address = *SocketAddress::parse("127.0.0.1:" + std::to_string(other));
  EXPECT_NO_THROW(TlsClient(address, "test.example"));
}

// What root alone can read would be gone at the first reload: it is refused at once.
TEST_F(Privileges, DoNotReadKeysAsRoot) {
  const LiveGateway gateway({"test.example"}, hosts_for({"test.example"}, backend_.endpoint()));
  const std::string config = gateway.folder().write(
      "as-nobody.yaml", gateway.configuration(yaml(), listeners_at(port_)), 0644);
  ASSERT_EQ(::chmod(gateway.folder().path().c_str(), 0755), 0);
  const Ended ended = run_wssgate({"run", "-c", config});
  EXPECT_EQ(ended.exit_code, 1);
  EXPECT_NE(ended.error_output.find("Permission denied"), std::string::npos) << ended.error_output;
}

TEST_F(Privileges, NeedAUserThatThereIs) {
  const LiveGateway gateway({"test.example"}, hosts_for({"test.example"}, backend_.endpoint()));
  const std::string config = gateway.folder().write(
      "other.yaml", gateway.configuration("user: wssgate-nobody-has-this-name\n" +
                                              hosts_for({"test.example"}, backend_.endpoint()),
                                          "[{address: \"127.0.0.1:0\"}]"));
  const Ended ended = run_wssgate({"check", "-c", config});
  EXPECT_EQ(ended.exit_code, 1);
  EXPECT_NE(ended.error_output.find("user: there is no user 'wssgate-nobody-has-this-name'"),
            std::string::npos)
      << ended.error_output;
}

// A core dump would hold every private key.
TEST_F(Privileges, WriteNoCoreDump) {
  LiveGateway gateway({"test.example"}, hosts_for({"test.example"}, backend_.endpoint()));
  std::ifstream file("/proc/" + std::to_string(gateway.process().pid()) + "/limits");
  std::string limits((std::istreambuf_iterator<char>(file)), {});
  EXPECT_TRUE(std::regex_search(limits, std::regex("Max core file size +0 +0 +bytes"))) << limits;
}

}  // namespace
}  // namespace wssgate::test
