// What the process does when it is told to end.

#include <gtest/gtest.h>

#include <csignal>

#include "support/child_gateway.h"
#include "support/websocket.h"

namespace wssgate::test {
namespace {

/// A backend that answers /slow only when it may; everything else is an upgrade.
class SlowBackend {
 public:
  SlowBackend()
      : backend_([this](RawClient& proxy, int) {
          if (proxy.read_message().find("GET /slow ") == 0) {
            asked_.set_value();
            may_answer_.get_future().wait_for(std::chrono::seconds(10));
            proxy.write(ok("done"));
          } else {
            proxy.write(upgrade_response());
          }
          proxy.read_all();
        }) {}

  std::string endpoint() const { return backend_.endpoint(); }
  void await_question() { asked_.get_future().wait_for(std::chrono::seconds(10)); }
  void answer() { may_answer_.set_value(); }

 private:
  std::promise<void> asked_;
  std::promise<void> may_answer_;
  Backend backend_;
};

bool refused(const SocketAddress& address) {
  try {
    RawClient client(address);
    return false;
  } catch (const std::system_error& error) {
    return error.code().value() == ECONNREFUSED;
  }
}

class EndingSignal : public testing::TestWithParam<int> {};

TEST_P(EndingSignal, LetsARequestFinishAndAcceptsNoMore) {
  SlowBackend backend;
  ChildGateway gateway(one_host(backend.endpoint()));
  TlsClient client(gateway.address(), "test.example");
  client.write("GET /slow HTTP/1.1\r\nHost: test.example\r\n\r\n");
  backend.await_question();

  gateway.process().signal(GetParam());
  gateway.await_event("draining");
  // The listening sockets close a moment after the line.
  for (int i = 0; i < 1000 && !refused(gateway.address()); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  EXPECT_TRUE(refused(gateway.address()));
  backend.answer();

  const std::string answer = client.read_message();
  EXPECT_EQ(answer.substr(answer.size() - 4), "done");
  EXPECT_EQ(client.read_all(), "");
  client.close();
  EXPECT_EQ(gateway.process().wait(), 0) << gateway.process().error_output();
}

TEST_P(EndingSignal, EndsTunnelsAtTheDrainLimit) {
  SlowBackend backend;
  ChildGateway gateway(one_host(backend.endpoint(), "timeouts: {drain: 100ms}\n"));
  TlsClient client(gateway.address(), "test.example");
  client.write(upgrade_request("test.example"));
  client.read_message();

  gateway.process().signal(GetParam());

  EXPECT_EQ(gateway.process().wait(), 0) << gateway.process().error_output();
  EXPECT_TRUE(client.ends());
}

TEST_P(EndingSignal, TwiceEndsAtOnce) {
  SlowBackend backend;
  ChildGateway gateway(one_host(backend.endpoint(), "timeouts: {drain: 1h}\n"));
  TlsClient client(gateway.address(), "test.example");
  client.write(upgrade_request("test.example"));
  client.read_message();

  gateway.process().signal(GetParam());
  gateway.await_event("draining");
  gateway.process().signal(GetParam());

  EXPECT_EQ(gateway.process().wait(), 1) << gateway.process().error_output();
  EXPECT_TRUE(client.ends());
}

TEST_P(EndingSignal, EndsAnIdleProcessAndIdleConnections) {
  SlowBackend backend;
  ChildGateway gateway(one_host(backend.endpoint()));
  TlsClient client(gateway.address(), "test.example");

  gateway.process().signal(GetParam());

  EXPECT_EQ(client.read_all(), "");
  client.close();
  EXPECT_EQ(gateway.process().wait(), 0) << gateway.process().error_output();
}

INSTANTIATE_TEST_SUITE_P(Both, EndingSignal, testing::Values(SIGTERM, SIGINT),
                         [](const auto& s) { return s.param == SIGTERM ? "SIGTERM" : "SIGINT"; });

// Terminals send it when they close, and service managers for a reload.
TEST(Hangup, IsNoEnd) {
  SlowBackend backend;
  ChildGateway gateway(one_host(backend.endpoint()));

  gateway.process().signal(SIGHUP);
  gateway.process().wait_for_error("\"cause\":\"SIGHUP\"");
  gateway.process().signal(SIGHUP);
  TlsClient client(gateway.address(), "test.example");
  client.write(upgrade_request("test.example"));

  EXPECT_EQ(client.read_message().substr(0, 12), "HTTP/1.1 101");
}

}  // namespace
}  // namespace wssgate::test
