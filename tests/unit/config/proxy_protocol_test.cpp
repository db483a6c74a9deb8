#include <gtest/gtest.h>

#include "unit/config/loading.h"

namespace wssgate::config {
namespace {

TEST(ProxyProtocolKeys, AreRead) {
  const Loaded loaded = load(
      "listeners:\n  - address: 127.0.0.1:443\n    proxy_protocol: {from: [10.0.0.0/8, \"::1\"]}\n"
      "  - address: 127.0.0.1:444\n"
      "hosts:\n  - {names: [a.example], routes: [{upstream: web}]}\n"
      "  - {names: [b.example], passthrough: raw}\n"
      "upstreams:\n  web: {endpoints: [127.0.0.1:3000], proxy_protocol: v2-ssl}\n"
      "  raw: {endpoints: [127.0.0.1:3001]}\n");
  ASSERT_TRUE(loaded.config) << loaded.problems;
  const Config& config = *loaded.config;
  EXPECT_EQ(config.listeners[0].proxy_protocol->from,
            (std::vector{*Network::parse("10.0.0.0/8"), *Network::parse("::1")}));
  EXPECT_FALSE(config.listeners[1].proxy_protocol);
  EXPECT_EQ(config.hosts[0].passthrough.value, "");
  EXPECT_EQ(config.hosts[1].passthrough.value, "raw");
  EXPECT_EQ(config.upstreams[0].proxy_protocol, ProxyHeader::v2_ssl);
  EXPECT_EQ(config.upstreams[1].proxy_protocol, ProxyHeader::off);
}

TEST(Refusals, ProxyProtocol) {
  expect_refusals(
      Text::fragment,
      {
          {"listeners: [{address: 127.0.0.1:443, proxy_protocol: {}}]",
           "c.yaml:1:54: listeners[0].proxy_protocol has no 'from'. add it, such as 'from: "
           "[10.0.0.0/8]'."},
          {"listeners: [{address: 127.0.0.1:443, proxy_protocol: {from: []}}]",
           "c.yaml:1:61: listeners[0].proxy_protocol.from is empty. add at least one, like 'from: "
           "[10.0.0.0/8]'."},
      });
}

// A host is either terminated or passed through.
TEST(Refusals, Passthrough) {
  const auto host = [](const std::string& key) {
    return "hosts: [{names: [a.example], passthrough: web, " + key + "}]";
  };
  const auto refused = [](int column, const std::string& key) {
    return "c.yaml:1:" + std::to_string(column) + ": '" + key +
           "' has no meaning in a host that is passed through: its TLS ends at its upstream. "
           "remove it, or 'passthrough'.";
  };
  expect_refusals(
      Text::fragment,
      {
          {host("routes: [{upstream: web}]"), refused(57, "routes")},
          {host("certificate: {chain: c.pem, key: k.pem}"), refused(69, "certificate")},
          {host("hsts: {max_age: 1d}"), refused(54, "hsts")},
          {host("ocsp: off"), refused(54, "ocsp")},
          {host("client_certificates: {ca: c.pem}"), refused(74, "client_certificates")},
          {host("tls: {preset: modern}"), refused(53, "tls")},
          {"hosts: [{names: [a.example], passthrough: wep}]",
           "c.yaml:1:43: no upstream is called 'wep'. write 'web' if you meant that."},
          {"hosts: [{names: [a.example]}]",
           "c.yaml:1:9: hosts[0] has no 'routes'. add it, such as 'routes: [{path: /, upstream: "
           "web}]'."},
      });
}

// What is passed through is TLS already, and nobody sees requests in it.
TEST(Refusals, UpstreamsThatArePassedThroughTo) {
  const auto upstream = [](const std::string& key) {
    return "hosts: [{names: [a.example], passthrough: web}]\n"
           "upstreams: {web: {endpoints: [127.0.0.1:3000], " +
           key + "}}";
  };
  const std::string at = "c.yaml:1:43: the upstream 'web' ";
  expect_refusals(
      Text::fragment,
      {
          {upstream("tls: {}"), at + "has tls, and what is passed through to it is TLS already. "
                                     "name an upstream without tls."},
          {upstream("health: {path: /healthz}"),
           at + "is checked in plain HTTP, and what is passed through to it is TLS. write 'check: "
                "tcp' in its health section."},
          {upstream("balance: {hash: {by: {cookie: id}}}"),
           at + "is hashed by what stands in requests, and nobody sees them in what is passed "
                "through. write 'by: client_address'."},
      });
}

}  // namespace
}  // namespace wssgate::config
