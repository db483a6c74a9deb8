#include <gtest/gtest.h>

#include <string>

#include "protocol/proxy_protocol.h"

// PROXY headers as proxies send them, and what is none.
namespace wssgate::proxy_protocol {
namespace {

const std::string kSignature(kV2Signature);

ReadResult read(const std::string& bytes) {
  return read_header({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
}

/// "source>destination size", or "own size" where the header names nobody.
std::string told(const std::string& bytes) {
  const auto result = read(bytes);
  if (const auto* error = std::get_if<Error>(&result)) {
    return std::string(reason_label(error->reason)) + ": " + std::string(error->text());
  }
  if (const auto* more = std::get_if<NeedMore>(&result)) {
    return "more: " + std::to_string(more->total);
  }
  const auto& header = std::get<Header>(result);
  const std::string who =
      header.conveyed ? header.conveyed->source.text() + ">" + header.conveyed->destination.text()
                      : "own";
  return who + " " + std::to_string(header.size);
}

/// Version 2: command, family, length of `rest`, and `rest`.
std::string v2(char command, char family, const std::string& rest) {
  std::string header = kSignature + command + family;
  header += static_cast<char>(rest.size() >> 8U);
  header += static_cast<char>(rest.size() & 0xffU);
  return header + rest;
}

const std::string kIpv4("\xc0\xa8\x00\x01\xc0\xa8\x00\x0b\xdc\x04\x01\xbb", 12);
const std::string kIpv6 = "\x20\x01\x0d\xb8" + std::string(11, '\0') + "\x01" + "\x20\x01\x0d\xb8" +
                          std::string(11, '\0') + std::string("\x02\xdc\x04\x01\xbb", 5);

TEST(ReadProxyHeader, OfVersion1) {
  // The examples of proxy-protocol.txt §2.1.
  EXPECT_EQ(told("PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\nGET / HTTP/1.1\r\n"),
            "192.168.0.1:56324>192.168.0.11:443 47");
  EXPECT_EQ(told("PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n"),
            "255.255.255.255:65535>255.255.255.255:65535 56");
  EXPECT_EQ(told("PROXY TCP6 2001:db8::1 2001:DB8::2 0 443\r\n\x16\x03"),
            "[2001:db8::1]:0>[2001:db8::2]:443 42");
  EXPECT_EQ(told("PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
                 "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n"),
            "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535>"
            "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535 104");
}

TEST(ReadProxyHeader, OfVersion1ThatNamesNobody) {
  EXPECT_EQ(told("PROXY UNKNOWN\r\n"), "own 15");
  const std::string longest =
      "PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
      "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n";
  ASSERT_EQ(longest.size(), kMostV1);
  EXPECT_EQ(told(longest), "own 107");
  EXPECT_EQ(told("PROXY UNKNOWN whatever a proxy likes\r\n"), "own 38");
}

TEST(ReadProxyHeader, OfVersion2) {
  EXPECT_EQ(told(v2('\x21', '\x11', kIpv4)), "192.168.0.1:56324>192.168.0.11:443 28");
  EXPECT_EQ(told(v2('\x21', '\x21', kIpv6)), "[2001:db8::1]:56324>[2001:db8::2]:443 52");
}

TEST(ReadProxyHeader, OfVersion2WithTlvsThatAreSkipped) {
  const std::string tlvs(
      "\x02\x00\x0c"
      "test.example\x04\x00\x02xx",
      20);
  EXPECT_EQ(told(v2('\x21', '\x11', kIpv4 + tlvs) + "\x16\x03\x01"),
            "192.168.0.1:56324>192.168.0.11:443 48");
  EXPECT_EQ(told(v2('\x21', '\x11', kIpv4 + std::string(4084, 'x'))),
            "192.168.0.1:56324>192.168.0.11:443 4112");
}

TEST(ReadProxyHeader, OfVersion2ThatNamesNobody) {
  EXPECT_EQ(told(v2('\x20', '\x00', "")), "own 16");
  EXPECT_EQ(told(v2('\x20', '\x11', kIpv4)), "own 28");  // LOCAL: whatever follows is dropped
  EXPECT_EQ(told(v2('\x20', '\x77', "x")), "own 17");
  EXPECT_EQ(told(v2('\x21', '\x00', "tlvs")), "own 20");
  EXPECT_EQ(told(v2('\x21', '\x12', kIpv4)), "own 28");  // UDP
  EXPECT_EQ(told(v2('\x21', '\x31', std::string(216, '/'))), "own 232");
}

TEST(ReadProxyHeader, ThatIsNotYetComplete) {
  EXPECT_EQ(told(""), "more: 1");
  EXPECT_EQ(told("P"), "more: 6");
  EXPECT_EQ(told("PROXY "), "more: 15");
  EXPECT_EQ(told("PROXY TCP4 192.168.0.1"), "more: 24");
  EXPECT_EQ(told("PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r"), "more: 47");
  EXPECT_EQ(told("PROXY UNKNOWN" + std::string(93, ' ')), "more: 107");
  EXPECT_EQ(told("\r"), "more: 12");
  EXPECT_EQ(told(kSignature), "more: 16");
  EXPECT_EQ(told(v2('\x21', '\x11', kIpv4).substr(0, 16)), "more: 28");
  EXPECT_EQ(told(v2('\x21', '\x11', kIpv4).substr(0, 27)), "more: 28");
}

TEST(ReadProxyHeader, ThatIsNotThere) {
  for (const char* bytes : {"\x16\x03\x01", "GET / HTTP/1.1\r\n", "proxy TCP4", "PROXX", "PRI * ",
                            "\r\n\r\n\r\n", "\n", "PROXY\r\n"}) {
    const auto result = read(bytes);
    ASSERT_TRUE(std::holds_alternative<Error>(result)) << bytes;
    EXPECT_EQ(std::get<Error>(result).reason, Reason::proxy_header_missing) << bytes;
    EXPECT_EQ(std::get<Error>(result).side, Side::client);
  }
  EXPECT_EQ(
      told("\x16\x03\x01"),
      "proxy_header_missing: a PROXY header must come first from this peer, which is listed in "
      "proxy_protocol; a TLS ClientHello came");
}

TEST(ReadProxyHeader, ThatIsMalformed) {
  const std::string malformed[] = {
      "PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\n",
      "PROXY TCP4 192.168.0.1 192.168.0.11 56324\r\n",
      "PROXY TCP4 192.168.0.1 192.168.0.11 56324 443 1\r\n",
      "PROXY TCP4 192.168.0.1  192.168.0.11 56324 443\r\n",
      "PROXY TCP4 192.168.0.1 192.168.0.11 56324 443 \r\n",
      "PROXY  TCP4 192.168.0.1 192.168.0.11 56324 443\r\n",
      "PROXY TCP4 192.168.0.256 192.168.0.11 56324 443\r\n",
      "PROXY TCP4 192.168.0.01 192.168.0.11 56324 443\r\n",
      "PROXY TCP4 2001:db8::1 2001:db8::2 56324 443\r\n",
      "PROXY TCP4 [::1] [::1] 56324 443\r\n",
      "PROXY TCP6 192.168.0.1 192.168.0.11 56324 443\r\n",
      "PROXY TCP6 [2001:db8::1] 2001:db8::2 56324 443\r\n",
      "PROXY TCP6 fe80::1%eth0 2001:db8::2 56324 443\r\n",
      "PROXY TCP4 192.168.0.1 192.168.0.11 65536 443\r\n",
      "PROXY TCP4 192.168.0.1 192.168.0.11 056324 443\r\n",
      "PROXY TCP4 192.168.0.1 192.168.0.11 +5 443\r\n",
      "PROXY TCP4 192.168.0.1 192.168.0.11 -1 443\r\n",
      "PROXY TCP4 a.example 192.168.0.11 56324 443\r\n",
      "PROXY UDP4 192.168.0.1 192.168.0.11 56324 443\r\n",
      "PROXY UNKNOWNX\r\n",
      "PROXY unknown\r\n",
      "PROXY \r\n",
      "PROXY UNKNOWN" + std::string(94, ' '),
      "PROXY UNKNOWN" + std::string(93, ' ') + "\r\n",
      v2('\x11', '\x11', kIpv4),
      v2('\x22', '\x11', kIpv4),
      v2('\x21', '\x13', kIpv4),
      v2('\x21', '\x41', kIpv4),
      v2('\x21', '\x01', kIpv4),
      v2('\x21', '\x11', kIpv4.substr(0, 11)),
      v2('\x21', '\x21', kIpv6.substr(0, 35)),
      v2('\x21', '\x31', std::string(215, '/')),
      kSignature + std::string("\x20\x00\x10\x01", 4),
      kSignature + std::string("\x21\x11\xff\xff", 4),
  };
  for (const std::string& bytes : malformed) {
    const auto result = read(bytes);
    ASSERT_TRUE(std::holds_alternative<Error>(result)) << testing::PrintToString(bytes);
    EXPECT_EQ(std::get<Error>(result).reason, Reason::malformed_proxy_header)
        << testing::PrintToString(bytes);
    EXPECT_FALSE(std::get<Error>(result).context.empty());
  }
}

TEST(ReadProxyHeader, SaysWhatIsMalformed) {
  EXPECT_EQ(told("PROXY TCP4 1.1.1.1 2.2.2.2 1 99999\r\n"),
            "malformed_proxy_header: a PROXY header of version 1 that holds no valid addresses and "
            "ports: PROXY TCP4 1.1.1.1 2.2.2.2 1 99999");
  EXPECT_EQ(told(kSignature + std::string("\x21\x11\xff\xff", 4)),
            "malformed_proxy_header: a PROXY header of version 2 of 65551 bytes, and 4112 is the "
            "most");
}

TEST(BeginsHeader, SeesBothVersions) {
  EXPECT_TRUE(begins_header("PROXY x"));
  EXPECT_TRUE(begins_header(kSignature));
  EXPECT_FALSE(begins_header("PROXY"));
  EXPECT_FALSE(begins_header("\x16\x03\x01"));
  EXPECT_FALSE(begins_header(""));
}

}  // namespace
}  // namespace wssgate::proxy_protocol
