#include "support/websocket.h"

#include <fcntl.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>

#include <nlohmann/json.hpp>
#include <random>
#include <stdexcept>
#include <utility>

namespace wssgate::test {
namespace {

constexpr std::string_view kMask = "\x37\xfa\x21\x3d";

std::string header(std::uint8_t first, std::size_t size, std::uint8_t mask_bit) {
  std::string bytes(1, static_cast<char>(first));
  const auto big_endian = [&](int count) {
    for (int shift = 8 * (count - 1); shift >= 0; shift -= 8) {
      bytes += static_cast<char>((size >> static_cast<unsigned>(shift)) & 0xffU);
    }
  };
  if (size < 126) {
    bytes += static_cast<char>(mask_bit | size);
  } else if (size < 65536) {
    bytes += static_cast<char>(mask_bit | 126U);
    big_endian(2);
  } else {
    bytes += static_cast<char>(mask_bit | 127U);
    big_endian(8);
  }
  return bytes;
}

}  // namespace

std::string client_frame(std::uint8_t first, std::string_view payload) {
  std::string bytes = header(first, payload.size(), 0x80);
  bytes += kMask;
  const std::size_t start = bytes.size();
  bytes += payload;
  for (std::size_t i = 0; i < payload.size(); ++i) {
    bytes[start + i] = static_cast<char>(bytes[start + i] ^ kMask[i % 4]);
  }
  return bytes;
}

std::string server_frame(std::uint8_t first, std::string_view payload) {
  return header(first, payload.size(), 0) += payload;
}

std::string close_payload(std::uint16_t code, std::string_view reason) {
  const char bytes[] = {static_cast<char>(code >> 8U), static_cast<char>(code & 0xffU)};
  return std::string(bytes, sizeof bytes) += reason;
}

std::string noise(std::size_t size, std::uint32_t seed) {
  std::mt19937_64 random(seed);
  std::string bytes(size, '\0');
  for (std::size_t at = 0; at < size; at += sizeof(std::uint64_t)) {
    const std::uint64_t piece = random();
    std::memcpy(bytes.data() + at, &piece, std::min(sizeof piece, size - at));
  }
  return bytes;
}

Backend::Script echoing() {
  return [](RawClient& proxy, int) {
    proxy.read_message();
    proxy.write(upgrade_response());
    // Its turn may come late where there are hundreds.
    const timeval patience{.tv_sec = 100, .tv_usec = 0};
    setsockopt(proxy.fd(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    std::string bytes = proxy.read_ahead();
    do {
      proxy.write(bytes);
      bytes = proxy.read_some();
    } while (!bytes.empty());
  };
}

void pump(TlsClient& client, std::string_view out, std::string& in, std::size_t expected) {
  SSL* const ssl = client.ssl();
  SSL_set_mode(ssl, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  const int flags = ::fcntl(client.fd(), F_GETFL);
  ::fcntl(client.fd(), F_SETFL, flags | O_NONBLOCK);
  std::string piece(std::size_t{64} * 1024, '\0');
  while (!out.empty() || in.size() < expected) {
    bool moved = false;
    if (!out.empty()) {
      const int sent = SSL_write(ssl, out.data(), static_cast<int>(out.size()));
      if (sent > 0) out.remove_prefix(static_cast<std::size_t>(sent));
      moved = sent > 0;
    }
    const int got = SSL_read(ssl, piece.data(), static_cast<int>(piece.size()));
    if (got > 0) in.append(piece, 0, static_cast<std::size_t>(got));
    if (moved || got > 0) continue;
    if (SSL_get_error(ssl, got) != SSL_ERROR_WANT_READ) throw std::runtime_error("pump: ended");
    pollfd ready{.fd = client.fd(), .events = POLLIN, .revents = 0};
    if (!out.empty()) ready.events |= POLLOUT;
    if (::poll(&ready, 1, 10'000) == 0) throw std::runtime_error("pump: stuck");
  }
  ::fcntl(client.fd(), F_SETFL, flags);
}

nlohmann::json OpenTunnel::access_line() { return gateway_.access_lines(1).front(); }

OpenTunnel::OpenTunnel(const std::string& yaml)
    : backend_([this](RawClient& proxy, int) {
        proxy.read_message();
        proxy.write(upgrade_response());
        handed_over_.set_value(std::make_unique<RawClient>(std::move(proxy)));
      }),
      gateway_({{"test.example"}}, one_host(backend_.endpoint(), yaml)),
      client_(std::make_unique<TlsClient>(gateway_.address(), "test.example")) {
  client_->write(upgrade_request("test.example"));
  client_->read_message();
  upstream_ = handed_over_.get_future().get();
}

}  // namespace wssgate::test
