#include <gtest/gtest.h>

#include "control/server.h"
#include "support/backend.h"
#include "support/http_text.h"
#include "support/running_gateway.h"

/// drain(): what SIGTERM begins. Running requests finish, idle connections end, none begins.
namespace wssgate::test {
namespace {

TEST(Drain, ARunningRequestFinishesAndThenTheConnectionEnds) {
  Journal seen;
  Journal go;
  Backend backend([&](RawClient& proxy, int) {
    seen.add(proxy.read_message());
    go.wait_for(1);
    proxy.write(ok("finished"));
    proxy.ends();
  });
  RunningGateway gateway({{"test.example"}}, one_host(backend.endpoint()));
  TlsClient client(gateway.address(), "test.example");
  client.write(get("/"));
  seen.wait_for(1);
  TlsClient idle(gateway.address(), "test.example");
  gateway.server().drain();
  EXPECT_EQ(idle.read_all(), "") << "an idle connection ends";
  go.add("go");
  const std::string response = client.read_message();
  EXPECT_EQ(body_of(response), "finished");
  EXPECT_EQ(field_of(response, "Connection"), "close");
  EXPECT_EQ(client.read_all(), "");
}

TEST(Drain, ARequestThatIsCutAtTheLimitIsToldSo) {
  Journal seen;
  Backend backend([&](RawClient& proxy, int) {
    seen.add(proxy.read_message());
    proxy.ends();
  });
  RunningGateway gateway({{"test.example"}}, one_host(backend.endpoint()));
  TlsClient client(gateway.address(), "test.example");
  client.write(get("/"));
  seen.wait_for(1);
  gateway.server().stop();
  const std::string response = client.read_message();
  EXPECT_EQ(status_of(response), 503);
  EXPECT_EQ(field_of(response, "Connection"), "close");
}

TEST(Drain, AKeptConnectionEndsBetweenRequests) {
  Backend backend(answering([](const std::string&) { return ok("answer"); }));
  RunningGateway gateway({{"test.example"}}, one_host(backend.endpoint()));
  TlsClient client(gateway.address(), "test.example");
  client.write(get("/"));
  EXPECT_EQ(body_of(client.read_message()), "answer");
  gateway.server().drain();
  EXPECT_EQ(client.read_all(), "");
}

TEST(Drain, AResponseThatHasBegunIsNotCut) {
  Journal go;
  Backend backend([&](RawClient& proxy, int) {
    proxy.read_message();
    proxy.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfirst");
    go.wait_for(1);
    proxy.write("other");
    proxy.ends();
  });
  RunningGateway gateway({{"test.example"}}, one_host(backend.endpoint()));
  TlsClient client(gateway.address(), "test.example");
  client.write(get("/"));
  const std::string head = client.read_until("first");
  gateway.server().drain();
  go.add("go");
  EXPECT_EQ(client.read_all(), "other");
}

// The request is in the socket before the drain begins, so it is answered, however the worker's
// loop happens to learn of the two.
TEST(Drain, ARequestThatWasSentBeforeIsAnswered) {
  for (int round = 0; round < 20; ++round) {
    Backend backend(answering([](const std::string&) { return ok("answer"); }));
    RunningGateway gateway({{"test.example"}}, one_host(backend.endpoint()));
    TlsClient client(gateway.address(), "test.example");
    client.write(get("/1"));
    EXPECT_EQ(body_of(client.read_message()), "answer");
    client.write(get("/2"));
    gateway.server().drain();
    const std::string response = client.read_all();
    ASSERT_NE(response, "") << "round " << round;
    EXPECT_EQ(body_of(response), "answer");
  }
}

TEST(Drain, NewConnectionsAreRefused) {
  Backend backend(answering([](const std::string&) { return ok("answer"); }));
  RunningGateway gateway({{"test.example"}}, one_host(backend.endpoint()));
  const SocketAddress address = gateway.address();
  TlsClient idle(address, "test.example");
  TlsClient other(address, "test.example");
  gateway.server().drain();
  EXPECT_EQ(idle.read_all(), "");
  EXPECT_EQ(other.read_all(), "");
  gateway.server().stop();
  EXPECT_THROW(RawClient{address}, std::system_error);
}

}  // namespace
}  // namespace wssgate::test
