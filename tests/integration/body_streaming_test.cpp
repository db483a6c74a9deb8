#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <nlohmann/json.hpp>
#include <ostream>
#include <thread>

#include "support/backend.h"
#include "support/http_text.h"
#include "support/running_gateway.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define WSSGATE_SANITIZED
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define WSSGATE_SANITIZED
#endif
#endif

/// Bodies of any size pass in constant memory, and whoever does not read stops whoever sends.
namespace wssgate::test {
namespace {

#ifdef WSSGATE_SANITIZED
constexpr std::size_t kBody = std::size_t{32} << 20U;  // sanitizers are slow, and keep freed memory
constexpr std::size_t kMostGrowth = std::size_t{1} << 40U;
#else
constexpr std::size_t kBody = std::size_t{400} << 20U;
constexpr std::size_t kMostGrowth = std::size_t{64} << 20U;  // the test itself takes some
#endif
constexpr std::size_t kPiece = std::size_t{64} << 10U;

/// 64 KiB of a pattern that shows a lost or repeated piece.
std::string pattern() {
  std::string bytes;
  for (std::size_t i = 0; i < kPiece; ++i) bytes += static_cast<char>(i * 7 + i / 251);
  return bytes;
}

/// Checks a body as it comes, and what memory this process (gateway, client and backend) takes.
class Meter {
 public:
  void take(std::string_view bytes) {
    while (!bytes.empty()) {
      const std::size_t at = taken_ % kPiece;
      const std::string_view expected = std::string_view(pattern_).substr(at, bytes.size());
      same_ = same_ && bytes.substr(0, expected.size()) == expected;
      taken_ += expected.size();
      bytes.remove_prefix(expected.size());
      if (taken_ % (std::size_t{8} << 20U) < expected.size()) {
        most_ = std::max(most_, resident_memory());
      }
    }
  }
  std::size_t taken() const { return taken_; }
  bool same() const { return same_; }
  std::size_t growth() const { return most_ - std::min(most_, before_); }

 private:
  std::string pattern_ = pattern();
  std::size_t before_ = resident_memory();
  std::size_t most_ = 0;
  std::size_t taken_ = 0;
  bool same_ = true;
};

void write_plain(RawClient& to) {
  const std::string piece = pattern();
  for (std::size_t sent = 0; sent < kBody; sent += kPiece) to.write(piece);
}

void write_chunked(RawClient& to) {
  const std::string chunk = "10000\r\n" + pattern() + "\r\n";
  for (std::size_t sent = 0; sent < kBody; sent += kPiece) to.write(chunk);
  to.write("0\r\n\r\n");
}

void read_plain(RawClient& from, Meter& meter) {
  while (meter.taken() < kBody) {
    meter.take(from.read_exactly(std::min(kPiece, kBody - meter.taken())));
  }
}

void read_chunked(RawClient& from, Meter& meter) {
  for (;;) {
    const std::size_t size = std::stoul(from.read_until("\r\n"), nullptr, 16);
    if (size > 0) meter.take(from.read_exactly(size));
    from.read_exactly(2);
    if (size == 0) return;
  }
}

const std::string kLength = "Content-Length: " + std::to_string(kBody) + "\r\n";
const std::string kChunked = "Transfer-Encoding: chunked\r\n";

struct Way {
  const std::string& framing;
  void (*write)(RawClient&);
  void (*read)(RawClient&, Meter&);
};

/// For the test's name, which must be the same in every run.
void PrintTo(const Way& way, std::ostream* out) {
  *out << std::string_view(way.framing).substr(0, way.framing.find(':'));
}

class BodyStreaming : public testing::TestWithParam<Way> {};

TEST_P(BodyStreaming, UploadInConstantMemory) {
  Meter meter;
  Backend backend([&](RawClient& proxy, int) {
    EXPECT_NE(proxy.read_until("\r\n\r\n").find(GetParam().framing), std::string::npos);
    GetParam().read(proxy, meter);
    proxy.write(ok("all there"));
    proxy.ends();
  });
  RunningGateway gateway({{"test.example"}}, one_host(backend.endpoint()));
  TlsClient client(gateway.address(), "test.example");
  client.write(request("POST / HTTP/1.1", "Host: test.example\r\n" + GetParam().framing));
  GetParam().write(client);
  EXPECT_EQ(body_of(client.read_message()), "all there");
  EXPECT_EQ(meter.taken(), kBody);
  EXPECT_TRUE(meter.same());
  EXPECT_LT(meter.growth(), kMostGrowth);
  EXPECT_EQ(gateway.access_lines(1).at(0)["bytes_received"], kBody);
}

TEST_P(BodyStreaming, DownloadInConstantMemory) {
  Meter meter;
  Backend backend([&](RawClient& proxy, int) {
    proxy.read_message();
    proxy.write("HTTP/1.1 200 OK\r\n" + GetParam().framing + "\r\n");
    GetParam().write(proxy);
    proxy.ends();
  });
  RunningGateway gateway({{"test.example"}}, one_host(backend.endpoint()));
  TlsClient client(gateway.address(), "test.example");
  client.write(get("/"));
  EXPECT_NE(client.read_until("\r\n\r\n").find(GetParam().framing), std::string::npos);
  GetParam().read(client, meter);
  EXPECT_EQ(meter.taken(), kBody);
  EXPECT_TRUE(meter.same());
  EXPECT_LT(meter.growth(), kMostGrowth);
  EXPECT_EQ(gateway.access_lines(1).at(0)["bytes_sent"], kBody);
}

INSTANTIATE_TEST_SUITE_P(Length, BodyStreaming,
                         testing::Values(Way{kLength, write_plain, read_plain}));
INSTANTIATE_TEST_SUITE_P(Chunked, BodyStreaming,
                         testing::Values(Way{kChunked, write_chunked, read_chunked}));

/// Sends the pattern until nothing has been taken for a while (or all of it went); then calls
/// `stopped` and sends the rest.
void write_until_stopped(int fd, std::size_t size,
                         const std::function<void(std::size_t)>& stopped) {
  const std::string piece = pattern();
  timeval patience{.tv_sec = 0, .tv_usec = 300'000};
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  bool told = false;
  for (std::size_t sent = 0; sent < size;) {
    const std::string_view left =
        std::string_view(piece).substr(sent % kPiece).substr(0, size - sent);
    const ssize_t went = ::send(fd, left.data(), left.size(), MSG_NOSIGNAL);
    if (went > 0) {
      sent += static_cast<std::size_t>(went);
      continue;
    }
    if (told) throw std::runtime_error("stopped for good");
    told = true;
    patience.tv_sec = 10;
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    stopped(sent);
  }
  if (!told) stopped(size);
}

// Far more than the kernel's buffers on the way take (about 20 MiB at most).
constexpr std::size_t kTooMuch = std::size_t{96} << 20U;

TEST(BackPressure, AClientThatDoesNotReadStopsTheUpstream) {
  Journal stopped;
  Backend backend([&](RawClient& proxy, int) {
    proxy.read_message();
    proxy.write("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(kTooMuch) + "\r\n\r\n");
    write_until_stopped(proxy.fd(), kTooMuch,
                        [&](std::size_t sent) { stopped.add(std::to_string(sent)); });
    proxy.ends();
  });
  RunningGateway gateway({{"test.example"}}, one_host(backend.endpoint()));
  TlsClient client(gateway.address(), "test.example");
  client.write(get("/"));
  EXPECT_LT(std::stoul(stopped.wait_for(1).at(0)), kTooMuch / 2);
  client.read_until("\r\n\r\n");
  Meter meter;
  while (meter.taken() < kTooMuch) {
    meter.take(client.read_exactly(std::min(kPiece, kTooMuch - meter.taken())));
  }
  EXPECT_TRUE(meter.same()) << "and it goes on where it stopped";
}

TEST(BackPressure, AnUpstreamThatDoesNotReadStopsTheClient) {
  Journal go;
  Journal arrived;
  Backend backend([&](RawClient& proxy, int) {
    proxy.read_until("\r\n\r\n");
    go.wait_for(1);
    Meter meter;
    while (meter.taken() < kTooMuch) {
      meter.take(proxy.read_exactly(std::min(kPiece, kTooMuch - meter.taken())));
    }
    arrived.add(meter.same() ? "same" : "different");
    proxy.write(ok("got it"));
    proxy.ends();
  });
  RunningGateway gateway({{"test.example"}}, one_host(backend.endpoint()));
  TlsClient client(gateway.address(), "test.example");
  client.write(request("POST / HTTP/1.1", "Host: test.example\r\nContent-Length: " +
                                              std::to_string(kTooMuch) + "\r\n"));
  // The test's client blocks, so another thread sends; how much went is seen from outside.
  std::atomic<std::size_t> sent{0};
  std::atomic<bool> failed{false};
  std::thread sender([&] {
    const std::string piece = pattern();
    try {
      while (sent < kTooMuch) {
        client.write(piece);
        sent += kPiece;
      }
    } catch (const std::exception&) {
      failed = true;
    }
  });
  std::size_t before = 0;
  do {  // until it stands still
    before = sent;
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
  } while (sent != before && sent < kTooMuch);
  EXPECT_LT(sent, kTooMuch / 2);
  go.add("go");
  sender.join();
  EXPECT_FALSE(failed);
  EXPECT_EQ(body_of(client.read_message()), "got it");
  EXPECT_EQ(arrived.entries().at(0), "same");
}

}  // namespace
}  // namespace wssgate::test
