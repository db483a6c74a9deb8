// A new process takes over the listening sockets: nobody who connects meanwhile is refused.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <csignal>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>

#include "support/eventually.h"
#include "support/frames.h"
#include "support/live_gateway.h"
#include "support/orphan.h"
#include "support/websocket.h"

namespace wssgate::test {
namespace {

class UpgradeTest : public testing::Test {
 protected:
  UpgradeTest() { adopt_orphans(); }

  /// The process that took over last.
  pid_t successor() const { return gateway_.await_events("upgraded").back().at("pid"); }

  Backend backend_{websocket_backend()};
  LiveGateway gateway_{{"a.example"}, hosts_for({"a.example"}, backend_.endpoint())};
};

/// Connects and asks, again and again, until it is told to stop.
class Visitors {
 public:
  explicit Visitors(const SocketAddress& address) : thread_([this, address] { visit(address); }) {}
  ~Visitors() { stop(); }
  Visitors(const Visitors&) = delete;
  Visitors& operator=(const Visitors&) = delete;

  void stop() {
    stop_ = true;
    if (thread_.joinable()) thread_.join();
  }
  int served() const { return served_; }
  const std::vector<std::string>& faults() const { return faults_; }

 private:
  void visit(const SocketAddress& address) {
    while (!stop_ && faults_.size() < 10) {
      try {
        TlsClient client(address, "a.example");
        const std::string answer = get(client, "a.example");
        if (answer.ends_with("served")) {
          ++served_;
        } else {
          faults_.push_back(answer);
        }
      } catch (const std::exception& fault) {
        faults_.emplace_back(fault.what());
      }
    }
  }

  std::atomic<bool> stop_{false};
  std::atomic<int> served_{0};
  std::vector<std::string> faults_;
  std::thread thread_;
};

TEST_F(UpgradeTest, RefusesNobodyWhoConnectsMeanwhile) {
  Visitors visitors(gateway_.address());
  ASSERT_TRUE(eventually([&] { return visitors.served() > 5; }));
  gateway_.process().signal(SIGUSR2);
  const Orphan first(successor());
  EXPECT_EQ(gateway_.process().wait(), 0);
  const int before = visitors.served();
  EXPECT_TRUE(eventually([&] { return visitors.served() > before + 5; }));
  ::kill(first.pid(), SIGUSR2);
  gateway_.await_events("upgraded", 2);
  const Orphan second(successor());
  EXPECT_TRUE(eventually([&] { return visitors.served() > before + 20; }));
  visitors.stop();
  EXPECT_THAT(visitors.faults(), testing::IsEmpty());
  EXPECT_EQ(gateway_.status().at("pid"), second.pid());
}

TEST_F(UpgradeTest, ClosesTheTunnelsOfTheOldProcessSoThatTheyMoveOn) {
  TlsClient tunnel = open_websocket(gateway_.address(), "a.example");
  gateway_.process().signal(SIGUSR2);
  const Orphan next(successor());
  const Frame close = read_frame(tunnel);
  EXPECT_EQ(close_code(close), 1012);
  tunnel.write(client_frame(kCloseFrame, close.payload));
  tunnel.end_writing();
  EXPECT_EQ(gateway_.process().wait(), 0);
  TlsClient again = open_websocket(gateway_.address(), "a.example");
  again.write(client_frame(kText, "here again"));
  EXPECT_EQ(read_frame(again), (Frame{kText, "here again"}));
}

TEST_F(UpgradeTest, IsAnsweredOverTheAdminSocket) {
  const Ended ended =
      run_wssgate({"upgrade", "--admin", gateway_.admin_address(), "-c", "none.yaml"});
  EXPECT_EQ(ended.exit_code, 0) << ended.error_output;
  const Orphan next(successor());
  EXPECT_THAT(ended.output, testing::HasSubstr(std::to_string(next.pid())));
  EXPECT_EQ(gateway_.process().wait(), 0);
  EXPECT_EQ(gateway_.status().at("pid"), next.pid());
}

TEST_F(UpgradeTest, KeepsTheOldProcessWhereTheNewOneDoesNotServe) {
  gateway_.write("wssgate.yaml", "listeners: nonsense\n");
  const Ended ended =
      run_wssgate({"upgrade", "--admin", gateway_.admin_address(), "-c", "none.yaml"});
  EXPECT_EQ(ended.exit_code, 1);
  EXPECT_THAT(ended.error_output, testing::HasSubstr("ended with code 1 before it served"));
  EXPECT_EQ(gateway_.events("upgrade_failed").size(), 1U);
  TlsClient client(gateway_.address(), "a.example");
  EXPECT_TRUE(get(client, "a.example").ends_with("served"));
  EXPECT_EQ(gateway_.status().at("pid"), gateway_.process().pid());
}

// Each worker has a socket of its own, and the kernel spreads connections over all of them.
TEST_F(UpgradeTest, ServesOnEverySocketWithFewerAndWithMoreWorkers) {
  pid_t before = gateway_.process().pid();
  std::optional<Orphan> last;
  for (const char* workers : {"1", "4"}) {
    std::string text = gateway_.configuration(hosts_for({"a.example"}, backend_.endpoint()));
    text.replace(text.find("workers: 2"), 10, std::string("workers: ") + workers);
    gateway_.write("wssgate.yaml", text);
    const std::size_t upgrades = gateway_.events("upgraded").size();
    ::kill(before, SIGUSR2);
    gateway_.await_events("upgraded", upgrades + 1);
    before = successor();
    last.emplace(before);
    for (int i = 0; i < 40; ++i) {
      TlsClient client(gateway_.address(), "a.example");
      ASSERT_TRUE(get(client, "a.example").ends_with("served")) << i;
    }
  }
}

}  // namespace
}  // namespace wssgate::test
