// Who may send a PROXY header and who must, and what the log says of those who do otherwise.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "support/hello.h"
#include "support/live_gateway.h"
#include "support/workers.h"

namespace wssgate::test {
namespace {

using testing::HasSubstr;

const std::string kSignature("\r\n\r\n\0\r\nQUIT\n", 12);
const std::string kV1 = "PROXY TCP4 203.0.113.7 198.51.100.1 40000 443\r\n";
const std::string kV2 = kSignature + std::string(
                                         "\x21\x11\x00\x0c\xcb\x00\x71\x07\xc6\x33\x64\x01"
                                         "\x9c\x40\x01\xbb",
                                         16);

/// The listeners, by whom they take a PROXY header from: 0 us, 1 others, 2 nobody, 3 others, and
/// redirects.
const std::string kListeners =
    "[{address: \"127.0.0.1:0\", proxy_protocol: {from: [127.0.0.1]}}, "
    "{address: \"127.0.0.1:0\", proxy_protocol: {from: [10.0.0.0/8]}}, "
    "{address: \"127.0.0.1:0\"}, "
    "{address: \"127.0.0.1:0\", redirect_to_https: true, proxy_protocol: {from: [10.0.0.0/8]}}]";

class ProxyProtocolRefusal : public testing::Test {
 protected:
  /// The line that the log has of a connection that sends this and is refused.
  nlohmann::json refused(std::size_t listener, const std::string& bytes, bool ends = false) {
    RawClient client(gateway_.address(listener));
    if (!bytes.empty()) client.write(bytes);
    if (ends) client.end_writing();
    EXPECT_TRUE(client.ends());
    return gateway_.await_events("connection_refused", ++refusals_).back();
  }

  LiveGateway gateway_{[](LiveGateway& gateway) {
    gateway.renew("test.example");
    return gateway.configuration(
        hosts_for({"test.example"}, "127.0.0.1:9") + "timeouts: {client_hello: 2s}\n", kListeners);
  }};
  std::string hello_ = captured_hello({.server_name = "test.example"});
  std::size_t refusals_ = 0;
};

TEST_F(ProxyProtocolRefusal, OfAListedPeerWithoutAHeader) {
  const auto line = refused(0, hello_);
  EXPECT_EQ(line["reason"], "proxy_header_missing");
  EXPECT_EQ(line["ended_by"], "client");
  EXPECT_THAT(line["message"], HasSubstr("a TLS ClientHello came"));
  EXPECT_EQ(refused(0, "GET / HTTP/1.1\r\n\r\n")["reason"], "proxy_header_missing");
}

TEST_F(ProxyProtocolRefusal, OfAListedPeerThatSendsNothing) {
  const auto line = refused(0, "");
  EXPECT_EQ(line["reason"], "proxy_header_missing");
  EXPECT_THAT(line["message"], HasSubstr("within timeouts.client_hello"));
}

TEST_F(ProxyProtocolRefusal, OfAHeaderThatDoesNotEndInTime) {
  EXPECT_EQ(refused(0, kV1.substr(0, 20))["reason"], "proxy_header_missing");
  EXPECT_EQ(refused(0, kV2.substr(0, 20))["reason"], "proxy_header_missing");
}

TEST_F(ProxyProtocolRefusal, OfAHeaderThatIsCutOff) {
  for (const std::string& header : {kV1, kV2}) {
    for (const std::size_t size : {std::size_t{1}, std::size_t{13}, header.size() - 1}) {
      const auto line = refused(0, header.substr(0, size), true);
      EXPECT_EQ(line["reason"], "malformed_proxy_header") << size;
      EXPECT_EQ(line["message"], "closed in the middle of its PROXY header") << size;
    }
  }
}

TEST_F(ProxyProtocolRefusal, OfAMalformedHeader) {
  for (const std::string& header :
       {std::string("PROXY TCP4 203.0.113.7 198.51.100.1 40000 99999\r\n"),
        "PROXY TCP4 " + std::string(96, '1'), kSignature + std::string("\x31\x11\x00\x00", 4),
        kSignature + std::string("\x21\x11\xff\xff", 4)}) {
    const auto line = refused(0, header + hello_);
    EXPECT_EQ(line["reason"], "malformed_proxy_header");
    EXPECT_THAT(line["message"], HasSubstr("a PROXY header of version"));
  }
}

TEST_F(ProxyProtocolRefusal, OfASecondHeader) {
  const auto line = refused(0, kV1 + kV2 + hello_);
  EXPECT_EQ(line["reason"], "malformed_proxy_header");
  EXPECT_THAT(line["message"], HasSubstr("a second PROXY header"));
  EXPECT_EQ(line["client"], "203.0.113.7:40000");
}

TEST_F(ProxyProtocolRefusal, OfAHeaderFromWhoIsNotListed) {
  for (const std::size_t listener : {1U, 2U, 3U}) {
    for (const std::string& bytes : {kV1, kV2, kSignature, kV1 + hello_}) {
      const auto line = refused(listener, bytes);
      EXPECT_EQ(line["reason"], "proxy_header_refused") << listener;
      EXPECT_THAT(line["message"], HasSubstr("sent a PROXY header but is not listed"));
      EXPECT_THAT(line["client"].get<std::string>(), HasSubstr("127.0.0.1:")) << listener;
    }
  }
}

TEST_F(ProxyProtocolRefusal, OfAHeaderByteByByteFromWhoIsNotListed) {
  for (const std::size_t listener : {1U, 2U}) {
    RawClient client(gateway_.address(listener));
    for (const std::string& byte : pieces(kV1.substr(0, 6), 1)) client.write(byte);
    EXPECT_TRUE(client.ends());
    EXPECT_EQ(gateway_.await_events("connection_refused", ++refusals_).back()["reason"],
              "proxy_header_refused");
  }
}

TEST_F(ProxyProtocolRefusal, IsOfNobodyElse) {
  EXPECT_NO_THROW(TlsClient(gateway_.address(1), "test.example"));
  EXPECT_NO_THROW(TlsClient(gateway_.address(2), "test.example"));
  RawClient plain(gateway_.address(3));
  plain.write("GET / HTTP/1.1\r\nHost: test.example\r\n\r\n");
  EXPECT_THAT(plain.read_all(), HasSubstr("Location: https://test.example/"));
}

// A balancer's check connects, and perhaps sends a LOCAL header, and leaves: no line each second.
TEST_F(ProxyProtocolRefusal, IsNotToldOfChecksThatLeaveAgain) {
  for (const std::string& bytes :
       {std::string(), kSignature + std::string("\x20\x00\x00\x00", 4)}) {
    RawClient check(gateway_.address(0));
    if (!bytes.empty()) check.write(bytes);
    check.end_writing();
    EXPECT_TRUE(check.ends());
  }
  refused(0, hello_);
  EXPECT_EQ(gateway_.events("connection_refused").size(), 1U);
}

TEST(ProxyProtocolDrip, CostsNoSpinning) {
  LiveGateway gateway([](LiveGateway& made) {
    made.renew("test.example");
    return made.configuration(hosts_for({"test.example"}, "127.0.0.1:9"), kListeners);
  });
  RawClient client(gateway.address(0));
  client.write(kV2.substr(0, 20));
  const auto used = used_within(std::chrono::milliseconds(500), gateway.process().pid());
  EXPECT_LT(used, std::chrono::milliseconds(250));
}

}  // namespace
}  // namespace wssgate::test
