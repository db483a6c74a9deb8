#include "upstream/begin_tls.h"

#include <array>
#include <utility>

#include "net/tls_stream.h"

namespace wssgate::upstream {
namespace {

// The certificates of a server that we refuse may be followed by this much of its handshake.
constexpr int kMostReads = 16;

/// Closing with unread input would be a reset, and the server's log would not show the alert that
/// tells why we refuse it.
void drop_unread(net::TcpStream& plain) {
  std::array<char, 4096> bin;  // NOLINT(*-member-init): its bytes are never looked at
  for (int i = 0; i < kMostReads; ++i) {
    const auto got = plain.read(bin);
    if (!got || got->end || got->nothing()) return;
  }
}

Error failure(net::TlsStream& tls, Error error) {
  drop_unread(tls.plain());
  auto fault = pki::peer_certificate_fault(tls.ssl());
  return fault ? *std::move(fault) : std::move(error);
}

}  // namespace

asio::awaitable<Result<std::unique_ptr<net::Stream>>> begin_tls(
    std::unique_ptr<net::TcpStream> plain, std::shared_ptr<pki::TlsPeer> peer,
    net::Waiter& waiter) {
  net::TlsStream::SslPtr ssl(peer->begin().release());
  auto tls = std::make_unique<net::TlsStream>(std::move(plain), std::move(ssl));
  for (;;) {
    auto done = tls->handshake();
    if (!done) co_return failure(*tls, std::move(done).error());
    if (*done) co_return std::unique_ptr<net::Stream>(std::move(tls));
    auto waited = co_await waiter.wait();
    if (!waited) co_return std::move(waited).error();
  }
}

}  // namespace wssgate::upstream
