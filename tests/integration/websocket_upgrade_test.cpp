// RFC 6455 §4.2: which requests are upgrades, and what reaches the upstream of one.

#include <gtest/gtest.h>

#include "support/websocket.h"

namespace wssgate::test {
namespace {

struct Case {
  std::string name;
  std::string method = "GET";
  std::string version = "1.1";
  std::string fields;
  int status = 0;
  std::string more = {};  // a line that the answer has to hold
};

const std::string kKey = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
const std::string kVersion = "Sec-WebSocket-Version: 13\r\n";
const std::string kTokens = "Connection: Upgrade\r\nUpgrade: websocket\r\n";

class UpgradeRequest : public testing::TestWithParam<Case> {};

TEST_P(UpgradeRequest, IsAnswered) {
  const Backend backend([](RawClient& proxy, int) {
    const std::string request = proxy.read_message();
    const bool upgrade = request.find("Upgrade: websocket") != std::string::npos;
    proxy.write(upgrade ? upgrade_response() : ok("no upgrade"));
    proxy.read_all();
  });
  RunningGateway gateway({{"test.example"}}, one_host(backend.endpoint()));
  TlsClient client(gateway.address(), "test.example");

  const Case& c = GetParam();
  client.write(c.method + " / HTTP/" + c.version + "\r\nHost: test.example\r\n" + c.fields +
               "\r\n");
  const std::string answer = client.read_message();

  EXPECT_EQ(answer.substr(9, 3), std::to_string(c.status)) << answer;
  EXPECT_NE(answer.find(c.more), std::string::npos) << answer;
  const bool asked = c.status == 101 || c.status == 200;
  EXPECT_EQ(backend.connections(), asked ? 1 : 0);
}

INSTANTIATE_TEST_SUITE_P(
    All, UpgradeRequest,
    testing::Values(
        Case{.name = "plain", .fields = kTokens + kVersion + kKey, .status = 101},
        Case{.name = "tokens_in_any_case",
             .fields = "connection: uPGRADE\r\nupgrade: WebSocket\r\n" + kVersion + kKey,
             .status = 101},
        Case{
            .name = "several_connection_tokens",
            .fields = "Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n" + kVersion + kKey,
            .status = 101},
        Case{.name = "tokens_over_several_fields",
             .fields = "Connection: keep-alive\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
                       kVersion + kKey,
             .status = 101},
        Case{.name = "several_upgrade_tokens",
             .fields = "Connection: Upgrade\r\nUpgrade: h2c, websocket\r\n" + kVersion + kKey,
             .status = 101},
        Case{.name = "old_version",
             .fields = kTokens + "Sec-WebSocket-Version: 8\r\n" + kKey,
             .status = 426,
             .more = "Sec-WebSocket-Version: 13\r\n"},
        Case{.name = "no_version",
             .fields = kTokens + kKey,
             .status = 426,
             .more = "Sec-WebSocket-Version: 13\r\n"},
        Case{.name = "several_versions",
             .fields = kTokens + kVersion + "Sec-WebSocket-Version: 8\r\n" + kKey,
             .status = 426,
             .more = "Sec-WebSocket-Version: 13\r\n"},
        Case{.name = "no_key", .fields = kTokens + kVersion, .status = 400},
        Case{.name = "two_keys", .fields = kTokens + kVersion + kKey + kKey, .status = 400},
        Case{.name = "short_key",
             .fields = kTokens + kVersion + "Sec-WebSocket-Key: c2hvcnQ=\r\n",
             .status = 400},
        Case{.name = "post",
             .method = "POST",
             .fields = kTokens + kVersion + kKey + "Content-Length: 0\r\n",
             .status = 400},
        Case{.name = "with_a_body",
             .fields = kTokens + kVersion + kKey + "Content-Length: 3\r\n\r\nabc",
             .status = 400},
        Case{.name = "http_10_knows_no_upgrade",
             .version = "1.0",
             .fields = kTokens + kVersion + kKey,
             .status = 200},
        Case{.name = "no_connection_token",
             .fields = "Upgrade: websocket\r\n" + kVersion + kKey,
             .status = 200},
        Case{.name = "another_protocol",
             .fields = "Connection: Upgrade\r\nUpgrade: h2c\r\n",
             .status = 200}),
    [](const auto& c) { return c.param.name; });

TEST(UpgradeTravel, KeepsWhatClientAndUpstreamAgreeOn) {
  std::string seen;
  const Backend backend([&](RawClient& proxy, int) {
    seen = proxy.read_message();
    proxy.write(
        upgrade_response("Sec-WebSocket-Protocol: v2\r\n"
                         "Sec-WebSocket-Extensions: permessage-deflate\r\n"
                         "Set-Cookie: a=1\r\nSet-Cookie: b=2\r\n"));
    proxy.read_all();
  });
  RunningGateway gateway({{"test.example"}}, one_host(backend.endpoint()));
  TlsClient client(gateway.address(), "test.example");

  client.write(
      upgrade_request("test.example", "/chat?room=1%2F2&x=",
                      "Sec-WebSocket-Protocol: v1, v2\r\n"
                      "Sec-WebSocket-Extensions: permessage-deflate; "
                      "client_max_window_bits\r\n"
                      "Cookie: session=\"s; x\"\r\nOrigin: https://elsewhere.example\r\n"));
  const std::string answer = client.read_message();

  for (const std::string line :
       {"GET /chat?room=1%2F2&x= HTTP/1.1\r\n", "Host: test.example\r\n",
        "Sec-WebSocket-Protocol: v1, v2\r\n",
        "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n",
        "Cookie: session=\"s; x\"\r\n", "Origin: https://elsewhere.example\r\n",
        "Sec-WebSocket-Version: 13\r\n", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"}) {
    EXPECT_NE(seen.find(line), std::string::npos) << line << "missing in\n" << seen;
  }
  for (const std::string line :
       {"HTTP/1.1 101 ", "Sec-WebSocket-Protocol: v2\r\n",
        "Sec-WebSocket-Extensions: permessage-deflate\r\n", "Set-Cookie: a=1\r\n",
        "Set-Cookie: b=2\r\n", "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"}) {
    EXPECT_NE(answer.find(line), std::string::npos) << line << "missing in\n" << answer;
  }
}

}  // namespace
}  // namespace wssgate::test
