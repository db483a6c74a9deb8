// upstreams: proxy_protocol: what an upstream reads before the first request of a connection.

#include <gtest/gtest.h>
#include <netinet/in.h>

#include <map>

#include "net/listener.h"
#include "support/backend.h"
#include "support/http_text.h"
#include "support/relay.h"
#include "support/running_gateway.h"
#include "support/temp_folder.h"

namespace wssgate::test {
namespace {

std::string host_with(const std::string& proxy_protocol, const std::string& endpoint,
                      const std::string& more_of_host = "") {
  return "hosts:\n  - names: [test.example]\n    routes: [{path: /, upstream: backend}]\n" +
         more_of_host + "upstreams: {backend: {endpoints: [\"" + endpoint +
         "\"], proxy_protocol: " + proxy_protocol + "}}\n";
}

/// A header of version 2 off the connection.
std::string read_v2(RawClient& proxy) {
  const std::string fixed = proxy.read_exactly(16);
  const auto byte = [&](std::size_t at) {
    return std::size_t{static_cast<unsigned char>(fixed[at])};
  };
  return fixed + proxy.read_exactly((byte(14) << 8U) | byte(15));
}

/// A header, then requests, which are answered.
Backend::Script expecting(std::function<std::string(RawClient&)> read_header, Journal& headers) {
  return [read_header = std::move(read_header), &headers](RawClient& proxy, int) {
    headers.add(read_header(proxy));
    for (;;) {
      proxy.read_message();
      proxy.write(ok("served"));
    }
  };
}

std::string read_v1(RawClient& proxy) { return proxy.read_until("\r\n"); }

std::string bytes_of(const SocketAddress& address) {
  const auto* v4 = reinterpret_cast<const sockaddr_in*>(address.get());
  return {reinterpret_cast<const char*>(&v4->sin_addr), 4};
}

std::string port_of(const SocketAddress& address) {
  return {static_cast<char>(address.port() >> 8U), static_cast<char>(address.port() & 0xffU)};
}

std::map<int, std::string> tlvs_in(std::string_view bytes) {
  std::map<int, std::string> tlvs;
  while (bytes.size() >= 3) {
    const auto byte = [&](std::size_t at) {
      return std::size_t{static_cast<unsigned char>(bytes[at])};
    };
    const std::size_t length = (byte(1) << 8U) | byte(2);
    tlvs[static_cast<int>(byte(0))] = bytes.substr(3, length);
    bytes.remove_prefix(3 + length);
  }
  EXPECT_TRUE(bytes.empty());
  return tlvs;
}

void ask(TlsClient& client) {
  client.write(get("/"));
  EXPECT_EQ(status_of(client.read_message()), 200);
}

TEST(UpstreamProxyProtocol, V1) {
  Journal headers;
  Backend backend(expecting(read_v1, headers));
  RunningGateway gateway({{"test.example"}}, host_with("v1", backend.endpoint()));
  TlsClient client(gateway.address(), "test.example");
  ask(client);
  const SocketAddress own = net::bound_address(client.fd());
  EXPECT_EQ(headers.wait_for(1).at(0), "PROXY TCP4 127.0.0.1 127.0.0.1 " +
                                           std::to_string(own.port()) + " " +
                                           std::to_string(gateway.address().port()) + "\r\n");
}

TEST(UpstreamProxyProtocol, V2) {
  Journal headers;
  Backend backend(expecting(read_v2, headers));
  RunningGateway gateway({{"test.example"}}, host_with("v2", backend.endpoint()));
  TlsClient client(gateway.address(), "test.example");
  ask(client);
  const SocketAddress own = net::bound_address(client.fd());
  EXPECT_EQ(headers.wait_for(1).at(0), std::string("\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x0c", 16) +
                                           bytes_of(own) + bytes_of(gateway.address()) +
                                           port_of(own) + port_of(gateway.address()));
}

TEST(UpstreamProxyProtocol, V2WithTheFactsOfTls) {
  Journal headers;
  Backend backend(expecting(read_v2, headers));
  RunningGateway gateway({{"test.example"}}, host_with("v2-ssl", backend.endpoint()));
  TlsClient client(gateway.address(),
                   TlsOptions{.server_name = "test.example", .alpn = {"http/1.1"}});
  ask(client);
  const std::string header = headers.wait_for(1).at(0);
  EXPECT_EQ(header.substr(12, 2), "\x21\x11");
  const auto tlvs = tlvs_in(std::string_view(header).substr(28));
  EXPECT_EQ(tlvs.at(0x02), "test.example");
  EXPECT_EQ(tlvs.at(0x01), "http/1.1");
  const std::string ssl = tlvs.at(0x20);
  EXPECT_EQ(ssl.substr(0, 5), std::string("\x01\x00\x00\x00\x01", 5));  // TLS, no certificate
  const auto facts = tlvs_in(std::string_view(ssl).substr(5));
  EXPECT_EQ(facts.at(0x21), "TLSv1.3");
  EXPECT_EQ(facts.at(0x23), SSL_get_cipher_name(client.ssl()));
  EXPECT_EQ(facts.count(0x22), 0U);
}

TEST(UpstreamProxyProtocol, V2TellsTheNameInAVerifiedClientCertificate) {
  Journal headers;
  Backend backend(expecting(read_v2, headers));
  const TestCertificate clients = TestCertificate::root("Clients");
  TempFolder folder;
  const std::string ca = folder.write("clients.pem", clients.pem());
  RunningGateway gateway(
      {{"test.example"}},
      host_with("v2-ssl", backend.endpoint(), "    client_certificates: {ca: " + ca + "}\n"));
  CertificateOptions options;
  options.common_name = "the client";
  options.names = {"client.example"};
  options.extended_key_usage = "clientAuth";
  const TestCertificate own = clients.issue(options);
  TlsClient client(gateway.address(),
                   TlsOptions{.server_name = "test.example", .certificate = &own});
  ask(client);
  const auto tlvs = tlvs_in(std::string_view(headers.wait_for(1).at(0)).substr(28));
  const std::string ssl = tlvs.at(0x20);
  EXPECT_EQ(ssl.substr(0, 5), std::string("\x07\x00\x00\x00\x00", 5));  // shown, and verified
  EXPECT_EQ(tlvs_in(std::string_view(ssl).substr(5)).at(0x22), "the client");
}

// A kept connection would tell of the client before.
TEST(UpstreamProxyProtocol, GivesEachRequestAConnectionOfItsOwn) {
  Journal headers;
  Backend backend(expecting(read_v1, headers));
  RunningGateway gateway({{"test.example"}}, host_with("v1", backend.endpoint()));
  std::vector<std::string> ports;
  for (int i = 0; i < 3; ++i) {
    TlsClient client(gateway.address(), "test.example");
    ask(client);
    ask(client);
    ports.push_back(std::to_string(net::bound_address(client.fd()).port()));
  }
  EXPECT_EQ(backend.connections(), 6);
  const auto told = headers.wait_for(6);
  for (std::size_t i = 0; i < told.size(); ++i) {
    EXPECT_NE(told[i].find(" " + ports[i / 2] + " "), std::string::npos) << told[i];
  }
}

// The same endpoint serves another upstream without headers: its connections are not mixed up.
TEST(UpstreamProxyProtocol, TakesNoConnectionThatWasKeptWithoutAHeader) {
  Journal begun;
  Backend backend([&](RawClient& proxy, int) {
    bool first = true;
    for (;;) {
      const std::string message = proxy.read_until("\r\n");
      if (first) begun.add(message.substr(0, 4));
      first = false;
      if (message != "\r\n") continue;
      proxy.write(ok("served"));
    }
  });
  RunningGateway gateway(
      {{"test.example"}},
      "hosts:\n  - names: [test.example]\n    routes: [{path: /, upstream: plain}, "
      "{path: /told, upstream: told}]\nupstreams:\n  plain: {endpoints: [\"" +
          backend.endpoint() + "\"]}\n  told: {endpoints: [\"" + backend.endpoint() +
          "\"], proxy_protocol: v1}\n");
  TlsClient client(gateway.address(), "test.example");
  for (const char* path : {"/", "/told", "/", "/told"}) {
    client.write(get(path));
    EXPECT_EQ(status_of(client.read_message()), 200) << path;
  }
  EXPECT_EQ(begun.wait_for(3), (std::vector<std::string>{"GET ", "PROX", "PROX"}));
  EXPECT_EQ(backend.connections(), 3);
}

TEST(UpstreamProxyProtocol, GoesOverUnixSocketsAndInFrontOfUpgrades) {
  TempFolder folder;
  Journal headers;
  Backend backend(
      [&](RawClient& proxy, int) {
        headers.add(read_v1(proxy));
        proxy.read_message();
        proxy.write(upgrade_response());
        for (std::string bytes = proxy.read_some(); !bytes.empty(); bytes = proxy.read_some()) {
          proxy.write(bytes);
        }
      },
      "unix:" + folder.path() + "/app.sock");
  RunningGateway gateway({{"test.example"}}, host_with("v1", backend.endpoint()));
  TlsClient client(gateway.address(), "test.example");
  client.write(upgrade_request("test.example"));
  EXPECT_EQ(status_of(client.read_message()), 101);
  client.write("ping");
  EXPECT_EQ(client.read_exactly(4), "ping");
  EXPECT_EQ(headers.wait_for(1).at(0).substr(0, 31), "PROXY TCP4 127.0.0.1 127.0.0.1 ");
}

// A header that came from the proxy in front goes on as it was, both addresses.
TEST(UpstreamProxyProtocol, PassesOnWhomAReceivedHeaderNames) {
  Journal headers;
  Backend backend(expecting(read_v1, headers));
  RunningGateway gateway({{"test.example"}}, host_with("v1", backend.endpoint()) +
                                                 "listeners: [{address: \"127.0.0.1:0\", "
                                                 "proxy_protocol: {from: [127.0.0.1]}}]\n");
  const std::string header = "PROXY TCP6 2001:db8::7 2001:db8::1 40000 443\r\n";
  const Relay balancer(gateway.address(), [&](const std::string& bytes, int flight) {
    return std::vector{flight == 0 ? header + bytes : bytes};
  });
  TlsClient client(balancer.address(), "test.example");
  ask(client);
  EXPECT_EQ(headers.wait_for(1).at(0), header);
}

}  // namespace
}  // namespace wssgate::test
