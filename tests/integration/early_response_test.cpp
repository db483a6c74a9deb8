#include <gtest/gtest.h>

#include "support/backend.h"
#include "support/http_text.h"
#include "support/running_gateway.h"

/// An upstream may answer before it has read the request, and it may then close or reset: the
/// client reads the answer all the same.
namespace wssgate::test {
namespace {

const std::string kTooLarge =
    "HTTP/1.1 413 Content Too Large\r\nConnection: close\r\nContent-Length: 9\r\n\r\ntoo large";
constexpr std::size_t kBody = std::size_t{8} << 20U;

std::string large_post() {
  return request("POST / HTTP/1.1",
                 "Host: test.example\r\nContent-Length: " + std::to_string(kBody) + "\r\n");
}

struct Ending {
  const char* name;
  void (*end)(RawClient& proxy);
};

class EarlyResponse : public testing::TestWithParam<Ending> {};

TEST_P(EarlyResponse, ReachesAClientThatStillSends) {
  Backend backend([](RawClient& proxy, int) {
    proxy.read_until("\r\n\r\n");
    proxy.write(kTooLarge);
    GetParam().end(proxy);
  });
  for (int round = 0; round < 10; ++round) {
    RunningGateway gateway({{"test.example"}}, one_host(backend.endpoint()));
    TlsClient client(gateway.address(), "test.example");
    client.write(large_post());
    client.write(std::string(std::size_t{64} << 10U, 'x'));
    const std::string response = client.read_message();
    EXPECT_EQ(status_of(response), 413);
    EXPECT_EQ(body_of(response), "too large");
    EXPECT_EQ(client.read_all(), "");
  }
}

// Many clients read nothing before they have sent everything.
TEST_P(EarlyResponse, ReachesAClientThatSendsAllBeforeItReads) {
  Backend backend([](RawClient& proxy, int) {
    proxy.read_until("\r\n\r\n");
    proxy.write(kTooLarge);
    GetParam().end(proxy);
  });
  RunningGateway gateway({{"test.example"}}, one_host(backend.endpoint()));
  TlsClient client(gateway.address(), "test.example");
  client.write(large_post());
  const std::string piece(std::size_t{64} << 10U, 'x');
  for (std::size_t sent = 0; sent < kBody; sent += piece.size()) client.write(piece);
  EXPECT_EQ(body_of(client.read_message()), "too large");
}

INSTANTIATE_TEST_SUITE_P(ThenTheUpstream, EarlyResponse,
                         testing::Values(Ending{"Closes", [](RawClient& proxy) { proxy.close(); }},
                                         Ending{"Resets", [](RawClient& proxy) { proxy.reset(); }},
                                         Ending{"Stays", [](RawClient& proxy) { proxy.ends(); }},
                                         Ending{"EndsWriting",
                                                [](RawClient& proxy) {
                                                  proxy.end_writing();
                                                  proxy.ends();
                                                }}),
                         [](const auto& row) { return row.param.name; });

TEST(EarlyResponse, AnUpstreamConnectionWithHalfARequestIsNotUsedAgain) {
  Backend backend([](RawClient& proxy, int) {
    proxy.read_until("\r\n\r\n");
    proxy.write("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n");
    proxy.ends();
  });
  RunningGateway gateway({{"test.example"}}, one_host(backend.endpoint()));
  for (int i = 0; i < 4; ++i) {
    TlsClient client(gateway.address(), "test.example");
    client.write(large_post() + "some of it");
    EXPECT_EQ(status_of(client.read_message()), 401);
    EXPECT_EQ(client.read_all(), "");
  }
  EXPECT_EQ(backend.connections(), 4);
}

TEST(EarlyResponse, AStreamedAnswerWhileTheBodyStillComes) {
  Backend backend([](RawClient& proxy, int) {
    proxy.read_until("\r\n\r\n");
    proxy.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (;;) {
      const std::size_t size = std::stoul(proxy.read_until("\r\n"), nullptr, 16);
      const std::string data = proxy.read_exactly(size + 2);
      proxy.write(size == 0 ? "0\r\n\r\n" : "1\r\n" + data);
      if (size == 0) break;
    }
    EXPECT_EQ(start_line_of(proxy.read_message()), "GET /next HTTP/1.1");
    proxy.write(ok("next"));
    proxy.ends();
  });
  RunningGateway gateway({{"test.example"}}, one_host(backend.endpoint()));
  TlsClient client(gateway.address(), "test.example");
  client.write(request("POST / HTTP/1.1", "Host: test.example\r\nTransfer-Encoding: chunked\r\n"));
  client.read_until("\r\n\r\n");
  for (const char* letter : {"a", "b", "c"}) {
    client.write(std::string("1\r\n") + letter + "\r\n");
    EXPECT_EQ(client.read_until("\r\n"), "1\r\n");
    EXPECT_EQ(client.read_until("\r\n"), std::string(letter) + "\r\n");
  }
  client.write("0\r\n\r\n");
  EXPECT_EQ(client.read_until("\r\n\r\n"), "0\r\n\r\n");
  client.write(get("/next"));
  EXPECT_EQ(body_of(client.read_message()), "next");
}

}  // namespace
}  // namespace wssgate::test
