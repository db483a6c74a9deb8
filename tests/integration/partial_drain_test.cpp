// `wssgate drain`: everything, one host, or one endpoint.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <nlohmann/json.hpp>
#include <thread>

#include "control/server.h"
#include "support/eventually.h"
#include "support/frames.h"
#include "support/http_text.h"
#include "support/live_gateway.h"
#include "support/running_gateway.h"
#include "support/websocket.h"

namespace wssgate::test {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class DrainCommand : public testing::Test {
 protected:
  Ended command(std::vector<std::string> words) const {
    words.insert(words.end(), {"--admin", gateway_.admin_address()});
    return run_wssgate(words);
  }
  std::string fresh_get(const std::string& name) const {
    TlsClient client(gateway_.address(), name);
    return get(client, name);
  }
  static std::string yaml(const Backend& a, const Backend& b) {
    return "hosts:\n"
           "  - {names: [a.example], routes: [{path: /, upstream: both}]}\n"
           "  - {names: [b.example], routes: [{path: /, upstream: both}]}\n"
           "upstreams: {both: {endpoints: [\"" +
           a.endpoint() + "\", \"" + b.endpoint() + "\"]}}\n";
  }

  Backend first_{websocket_backend()};
  Backend second_{websocket_backend()};
  LiveGateway gateway_{{"a.example", "b.example"}, yaml(first_, second_)};
};

bool still_echoes(TlsClient& tunnel) {
  tunnel.write(client_frame(kText, "still here"));
  return read_frame(tunnel) == Frame{kText, "still here"};
}

void expect_closed(TlsClient& tunnel) {
  const Frame close = read_frame(tunnel);
  EXPECT_EQ(close_code(close), 1012);
  tunnel.write(client_frame(kCloseFrame, close.payload));
  EXPECT_EQ(tunnel.read_all(), "");
}

// The new process would take up again what is out of service.
TEST_F(DrainCommand, IsUndoneBeforeAnUpgrade) {
  EXPECT_EQ(command({"drain", "--host", "a.example"}).exit_code, 0);
  const Ended refused = command({"upgrade"});
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_THAT(refused.error_output, HasSubstr("host a.example is drained"));
  gateway_.await_events("upgrade_refused");
}

// A process that drains has no listening sockets any more, and their numbers may be others' by now.
TEST_F(DrainCommand, OfEverythingLeavesNothingToHandOver) {
  TlsClient tunnel = open_websocket(gateway_.address(), "a.example");
  EXPECT_EQ(command({"drain"}).exit_code, 0);
  gateway_.await_events("draining");
  const Ended refused = command({"upgrade"});
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_THAT(refused.error_output, HasSubstr("this process drains and ends"));
}

// "drain", then "stop": one signal is the first one.
TEST_F(DrainCommand, GoesOnAtTheFirstSignal) {
  TlsClient tunnel = open_websocket(gateway_.address(), "a.example");
  EXPECT_EQ(command({"drain"}).exit_code, 0);
  gateway_.await_events("draining");
  gateway_.process().signal(SIGTERM);
  expect_closed(tunnel);
  EXPECT_EQ(gateway_.process().wait(), 0);
}

TEST_F(DrainCommand, OfAHostClosesItsTunnelsAndTakesNothingNew) {
  TlsClient its = open_websocket(gateway_.address(), "a.example");
  TlsClient others = open_websocket(gateway_.address(), "b.example");
  TlsClient kept(gateway_.address(), "a.example");
  EXPECT_EQ(status_of(get(kept, "a.example")), 200);

  const Ended told = command({"drain", "--host", "a.example"});
  EXPECT_EQ(told.exit_code, 0) << told.error_output;
  EXPECT_THAT(told.output, HasSubstr("draining host a.example: "));
  expect_closed(its);
  EXPECT_TRUE(still_echoes(others));

  const std::string refusal = fresh_get("a.example");
  EXPECT_EQ(status_of(refusal), 503);
  EXPECT_EQ(field_of(refusal, "Connection"), "close");
  EXPECT_EQ(field_of(refusal, "Retry-After"), "5");
  EXPECT_THROW(open_websocket(gateway_.address(), "a.example"), std::runtime_error);
  EXPECT_EQ(status_of(fresh_get("b.example")), 200);
  const std::string last = get(kept, "a.example");
  EXPECT_EQ(status_of(last), 200) << "who was connected is still answered";
  EXPECT_EQ(field_of(last, "Connection"), "close");

  gateway_.await_events("drained");
  const json status = gateway_.status();
  ASSERT_THAT(status.at("draining"), SizeIs(1));
  EXPECT_EQ(status.at("draining").at(0).at("target"), "host a.example");
  EXPECT_EQ(status.at("draining").at(0).at("tunnels_left"), 0);
  EXPECT_EQ(status.at("tunnels").at("open"), 1);
  ASSERT_THAT(status.at("tunnels").at("ended"), SizeIs(1));
  EXPECT_EQ(status.at("tunnels").at("ended").at(0).at("reason"), "draining");
  EXPECT_EQ(status.at("tunnels").at("ended").at(0).at("code"), 1012);
  EXPECT_THAT(command({"status"}).output, HasSubstr("DRAINING       host a.example: 0 tunnels"));

  EXPECT_EQ(command({"drain", "--host", "a.example", "--undo"}).exit_code, 0);
  EXPECT_EQ(status_of(fresh_get("a.example")), 200);
  EXPECT_THAT(gateway_.status().at("draining"), IsEmpty());
}

// The first is closed at once, the last after three quarters of the drain's time.
TEST(DrainUndone, KeepsTheTunnelsThatItHasNotComeTo) {
  const Backend backend(websocket_backend());
  RunningGateway gateway({{"test.example"}},
                         one_host(backend.endpoint(), "timeouts: {drain: 4s}\n"));
  std::vector<TlsClient> tunnels;
  for (int i = 0; i < 6; ++i) tunnels.push_back(open_websocket(gateway.address(), "test.example"));
  const gateway::DrainTarget host{gateway::DrainTarget::Kind::host, "test.example"};
  ASSERT_TRUE(eventually([&] { return gateway.server().open_tunnels(host) == 6; }));
  gateway.server().drain(host);
  gateway.server().resume(host);
  std::this_thread::sleep_for(std::chrono::milliseconds(3500));
  const auto kept = std::count_if(tunnels.begin(), tunnels.end(), still_echoes);
  EXPECT_GE(kept, 4) << "each of two workers has closed one";
}

TEST_F(DrainCommand, OfAHostOutlivesAReload) {
  command({"drain", "--host", "a.example"});
  gateway_.renew("a.example");
  EXPECT_EQ(gateway_.reload().at("ok"), true);
  EXPECT_EQ(status_of(fresh_get("a.example")), 503);
}

TEST_F(DrainCommand, OfAnEndpointLeavesTheWorkToTheOthers) {
  TlsClient one = open_websocket(gateway_.address(), "a.example");
  const bool first_has_it = first_.connections() == 1;
  TlsClient two = open_websocket(gateway_.address(), "a.example");
  ASSERT_TRUE(still_echoes(one) && still_echoes(two));
  const int before = first_.connections();
  ASSERT_EQ(before, 1) << "each endpoint has one";

  const Ended told = command({"drain", "--endpoint", first_.endpoint()});
  EXPECT_EQ(told.exit_code, 0) << told.error_output;
  EXPECT_THAT(told.output, HasSubstr(": 1 tunnels are closed"));
  expect_closed(first_has_it ? one : two);
  EXPECT_TRUE(still_echoes(first_has_it ? two : one));
  for (int i = 0; i < 4; ++i) {
    TlsClient tunnel = open_websocket(gateway_.address(), "b.example");
    EXPECT_TRUE(still_echoes(tunnel));
  }
  EXPECT_EQ(first_.connections(), before);

  command({"drain", "--endpoint", second_.endpoint()});
  const std::string refusal = fresh_get("b.example");
  EXPECT_EQ(status_of(refusal), 503) << "none is left";
}

TEST_F(DrainCommand, AReloadAloneClosesNoTunnelOfARemovedEndpoint) {
  TlsClient tunnel = open_websocket(gateway_.address(), "a.example");
  ASSERT_TRUE(still_echoes(tunnel));
  const Backend& its = first_.connections() == 1 ? first_ : second_;
  const Backend& other = first_.connections() == 1 ? second_ : first_;
  gateway_.configure(hosts_for({"a.example", "b.example"}, other.endpoint()));
  EXPECT_EQ(gateway_.reload().at("ok"), true);
  EXPECT_TRUE(still_echoes(tunnel));
  const Ended told = command({"drain", "--endpoint", its.endpoint()});
  EXPECT_EQ(told.exit_code, 0) << told.error_output;
  expect_closed(tunnel);
}

TEST_F(DrainCommand, OfEverythingEndsTheProcess) {
  TlsClient tunnel = open_websocket(gateway_.address(), "a.example");
  const Ended told = command({"drain"});
  EXPECT_EQ(told.exit_code, 0) << told.error_output;
  EXPECT_THAT(told.output, HasSubstr("draining everything: "));
  expect_closed(tunnel);
  EXPECT_EQ(gateway_.process().wait(), 0) << gateway_.process().error_output();
}

TEST_F(DrainCommand, OfEverythingShowsItsProgress) {
  // One of a worker's is closed at once, the next half of the time later.
  std::vector<TlsClient> tunnels;
  for (int i = 0; i < 6; ++i) {
    tunnels.push_back(open_websocket(gateway_.address(), "a.example"));
  }
  gateway_.process().signal(SIGTERM);
  gateway_.await_events("draining");
  const json drain = gateway_.status().at("draining").at(0);
  EXPECT_EQ(drain.at("target"), "everything");
  EXPECT_GT(drain.at("tunnels_left"), 0);
  EXPECT_GT(drain.at("ms_left"), 0);
  const json progress = gateway_.await_events("drain_progress").front();
  EXPECT_EQ(progress.at("target"), "everything");
  EXPECT_GT(progress.at("tunnels"), 0);
  gateway_.process().signal(SIGTERM);
  EXPECT_EQ(gateway_.process().wait(), 1);
}

TEST_F(DrainCommand, OfWhatThereIsNotIsRefusedWithWhatThereIs) {
  const Ended host = command({"drain", "--host", "c.example"});
  EXPECT_EQ(host.exit_code, 1);
  EXPECT_EQ(host.error_output, "no host is called 'c.example'. there are a.example, b.example\n");
  const Ended endpoint = command({"drain", "--endpoint", "127.0.0.1:1"});
  EXPECT_EQ(endpoint.exit_code, 1);
  EXPECT_THAT(endpoint.error_output, HasSubstr("no endpoint is called '127.0.0.1:1'. there are "));
  const Ended undone = command({"drain", "--host", "a.example", "--undo"});
  EXPECT_EQ(undone.error_output, "host a.example is not drained\n");
  EXPECT_EQ(command({"drain", "--undo"}).exit_code, 1);
  EXPECT_EQ(status_of(fresh_get("a.example")), 200);
}

}  // namespace
}  // namespace wssgate::test
