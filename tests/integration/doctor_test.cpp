// What the doctor asks of an address: over real sockets, with wssgate and with servers that break.

#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <exception>
#include <functional>
#include <thread>

#include "doctor/probe.h"
#include "protocol/tls/client_hello.h"
#include "protocol/websocket/handshake.h"
#include "support/http_text.h"
#include "support/tls_backend.h"
#include "support/websocket.h"

namespace wssgate::test {
namespace {

using namespace std::chrono_literals;
using doctor::HttpAnswer;
using doctor::Probe;
using doctor::Step;
using doctor::Target;
using doctor::TlsAnswer;
using doctor::WebSocketAnswer;

Target target_of(const std::string& url, Duration timeout = 10s) {
  doctor::Request request;
  request.url = url;
  request.timeout = timeout;
  return *doctor::make_target(request);
}

SocketAddress address_of(const Backend& backend) {
  return *SocketAddress::parse(backend.endpoint());
}

/// The pong that answers the ping which comes next: a masked frame of a short payload.
void answer_ping(RawClient& client) {
  const std::string header = client.read_exactly(2);
  const std::size_t size = static_cast<unsigned char>(header[1]) & 0x7fU;
  const std::string mask = client.read_exactly(4);
  std::string pong = {'\x8a', static_cast<char>(size)};
  const std::string payload = client.read_exactly(size);
  for (std::size_t i = 0; i < size; ++i) pong += static_cast<char>(payload[i] ^ mask[i % 4]);
  client.write("\x81\x05greet" + pong);  // backends greet first
}

/// The 101 that belongs to a request.
std::string agreement(const std::string& request) {
  constexpr std::string_view kField = "Sec-WebSocket-Key: ";
  const auto key = request.substr(request.find(kField) + kField.size(), 24);
  return "HTTP/1.1 101 Yes\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " +
         websocket::accept_for_key(key) + "\r\n\r\n";
}

TEST(DoctorProbe, FindsAllThatWssgateServes) {
  const Backend backend([](RawClient& proxy, int) {
    const std::string request = proxy.read_message();
    if (request.find("Upgrade: websocket") == std::string::npos) return proxy.write(ok("page"));
    proxy.write(agreement(request));
    answer_ping(proxy);
    proxy.read_all();
  });
  const RunningGateway gateway({{"test.example"}},
                               "hosts:\n"
                               "  - names: [test.example]\n"
                               "    hsts: {max_age: 180d}\n"
                               "    routes: [{path: /, upstream: u}]\n"
                               "upstreams: {u: {endpoints: [\"" +
                                   backend.endpoint() + "\"]}}\n");
  const Probe found = doctor::probe(gateway.address(), target_of("wss://test.example/"), -1);
  EXPECT_EQ(found.connect, Step::ok);
  EXPECT_EQ(found.tls.end, TlsAnswer::End::done);
  EXPECT_EQ(found.tls.chain.size(), 2U);
  EXPECT_EQ(found.tls.version, "TLSv1.3");
  EXPECT_EQ(found.tls.alpn, "http/1.1");
  EXPECT_FALSE(found.only_small_hello_passes);
  EXPECT_EQ(found.without_name.alert, 109);
  EXPECT_EQ(found.made_up_name.alert, 112);
  EXPECT_EQ(found.http.status, 101);
  EXPECT_EQ(found.websocket.end, WebSocketAnswer::End::alive);
  EXPECT_EQ(found.hsts, "max-age=15552000");
}

TEST(DoctorProbe, AGetNeedsNoWebSocket) {
  const Backend backend(answering([](const std::string&) { return ok("page"); }));
  const RunningGateway gateway({{"test.example"}}, one_host(backend.endpoint()));
  const Probe found = doctor::probe(gateway.address(), target_of("https://test.example/"), -1);
  EXPECT_EQ(found.http.status, 200);
  EXPECT_EQ(found.websocket.end, WebSocketAnswer::End::not_tried);
  EXPECT_TRUE(found.hsts_known);
  EXPECT_FALSE(found.hsts);
}

TEST(DoctorProbe, AnAnswerMayDripInAndAGreetingComeBeforeThePong) {
  const Backend backend([](RawClient& client, int) {
    for (const char byte : agreement(client.read_message())) client.write(std::string(1, byte));
    answer_ping(client);
    client.read_all();
  });
  const Probe found = doctor::probe(address_of(backend), target_of("ws://test.example/"), -1);
  EXPECT_EQ(found.http.status, 101);
  EXPECT_EQ(found.websocket.end, WebSocketAnswer::End::alive);
}

TEST(DoctorProbe, AGreetingMayBeLong) {
  const Backend backend([](RawClient& client, int) {
    client.write(agreement(client.read_message()));
    const std::size_t size = std::size_t{3} * 1024 * 1024;  // RFC 6455 §5.2: in eight bytes
    client.write(std::string("\x82\x7f\0\0\0\0\0\x30\0\0", 10) + std::string(size, 'x'));
    answer_ping(client);
    client.read_all();
  });
  const Probe found = doctor::probe(address_of(backend), target_of("ws://test.example/"), -1);
  EXPECT_EQ(found.websocket.end, WebSocketAnswer::End::alive);
}

TEST(DoctorProbe, AnAcceptOfAnotherKeyIsABad101) {
  const Backend backend([](RawClient& client, int) {
    client.read_message();
    client.write(agreement("Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=="));
    client.read_all();
  });
  const Probe found = doctor::probe(address_of(backend), target_of("ws://test.example/"), -1);
  EXPECT_EQ(found.websocket.end, WebSocketAnswer::End::bad_101);
}

TEST(DoctorProbe, WhoNeverAnswersTimesOut) {
  const Backend backend([](RawClient& client, int) { client.read_all(); });
  const Probe found =
      doctor::probe(address_of(backend), target_of("wss://test.example/", 200ms), -1);
  EXPECT_EQ(found.connect, Step::ok);
  EXPECT_EQ(found.tls.end, TlsAnswer::End::timed_out);
  EXPECT_EQ(found.made_up_name.end, TlsAnswer::End::not_tried);
}

/// HelloRequests (RFC 5246 §7.4.1.1), which clients pass over, until nobody takes them any more.
void write_hello_requests(RawClient& client, const std::function<void()>& between) {
  std::string many;
  for (int i = 0; i < 100; ++i) many += std::string("\x16\x03\x03\0\4\0\0\0\0", 9);
  try {
    for (;;) {
      client.write(many);
      between();
    }
  } catch (const std::exception&) {
    return;
  }
}

TEST(DoctorProbe, MessagesThatOpensslSkipsDoNotPutTheDeadlineOff) {
  const Backend backend([](RawClient& client, int) {
    write_hello_requests(client, [] { std::this_thread::sleep_for(5ms); });
  });
  const Probe found =
      doctor::probe(address_of(backend), target_of("wss://test.example/", 200ms), -1);
  EXPECT_EQ(found.tls.end, TlsAnswer::End::timed_out);
}

TEST(DoctorProbe, AHandshakeWithoutAnEndIsBounded) {
  const Backend backend([](RawClient& client, int) { write_hello_requests(client, [] {}); });
  const Probe found = doctor::probe(address_of(backend), target_of("wss://test.example/", 60s), -1);
  EXPECT_EQ(found.tls.end, TlsAnswer::End::failed);
  EXPECT_EQ(found.tls.detail, "it sends without end");
}

TEST(DoctorProbe, ACloseNotifyInThePlaceOfAServerHelloIsAnEnd) {
  const Backend backend([](RawClient& client, int) {
    client.write(std::string("\x15\x03\x03\0\2\1\0", 7));
    client.read_all();
  });
  const Probe found = doctor::probe(address_of(backend), target_of("wss://test.example/"), -1);
  EXPECT_EQ(found.tls.end, TlsAnswer::End::closed);
}

/// A script that does `refuse` to the connections that `is_refused` picks, by their number and what
/// came first, and serves TLS to the others.
Backend::Script picky(const TestCertificate& leaf,
                      const std::function<bool(int number, std::size_t hello)>& is_refused,
                      const std::function<void(RawClient&)>& refuse) {
  const auto serve = over_tls({.leaf = &leaf}, [](TlsServer& client, int) {
    client.read_message();
    client.write(ok("page"));
  });
  return [=](RawClient& client, int number) {
    std::string peeked(8192, '\0');
    const ssize_t got = ::recv(client.fd(), peeked.data(), peeked.size(), MSG_PEEK);
    if (!is_refused(number, got > 0 ? static_cast<std::size_t>(got) : 0)) {
      return serve(client, number);
    }
    refuse(client);
  };
}

void send_alert(RawClient& client, int description) {
  const auto alert = tls::fatal_alert_record(description);
  client.write({reinterpret_cast<const char*>(alert.data()), alert.size()});
  client.ends();
}

constexpr std::size_t kSmall = 600;  // half of a large hello is more

TEST(DoctorProbe, AnAlertToASplitHelloAloneIsNoOldTls) {
  const TestCa ca;
  const TestCertificate leaf = ca.intermediate.leaf({"test.example"});
  const Backend backend(picky(
      leaf, [](int, std::size_t hello) { return hello > kSmall; },
      [](RawClient& client) { send_alert(client, 112); }));
  const Probe found = doctor::probe(address_of(backend), target_of("https://test.example/"), -1);
  EXPECT_TRUE(found.only_small_hello_passes);
  EXPECT_EQ(found.split_hello_end, TlsAnswer::End::alert);
  EXPECT_FALSE(found.only_outdated_passes);
  EXPECT_EQ(found.tls.version, "TLSv1.3");
}

TEST(DoctorProbe, ASmallHelloHasNoPostQuantumGroups) {
  std::atomic<bool> is_small{false};
  const Backend backend([&](RawClient& client, int number) {
    const std::string hello = client.read_some();
    // RFC 8446 §4.2.7: X25519, secp256r1 and secp384r1.
    constexpr std::string_view kGroups("\0\x0a\0\x08\0\x06\0\x1d\0\x17\0\x18", 12);
    if (number == 1) is_small = hello.find(kGroups) != std::string::npos;
    client.reset();
  });
  doctor::probe(address_of(backend), target_of("https://test.example/"), -1);
  EXPECT_TRUE(is_small);
}

TEST(DoctorProbe, OneResetByChanceIsNoFaultOfSplitHellos) {
  const TestCa ca;
  const TestCertificate leaf = ca.intermediate.leaf({"test.example"});
  const Backend backend(picky(
      leaf, [](int number, std::size_t) { return number == 0; },
      [](RawClient& client) { client.reset(); }));
  const Probe found = doctor::probe(address_of(backend), target_of("https://test.example/"), -1);
  EXPECT_EQ(found.tls.end, TlsAnswer::End::done);
  EXPECT_EQ(found.http.status, 200);
  EXPECT_FALSE(found.only_small_hello_passes);
}

TEST(DoctorProbe, ABadRequestToPlainHttpDoesNotMakeAPortPlain) {
  const Backend backend([](RawClient& client, int) {
    const std::string first = client.read_some();
    if (first.starts_with("GET ")) return client.write("HTTP/1.1 400 Bad Request\r\n\r\n");
    client.reset();
  });
  const Probe found = doctor::probe(address_of(backend), target_of("https://test.example/"), -1);
  EXPECT_EQ(found.tls.end, TlsAnswer::End::reset);
  EXPECT_EQ(found.plain_http, "");
}

TEST(DoctorProbe, AnAnswerWithoutAnEndIsBounded) {
  const Backend backend([](RawClient& client, int) {
    client.read_message();
    client.write("HTTP/1.1 200 OK\r\nX: ");
    const std::string piece(4096, 'x');
    for (int i = 0; i < 64; ++i) client.write(piece);
    client.read_all();
  });
  const Probe found = doctor::probe(address_of(backend), target_of("ws://test.example/"), -1);
  EXPECT_EQ(found.http.end, HttpAnswer::End::not_http);
}

TEST(DoctorProbe, Http2IsTold) {
  const Backend backend([](RawClient& client, int) {
    client.read_message();
    client.write(std::string("\0\0\0\4\0\0\0\0\0", 9));
    client.read_all();
  });
  const Probe found = doctor::probe(address_of(backend), target_of("ws://test.example/"), -1);
  EXPECT_EQ(found.http.end, HttpAnswer::End::not_http);
  EXPECT_NE(found.http.detail.find("HTTP/2"), std::string::npos);
}

TEST(DoctorProbe, ALeafAloneIsAllOfItsChain) {
  const TestCa ca;
  const TestCertificate leaf = ca.intermediate.leaf({"test.example"});
  const Backend backend(over_tls({.leaf = &leaf}, [](TlsServer& client, int) {
    client.read_message();
    client.write(ok("page"));
  }));
  const Probe found = doctor::probe(address_of(backend), target_of("https://test.example/"), -1);
  ASSERT_EQ(found.tls.chain.size(), 1U);
  EXPECT_EQ(X509_cmp(found.tls.chain[0].get(), leaf.certificate()), 0);
  // Anybody gets it.
  EXPECT_EQ(found.without_name.chain.size(), 1U);
  EXPECT_EQ(found.made_up_name.chain.size(), 1U);
}

TEST(DoctorProbe, OfALongChainTheFirstAreKept) {
  const TestCa ca;
  const TestCertificate leaf = ca.intermediate.leaf({"test.example"});
  const Backend backend(over_tls(
      {.leaf = &leaf, .intermediates = std::vector<const TestCertificate*>(40, &ca.intermediate)},
      [](TlsServer& client, int) {
        client.read_message();
        client.write(ok("page"));
      }));
  const Probe found = doctor::probe(address_of(backend), target_of("https://test.example/"), -1);
  EXPECT_EQ(found.tls.chain_sent, 41U);
  EXPECT_EQ(found.tls.chain.size(), doctor::kMostCertificates);
}

TEST(DoctorProbe, AClientCertificateThatIsDemandedIsTold) {
  const TestCa ca;
  const TestCertificate leaf = ca.intermediate.leaf({"test.example"});
  const Backend backend(over_tls({.leaf = &leaf, .client_ca = &ca.root},
                                 [](TlsServer& client, int) { client.read_all(); }));
  const Probe found = doctor::probe(address_of(backend), target_of("wss://test.example/"), -1);
  EXPECT_TRUE(found.tls.asks_for_client_certificate);
  EXPECT_EQ(found.tls.alert, 116);
  EXPECT_EQ(found.http.end, HttpAnswer::End::tls_alert);
}

TEST(DoctorProbe, AddressesAreAskedAllAtOnce) {
  std::atomic<int> arrived{0};
  // Nobody is answered before all three have come.
  const Backend::Script script = [&](RawClient& client, int number) {
    if (number == 0) ++arrived;
    const auto give_up = std::chrono::steady_clock::now() + 10s;
    while (arrived < 3 && std::chrono::steady_clock::now() < give_up) {
      std::this_thread::sleep_for(1ms);
    }
    const auto alert = tls::fatal_alert_record(112);
    client.write({reinterpret_cast<const char*>(alert.data()), alert.size()});
    client.ends();
  };
  const Backend first(script);
  const Backend second(script);
  const Backend third(script);
  std::size_t told = 0;
  const auto found = doctor::probe_all({address_of(first), address_of(second), address_of(third)},
                                       target_of("wss://test.example/", 60s), -1,
                                       [&](std::size_t done, std::size_t all) {
                                         EXPECT_EQ(done, ++told);
                                         EXPECT_EQ(all, 3U);
                                       });
  EXPECT_EQ(told, 3U);
  EXPECT_EQ(arrived, 3);
  ASSERT_EQ(found.size(), 3U);
  EXPECT_EQ(found[1].address.text(), second.endpoint());
  for (const Probe& each : found) EXPECT_EQ(each.tls.alert, 112);
}

TEST(DoctorProbe, EndsWhenItIsStopped) {
  const Backend backend([](RawClient& client, int) { client.read_all(); });
  const net::Fd stop(::eventfd(0, EFD_CLOEXEC));
  std::thread stopping([&] {
    while (backend.connections() == 0) std::this_thread::sleep_for(1ms);
    ::eventfd_write(stop.get(), 1);
  });
  const Probe found =
      doctor::probe(address_of(backend), target_of("wss://test.example/", 3600s), stop.get());
  stopping.join();
  EXPECT_EQ(found.tls.end, TlsAnswer::End::interrupted);
  EXPECT_EQ(found.made_up_name.end, TlsAnswer::End::not_tried);
}

}  // namespace
}  // namespace wssgate::test
