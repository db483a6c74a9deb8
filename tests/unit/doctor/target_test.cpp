#include "doctor/target.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace wssgate::doctor {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

Request of(const std::string& url) {
  Request request;
  request.url = url;
  return request;
}

Target target_of(const std::string& url) {
  auto target = make_target(of(url));
  EXPECT_TRUE(target.ok()) << url << ": " << (target.ok() ? "" : target.error().context);
  return target.ok() ? *std::move(target) : Target{};
}

std::string refusal_of(const Request& request) {
  const auto target = make_target(request);
  EXPECT_FALSE(target.ok()) << request.url;
  return target.ok() ? "" : target.error().context;
}

TEST(Target, HasTheSchemesPortAndMeaning) {
  struct Case {
    const char* url;
    bool secure;
    bool websocket;
    int port;
  };
  for (const auto& [url, secure, websocket, port] :
       {Case{"wss://chat.test/", true, true, 443}, Case{"https://chat.test", true, false, 443},
        Case{"ws://chat.test", false, true, 80}, Case{"http://chat.test", false, false, 80},
        Case{"chat.test", true, true, 443}, Case{"WSS://chat.test:8443/x", true, true, 8443}}) {
    const Target target = target_of(url);
    EXPECT_EQ(target.secure, secure) << url;
    EXPECT_EQ(target.websocket, websocket) << url;
    EXPECT_EQ(target.port, port) << url;
  }
}

TEST(Target, NamesAreCanonical) {
  EXPECT_EQ(target_of("wss://CHAT.Test./ws").server_name, "chat.test");
  EXPECT_EQ(target_of("xn--bcher-kva.test").host, "xn--bcher-kva.test");
}

TEST(Target, AnAddressHasNoServerName) {
  const Target v6 = target_of("wss://[2001:DB8::1]/");
  EXPECT_EQ(v6.server_name, "");
  EXPECT_EQ(v6.wanted_name, "2001:db8::1");
  EXPECT_EQ(v6.authority, "[2001:db8::1]");
  EXPECT_EQ(target_of("wss://192.0.2.1:8443").authority, "192.0.2.1:8443");
}

TEST(Target, QueriesAreSentAndNeverShown) {
  const Target target = target_of("wss://chat.test/ws?token=hidden#fragment");
  EXPECT_EQ(target.path, "/ws?token=hidden");
  EXPECT_EQ(target.shown(), "wss://chat.test/ws?...");
  EXPECT_EQ(target.shown_path(), "/ws");
}

TEST(Target, BytesBeyondAsciiAreEncodedInThePath) {
  EXPECT_EQ(target_of("wss://chat.test/\xc3\xa9").path, "/%C3%A9");
}

TEST(Target, AnotherNameAndPortCanBeAskedFor) {
  Request request = of("wss://chat.test/");
  request.sni = "Other.Test";
  request.port = 8443;
  const auto target = make_target(request);
  ASSERT_TRUE(target.ok());
  EXPECT_EQ(target->server_name, "other.test");
  EXPECT_EQ(target->wanted_name, "other.test");
  EXPECT_EQ(target->authority, "chat.test:8443");
}

TEST(Target, AddressesMayBringTheirPort) {
  Request request = of("wss://chat.test:8443/");
  request.addresses = {"192.0.2.1", "192.0.2.2:443", "2001:db8::1", "[2001:db8::2]:444",
                       "192.0.2.1:8443"};
  const auto target = make_target(request);
  ASSERT_TRUE(target.ok());
  std::vector<std::string> texts;
  for (const SocketAddress& each : target->addresses) texts.push_back(each.text());
  EXPECT_THAT(texts, ElementsAre("192.0.2.1:8443", "192.0.2.2:443", "[2001:db8::1]:8443",
                                 "[2001:db8::2]:444"));
}

TEST(Target, TheRequestIsAnUpgradeOrAGet) {
  Request request = of("wss://chat.test/ws");
  request.subprotocols = {"a", "b"};
  request.headers = {"Origin: https://chat.test", "host: other.test"};
  const auto target = make_target(request);
  ASSERT_TRUE(target.ok());
  EXPECT_EQ(request_head(*target, "KEY"),
            "GET /ws HTTP/1.1\r\nHost: other.test\r\nUpgrade: websocket\r\nConnection: "
            "Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: KEY\r\n"
            "Sec-WebSocket-Protocol: a, b\r\nUser-Agent: wssgate-doctor\r\n"
            "Origin: https://chat.test\r\n\r\n");
  EXPECT_EQ(request_head(target_of("https://chat.test/"), ""),
            "GET / HTTP/1.1\r\nHost: chat.test\r\nConnection: close\r\n"
            "User-Agent: wssgate-doctor\r\n\r\n");
}

TEST(Target, RefusesWhatIsNone) {
  for (const char* url : {"ftp://chat.test", "wss://", "wss:///path", "wss://chat.test:0/",
                          "wss://chat.test:65536", "wss://chat .test", "wss://2001:db8::1/",
                          "wss://-chat.test/", "wss://chat.test/a/../b", "", "wss://1.2.3/"}) {
    EXPECT_NE(refusal_of(of(url)), "") << url;
  }
}

TEST(Target, RefusesUserInformationWithoutRepeatingIt) {
  const std::string why = refusal_of(of("wss://user:hidden@chat.test/?hidden"));
  EXPECT_THAT(why, HasSubstr("--header"));
  EXPECT_THAT(why, Not(HasSubstr("hidden")));
  for (const char* url :
       {"wss://user:hidden#hidden@chat.test/", "wss://user:hidden?hidden@chat.test",
        "wss://user:hidden/hidden@chat.test", "user:hidden@chat.test/x://y",
        "wss://chat .test/?a@hidden"}) {
    EXPECT_THAT(refusal_of(of(url)), Not(HasSubstr("hidden"))) << url;
  }
}

TEST(Target, RefusesHeadersWithoutRepeatingThem) {
  for (const char* header :
       {"hidden", ": hidden", "Bad Name: hidden", "Upgrade: hidden", "X: hidden\r\nY: z",
        "Sec-WebSocket-Key: hidden", "Content-Length: hidden", "Host: hidden hidden"}) {
    Request request = of("wss://chat.test/");
    request.headers = {header};
    EXPECT_THAT(refusal_of(request), Not(HasSubstr("hidden"))) << header;
  }
}

TEST(Target, RefusesSubprotocolsThatAreNone) {
  for (const char* name : {"", "a b", "a,b", "a\r\nX: y", "\xc3\xa9"}) {
    Request request = of("wss://chat.test/");
    request.subprotocols = {name};
    EXPECT_THAT(refusal_of(request), HasSubstr("--subprotocol")) << name;
  }
}

TEST(Target, RefusesAddressesThatAreNone) {
  for (const char* address : {"chat.test", "192.0.2.1:0", "unix:/run/x.sock", "300.0.0.1", ""}) {
    Request request = of("wss://chat.test/");
    request.addresses = {address};
    EXPECT_THAT(refusal_of(request), HasSubstr("--address")) << address;
  }
}

}  // namespace
}  // namespace wssgate::doctor
