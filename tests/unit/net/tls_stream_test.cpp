#include "net/tls_stream.h"

#include <gtest/gtest.h>
#include <openssl/bio.h>

#include <initializer_list>
#include <string>
#include <string_view>

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
    stream_.emplace(std::make_unique<TcpStream>(loop_, std::move(ours), Side::client),
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

  void client_writes(std::string_view bytes) {
    ASSERT_EQ(SSL_write(client_.get(), bytes.data(), static_cast<int>(bytes.size())),
              static_cast<int>(bytes.size()));
    loop_.poll();
  }

  /// What one read of ours with this much room brings; nothing where it fails.
  std::string read(std::size_t room = std::size_t{80} * 1024) {
    std::string bytes(room, '\0');
    const auto got = stream_->read(bytes);
    bytes.resize(got ? got->bytes : 0);
    return bytes;
  }

  /// A record for each text, which does not go to the client's socket.
  std::string records_of(std::initializer_list<std::string_view> texts) {
    BIO* const wire = SSL_get_wbio(client_.get());
    BIO_up_ref(wire);
    SSL_set0_wbio(client_.get(), BIO_new(BIO_s_mem()));
    for (const std::string_view text : texts) client_writes(text);
    char* data = nullptr;
    const long size = BIO_get_mem_data(SSL_get_wbio(client_.get()), &data);
    std::string records(data, static_cast<std::size_t>(size));
    SSL_set0_wbio(client_.get(), wire);
    return records;
  }

  void arrives(std::string_view raw) {
    ASSERT_EQ(::send(peer_fd_.get(), raw.data(), raw.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(raw.size()));
    loop_.poll();
  }

  Loop loop_;
  ContextPtr server_context_ = server_context();
  ContextPtr client_context_{SSL_CTX_new(TLS_client_method())};
  Fd peer_fd_;
  SslPtr client_;
  std::optional<TlsStream> stream_;
};

/// Whether something is there for the client to read.
bool has_arrived(const Fd& socket) {
  char byte = 0;
  return ::recv(socket.get(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 1;
}

TEST_F(TlsStreamTest, TicketsLeaveWithTheFirstAnswer) {
  EXPECT_FALSE(has_arrived(peer_fd_));
  EXPECT_FALSE(stream_->pending()) << "nobody has to wait for them to go";
  ASSERT_TRUE(stream_->send("answer"));
  EXPECT_EQ(client_reads(), SSL_ERROR_NONE);
  EXPECT_TRUE(SSL_SESSION_is_resumable(SSL_get_session(client_.get())));
}

TEST_F(TlsStreamTest, TicketsDoNotWaitForAClientThatSaysNothing) {
  EXPECT_FALSE(has_arrived(peer_fd_));
  loop_.poll();
  EXPECT_TRUE(has_arrived(peer_fd_));
  EXPECT_EQ(client_reads(), SSL_ERROR_WANT_READ);
  EXPECT_TRUE(SSL_SESSION_is_resumable(SSL_get_session(client_.get())));
}

TEST_F(TlsStreamTest, TicketsLeaveWithTheEnd) {
  EXPECT_TRUE(stream_->end_writing());
  EXPECT_EQ(client_reads(), SSL_ERROR_ZERO_RETURN);
  EXPECT_TRUE(SSL_SESSION_is_resumable(SSL_get_session(client_.get())));
}

TEST_F(TlsStreamTest, SaysItsEndAlsoWhenTheSocketIsFull) {
  // How many records fill the socket …
  loop_.poll();  // the tickets
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

TEST_F(TlsStreamTest, ReadsAllRecordsThatHaveComeAtOnce) {
  client_writes("one ");
  client_writes("two ");
  client_writes("three");
  EXPECT_EQ(read(), "one two three");
  EXPECT_EQ(read(), "");
}

TEST_F(TlsStreamTest, KeepsWhatTheCallerHasNoRoomFor) {
  client_writes("abcd");
  client_writes("efgh");
  client_writes("ijkl");
  EXPECT_EQ(read(3), "abc");
  EXPECT_EQ(read(3), "def");
  client_writes("mn");
  EXPECT_EQ(read(3), "ghi");
  EXPECT_EQ(read(), "jkl");
  EXPECT_EQ(read(), "mn");
  EXPECT_EQ(read(), "");
}

TEST_F(TlsStreamTest, TakesRecordsHoweverTheyAreCut) {
  const std::string records = records_of({"first", "second", "third"});
  std::string got;
  for (const char byte : records) {
    arrives({&byte, 1});
    got += read();
  }
  EXPECT_EQ(got, "firstsecondthird");
}

TEST_F(TlsStreamTest, GivesWhatCameBeforeTheEndAndThenTheEnd) {
  client_writes("last words");
  SSL_shutdown(client_.get());
  ::shutdown(peer_fd_.get(), SHUT_WR);
  loop_.poll();
  EXPECT_EQ(read(), "last words");
  char bytes[64];
  const auto got = stream_->read(bytes);
  ASSERT_TRUE(got);
  EXPECT_TRUE(got->end);
}

TEST_F(TlsStreamTest, GivesWhatCameBeforeABrokenRecordAndThenTheError) {
  std::string records = records_of({"good", "bad"});
  records.back() ^= 1;
  arrives(records);
  EXPECT_EQ(read(), "good");
  for (int i = 0; i < 2; ++i) {
    char bytes[64];
    const auto got = stream_->read(bytes);
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().reason, Reason::tls_error);
  }
}

TEST_F(TlsStreamTest, SendsMoreThanTheSocketTakesInOrder) {
  std::string sent;
  for (int i = 0; i < 300'000; ++i) sent += static_cast<char>(i % 251);
  ASSERT_TRUE(stream_->send(sent));
  ASSERT_TRUE(stream_->pending());
  ASSERT_TRUE(stream_->send("the end"));  // behind what is pending
  sent += "the end";
  std::string got;
  for (int i = 0; i < 100'000 && got.size() < sent.size(); ++i) {
    char bytes[16384];
    const int count = SSL_read(client_.get(), bytes, sizeof bytes);
    if (count > 0) got.append(bytes, static_cast<std::size_t>(count));
    loop_.poll();
    ASSERT_TRUE(stream_->flush());
  }
  EXPECT_EQ(got, sent);
  EXPECT_FALSE(stream_->pending());
}

TEST_F(TlsStreamTest, AnswersAKeyUpdate) {
  ASSERT_EQ(SSL_key_update(client_.get(), SSL_KEY_UPDATE_REQUESTED), 1);
  client_writes("new keys");
  EXPECT_EQ(read(), "new keys");
  ASSERT_TRUE(stream_->send("and mine"));
  char bytes[64];
  ASSERT_EQ(SSL_read(client_.get(), bytes, sizeof bytes), 8);
  EXPECT_EQ(std::string_view(bytes, 8), "and mine");
}

TEST_F(TlsStreamTest, DoesNotKeepAnswersWithoutEndForAClientThatDoesNotRead) {
  // Each asks for an answer; more than what may be kept and all that the sockets take.
  for (int i = 0; i < 40'000; ++i) {
    SSL_key_update(client_.get(), SSL_KEY_UPDATE_REQUESTED);
    SSL_do_handshake(client_.get());
    if (i % 64 == 0) loop_.poll();
    read();
  }
  EXPECT_LT(stream_->pending_bytes(), std::size_t{512} * 1024);
}

}  // namespace
}  // namespace wssgate::net
