#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"

/// ClientHellos for the parser's tests: genuine ones, and ones built field by field.
namespace wssgate::tls::testing {

using Bytes = std::vector<std::uint8_t>;

/// What a real OpenSSL client is to say. The result is all that it sends before any answer.
struct RealHello {
  std::string server_name = "chat.example.com";
  std::vector<std::string> alpn = {};
  bool tls12_only = false;
  std::string ciphers = {};     // for TLS 1.2; empty: the library's default
  std::size_t extra_bytes = 0;  // of a made-up extension, as large as post-quantum key shares
};
Bytes real_hello(const RealHello& what);

/// One record of a type, with this payload.
Bytes record(ByteView payload, std::uint8_t type = 22);

/// The handshake message in one record's worth or more of bytes, cut into records of `size` bytes
/// of payload.
Bytes in_records_of(ByteView message, std::size_t size);

/// The handshake message inside a hello that is one record.
ByteView message_in(const Bytes& one_record);

/// An extension of a built hello.
Bytes extension(std::uint16_t type, ByteView body);
/// The server_name extension with one entry of this type, RFC 6066 §3.
Bytes server_name_extension(std::string_view name, std::uint8_t type = 0);

/// A hello in one record, field by field: every part may be made wrong.
struct BuiltHello {
  std::uint8_t type = 1;
  Bytes session_id = {};
  Bytes ciphers = {0x13, 0x01};
  Bytes compression = {0};
  bool has_extensions = true;
  std::vector<Bytes> extensions = {};
  Bytes trailing = {};  // after the extensions

  Bytes message() const;
  Bytes bytes() const { return record(message()); }
};

Bytes concat(ByteView a, ByteView b);
Bytes bytes_of(std::string_view text);

}  // namespace wssgate::tls::testing
