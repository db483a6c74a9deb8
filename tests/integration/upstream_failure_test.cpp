#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <nlohmann/json.hpp>

#include "net/listener.h"
#include "support/backend.h"
#include "support/http_text.h"
#include "support/running_gateway.h"

/// What a client reads when its upstream fails, and what the log says of it.
namespace wssgate::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kShort =
    "timeouts: {idle_http: 300ms, connect: 300ms, upgrade: 300ms, drain: 1s}\n";

/// An endpoint where nobody listens.
std::string closed_port() {
  const net::Fd listening = net::listen_on(*SocketAddress::parse("127.0.0.1:0"), false);
  return net::bound_address(listening.get()).text();
}

/// Ten lines at most, no addresses, no stack.
void expect_short_and_plain(const std::string& response, const std::string& endpoint) {
  EXPECT_EQ(field_of(response, "Content-Type"), "text/plain; charset=utf-8");
  EXPECT_LT(body_of(response).size(), 200U);
  EXPECT_THAT(response, Not(HasSubstr(endpoint)));
  EXPECT_THAT(response, Not(HasSubstr("backend")));
}

struct Failure {
  const char* name;
  const char* sent;  ///< by the upstream, which then ends
  int status;
  const char* reason;
};

class UpstreamFailure : public testing::TestWithParam<Failure> {};

TEST_P(UpstreamFailure, IsAnsweredAndTheConnectionGoesOn) {
  Backend backend([](RawClient& proxy, int) {
    if (start_line_of(proxy.read_message()) == "GET /good HTTP/1.1") {
      proxy.write(ok("good"));
    } else {
      proxy.write(GetParam().sent);
    }
  });
  RunningGateway gateway({{"test.example"}}, one_host(backend.endpoint()));
  TlsClient client(gateway.address(), "test.example");
  client.write(get("/"));
  const std::string response = client.read_message();
  EXPECT_EQ(status_of(response), GetParam().status);
  expect_short_and_plain(response, backend.endpoint());
  client.write(get("/good"));
  EXPECT_EQ(body_of(client.read_message()), "good");

  const auto line = gateway.access_lines(1).at(0);
  EXPECT_EQ(line["status"], GetParam().status);
  EXPECT_EQ(line["reason"], GetParam().reason);
  EXPECT_EQ(line["ended_by"], "upstream");
  EXPECT_EQ(line["endpoint"], backend.endpoint());
}

INSTANTIATE_TEST_SUITE_P(
    Kinds, UpstreamFailure,
    testing::Values(
        Failure{"Closes", "", 502, "upstream_closed"},
        Failure{"ClosesInItsHead", "HTTP/1.1 200 OK\r\nContent-", 502, "upstream_closed"},
        Failure{"Garbage", "SSH-2.0-OpenSSH_9.2\r\n\r\n", 502, "malformed_response"},
        Failure{"Http2", "HTTP/2.0 200 OK\r\n\r\n", 502, "malformed_response"},
        Failure{"Binary", "\x16\x03\x01\x02", 502, "malformed_response"},
        Failure{"TwoLengths", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
                502, "malformed_response"},
        Failure{"BothLengths",
                "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 502,
                "malformed_response"},
        Failure{"UpgradesUnasked",
                "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n",
                502, "malformed_response"}),
    [](const auto& row) { return row.param.name; });

TEST(UpstreamFailureByTime, AnEndpointThatNeverAnswers) {
  Backend backend([](RawClient& proxy, int) { proxy.ends(); });
  RunningGateway gateway({{"test.example"}}, one_host(backend.endpoint(), kShort));
  TlsClient client(gateway.address(), "test.example");
  client.write(get("/"));
  const std::string response = client.read_message();
  EXPECT_EQ(status_of(response), 504);
  expect_short_and_plain(response, backend.endpoint());
  EXPECT_EQ(gateway.access_lines(1).at(0)["reason"], "upstream_timeout");
}

TEST(UpstreamFailureByTime, AHeadThatNeverEnds) {
  Backend backend([](RawClient& proxy, int) {
    proxy.read_message();
    proxy.write("HTTP/1.1 200 OK\r\nX: ");
    const std::string piece(1024, 'x');
    for (;;) proxy.write(piece);
  });
  RunningGateway gateway({{"test.example"}}, one_host(backend.endpoint()));
  TlsClient client(gateway.address(), "test.example");
  client.write(get("/"));
  EXPECT_EQ(status_of(client.read_message()), 502);
  EXPECT_EQ(gateway.access_lines(1).at(0)["reason"], "malformed_response");
}

TEST(UpstreamFailureByTime, AnEndpointWhoseQueueIsFullIsSlowToConnect) {
  const net::Fd listening = net::listen_on(*SocketAddress::parse("127.0.0.1:0"), false);
  ::listen(listening.get(), 0);
  const SocketAddress address = net::bound_address(listening.get());
  std::vector<net::Fd> waiting;  // nobody accepts: from the second on the kernel is silent
  for (int i = 0; i < 4; ++i) {
    waiting.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    (void)::connect(waiting.back().get(), address.get(), address.length());
  }
  RunningGateway gateway({{"test.example"}}, one_host(address.text(), kShort));
  TlsClient client(gateway.address(), "test.example");
  client.write(get("/"));
  EXPECT_EQ(status_of(client.read_message()), 504);
  EXPECT_EQ(gateway.access_lines(1).at(0)["reason"], "upstream_connect_timeout");
}

TEST(UpstreamFailureToConnect, NobodyListens) {
  const std::string endpoint = closed_port();
  RunningGateway gateway({{"test.example"}}, one_host(endpoint));
  TlsClient client(gateway.address(), "test.example");
  client.write(get("/"));
  const std::string response = client.read_message();
  EXPECT_EQ(status_of(response), 502);
  expect_short_and_plain(response, endpoint);
  const auto line = gateway.access_lines(1).at(0);
  EXPECT_EQ(line["reason"], "upstream_refused");
  EXPECT_EQ(line["endpoint"], endpoint);
  EXPECT_EQ(line["detail"], "Connection refused");
}

TEST(UpstreamFailureToConnect, NoSuchUnixSocket) {
  const TempFolder folder;
  RunningGateway gateway({{"test.example"}}, one_host("unix:" + folder.path() + "/none.sock"));
  TlsClient client(gateway.address(), "test.example");
  client.write(get("/"));
  EXPECT_EQ(status_of(client.read_message()), 502);
  EXPECT_EQ(gateway.access_lines(1).at(0)["detail"], "No such file or directory");
}

TEST(UpstreamFailureToConnect, NoAddress) {
  RunningGateway gateway({{"test.example"}}, one_host("no-such-name.invalid:80"));
  TlsClient client(gateway.address(), "test.example");
  client.write(get("/"));
  EXPECT_EQ(status_of(client.read_message()), 503);
  const auto line = gateway.access_lines(1).at(0);
  EXPECT_EQ(line["reason"], "upstream_unavailable");
  EXPECT_EQ(line["upstream"], "backend");
}

}  // namespace
}  // namespace wssgate::test
