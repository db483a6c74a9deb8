#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <thread>

#include "support/backend.h"
#include "support/http_text.h"
#include "support/running_gateway.h"

/// Several requests sent ahead are answered in their order, one upstream request at a time.
namespace wssgate::test {
namespace {

std::string echo(const std::string& request) {
  return ok(start_line_of(request) + body_of(request));
}

TEST(Pipelining, AnswersComeInOrderAlthoughTheFirstTakesLong) {
  Journal seen;
  Journal go;
  Backend backend([&](RawClient& proxy, int) {
    for (;;) {
      const std::string request = proxy.read_message();
      seen.add(start_line_of(request));
      if (start_line_of(request) == "GET /slow HTTP/1.1") go.wait_for(1);
      proxy.write(echo(request));
    }
  });
  RunningGateway gateway({{"test.example"}}, one_host(backend.endpoint()));
  TlsClient client(gateway.address(), "test.example");
  client.write(get("/slow") + get("/2") + get("/3"));
  EXPECT_EQ(seen.wait_for(1).size(), 1U) << "the second waits for the first";
  go.add("go");
  EXPECT_EQ(body_of(client.read_message()), "GET /slow HTTP/1.1");
  EXPECT_EQ(body_of(client.read_message()), "GET /2 HTTP/1.1");
  EXPECT_EQ(body_of(client.read_message()), "GET /3 HTTP/1.1");
}

TEST(Pipelining, BodiesOfBothFramingsBetweenRequests) {
  Backend backend(answering(echo));
  RunningGateway gateway({{"test.example"}}, one_host(backend.endpoint()));
  TlsClient client(gateway.address(), "test.example");
  client.write(post("/1", "GET /evil HTTP/1.1\r\n\r\n") +
               request("POST /2 HTTP/1.1", "Host: test.example\r\nTransfer-Encoding: chunked\r\n") +
               "5\r\nhello\r\n0\r\n\r\n" + get("/3"));
  EXPECT_EQ(body_of(client.read_message()), "POST /1 HTTP/1.1GET /evil HTTP/1.1\r\n\r\n");
  EXPECT_EQ(body_of(client.read_message()), "POST /2 HTTP/1.15\r\nhello\r\n0\r\n\r\n");
  EXPECT_EQ(body_of(client.read_message()), "GET /3 HTTP/1.1");
}

TEST(Pipelining, ByteByByte) {
  Backend backend(answering(echo));
  RunningGateway gateway({{"test.example"}}, one_host(backend.endpoint()));
  TlsClient client(gateway.address(), "test.example");
  for (const char byte : post("/1", "ab") + get("/2")) client.write(std::string(1, byte));
  EXPECT_EQ(body_of(client.read_message()), "POST /1 HTTP/1.1ab");
  EXPECT_EQ(body_of(client.read_message()), "GET /2 HTTP/1.1");
}

TEST(Pipelining, MoreThanTheBufferHolds) {
  Backend backend(answering(echo));
  RunningGateway gateway({{"test.example"}},
                         one_host(backend.endpoint(), "limits: {request_head: 2KiB}\n"));
  TlsClient client(gateway.address(), "test.example");
  std::string all;
  constexpr int kRequests = 500;
  for (int i = 0; i < kRequests; ++i) all += get("/" + std::to_string(i), "X-Filler: filler\r\n");
  std::thread writer([&] { client.write(all); });
  writer.join();
  for (int i = 0; i < kRequests; ++i) {
    ASSERT_EQ(body_of(client.read_message()), "GET /" + std::to_string(i) + " HTTP/1.1");
  }
}

TEST(Pipelining, NothingAfterARequestThatEndsTheConnection) {
  Journal seen;
  Backend backend(answering([&](const std::string& request) {
    seen.add(start_line_of(request));
    return echo(request);
  }));
  RunningGateway gateway({{"test.example"}}, one_host(backend.endpoint()));
  TlsClient client(gateway.address(), "test.example");
  client.write(get("/1", "Connection: close\r\n") + get("/2"));
  const std::string response = client.read_message();
  EXPECT_EQ(field_of(response, "Connection"), "close");
  EXPECT_EQ(client.read_all(), "");
  EXPECT_EQ(seen.entries().size(), 1U);
}

// Answers of wssgate's own are made without an upstream's help: a client that asks and asks and
// never reads must not make it keep them.
TEST(Pipelining, RefusedRequestsOfAClientThatDoesNotRead) {
  Backend backend(answering(echo));
  RunningGateway gateway(
      {{"test.example"}},
      "hosts: [{names: [test.example], routes: [{path: /here, upstream: backend}]}]\n"
      "timeouts: {idle_http: 500ms}\n"
      "upstreams: {backend: {endpoints: [\"" +
          backend.endpoint() + "\"]}}\n");
  TlsClient client(gateway.address(), "test.example");
  client.receive_buffer(4096);
  std::string many;
  for (int i = 0; i < 1000; ++i) many += get("/", "X-Filler: " + std::string(150, 'x') + "\r\n");
  const auto send_on = [&] {
    // Their answers are more than the kernel's buffers take.
    for (int i = 0; i < 80; ++i) client.write(many);
  };
  EXPECT_THROW(send_on(), std::system_error) << "the gateway reads on";
}

}  // namespace
}  // namespace wssgate::test
