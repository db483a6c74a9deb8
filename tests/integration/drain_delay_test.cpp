// timeouts.drain_delay: who asks /readyz is told before new connections are refused.

#include <gtest/gtest.h>

#include <csignal>
#include <nlohmann/json.hpp>

#include "support/http_text.h"
#include "support/live_gateway.h"

namespace wssgate::test {
namespace {

class DrainDelay : public testing::Test {
 protected:
  static std::string yaml(const Backend& backend, const std::string& delay) {
    return hosts_for({"a.example"}, backend.endpoint()) + "timeouts: {drain_delay: " + delay +
           ", drain: 1s}\n";
  }
  static int readiness(const LiveGateway& gateway) {
    RawClient client(*SocketAddress::parse(gateway.admin_address()));
    client.write("GET /readyz HTTP/1.1\r\nHost: admin\r\n\r\n");
    return status_of(client.read_all());
  }
  static int drain(const LiveGateway& gateway) {
    return run_wssgate({"drain", "--admin", gateway.admin_address()}).exit_code;
  }

  Backend backend_{serving_and_echoing()};
};

TEST_F(DrainDelay, TakesConnectionsWhileItTellsThatItLeaves) {
  LiveGateway gateway({"a.example"}, yaml(backend_, "1h"));
  TlsClient tunnel = open_websocket(gateway.address(), "a.example");
  EXPECT_EQ(readiness(gateway), 200);

  gateway.process().signal(SIGTERM);
  gateway.await_events("leaving");

  EXPECT_EQ(readiness(gateway), 503);
  EXPECT_TRUE(gateway.events("draining").empty());
  TlsClient another = open_websocket(gateway.address(), "a.example");
  EXPECT_TRUE(echoes(another, "taken"));
  EXPECT_TRUE(echoes(tunnel, "kept"));
}

TEST_F(DrainDelay, IsFollowedByTheDrain) {
  LiveGateway gateway({"a.example"}, yaml(backend_, "50ms"));
  TlsClient tunnel = open_websocket(gateway.address(), "a.example");

  EXPECT_EQ(drain(gateway), 0);

  gateway.await_events("draining");
  EXPECT_TRUE(tunnel.ends());
  EXPECT_EQ(gateway.process().wait(), 0);
}

// preStop asks for a drain, and the signal comes next.
TEST_F(DrainDelay, IsNotCutByTheFirstSignalAfterADrain) {
  LiveGateway gateway({"a.example"}, yaml(backend_, "1h"));
  EXPECT_EQ(drain(gateway), 0);
  gateway.await_events("leaving");

  gateway.process().signal(SIGTERM);
  EXPECT_EQ(readiness(gateway), 503);

  TlsClient another = open_websocket(gateway.address(), "a.example");
  EXPECT_TRUE(echoes(another, "taken"));
  gateway.process().signal(SIGTERM);
  EXPECT_EQ(gateway.process().wait(), 1) << "the second signal ends all at once";
}

TEST_F(DrainDelay, ReloadsAsBefore) {
  LiveGateway gateway({"a.example"}, yaml(backend_, "1h"));
  gateway.process().signal(SIGTERM);
  gateway.await_events("leaving");

  gateway.configure(hosts_for({"a.example"}, backend_.endpoint()) + "timeouts: {drain: 2s}\n");
  gateway.process().signal(SIGHUP);

  gateway.await_events("reloaded");
  EXPECT_EQ(readiness(gateway), 503) << "it leaves still";
}

// The one that comes up would serve on, and nobody would have ended it.
TEST_F(DrainDelay, HandsOverToNobody) {
  LiveGateway gateway({"a.example"}, yaml(backend_, "1h"));
  gateway.process().signal(SIGUSR2);
  gateway.await_events("upgrading");
  gateway.process().signal(SIGTERM);
  gateway.await_events("upgrade_failed");

  gateway.process().signal(SIGUSR2);
  gateway.await_events("upgrade_refused");
  EXPECT_TRUE(gateway.events("draining").empty());
  EXPECT_EQ(readiness(gateway), 503);
}

TEST_F(DrainDelay, IsNotForSomebodyAtATerminal) {
  LiveGateway gateway({"a.example"}, yaml(backend_, "1h"));

  gateway.process().signal(SIGINT);

  EXPECT_EQ(gateway.process().wait(), 0);
  EXPECT_TRUE(gateway.events("leaving").empty());
}

TEST_F(DrainDelay, IsEndedByCtrlCAfterADrain) {
  LiveGateway gateway({"a.example"}, yaml(backend_, "1h"));
  EXPECT_EQ(drain(gateway), 0);
  gateway.await_events("leaving");

  gateway.process().signal(SIGINT);

  gateway.await_events("draining");
  EXPECT_EQ(gateway.process().wait(), 0);
}

}  // namespace
}  // namespace wssgate::test
