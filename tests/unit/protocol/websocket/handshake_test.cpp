#include "protocol/websocket/handshake.h"

#include <gtest/gtest.h>

#include <string>

namespace wssgate::websocket {
namespace {

http::RequestHead request(const std::string& fields, const std::string& line = "GET / HTTP/1.1") {
  return std::move(http::parse_request_head(line + "\r\nHost: a\r\n" + fields + "\r\n")).value();
}

http::ResponseHead response(const std::string& fields) {
  return std::move(http::parse_response_head(
                       "HTTP/1.1 101 Switching Protocols\r\n" + fields + "\r\n", "GET"))
      .value();
}

const std::string kUpgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\n";
const std::string kVersion = "Sec-WebSocket-Version: 13\r\n";
// RFC 6455 §1.3's example.
const std::string kKey = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
const std::string kAccept = "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n";

TEST(Handshake, AcceptOfTheSampleKey) {
  EXPECT_EQ(accept_for_key("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

TEST(Handshake, IsSeenByItsTokens) {
  EXPECT_TRUE(is_upgrade(request(kUpgrade)));
  EXPECT_TRUE(
      is_upgrade(request("connection: keep-alive, UPGRADE\r\nupgrade: h2c, WebSocket\r\n")));
  EXPECT_TRUE(is_upgrade(
      request("Connection: keep-alive\r\nConnection: upgrade\r\nUpgrade: websocket\r\n")));
  EXPECT_FALSE(is_upgrade(request("Upgrade: websocket\r\n")));
  EXPECT_FALSE(is_upgrade(request("Connection: upgrade\r\n")));
  EXPECT_FALSE(is_upgrade(request("Connection: upgrade\r\nUpgrade: h2c\r\n")));
  EXPECT_FALSE(is_upgrade(request("Connection: upgrades\r\nUpgrade: websockets\r\n")));
  EXPECT_FALSE(is_upgrade(request(kUpgrade, "GET / HTTP/1.0")));
}

struct Row {
  const char* name;
  std::string fields;
  Reason expected;
  const char* line = "GET / HTTP/1.1";
};

TEST(Handshake, RequestTable) {
  for (const Row& row : {
           Row{"good", kVersion + kKey, Reason::none},
           Row{"with an origin", kVersion + kKey + "Origin: https://a\r\n", Reason::none},
           Row{"with an empty body", kVersion + kKey + "Content-Length: 0\r\n", Reason::none},
           Row{"POST", kVersion + kKey, Reason::malformed_upgrade, "POST / HTTP/1.1"},
           Row{"a body", kVersion + kKey + "Content-Length: 1\r\n", Reason::malformed_upgrade},
           Row{"a chunked body", kVersion + kKey + "Transfer-Encoding: chunked\r\n",
               Reason::malformed_upgrade},
           Row{"no version", kKey, Reason::websocket_version},
           Row{"version 8", kKey + "Sec-WebSocket-Version: 8\r\n", Reason::websocket_version},
           Row{"version 130", kKey + "Sec-WebSocket-Version: 130\r\n", Reason::websocket_version},
           Row{"two versions", kKey + kVersion + kVersion, Reason::websocket_version},
           Row{"a version list", kKey + "Sec-WebSocket-Version: 13, 8\r\n",
               Reason::websocket_version},
           Row{"no key", kVersion, Reason::malformed_upgrade},
           Row{"two keys", kVersion + kKey + kKey, Reason::malformed_upgrade},
           Row{"an empty key", kVersion + "Sec-WebSocket-Key:\r\n", Reason::malformed_upgrade},
           Row{"15 bytes", kVersion + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25j\r\n",
               Reason::malformed_upgrade},
           Row{"17 bytes", kVersion + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZWU=\r\n",
               Reason::malformed_upgrade},
           Row{"base64url", kVersion + "Sec-WebSocket-Key: -_hlIHNhbXBsZSBub25jZQ==\r\n",
               Reason::malformed_upgrade},
           Row{"no base64", kVersion + "Sec-WebSocket-Key: !Ghl HNhbXBsZSBub25jZQ==\r\n",
               Reason::malformed_upgrade},
           Row{"two origins", kVersion + kKey + "Origin: https://a\r\nOrigin: https://b\r\n",
               Reason::malformed_upgrade},
       }) {
    const auto checked = check_upgrade_request(request(kUpgrade + row.fields, row.line));
    const Reason got = checked ? Reason::none : checked.error().reason;
    EXPECT_EQ(reason_label(got), reason_label(row.expected)) << row.name;
  }
}

TEST(Handshake, ResponseTable) {
  const auto asked = request(kUpgrade + kVersion + kKey);
  for (const Row& row : {
           Row{"good", kUpgrade + kAccept, Reason::none},
           Row{"other case", "connection: UPGRADE, x\r\nupgrade: WebSocket\r\n" + kAccept,
               Reason::none},
           Row{"no Upgrade", "Connection: Upgrade\r\n" + kAccept,
               Reason::malformed_upgrade_response},
           Row{"another Upgrade", "Connection: Upgrade\r\nUpgrade: h2c\r\n" + kAccept,
               Reason::malformed_upgrade_response},
           Row{"an Upgrade list", "Connection: Upgrade\r\nUpgrade: websocket, h2c\r\n" + kAccept,
               Reason::malformed_upgrade_response},
           Row{"no Connection", "Upgrade: websocket\r\n" + kAccept,
               Reason::malformed_upgrade_response},
           Row{"no accept", kUpgrade, Reason::malformed_upgrade_response},
           Row{"two accepts", kUpgrade + kAccept + kAccept, Reason::malformed_upgrade_response},
           Row{"another accept",
               kUpgrade + "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOO=\r\n",
               Reason::malformed_upgrade_response},
           Row{"an accept in another case",
               kUpgrade + "Sec-WebSocket-Accept: S3PPLMBITXAQ9KYGZZHZRBK+XOO=\r\n",
               Reason::malformed_upgrade_response},
       }) {
    const auto checked = check_upgrade_response(asked, response(row.fields));
    const Reason got = checked ? Reason::none : checked.error().reason;
    EXPECT_EQ(reason_label(got), reason_label(row.expected)) << row.name;
    if (!checked) {
      EXPECT_EQ(checked.error().side, Side::upstream);
    }
  }
}

TEST(Handshake, OnlyA101Upgrades) {
  const auto asked = request(kUpgrade + kVersion + kKey);
  const auto ok =
      http::parse_response_head("HTTP/1.1 200 OK\r\n" + kUpgrade + kAccept + "\r\n", "GET");
  ASSERT_TRUE(ok);
  EXPECT_FALSE(check_upgrade_response(asked, *ok));
}

}  // namespace
}  // namespace wssgate::websocket
