#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/backend.h"
#include "support/http_text.h"
#include "support/running_gateway.h"

/// Connections to upstreams are kept for the next request; one that turns out closed costs a
/// client nothing where repeating is safe, and no request is ever delivered twice where it is not.
namespace wssgate::test {
namespace {

using ::testing::ElementsAre;

RunningGateway gateway_for(const Backend& backend, const std::string& more = "") {
  return RunningGateway({{"test.example"}}, one_host(backend.endpoint(), more));
}

TEST(UpstreamReuse, RequestsOfOneClientShareAConnection) {
  Backend backend(answering([](const std::string& request) { return ok(start_line_of(request)); }));
  RunningGateway gateway = gateway_for(backend);
  TlsClient client(gateway.address(), "test.example");
  for (const char* path : {"/1", "/2", "/3"}) {
    client.write(get(path));
    EXPECT_EQ(body_of(client.read_message()), std::string("GET ") + path + " HTTP/1.1");
  }
  client.write(post("/4", "body"));
  EXPECT_EQ(status_of(client.read_message()), 200);
  EXPECT_EQ(backend.connections(), 1);
}

TEST(UpstreamReuse, NotWhenTheUpstreamSaysClose) {
  Backend backend(answering([](const std::string&) {
    return "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok";
  }));
  RunningGateway gateway = gateway_for(backend);
  TlsClient client(gateway.address(), "test.example");
  for (int i = 0; i < 2; ++i) {
    client.write(get("/"));
    const std::string response = client.read_message();
    EXPECT_EQ(body_of(response), "ok");
    EXPECT_EQ(field_of(response, "Connection"), std::nullopt) << "the client's goes on";
  }
  EXPECT_EQ(backend.connections(), 2);
}

TEST(UpstreamReuse, NotWhenMoreCameThanTheResponse) {
  Backend backend(answering([](const std::string&) { return ok("good") + "HTTP/1.1 666 evil"; }));
  RunningGateway gateway = gateway_for(backend);
  TlsClient client(gateway.address(), "test.example");
  for (int i = 0; i < 2; ++i) {
    client.write(get("/"));
    EXPECT_EQ(body_of(client.read_message()), "good");
  }
  EXPECT_EQ(backend.connections(), 2);
}

/// A backend whose first connection answers one request, reads another and ends without a word.
Backend::Script ends_on_second_request(Journal& seen) {
  return [&seen](RawClient& proxy, int number) {
    for (int i = 0;; ++i) {
      seen.add(start_line_of(proxy.read_message()));
      if (number == 0 && i == 1) return;
      proxy.write(ok("answered"));
    }
  };
}

TEST(UpstreamReuse, AGetIsTriedAgainOnceWhenTheKeptConnectionEnds) {
  Journal seen;
  Backend backend(ends_on_second_request(seen));
  RunningGateway gateway = gateway_for(backend);
  TlsClient client(gateway.address(), "test.example");
  for (const char* path : {"/1", "/2"}) {
    client.write(get(path));
    EXPECT_EQ(status_of(client.read_message()), 200);
  }
  EXPECT_THAT(seen.entries(), ElementsAre("GET /1 HTTP/1.1", "GET /2 HTTP/1.1", "GET /2 HTTP/1.1"));
}

TEST(UpstreamReuse, APostIsNeverSentTwice) {
  Journal seen;
  Backend backend(ends_on_second_request(seen));
  RunningGateway gateway = gateway_for(backend);
  TlsClient client(gateway.address(), "test.example");
  client.write(get("/1"));
  EXPECT_EQ(status_of(client.read_message()), 200);
  client.write(post("/2", "once"));
  EXPECT_EQ(status_of(client.read_message()), 502);
  EXPECT_THAT(seen.entries(), ElementsAre("GET /1 HTTP/1.1", "POST /2 HTTP/1.1"));
  EXPECT_EQ(backend.connections(), 1);
}

TEST(UpstreamReuse, AGetWithABodyIsNeverSentTwice) {
  Journal seen;
  Backend backend(ends_on_second_request(seen));
  RunningGateway gateway = gateway_for(backend);
  TlsClient client(gateway.address(), "test.example");
  client.write(get("/1"));
  EXPECT_EQ(status_of(client.read_message()), 200);
  client.write(get("/2", "Content-Length: 4\r\n") + "body");
  EXPECT_EQ(status_of(client.read_message()), 502);
  EXPECT_EQ(seen.entries().size(), 2U);
}

TEST(UpstreamReuse, NotTriedAgainMoreThanOnce) {
  Journal seen;
  Backend backend([&seen](RawClient& proxy, int number) {
    seen.add(start_line_of(proxy.read_message()));
    if (number > 0) return;
    proxy.write(ok("first"));
    seen.add(start_line_of(proxy.read_message()));
  });
  RunningGateway gateway = gateway_for(backend);
  TlsClient client(gateway.address(), "test.example");
  client.write(get("/1"));
  EXPECT_EQ(status_of(client.read_message()), 200);
  client.write(get("/2"));
  EXPECT_EQ(status_of(client.read_message()), 502);
  EXPECT_EQ(seen.entries().size(), 3U);
}

TEST(UpstreamReuse, NotTriedAgainOnceTheUpstreamHasAnswered) {
  Journal seen;
  Backend backend([&seen](RawClient& proxy, int) {
    seen.add(start_line_of(proxy.read_message()));
    proxy.write(ok("first"));
    seen.add(start_line_of(proxy.read_message()));
    proxy.write("HTTP/1.1 200 OK\r\nContent-Le");
  });
  RunningGateway gateway = gateway_for(backend);
  TlsClient client(gateway.address(), "test.example");
  client.write(get("/1"));
  EXPECT_EQ(status_of(client.read_message()), 200);
  client.write(get("/2"));
  EXPECT_EQ(status_of(client.read_message()), 502);
  EXPECT_EQ(seen.entries().size(), 2U);
}

// The upstream has the request and is only slow: a second delivery would double its load, and the
// client's wait.
TEST(UpstreamReuse, NotTriedAgainWhenTheUpstreamOnlyTakesTooLong) {
  Journal seen;
  Backend backend([&seen](RawClient& proxy, int number) {
    seen.add(start_line_of(proxy.read_message()));
    if (number == 0) {
      proxy.write(ok("first"));
      seen.add(start_line_of(proxy.read_message()));
    }
    proxy.ends();
  });
  RunningGateway gateway = gateway_for(backend, "timeouts: {idle_http: 300ms}\n");
  TlsClient client(gateway.address(), "test.example");
  client.write(get("/1"));
  EXPECT_EQ(status_of(client.read_message()), 200);
  client.write(get("/2"));
  EXPECT_EQ(status_of(client.read_message()), 504);
  EXPECT_THAT(seen.entries(), ElementsAre("GET /1 HTTP/1.1", "GET /2 HTTP/1.1"));
}

// What has been closed before the request came is seen before the request is sent, so even a POST
// gets through.
TEST(UpstreamReuse, AConnectionThatHasEndedIsNotTaken) {
  Journal closed;
  Backend backend([&closed](RawClient& proxy, int) {
    const std::string request = proxy.read_message();
    proxy.write(ok(body_of(request)));
    proxy.close();
    closed.add("closed");
  });
  RunningGateway gateway = gateway_for(backend);
  TlsClient client(gateway.address(), "test.example");
  for (std::size_t round = 1; round <= 50; ++round) {
    client.write(get("/"));
    EXPECT_EQ(status_of(client.read_message()), 200);
    closed.wait_for(2 * round - 1);
    client.write(post("/", "through"));
    const std::string response = client.read_message();
    ASSERT_EQ(status_of(response), 200) << "round " << round;
    EXPECT_EQ(body_of(response), "through");
    closed.wait_for(2 * round);
  }
}

}  // namespace
}  // namespace wssgate::test
