#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <nlohmann/json.hpp>

#include "support/backend.h"
#include "support/eventually.h"
#include "support/hello.h"
#include "support/http_text.h"
#include "support/live_gateway.h"

/// An endpoint that fails requests gets none for a while, as long as there is another.
namespace wssgate::test {
namespace {

/// A backend that can be told to be ill, and counts what comes.
class Patient {
 public:
  explicit Patient(std::string ill_answer = "HTTP/1.1 502 Bad\r\nContent-Length: 0\r\n\r\n")
      : ill_answer_(std::move(ill_answer)) {}

  std::string endpoint() const { return backend_.endpoint(); }
  void be_ill(bool ill = true) { ill_ = ill; }
  int requests() const { return requests_; }

 private:
  std::string ill_answer_;
  std::atomic<bool> ill_{false};
  std::atomic<int> requests_{0};
  Backend backend_{[this](RawClient& proxy, int) {
    for (;;) {
      (void)proxy.read_message();
      ++requests_;
      if (ill_ && ill_answer_.empty()) return;
      proxy.write(ill_ ? ill_answer_ : ok("well"));
    }
  }};
};

std::string backend_with(const std::vector<std::string>& endpoints, const std::string& more) {
  std::string list;
  for (const std::string& endpoint : endpoints) list += "\"" + endpoint + "\",";
  return "hosts: [{names: [test.example], routes: [{path: /, upstream: backend}]}]\n"
         "upstreams: {backend: {balance: round_robin, endpoints: [" +
         list + "], " + more + "}}\n";
}

int ask(TlsClient& client) { return status_of(get(client, "test.example")); }

/// A port that nobody listens on, until `open`.
class ClosedPort {
 public:
  ClosedPort() {
    address_ = Backend(answering([](const std::string&) { return ok(""); })).endpoint();
  }
  const std::string& endpoint() const { return address_; }
  void open() {
    backend_.emplace(answering([](const std::string&) { return ok("back"); }), address_);
  }

 private:
  std::string address_;
  std::optional<Backend> backend_;
};

TEST(EndpointFailure, OneThatAnswers502IsLeftAlone) {
  Patient ill;
  Patient well;
  LiveGateway gateway({"test.example"}, backend_with({ill.endpoint(), well.endpoint()},
                                                     "ejection: {time: 1h, max_time: 1h}"));
  ill.be_ill();
  TlsClient client(gateway.address(), "test.example");
  for (int i = 0; i < 20; ++i) ask(client);
  EXPECT_EQ(ill.requests(), 3);
  EXPECT_EQ(well.requests(), 17);
  const auto told = gateway.await_events("endpoint_ejected");
  EXPECT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0]["upstream"], "backend");
  EXPECT_EQ(told[0]["endpoint"], ill.endpoint());
  EXPECT_EQ(told[0]["why"], "it answers 502 or 504");
  EXPECT_EQ(told[0]["for_ms"], 3'600'000);

  gateway.write("wssgate.yaml",
                gateway.configuration(backend_with({ill.endpoint(), well.endpoint(), "127.0.0.1:9"},
                                                   "ejection: {time: 1h, max_time: 1h}")));
  ASSERT_EQ(gateway.reload()["ok"], true);
  for (int i = 0; i < 6; ++i) EXPECT_EQ(ask(client), 200);
  EXPECT_EQ(ill.requests(), 3) << "a reload forgets nothing";
}

TEST(EndpointFailure, OneThatBreaksOffIsLeftAlone) {
  Patient ill("");
  Patient well;
  LiveGateway gateway({"test.example"},
                      backend_with({ill.endpoint(), well.endpoint()},
                                   "ejection: {failures: 2, time: 1h, max_time: 1h}"));
  ill.be_ill();
  int failed = 0;
  for (int i = 0; i < 10; ++i) {
    TlsClient client(gateway.address(), "test.example");
    client.write(post("/", "once"));
    if (status_of(client.read_message()) == 502) ++failed;
  }
  EXPECT_EQ(failed, 2);
  EXPECT_EQ(ill.requests(), 2);
}

TEST(EndpointFailure, OneThatIsDownCostsNobodyARequestAndComesBack) {
  ClosedPort down;
  Patient well;
  LiveGateway gateway({"test.example"}, backend_with({down.endpoint(), well.endpoint()},
                                                     "ejection: {time: 100ms, max_time: 200ms}"));
  TlsClient client(gateway.address(), "test.example");
  for (int i = 0; i < 10; ++i) {
    client.write(post("/", "once"));
    EXPECT_EQ(status_of(client.read_message()), 200);
  }
  EXPECT_EQ(well.requests(), 10);
  EXPECT_EQ(gateway.await_events("endpoint_ejected")[0]["why"], "Connection refused");
  down.open();
  EXPECT_TRUE(eventually([&] { return body_of(get(client, "test.example")) == "back"; }));
  EXPECT_EQ(gateway.await_events("endpoint_returned")[0]["endpoint"], down.endpoint());
}

// Nobody sees answers in what is passed through: that it can be connected to is all that can be
// known of it.
TEST(EndpointFailure, OneThatIsPassedThroughToComesBack) {
  ClosedPort down;
  const Backend well([](RawClient& proxy, int) { proxy.ends(); });
  const LiveGateway gateway({"test.example"},
                            "hosts: [{names: [legacy.example], passthrough: legacy}]\n"
                            "upstreams: {legacy: {balance: round_robin, endpoints: [\"" +
                                down.endpoint() + "\", \"" + well.endpoint() +
                                "\"], ejection: {failures: 1, time: 100ms, max_time: 200ms}}}\n");
  const auto pass_one_through = [&] {
    RawClient client(gateway.address());
    client.write(captured_hello({.server_name = "legacy.example"}));
    client.end_writing();
    client.read_all();
  };
  for (int i = 0; i < 2; ++i) pass_one_through();
  gateway.await_events("endpoint_ejected");
  down.open();
  EXPECT_TRUE(eventually([&] {
    pass_one_through();
    return !gateway.events("endpoint_returned").empty();
  }));
}

// Backends close idle connections when they like; a request that is on its way then says nothing of
// how they do.
TEST(EndpointFailure, AKeptConnectionThatEndsIsNone) {
  const Backend backend([](RawClient& proxy, int) {
    (void)proxy.read_message();
    proxy.write(ok("first"));
    (void)proxy.read_message();
  });
  LiveGateway gateway({"test.example"},
                      backend_with({backend.endpoint()}, "ejection: {failures: 1}"));
  TlsClient client(gateway.address(), "test.example");
  EXPECT_EQ(ask(client), 200);
  client.write(post("/", "once"));
  EXPECT_EQ(status_of(client.read_message()), 502);
  EXPECT_EQ(gateway.status()["upstreams"][0]["endpoints"][0]["state"], "healthy");
}

TEST(EndpointFailure, TheLastOneIsUsedAnyway) {
  Patient only;
  LiveGateway gateway(
      {"test.example"},
      backend_with({only.endpoint()}, "ejection: {failures: 1, time: 1h, max_time: 1h}"));
  only.be_ill();
  TlsClient client(gateway.address(), "test.example");
  for (int i = 0; i < 5; ++i) EXPECT_EQ(ask(client), 502);
  EXPECT_EQ(only.requests(), 5);
  EXPECT_EQ(gateway.await_events("endpoint_ejected").size(), 1U) << "once a change";
  only.be_ill(false);
  EXPECT_EQ(ask(client), 200);
  EXPECT_TRUE(gateway.events("endpoint_returned").empty()) << "not before its time";
}

TEST(EndpointFailure, ABackupStepsInAndOut) {
  Patient first;
  Patient spare;
  LiveGateway gateway({"test.example"}, [&] {
    return "hosts: [{names: [test.example], routes: [{path: /, upstream: backend}]}]\n"
           "upstreams: {backend: {endpoints: [\"" +
           first.endpoint() + "\", {address: \"" + spare.endpoint() +
           "\", backup: true}], ejection: {failures: 1, time: 300ms}}}\n";
  }());
  TlsClient client(gateway.address(), "test.example");
  for (int i = 0; i < 5; ++i) EXPECT_EQ(ask(client), 200);
  EXPECT_EQ(spare.requests(), 0);
  first.be_ill();
  EXPECT_EQ(ask(client), 502);
  EXPECT_TRUE(eventually([&] { return ask(client) == 200 && spare.requests() > 0; }));
  first.be_ill(false);
  const int before = first.requests();
  EXPECT_TRUE(eventually([&] { return ask(client) == 200 && first.requests() > before; }));
  gateway.await_events("endpoint_returned");
}

}  // namespace
}  // namespace wssgate::test
