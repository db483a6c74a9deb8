// The ClientHello parser: what it says never depends on how the bytes arrived, and OpenSSL, which
// reads the same bytes afterwards, never sees another name.
#include "protocol/tls/client_hello.h"

#include <openssl/bio.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "require.h"

namespace {

using wssgate::ByteView;
using wssgate::Error;
using wssgate::Side;
using wssgate::fuzz::require;
using wssgate::tls::ClientHello;
using wssgate::tls::ClientHelloResult;
using wssgate::tls::NeedMore;
using wssgate::tls::parse_client_hello;

constexpr std::size_t kLimit = 64 * 1024;

bool same(const ClientHelloResult& a, const ClientHelloResult& b) {
  if (a.index() != b.index()) return false;
  if (const auto* hello = std::get_if<ClientHello>(&a)) {
    const auto& other = std::get<ClientHello>(b);
    return hello->server_name == other.server_name && hello->alpn == other.alpn &&
           hello->offers_tls13 == other.offers_tls13;
  }
  if (const auto* more = std::get_if<NeedMore>(&a)) {
    return more->total == std::get<NeedMore>(b).total;
  }
  return std::get<Error>(a).reason == std::get<Error>(b).reason;
}

// Answers to ever longer prefixes, waiting as a reader does, agree with the answer to the whole.
void check_arrival(ByteView bytes, const ClientHelloResult& whole) {
  std::size_t given = 0;
  for (;;) {
    const auto result = parse_client_hello(bytes.first(given), kLimit);
    const auto* more = std::get_if<NeedMore>(&result);
    if (more == nullptr) {
      require(same(result, whole), "the answer to a prefix is the answer to the whole");
      return;
    }
    require(more->total > given, "NeedMore asks for more than was given");
    require(more->total <= kLimit, "NeedMore stays within the limit");
    if (more->total > bytes.size()) {
      require(std::holds_alternative<ClientHello>(whole) == false,
              "NeedMore asks for no more than a valid hello brings");
      return;
    }
    given = more->total;
  }
}

void check_prefix(ByteView prefix, const ClientHelloResult& whole) {
  const auto result = parse_client_hello(prefix, kLimit);
  if (const auto* more = std::get_if<NeedMore>(&result)) {
    require(more->total > prefix.size(), "NeedMore asks for more than was given");
    return;
  }
  require(same(result, whole), "a decided prefix decides the whole");
}

// The message of an accepted hello, or nothing where other records follow the handshake's.
std::optional<std::vector<std::uint8_t>> joined(ByteView bytes) {
  std::vector<std::uint8_t> message;
  while (!bytes.empty()) {
    if (bytes.size() < 5) return std::nullopt;
    const std::size_t length = bytes[3] * 256U + bytes[4];
    if (bytes[0] != 22 || bytes.size() < 5 + length) return std::nullopt;
    message.insert(message.end(), bytes.begin() + 5,
                   bytes.begin() + 5 + static_cast<std::ptrdiff_t>(length));
    bytes = bytes.subspan(5 + length);
  }
  message.resize(4 + message[1] * 65536U + message[2] * 256U + message[3]);
  return message;
}

// An accepted hello says the same when it is cut into records in another way.
void check_records(ByteView bytes, const ClientHelloResult& whole, std::size_t record) {
  const auto message = joined(bytes);
  if (!message) return;
  std::vector<std::uint8_t> cut;
  for (std::size_t at = 0; at < message->size(); at += record) {
    const std::size_t count = std::min(record, message->size() - at);
    cut.insert(cut.end(), {22, 3, 1, static_cast<std::uint8_t>(count >> 8U),
                           static_cast<std::uint8_t>(count)});
    const auto from = message->begin() + static_cast<std::ptrdiff_t>(at);
    cut.insert(cut.end(), from, from + static_cast<std::ptrdiff_t>(count));
  }
  if (cut.size() > kLimit) return;
  require(same(parse_client_hello(cut, kLimit), whole), "records of another size say the same");
}

// What OpenSSL took the hello to say, where it got as far as its names.
struct Seen {
  bool reached = false;
  std::optional<std::string> name;
};

int note_name(SSL* ssl, int*, void*) {
  auto* seen = static_cast<Seen*>(SSL_get_app_data(ssl));
  seen->reached = true;
  if (const char* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name)) seen->name = name;
  return SSL_TLSEXT_ERR_ALERT_FATAL;  // far enough
}

SSL_CTX* server_context() {
  static SSL_CTX* const context = [] {
    SSL_CTX* made = SSL_CTX_new(TLS_server_method());
    require(made != nullptr, "SSL_CTX_new");
    SSL_CTX_callback_ctrl(made, SSL_CTRL_SET_TLSEXT_SERVERNAME_CB,
                          reinterpret_cast<void (*)()>(note_name));
    return made;
  }();
  return context;
}

Seen openssl_reads(ByteView bytes) {
  Seen seen;
  SSL* const ssl = SSL_new(server_context());
  require(ssl != nullptr, "SSL_new");
  SSL_set_app_data(ssl, &seen);
  SSL_set_bio(ssl, BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size())),
              BIO_new(BIO_s_null()));
  SSL_accept(ssl);
  SSL_free(ssl);
  return seen;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, unsigned long size) {
  const ByteView bytes(data, size);
  const auto whole = parse_client_hello(bytes, kLimit);
  if (const auto* more = std::get_if<NeedMore>(&whole)) {
    require(more->total > size && more->total <= kLimit, "NeedMore is more, and within the limit");
  }
  if (const auto* error = std::get_if<Error>(&whole)) {
    require(error->side == Side::client && !error->context.empty(), "every error is explained");
  }
  check_arrival(bytes, whole);
  const std::size_t step = 1 + size / 64;
  for (std::size_t at = 0; at < size; at += step) check_prefix(bytes.first(at), whole);
  if (const auto* hello = std::get_if<ClientHello>(&whole)) {
    for (const std::size_t record : {1U, 4U, 100U, 16384U}) check_records(bytes, whole, record);
    const Seen seen = openssl_reads(bytes);
    require(!seen.reached || seen.name == hello->server_name, "OpenSSL sees the same name");
  }
  return 0;
}
