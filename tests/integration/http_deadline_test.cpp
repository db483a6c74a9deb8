#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <thread>

#include "support/backend.h"
#include "support/http_text.h"
#include "support/running_gateway.h"

/// Everything that waits for a peer ends, with the right blame; and whoever goes on, if slowly, is
/// left to it.
namespace wssgate::test {
namespace {

Backend::Script answers() {
  return answering([](const std::string&) { return ok("answer"); });
}

TEST(HttpDeadline, ARequestHeadThatDripsIn) {
  Backend backend(answers());
  RunningGateway gateway({{"test.example"}},
                         one_host(backend.endpoint(), "timeouts: {request_head: 300ms}\n"));
  TlsClient client(gateway.address(), "test.example");
  client.write("GET / HTTP/1.1\r\nHo");
  const std::string response = client.read_all();
  EXPECT_EQ(status_of(response), 408);
  EXPECT_EQ(field_of(response, "Connection"), "close");
  const auto line = gateway.access_lines(1).at(0);
  EXPECT_EQ(line["reason"], "request_head_timeout");
  EXPECT_EQ(line["ended_by"], "client");
}

// Bytes that come in time do not move the deadline of the whole head.
TEST(HttpDeadline, ARequestHeadThatNeverStops) {
  Backend backend(answers());
  RunningGateway gateway({{"test.example"}},
                         one_host(backend.endpoint(), "timeouts: {request_head: 300ms}\n"));
  TlsClient client(gateway.address(), "test.example");
  client.write("GET / HTTP/1.1\r\nX: ");
  std::thread drip([&] {
    try {
      for (int i = 0; i < 2000; ++i) {
        client.write("x");
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
      }
    } catch (const std::exception&) {  // closed
    }
  });
  EXPECT_EQ(gateway.access_lines(1).at(0)["reason"], "request_head_timeout");
  drip.join();
}

TEST(HttpDeadline, ARequestBodyThatStalls) {
  Journal ended;
  Backend backend([&](RawClient& proxy, int) {
    proxy.read_until("half");
    if (proxy.ends()) ended.add("ended");
  });
  RunningGateway gateway({{"test.example"}},
                         one_host(backend.endpoint(), "timeouts: {idle_http: 300ms}\n"));
  TlsClient client(gateway.address(), "test.example");
  client.write(get("/", "Content-Length: 8\r\n") + "half");
  const std::string response = client.read_all();
  EXPECT_EQ(status_of(response), 408);
  EXPECT_EQ(field_of(response, "Connection"), "close");
  ended.wait_for(1);
  const auto line = gateway.access_lines(1).at(0);
  EXPECT_EQ(line["reason"], "request_body_timeout");
  EXPECT_EQ(line["ended_by"], "client");
  EXPECT_EQ(line["bytes_received"], 4);
}

// Byte after byte, none of them late: for ever, if each were progress.
TEST(HttpDeadline, ARequestBodyThatDripsIn) {
  Backend backend([&](RawClient& proxy, int) { proxy.ends(); });
  RunningGateway gateway({{"test.example"}},
                         one_host(backend.endpoint(), "timeouts: {idle_http: 500ms}\n"));
  TlsClient client(gateway.address(), "test.example");
  client.write(get("/", "Content-Length: 100000\r\n"));
  std::thread drip([&] {
    try {
      for (int i = 0; i < 400; ++i) {
        client.write("x");
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
      }
    } catch (const std::exception&) {  // closed
    }
  });
  EXPECT_EQ(gateway.access_lines(1).at(0)["reason"], "request_body_timeout");
  drip.join();
}

TEST(HttpDeadline, AnIdleConnectionEndsQuietly) {
  Backend backend(answers());
  RunningGateway gateway({{"test.example"}},
                         one_host(backend.endpoint(), "timeouts: {idle_http: 300ms}\n"));
  TlsClient fresh(gateway.address(), "test.example");
  TlsClient used(gateway.address(), "test.example");
  used.write(get("/"));
  EXPECT_EQ(body_of(used.read_message()), "answer");
  EXPECT_EQ(fresh.read_all(), "");
  EXPECT_EQ(used.read_all(), "");
  EXPECT_EQ(gateway.access_lines(1).size(), 1U) << "no line but the request's";
}

TEST(HttpDeadline, AClientThatNeverReadsItsResponse) {
  Journal ended;
  Backend backend([&](RawClient& proxy, int) {
    proxy.read_message();
    proxy.write("HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n");
    const std::string piece(std::size_t{64} << 10U, 'x');
    try {
      for (;;) proxy.write(piece);
    } catch (const std::exception&) {
      ended.add("ended");
    }
  });
  RunningGateway gateway({{"test.example"}},
                         one_host(backend.endpoint(), "timeouts: {idle_http: 500ms}\n"));
  TlsClient client(gateway.address(), "test.example");
  client.write(get("/"));
  const auto line = gateway.access_lines(1).at(0);
  EXPECT_EQ(line["reason"], "stalled");
  EXPECT_EQ(line["ended_by"], "client");
  ended.wait_for(1);
}

// Reads a little at a time, without ever resting as long as the limit: that is no stall, although
// the kernel says only rarely that there is room again.
TEST(HttpDeadline, AClientThatReadsSlowlyIsNotStalled) {
  constexpr std::size_t kBody = std::size_t{8} << 20U;
  Backend backend([&](RawClient& proxy, int) {
    proxy.read_message();
    proxy.write("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(kBody) + "\r\n\r\n" +
                std::string(kBody, 'x'));
    proxy.ends();
  });
  RunningGateway gateway({{"test.example"}},
                         one_host(backend.endpoint(), "timeouts: {idle_http: 1s}\n"));
  TlsClient client(gateway.address(), "test.example");
  client.write(get("/"));
  client.read_until("\r\n\r\n");
  std::size_t got = 0;
  while (got < kBody) {
    const std::size_t piece = std::min(std::size_t{16} << 10U, kBody - got);
    ASSERT_EQ(client.read_exactly(piece).size(), piece) << "after " << got;
    got += piece;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  EXPECT_EQ(gateway.access_lines(1).at(0)["bytes_sent"], kBody);
}

TEST(HttpDeadline, AnUpstreamThatReadsSlowlyIsNotLate) {
  constexpr std::size_t kBody = std::size_t{8} << 20U;
  Backend backend([&](RawClient& proxy, int) {
    proxy.read_until("\r\n\r\n");
    for (std::size_t got = 0; got < kBody;) {
      const std::size_t piece = std::min(std::size_t{16} << 10U, kBody - got);
      got += proxy.read_exactly(piece).size();
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    proxy.write(ok("all there"));
    proxy.ends();
  });
  RunningGateway gateway({{"test.example"}},
                         one_host(backend.endpoint(), "timeouts: {idle_http: 1s}\n"));
  TlsClient client(gateway.address(), "test.example");
  client.write(post("/", std::string(kBody, 'x')));
  EXPECT_EQ(body_of(client.read_message()), "all there");
}

}  // namespace
}  // namespace wssgate::test
