#include "unit/protocol/tls/hello_bytes.h"

#include <openssl/bio.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <memory>
#include <stdexcept>

namespace wssgate::tls::testing {
namespace {

struct Free {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  void operator()(SSL* ssl) const { SSL_free(ssl); }
};

void require(bool done, const char* what) {
  if (!done) throw std::runtime_error(what);
}

constexpr unsigned kMadeUpExtension = 0xff77;  // of the range for private use

int add_bytes(SSL*, unsigned, unsigned, const unsigned char** out, std::size_t* length, X509*,
              std::size_t, int*, void* arg) {
  const auto* bytes = static_cast<const Bytes*>(arg);
  *out = bytes->data();
  *length = bytes->size();
  return 1;
}

void put16(Bytes& out, std::size_t value) {
  out.push_back(static_cast<std::uint8_t>(value >> 8U));
  out.push_back(static_cast<std::uint8_t>(value));
}

void append(Bytes& out, ByteView bytes) { out.insert(out.end(), bytes.begin(), bytes.end()); }

void put_vector8(Bytes& out, ByteView bytes) {
  out.push_back(static_cast<std::uint8_t>(bytes.size()));
  append(out, bytes);
}

void put_vector16(Bytes& out, ByteView bytes) {
  put16(out, bytes.size());
  append(out, bytes);
}

}  // namespace

Bytes real_hello(const RealHello& what) {
  const std::unique_ptr<SSL_CTX, Free> context(SSL_CTX_new(TLS_client_method()));
  require(context != nullptr, "SSL_CTX_new");
  if (what.tls12_only) SSL_CTX_set_max_proto_version(context.get(), TLS1_2_VERSION);
  if (!what.ciphers.empty()) {
    require(SSL_CTX_set_cipher_list(context.get(), what.ciphers.c_str()) == 1, "cipher list");
  }
  Bytes extra(what.extra_bytes, 0x5a);
  if (!extra.empty()) {
    require(SSL_CTX_add_custom_ext(context.get(), kMadeUpExtension, SSL_EXT_CLIENT_HELLO, add_bytes,
                                   nullptr, &extra, nullptr, nullptr) == 1,
            "custom extension");
  }
  Bytes alpn;
  for (const std::string& name : what.alpn) put_vector8(alpn, bytes_of(name));
  const std::unique_ptr<SSL, Free> ssl(SSL_new(context.get()));
  require(ssl != nullptr, "SSL_new");
  if (!alpn.empty()) {
    SSL_set_alpn_protos(ssl.get(), alpn.data(), static_cast<unsigned>(alpn.size()));
  }
  if (!what.server_name.empty()) {
    // SSL_set_tlsext_host_name, without the old-style cast in its macro.
    std::string name = what.server_name;
    require(SSL_ctrl(ssl.get(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                     name.data()) == 1,
            "server name");
  }
  BIO* const sent = BIO_new(BIO_s_mem());
  SSL_set_bio(ssl.get(), BIO_new(BIO_s_mem()), sent);
  SSL_connect(ssl.get());  // writes the hello, then wants an answer that never comes
  Bytes hello(BIO_pending(sent));
  require(!hello.empty() && BIO_read(sent, hello.data(), static_cast<int>(hello.size())) ==
                                static_cast<int>(hello.size()),
          "no hello");
  return hello;
}

Bytes record(ByteView payload, std::uint8_t type) {
  Bytes out = {type, 3, 1};
  put_vector16(out, payload);
  return out;
}

Bytes in_records_of(ByteView message, std::size_t size) {
  Bytes out;
  while (!message.empty()) {
    const std::size_t count = std::min(size, message.size());
    append(out, record(message.first(count)));
    message = message.subspan(count);
  }
  return out;
}

ByteView message_in(const Bytes& one_record) { return ByteView(one_record).subspan(5); }

Bytes extension(std::uint16_t type, ByteView body) {
  Bytes out;
  put16(out, type);
  put_vector16(out, body);
  return out;
}

Bytes server_name_extension(std::string_view name, std::uint8_t type) {
  Bytes entry = {type};
  put_vector16(entry, bytes_of(name));
  Bytes list;
  put_vector16(list, entry);
  return extension(0, list);
}

Bytes BuiltHello::message() const {
  Bytes body = {3, 3};
  body.resize(2 + 32, 0x11);
  put_vector8(body, session_id);
  put_vector16(body, ciphers);
  put_vector8(body, compression);
  if (has_extensions) {
    Bytes all;
    for (const Bytes& one : extensions) append(all, one);
    put_vector16(body, all);
  }
  append(body, trailing);
  Bytes out = {type, static_cast<std::uint8_t>(body.size() >> 16U)};
  put16(out, body.size());
  append(out, body);
  return out;
}

Bytes concat(ByteView a, ByteView b) {
  Bytes out(a.begin(), a.end());
  append(out, b);
  return out;
}

Bytes bytes_of(std::string_view text) { return Bytes(text.begin(), text.end()); }

}  // namespace wssgate::tls::testing
