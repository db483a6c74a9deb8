#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "support/clients.h"

/// Real ClientHellos and other ways to cut them than the one OpenSSL chose.
namespace wssgate::test {

/// What OpenSSL's client sends first with these options, byte for byte.
std::string captured_hello(const TlsOptions& options);

/// The same hello with ALPN names that nobody knows added until it takes exactly `bytes` on the
/// wire, record headers included.
std::string captured_hello_of(std::size_t bytes, const std::string& server_name);
/// The options that captured_hello_of() found: for a whole handshake with such a hello.
TlsOptions options_for_hello_of(std::size_t bytes, const std::string& server_name);

/// The handshake messages in these records' payloads, without the record headers.
std::string handshake_bytes(std::string_view records);

/// A flight of handshake records with the same payload in records of `most` bytes each.
std::string re_record(std::string_view records, std::size_t most);

/// Pieces of `size` bytes, the last one smaller: what a Relay sends one by one.
std::vector<std::string> pieces(std::string_view bytes, std::size_t size);

}  // namespace wssgate::test
