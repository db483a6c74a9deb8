#include <gtest/gtest.h>

#include <string>

#include "protocol/proxy_protocol.h"

// PROXY headers as an upstream reads them, byte for byte.
namespace wssgate::proxy_protocol {
namespace {

Addresses between(const std::string& source, const std::string& destination) {
  return {*SocketAddress::parse(source), *SocketAddress::parse(destination)};
}

const Addresses kIpv4 = between("192.168.0.1:56324", "192.168.0.11:443");
const Addresses kIpv6 = between("[2001:db8::1]:56324", "[2001:db8::2]:443");
const std::string kSignature("\r\n\r\n\0\r\nQUIT\n", 12);

TEST(WriteProxyHeader, OfVersion1) {
  EXPECT_EQ(v1_header(kIpv4), "PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\n");
  EXPECT_EQ(v1_header(kIpv6), "PROXY TCP6 2001:db8::1 2001:db8::2 56324 443\r\n");
}

// A listener on [::] that takes IPv4 too sees mapped addresses.
TEST(WriteProxyHeader, TellsMappedAddressesAsIpv4) {
  const Addresses mapped = between("[::ffff:192.168.0.1]:56324", "[::ffff:192.168.0.11]:443");
  EXPECT_EQ(v1_header(mapped), v1_header(kIpv4));
  EXPECT_EQ(v2_header(mapped), v2_header(kIpv4));
}

TEST(WriteProxyHeader, TellsBothFamiliesTogetherAsIpv6) {
  const Addresses mixed = between("192.168.0.1:56324", "[2001:db8::2]:443");
  EXPECT_EQ(v1_header(mixed), "PROXY TCP6 ::ffff:192.168.0.1 2001:db8::2 56324 443\r\n");
  EXPECT_EQ(v2_header(mixed).substr(12, 4), std::string("\x21\x21\x00\x24", 4));
  EXPECT_EQ(v2_header(mixed).substr(26, 6), "\xff\xff\xc0\xa8" + std::string("\x00\x01", 2));
}

TEST(WriteProxyHeader, SaysUnknownOrLocalWithoutAddresses) {
  EXPECT_EQ(v1_header({}), "PROXY UNKNOWN\r\n");
  EXPECT_EQ(v2_header({}), kSignature + std::string("\x20\x00\x00\x00", 4));
  EXPECT_EQ(v1_header(between("unix:/run/x", "127.0.0.1:1")), "PROXY UNKNOWN\r\n");
}

TEST(WriteProxyHeader, OfVersion2) {
  EXPECT_EQ(v2_header(kIpv4),
            kSignature + std::string("\x21\x11\x00\x0c"
                                     "\xc0\xa8\x00\x01\xc0\xa8\x00\x0b\xdc\x04\x01\xbb",
                                     16));
  EXPECT_EQ(v2_header(kIpv6),
            kSignature + std::string("\x21\x21\x00\x24"
                                     "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01"
                                     "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x02\xdc\x04\x01\xbb",
                                     40));
}

TEST(WriteProxyHeader, OfVersion2WithTlvs) {
  const Tlv tlvs[] = {{kTlvAlpn, "http/1.1"}, {kTlvAuthority, "a.test"}};
  EXPECT_EQ(v2_header(kIpv4, tlvs).substr(14),
            std::string("\x00\x20"
                        "\xc0\xa8\x00\x01\xc0\xa8\x00\x0b\xdc\x04\x01\xbb"
                        "\x01\x00\x08http/1.1"
                        "\x02\x00\x06"
                        "a.test",
                        34));
}

TEST(WriteProxyHeader, WithTheFactsOfTls) {
  EXPECT_EQ(ssl_tlv_value({.version = "TLSv1.3", .cipher = "C"}), std::string("\x01\x00\x00\x00\x01"
                                                                              "\x21\x00\x07TLSv1.3"
                                                                              "\x23\x00\x01"
                                                                              "C",
                                                                              19));
  EXPECT_EQ(ssl_tlv_value({.version = "TLSv1.2",
                           .cipher = "C",
                           .client_certificate = true,
                           .client_common_name = "me"}),
            std::string("\x07\x00\x00\x00\x00"
                        "\x21\x00\x07TLSv1.2"
                        "\x22\x00\x02me"
                        "\x23\x00\x01"
                        "C",
                        24));
}

TEST(WriteProxyHeader, WhatIsWrittenReadsTheSame) {
  const Tlv tlvs[] = {{kTlvAuthority, "a.test"}};
  for (const Addresses& addresses : {kIpv4, kIpv6}) {
    for (const std::string& header : {v1_header(addresses), v2_header(addresses, tlvs)}) {
      const auto read =
          read_header({reinterpret_cast<const std::uint8_t*>(header.data()), header.size()});
      ASSERT_TRUE(std::holds_alternative<Header>(read));
      const auto& [size, conveyed] = std::get<Header>(read);
      EXPECT_EQ(size, header.size());
      EXPECT_EQ(conveyed->source, addresses.source);
      EXPECT_EQ(conveyed->destination, addresses.destination);
    }
  }
}

}  // namespace
}  // namespace wssgate::proxy_protocol
