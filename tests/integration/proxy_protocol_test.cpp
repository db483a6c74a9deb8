// A listener with proxy_protocol: whom a PROXY header names is the client for everything behind it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "support/backend.h"
#include "support/hello.h"
#include "support/http_text.h"
#include "support/relay.h"
#include "support/running_gateway.h"

namespace wssgate::test {
namespace {

const std::string kSignature("\r\n\r\n\0\r\nQUIT\n", 12);
// 203.0.113.7:40000 to 198.51.100.1:443.
const std::string kIpv4("\xcb\x00\x71\x07\xc6\x33\x64\x01\x9c\x40\x01\xbb", 12);
const std::string kV1 = "PROXY TCP4 203.0.113.7 198.51.100.1 40000 443\r\n";

std::string v2(char command, char family, const std::string& rest) {
  return kSignature + command + family + static_cast<char>(rest.size() >> 8U) +
         static_cast<char>(rest.size() & 0xffU) + rest;
}

/// What goes ahead of the client's hello, and the sends that it takes.
using Ahead = std::function<std::vector<std::string>(const std::string& hello)>;

Ahead in_one_piece(const std::string& header) {
  return [=](const std::string& hello) { return std::vector{header + hello}; };
}

class ProxyProtocol : public testing::Test {
 protected:
  /// The head that the upstream saw of a request behind this.
  std::string head_behind(const Ahead& ahead) {
    const Relay balancer(gateway_.address(), [&](const std::string& bytes, int flight) {
      return flight == 0 ? ahead(bytes) : std::vector{bytes};
    });
    TlsClient client(balancer.address(), "test.example");
    client.write(get("/"));
    EXPECT_EQ(status_of(client.read_message()), 200);
    return seen_.wait_for(++asked_).back();
  }

  std::string client_behind(const std::string& header) {
    return field_of(head_behind(in_one_piece(header)), "X-Forwarded-For").value_or("none");
  }

  Journal seen_;
  std::size_t asked_ = 0;
  Backend backend_{answering([this](const std::string& head) {
    seen_.add(head);
    return ok("served");
  })};
  RunningGateway gateway_{
      {{"test.example"}},
      one_host(backend_.endpoint(),
               "listeners: [{address: \"127.0.0.1:0\", proxy_protocol: "
               "{from: [127.0.0.0/8]}}, {address: \"127.0.0.1:0\", "
               "redirect_to_https: true, proxy_protocol: {from: [127.0.0.1]}}]\n"
               "trusted_proxies: [127.0.0.1]\n")};
};

TEST_F(ProxyProtocol, TellsTheClientInEitherVersion) {
  EXPECT_EQ(client_behind(kV1), "203.0.113.7");
  EXPECT_EQ(client_behind("PROXY TCP6 2001:db8::7 2001:db8::1 40000 443\r\n"), "2001:db8::7");
  EXPECT_EQ(client_behind(v2('\x21', '\x11', kIpv4)), "203.0.113.7");
  const std::string ipv6 = "\x20\x01\x0d\xb8" + std::string(11, '\0') + "\x07" +
                           std::string(16, '\x01') + std::string("\x9c\x40\x01\xbb", 4);
  EXPECT_EQ(client_behind(v2('\x21', '\x21', ipv6)), "2001:db8::7");
}

TEST_F(ProxyProtocol, LeavesThePeersOwnAddressWhereItNamesNobody) {
  EXPECT_EQ(client_behind("PROXY UNKNOWN\r\n"), "127.0.0.1");
  EXPECT_EQ(client_behind("PROXY UNKNOWN 203.0.113.7 198.51.100.1 40000 443\r\n"), "127.0.0.1");
  EXPECT_EQ(client_behind(v2('\x20', '\x00', "")), "127.0.0.1");
  EXPECT_EQ(client_behind(v2('\x20', '\x11', kIpv4)), "127.0.0.1");
  EXPECT_EQ(client_behind(v2('\x21', '\x00', "")), "127.0.0.1");
}

TEST_F(ProxyProtocol, SkipsTlvs) {
  const std::string tlvs("\x02\x00\x0eother.example!\x04\x00\x04xxxx", 24);
  EXPECT_EQ(client_behind(v2('\x21', '\x11', kIpv4 + tlvs)), "203.0.113.7");
  EXPECT_EQ(client_behind(v2('\x21', '\x11', kIpv4 + std::string(4084, 'x'))), "203.0.113.7");
}

TEST_F(ProxyProtocol, MayComeInAnyPieces) {
  for (const std::string& header :
       {kV1, v2('\x21', '\x11', kIpv4), v2('\x21', '\x11', kIpv4 + std::string(400, 'x'))}) {
    for (const std::size_t size : {std::size_t{1}, std::size_t{7}, header.size()}) {
      const Ahead in_pieces = [&](const std::string& hello) {
        return pieces(header + hello, size);
      };
      EXPECT_EQ(field_of(head_behind(in_pieces), "X-Forwarded-For"), "203.0.113.7") << size;
    }
  }
}

// The proxy in front is trusted, the client that it names is not.
TEST_F(ProxyProtocol, IsWhoseForwardingFieldsAreJudged) {
  const Relay balancer(gateway_.address(), [&](const std::string& bytes, int flight) {
    return std::vector{flight == 0 ? kV1 + bytes : bytes};
  });
  TlsClient client(balancer.address(), "test.example");
  client.write(get("/", "X-Forwarded-For: 192.0.2.66\r\n"));
  EXPECT_EQ(status_of(client.read_message()), 200);
  EXPECT_EQ(field_of(seen_.wait_for(1).at(0), "X-Forwarded-For"), "203.0.113.7");
}

TEST_F(ProxyProtocol, IsWhoTheAccessLineNames) {
  head_behind(in_one_piece(kV1));
  EXPECT_EQ(gateway_.access_lines(1)[0]["client"], "203.0.113.7:40000");
}

TEST_F(ProxyProtocol, StandsInFrontOfPlainHttpToo) {
  RawClient client(gateway_.address(1));
  client.write(kV1 + "GET /a HTTP/1.1\r\nHost: test.example\r\n\r\n");
  EXPECT_THAT(client.read_all(), testing::HasSubstr("Location: https://test.example/a\r\n"));
  EXPECT_EQ(gateway_.access_lines(1)[0]["client"], "203.0.113.7:40000");
}

}  // namespace
}  // namespace wssgate::test
