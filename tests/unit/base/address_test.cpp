#include "base/address.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <cstddef>
#include <string>

namespace wssgate {
namespace {

using namespace std::string_literals;

TEST(HostPort, IsTakenApart) {
  const struct {
    const char* text;
    const char* host;
    std::uint16_t port;
  } cases[] = {{"app.internal:3000", "app.internal", 3000},
               {"127.0.0.1:1", "127.0.0.1", 1},
               {"[::1]:65535", "::1", 65535},
               {"[fd00::1:2]:80", "fd00::1:2", 80}};
  for (const auto& [text, host, port] : cases) {
    const auto parts = parse_host_port(text);
    ASSERT_TRUE(parts) << text;
    EXPECT_EQ(parts->host, host);
    EXPECT_EQ(parts->port, port);
  }
}

TEST(HostPort, RefusesWhatIsNone) {
  for (const std::string& text :
       {""s,           "host"s,        ":80"s,     "host:"s,          "host:0"s,
        "host:65536"s, "host:+1"s,     "host:-1"s, "host: 1"s,        "host:1 "s,
        "host:http"s,  "::1:80"s,      "[::1]"s,   "[]:80"s,          "[:80"s,
        "]:80"s,       "[::1:80"s,     "::1]:80"s, "[a.example]:80"s, "[127.0.0.1]:80"s,
        "[::1]x:80"s,  "http://a:80"s, "a\0b:80"s, "[::1\0]:80"s}) {
    EXPECT_FALSE(parse_host_port(text)) << text;
  }
  EXPECT_EQ(parse_host_port("host:0", true).value().port, 0);
}

TEST(SocketAddress, TextRoundTrips) {
  for (const char* text : {"127.0.0.1:443", "0.0.0.0:0", "[::1]:443", "[2001:db8::1]:1",
                           "unix:/run/app.sock", "unix:relative.sock"}) {
    const auto address = SocketAddress::parse(text);
    ASSERT_TRUE(address) << text;
    EXPECT_EQ(address->text(), text);
  }
}

TEST(SocketAddress, HasTheFamilyPortAndLengthOfItsKind) {
  const auto v4 = SocketAddress::parse("127.0.0.1:443").value();
  EXPECT_EQ(v4.family(), AF_INET);
  EXPECT_EQ(v4.length(), sizeof(sockaddr_in));
  EXPECT_EQ(v4.port(), 443);
  EXPECT_EQ(v4.ip(), "127.0.0.1");
  auto v6 = SocketAddress::parse("[::1]:443").value();
  EXPECT_EQ(v6.family(), AF_INET6);
  EXPECT_EQ(v6.length(), sizeof(sockaddr_in6));
  EXPECT_EQ(v6.ip(), "::1");
  v6.set_port(65535);
  EXPECT_EQ(v6.text(), "[::1]:65535");
  auto socket = SocketAddress::parse("unix:/a").value();
  EXPECT_TRUE(socket.is_unix());
  EXPECT_EQ(socket.length(), offsetof(sockaddr_un, sun_path) + 3);
  socket.set_port(1);
  EXPECT_EQ(socket.port(), 0);
  EXPECT_EQ(socket.ip(), "unix");
  EXPECT_EQ(socket.text(), "unix:/a");
}

TEST(SocketAddress, RefusesWhatIsNone) {
  for (const std::string& text :
       {""s, "localhost:80"s, "127.0.0.1"s, "127.0.0.1:"s, "127.1:80"s, "127.0.0.256:80"s,
        "127.0.0.1:65536"s, "::1:80"s, "[::1]"s, "[127.0.0.1]:80"s, "[::g]:80"s, "unix:"s,
        "unix:\0abstract"s, "unix:/a\0b"s, "127.0.0.1\0x:80"s, "unix:/" + std::string(107, 'a')}) {
    EXPECT_FALSE(SocketAddress::parse(text)) << text;
  }
  EXPECT_TRUE(SocketAddress::parse("unix:/" + std::string(106, 'a')));
}

TEST(SocketAddress, MappedIpv4ReadsAsIpv4) {
  const auto mapped = SocketAddress::parse("[::ffff:10.1.2.3]:80").value();
  EXPECT_EQ(mapped.ip(), "10.1.2.3");
  EXPECT_EQ(mapped.text(), "10.1.2.3:80");
}

TEST(SocketAddress, UnnamedUnixPeerHasAText) {
  const sockaddr peer{AF_UNIX, {}};
  EXPECT_EQ(SocketAddress(&peer, sizeof peer.sa_family).text(), "unix:");
}

TEST(Network, ContainsItsAddressesOnly) {
  const struct {
    const char* network;
    const char* address;
    bool inside;
  } cases[] = {
      {"10.0.0.0/8", "10.255.0.1:1", true},
      {"10.0.0.0/8", "11.0.0.1:1", false},
      {"10.9.9.9/8", "10.0.0.1:1", true},  // the bits after the prefix do not count
      {"192.168.64.0/18", "192.168.127.255:1", true},
      {"192.168.64.0/18", "192.168.128.0:1", false},
      {"192.168.64.0/18", "192.168.63.255:1", false},
      {"0.0.0.0/0", "255.1.2.3:1", true},
      {"0.0.0.0/0", "[::1]:1", false},
      {"127.0.0.1", "127.0.0.1:1", true},
      {"127.0.0.1", "127.0.0.2:1", false},
      {"127.0.0.0/31", "127.0.0.1:1", true},
      {"127.0.0.0/31", "127.0.0.2:1", false},
      {"fd00::/8", "[fdff::1]:1", true},
      {"fd00::/8", "[fe00::1]:1", false},
      {"2001:db8::/33", "[2001:db8:7fff::1]:1", true},
      {"2001:db8::/33", "[2001:db8:8000::1]:1", false},
      {"::/0", "[::1]:1", true},
      {"::/0", "10.0.0.1:1", false},
      {"::1", "[::1]:1", true},
      {"::1", "[::2]:1", false},
      {"10.0.0.0/8", "[::ffff:10.0.0.1]:1", true},
      {"::ffff:10.0.0.0/104", "10.0.0.1:1", true},
      {"::ffff:10.0.0.0/104", "[::ffff:10.0.0.1]:1", true},
      {"::ffff:10.0.0.0/104", "11.0.0.1:1", false},
      {"::ffff:10.0.0.1", "10.0.0.1:1", true},
      {"10.0.0.0/8", "unix:/a", false},
      {"::/0", "unix:/a", false},
  };
  for (const auto& [network, address, inside] : cases) {
    EXPECT_EQ(Network::parse(network).value().contains(SocketAddress::parse(address).value()),
              inside)
        << network << ' ' << address;
  }
}

TEST(Network, RefusesWhatIsNone) {
  for (const std::string& text :
       {""s, "10.0.0.0/"s, "10.0.0.0/33"s, "10.0.0.0/-1"s, "10.0.0.0/8/8"s, "10.0.0/8"s, "::/129"s,
        "example.com"s, "/8"s, "10.0.0.0\0/8"s, "10.0.0.0:80"s, "[::1]"s}) {
    EXPECT_FALSE(Network::parse(text)) << text;
  }
}

}  // namespace
}  // namespace wssgate
