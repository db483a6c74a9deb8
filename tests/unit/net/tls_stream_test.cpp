#include "net/tls_stream.h"

#include <gtest/gtest.h>

#include "pki/tls_context.h"
#include "support/socket_pair.h"
#include "support/test_ca.h"

namespace wssgate::net {
namespace {

using ContextPtr = std::unique_ptr<SSL_CTX, pki::OpensslDeleter<SSL_CTX_free>>;
using SslPtr = std::unique_ptr<SSL, pki::OpensslDeleter<SSL_free>>;

ContextPtr server_context() {
  const test::TestCa ca;
  const test::TestCertificate leaf = ca.intermediate.leaf({"test.example"});
  ContextPtr context(SSL_CTX_new(TLS_server_method()));
  SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_use_certificate(context.get(), leaf.certificate());
  SSL_CTX_use_PrivateKey(context.get(), leaf.key());
  return context;
}

/// A stream and the client at its other end, after the handshake, in one thread.
class TlsStreamTest : public testing::Test {
 protected:
  void SetUp() override {
    auto [ours, theirs] = test::socket_pair();
    const int small = 4096;
    setsockopt(ours.get(), SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
    peer_fd_ = std::move(theirs);
    client_.reset(SSL_new(client_context_.get()));
    SSL_set_fd(client_.get(), peer_fd_.get());
    SSL_set_connect_state(client_.get());
    stream_.emplace(std::make_unique<TcpStream>(poller_, std::move(ours), Side::client),
                    server_context_.get());
    for (bool done = false; !done || SSL_in_init(client_.get()) != 0;) {
      SSL_do_handshake(client_.get());
      loop_.poll();  // the readiness of ours
      auto step = stream_->handshake();
      ASSERT_TRUE(step);
      done = *step;
    }
  }

  /// Reads one record of the client; what SSL_get_error says of it.
  int client_reads() {
    char bytes[16384];
    const int got = SSL_read(client_.get(), bytes, sizeof bytes);
    return got > 0 ? SSL_ERROR_NONE : SSL_get_error(client_.get(), got);
  }

  /// Reads whatever is there; how that ends.
  int client_reads_all() {
    for (;;) {
      const int outcome = client_reads();
      if (outcome != SSL_ERROR_NONE) return outcome;
    }
  }

  asio::io_context loop_{1};
  Poller poller_{loop_};
  ContextPtr server_context_ = server_context();
  ContextPtr client_context_{SSL_CTX_new(TLS_client_method())};
  Fd peer_fd_;
  SslPtr client_;
  std::optional<TlsStream> stream_;
};

TEST_F(TlsStreamTest, SaysItsEndAlsoWhenTheSocketIsFull) {
  // How many records fill the socket …
  client_reads_all();
  int fitting = -1;
  for (; !stream_->pending(); ++fitting) ASSERT_TRUE(stream_->send("x"));
  for (bool flushed = false; !flushed;) {
    client_reads_all();
    loop_.poll();
    const auto step = stream_->flush();
    ASSERT_TRUE(step);
    flushed = *step;
  }
  client_reads_all();
  loop_.poll();
  // … which leaves no room for one more.
  for (int i = 0; i < fitting; ++i) ASSERT_TRUE(stream_->send("x"));
  ASSERT_FALSE(stream_->pending());

  EXPECT_FALSE(stream_->end_writing());
  EXPECT_EQ(client_reads_all(), SSL_ERROR_WANT_READ);
  loop_.poll();
  EXPECT_TRUE(stream_->end_writing());
  EXPECT_EQ(client_reads_all(), SSL_ERROR_ZERO_RETURN);  // close_notify: not cut off
}

TEST_F(TlsStreamTest, TakesAnEndWithoutCloseNotifyAsAnEndAndCanStillWrite) {
  ::shutdown(peer_fd_.get(), SHUT_WR);
  loop_.poll();
  char bytes[64];
  const auto got = stream_->read(bytes);
  ASSERT_TRUE(got);
  EXPECT_TRUE(got->end);
  ASSERT_TRUE(stream_->send("still here"));
  EXPECT_EQ(client_reads(), SSL_ERROR_NONE);
}

}  // namespace
}  // namespace wssgate::net
