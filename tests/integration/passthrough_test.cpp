// A host that is passed through: its clients speak TLS with its upstream, and nobody in between.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "control/server.h"
#include "net/listener.h"
#include "support/backend.h"
#include "support/eventually.h"
#include "support/hello.h"
#include "support/http_text.h"
#include "support/live_gateway.h"
#include "support/relay.h"
#include "support/running_gateway.h"

namespace wssgate::test {
namespace {

using testing::ElementsAre;

std::string passed_through(const std::string& endpoint, const std::string& more_of_upstream = "") {
  return "hosts:\n  - names: [legacy.example, \"*.legacy.example\"]\n    passthrough: legacy\n"
         "upstreams: {legacy: {endpoints: [\"" +
         endpoint + "\"]" + more_of_upstream + "}}\n";
}

/// A TLS server with a certificate of its own: answers each read with "served: " and what came.
class TlsBackend {
 public:
  TlsBackend() : certificate_(TestCertificate::root("Backend CA").leaf({"legacy.example"})) {
    SSL_CTX_use_certificate(context_.get(), certificate_.certificate());
    SSL_CTX_use_PrivateKey(context_.get(), certificate_.key());
  }
  std::string endpoint() const { return backend_.endpoint(); }

 private:
  void serve(RawClient& proxy) {
    const std::unique_ptr<SSL, pki::OpensslDeleter<SSL_free>> ssl(SSL_new(context_.get()));
    SSL_set_fd(ssl.get(), proxy.fd());
    if (SSL_accept(ssl.get()) != 1) throw std::runtime_error("SSL_accept");
    std::string bytes(1024, '\0');
    for (;;) {
      const int got = SSL_read(ssl.get(), bytes.data(), static_cast<int>(bytes.size()));
      if (got <= 0) break;
      const std::string answer = "served: " + bytes.substr(0, static_cast<std::size_t>(got));
      SSL_write(ssl.get(), answer.data(), static_cast<int>(answer.size()));
    }
    SSL_shutdown(ssl.get());
  }

  std::unique_ptr<SSL_CTX, pki::OpensslDeleter<SSL_CTX_free>> context_{
      SSL_CTX_new(TLS_server_method())};
  TestCertificate certificate_;
  Backend backend_{[this](RawClient& proxy, int) { serve(proxy); }};
};

TEST(Passthrough, EndsAtTheUpstreamsOwnCertificate) {
  TlsBackend backend;
  RunningGateway gateway({{"test.example"}}, passed_through(backend.endpoint()));
  for (const char* name : {"legacy.example", "LEGACY.example", "a.legacy.example"}) {
    TlsClient client(gateway.address(), name);
    EXPECT_THAT(client.leaf_names(), ElementsAre("legacy.example"));
    client.write("hello");
    EXPECT_EQ(client.read_exactly(13), "served: hello");
    client.end_writing();
    EXPECT_EQ(client.read_all(), "");
  }
}

TEST(Passthrough, StandsBesideHostsThatAreTerminated) {
  TlsBackend backend;
  Backend web(answering([](const std::string&) { return ok("web"); }));
  RunningGateway gateway({{"test.example"}},
                         "hosts:\n  - {names: [test.example], routes: [{path: /, upstream: web}]}\n"
                         "  - {names: [legacy.example], passthrough: legacy}\n"
                         "upstreams: {web: {endpoints: [\"" +
                             web.endpoint() + "\"]}, legacy: {endpoints: [\"" + backend.endpoint() +
                             "\"]}}\n");
  TlsClient terminated(gateway.address(), "test.example");
  EXPECT_THAT(terminated.leaf_names(), ElementsAre("test.example"));
  TlsClient passed(gateway.address(), "legacy.example");
  EXPECT_THAT(passed.leaf_names(), ElementsAre("legacy.example"));
  passed.write("x");
  EXPECT_EQ(passed.read_exactly(9), "served: x");
  terminated.write(get("/"));
  EXPECT_EQ(body_of(terminated.read_message()), "web");
  // The handshake's name does not permit the other host.
  terminated.write("GET / HTTP/1.1\r\nHost: legacy.example\r\n\r\n");
  EXPECT_EQ(status_of(terminated.read_message()), 421);
  EXPECT_THROW(TlsClient(gateway.address(), "other.example"), TlsRefused);
}

// However the hello is cut on its way: what the upstream reads is what the client sent.
TEST(Passthrough, BringsTheHelloByteForByte) {
  Journal heard;
  const std::string hello = captured_hello({.server_name = "legacy.example"});
  Backend backend([&](RawClient& proxy, int) { heard.add(proxy.read_all()); });
  RunningGateway gateway({{"test.example"}}, passed_through(backend.endpoint()));
  std::size_t count = 0;
  for (const std::size_t size : {std::size_t{1}, std::size_t{7}, hello.size()}) {
    RawClient client(gateway.address());
    send_at_once(client);
    for (const std::string& piece : pieces(hello, size)) client.write(piece);
    client.write("and more");
    client.end_writing();
    EXPECT_EQ(heard.wait_for(++count).back(), hello + "and more") << size;
    EXPECT_EQ(client.read_all(), "");
  }
}

TEST(Passthrough, HonoursAHalfCloseOfEitherSide) {
  const std::string hello = captured_hello({.server_name = "legacy.example"});
  Backend backend([&](RawClient& proxy, int number) {
    if (number == 0) {
      proxy.read_all();  // the client's end
      proxy.write("said after it");
    } else {
      proxy.write("said first");
      proxy.end_writing();
      if (proxy.read_all() != hello + "said after it") throw std::runtime_error("lost");
    }
  });
  RunningGateway gateway({{"test.example"}}, passed_through(backend.endpoint()));
  RawClient first(gateway.address());
  first.write(hello);
  first.end_writing();
  EXPECT_EQ(first.read_all(), "said after it");
  EXPECT_EQ(gateway.access_lines(1).at(0)["ended_by"], "client");
  RawClient second(gateway.address());
  second.write(hello);
  EXPECT_EQ(second.read_all(), "said first");
  second.write("said after it");
  second.end_writing();
  EXPECT_EQ(gateway.access_lines(2).at(1)["ended_by"], "upstream");
  EXPECT_TRUE(backend.failures().empty());
}

TEST(Passthrough, LeavesAnAccessLine) {
  const std::string hello = captured_hello({.server_name = "legacy.example"});
  Backend backend([&](RawClient& proxy, int) {
    proxy.read_exactly(hello.size());
    proxy.write("12345");
  });
  RunningGateway gateway({{"test.example"}}, passed_through(backend.endpoint()));
  RawClient client(gateway.address());
  client.write(hello);
  EXPECT_EQ(client.read_all(), "12345");
  client.end_writing();
  auto line = gateway.access_lines(1)[0];
  EXPECT_EQ(line["event"], "passthrough");
  EXPECT_EQ(line["client"], net::bound_address(client.fd()).text());
  EXPECT_EQ(line["server_name"], "legacy.example");
  EXPECT_EQ(line["host"], "legacy.example");
  EXPECT_EQ(line["upstream"], "legacy");
  EXPECT_EQ(line["endpoint"], backend.endpoint());
  EXPECT_EQ(line["bytes_received"], hello.size());
  EXPECT_EQ(line["bytes_sent"], 5);
  EXPECT_EQ(line["ended_by"], "upstream");
  EXPECT_EQ(line["reason"], "upstream_closed");
  EXPECT_GE(line["duration_ms"].get<double>(), 0.0);
  EXPECT_FALSE(line.contains("status")) << line;
}

TEST(Passthrough, MakesAResetOfOneSideAResetOfTheOther) {
  Backend backend([&](RawClient& proxy, int number) {
    proxy.read_some();
    if (number == 0) {
      proxy.reset();
    } else {
      proxy.write("ready");
      proxy.ends();
      if (!proxy.was_reset()) throw std::runtime_error("an ordinary end");
    }
  });
  RunningGateway gateway({{"test.example"}}, passed_through(backend.endpoint()));
  const std::string hello = captured_hello({.server_name = "legacy.example"});
  RawClient cut(gateway.address());
  cut.write(hello);
  EXPECT_THROW(cut.read_all(), std::system_error);
  EXPECT_TRUE(cut.was_reset());
  RawClient leaves(gateway.address());
  leaves.write(hello);
  EXPECT_EQ(leaves.read_exactly(5), "ready");
  leaves.reset();
  const auto lines = gateway.access_lines(2);
  EXPECT_EQ(lines[0]["reason"], "upstream_reset");
  EXPECT_EQ(lines[0]["ended_by"], "upstream");
  EXPECT_EQ(lines[1]["reason"], "client_reset");
  EXPECT_EQ(lines[1]["ended_by"], "client");
  EXPECT_TRUE(backend.failures().empty());
}

TEST(Passthrough, OutlivesADrainAndEndsAtItsLimit) {
  TlsBackend backend;
  RunningGateway gateway({{"test.example"}}, passed_through(backend.endpoint()));
  TlsClient client(gateway.address(), "legacy.example");
  client.write("a");
  EXPECT_EQ(client.read_exactly(9), "served: a");
  gateway.server().drain();
  client.write("b");
  EXPECT_EQ(client.read_exactly(9), "served: b");
  gateway.server().stop();
  EXPECT_TRUE(client.ends());
  const auto line = gateway.access_lines(1)[0];
  EXPECT_EQ(line["ended_by"], "proxy");
  EXPECT_EQ(line["reason"], "draining");
}

TEST(Passthrough, IsCountedAsItGoes) {
  TlsBackend backend;
  RunningGateway gateway({{"test.example"}}, passed_through(backend.endpoint()));
  const auto counts = [&] { return gateway.server().counted().telemetry.hosts["legacy.example"]; };
  std::optional<TlsClient> client(std::in_place, gateway.address(), "legacy.example");
  client->write("a");
  EXPECT_EQ(client->read_exactly(9), "served: a");
  const gateway::HostCounts open = counts();
  EXPECT_EQ(open.passing_through, 1);
  EXPECT_EQ(open.passed_through, 0);
  EXPECT_GT(open.passed_from_client, 0);
  EXPECT_GT(open.passed_from_upstream, 0);
  client.reset();
  const auto line = gateway.access_lines(1)[0];
  EXPECT_TRUE(eventually([&] { return counts().passing_through == 0; }));
  const gateway::HostCounts ended = counts();
  EXPECT_EQ(ended.passed_through, 1);
  EXPECT_EQ(ended.passed_from_client, line["bytes_received"]);
  EXPECT_EQ(ended.passed_from_upstream, line["bytes_sent"]);
}

TEST(Passthrough, TakesAndSendsProxyHeaders) {
  Journal heard;
  Backend backend([&](RawClient& proxy, int) { heard.add(proxy.read_all()); });
  RunningGateway gateway({{"test.example"}},
                         passed_through(backend.endpoint(), ", proxy_protocol: v2-ssl") +
                             "listeners: [{address: \"127.0.0.1:0\", "
                             "proxy_protocol: {from: [127.0.0.1]}}]\n");
  const std::string hello = captured_hello({.server_name = "legacy.example"});
  RawClient client(gateway.address());
  client.write("PROXY TCP4 203.0.113.7 198.51.100.1 40000 443\r\n" + hello);
  client.end_writing();
  // The facts of TLS are between the client and the upstream: only the name is known here.
  EXPECT_EQ(heard.wait_for(1).at(0), std::string("\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x1d"
                                                 "\xcb\x00\x71\x07\xc6\x33\x64\x01\x9c\x40\x01\xbb"
                                                 "\x02\x00\x0elegacy.example",
                                                 45) +
                                         hello);
  EXPECT_EQ(gateway.access_lines(1)[0]["client"], "203.0.113.7:40000");
}

// It has no Close frame: it is counted, has the time of the drain, and is cut then.
TEST(Passthrough, IsCutWhenItsHostHasDrained) {
  Backend backend([](RawClient& proxy, int) { proxy.ends(); });
  RunningGateway gateway({{"test.example"}},
                         passed_through(backend.endpoint()) + "timeouts: {drain: 1s}\n");
  RawClient client(gateway.address());
  client.write(captured_hello({.server_name = "legacy.example"}));
  const gateway::DrainTarget host{gateway::DrainTarget::Kind::host, "legacy.example"};
  ASSERT_TRUE(eventually([&] { return gateway.server().open_tunnels(host) == 1; }));
  gateway.server().drain(host);
  EXPECT_TRUE(client.ends());
  EXPECT_EQ(gateway.server().open_tunnels(host), 0U);
  EXPECT_EQ(gateway.access_lines(1).at(0)["reason"], "draining");
  RawClient late(gateway.address());
  late.write(captured_hello({.server_name = "legacy.example"}));
  EXPECT_TRUE(late.ends());
  EXPECT_EQ(backend.connections(), 1);
}

}  // namespace
}  // namespace wssgate::test
