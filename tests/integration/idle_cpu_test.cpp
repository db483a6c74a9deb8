#include <gtest/gtest.h>
#include <sys/resource.h>

#include <functional>
#include <thread>

#include "support/backend.h"
#include "support/http_text.h"
#include "support/running_gateway.h"

/// A connection that waits, for whatever it is, costs no processor time: nothing wakes without
/// news.
namespace wssgate::test {
namespace {

double processor_ms() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  const auto ms = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) * 1e3 + static_cast<double>(t.tv_usec) / 1e3;
  };
  return ms(used.ru_utime) + ms(used.ru_stime);
}

/// A spinning worker would take all of the time; half of it is far from both.
void expect_quiet() {
  constexpr int kWatched = 400;
  const double before = processor_ms();
  std::this_thread::sleep_for(std::chrono::milliseconds(kWatched));
  EXPECT_LT(processor_ms() - before, kWatched / 2);
}

TEST(IdleCpu, KeptConnectionsOfBothSides) {
  Backend backend(answering([](const std::string&) { return ok("answer"); }));
  RunningGateway gateway({{"test.example"}}, one_host(backend.endpoint()));
  TlsClient client(gateway.address(), "test.example");
  client.write(get("/"));
  client.read_message();
  expect_quiet();
}

TEST(IdleCpu, AClientThatHasSentMoreThanTheBufferHoldsWhileTheUpstreamThinks) {
  Journal reached;
  Backend backend([&](RawClient& proxy, int) {
    proxy.read_message();
    reached.add("reached");
    proxy.ends();
  });
  RunningGateway gateway({{"test.example"}}, one_host(backend.endpoint()));
  TlsClient client(gateway.address(), "test.example");
  client.write(get("/"));
  reached.wait_for(1);
  std::string more;
  while (more.size() < 100'000) more += get("/next");
  client.write(more);
  expect_quiet();
}

TEST(IdleCpu, AnEarlyResponseWhoseUpstreamHasClosed) {
  Journal reached;
  Backend backend([&](RawClient& proxy, int) {
    proxy.read_until("\r\n\r\n");
    proxy.write("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\npart");
    ::shutdown(proxy.fd(), SHUT_RD);
    reached.add("reached");
    reached.wait_for(2);
  });
  RunningGateway gateway({{"test.example"}}, one_host(backend.endpoint()));
  TlsClient client(gateway.address(), "test.example");
  client.write(get("/", "Content-Length: 1000\r\n") + "some");
  reached.wait_for(1);
  client.read_until("part");
  client.write("more");
  expect_quiet();
  reached.add("go");
}

TEST(IdleCpu, AClientThatDoesNotRead) {
  Journal reached;
  Backend backend([&](RawClient& proxy, int) {
    proxy.read_message();
    proxy.write("HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n");
    const timeval patience{.tv_sec = 0, .tv_usec = 200'000};
    setsockopt(proxy.fd(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    const std::string piece(std::size_t{64} << 10U, 'x');
    try {
      for (;;) proxy.write(piece);
    } catch (const std::exception&) {
      reached.add("full");
    }
    reached.wait_for(2);
  });
  RunningGateway gateway({{"test.example"}}, one_host(backend.endpoint()));
  TlsClient client(gateway.address(), "test.example");
  client.write(get("/"));
  reached.wait_for(1);
  expect_quiet();
  client.close();
  reached.add("go");
}

TEST(IdleCpu, AnUpstreamThatDoesNotRead) {
  Journal go;
  Backend backend([&](RawClient& proxy, int) {
    proxy.read_until("\r\n\r\n");
    go.wait_for(1);
  });
  RunningGateway gateway({{"test.example"}}, one_host(backend.endpoint()));
  TlsClient client(gateway.address(), "test.example");
  client.write(get("/", "Content-Length: 1000000000\r\n"));
  const timeval patience{.tv_sec = 0, .tv_usec = 200'000};
  setsockopt(client.fd(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  const std::string piece(std::size_t{64} << 10U, 'x');
  const auto fill = [&] {
    for (;;) client.write(piece);
  };
  EXPECT_THROW(fill(), std::exception);
  expect_quiet();
  go.add("go");
}

}  // namespace
}  // namespace wssgate::test
