#include "support/hello.h"

#include <algorithm>
#include <mutex>
#include <stdexcept>

#include "support/backend.h"
#include "support/relay.h"

namespace wssgate::test {
namespace {

constexpr std::size_t kRecordHeader = 5;

std::size_t u16(std::string_view bytes, std::size_t at) {
  return (std::size_t{static_cast<unsigned char>(bytes[at])} << 8U) |
         static_cast<unsigned char>(bytes[at + 1]);
}

}  // namespace

std::string captured_hello(const TlsOptions& options) {
  std::string hello;
  {
    const Backend listener([&](RawClient& client, int) { hello = read_hello(client); });
    try {
      const TlsClient client(*SocketAddress::parse(listener.endpoint()), options);
    } catch (const TlsRefused&) {  // nobody answers
    }
  }
  if (hello.empty()) throw std::runtime_error("no hello was captured");
  return hello;
}

TlsOptions options_for_hello_of(std::size_t bytes, const std::string& server_name) {
  TlsOptions options{.server_name = server_name, .alpn = {"http/1.1"}};
  constexpr std::size_t kLongestName = 255;
  for (;;) {
    const std::size_t now = captured_hello(options).size();
    if (now == bytes) return options;
    // Each name costs its length and a length byte. A record header may come with it, and the last
    // step has to leave room for one more name.
    if (now > bytes) {
      const std::size_t excess = now - bytes;
      if (options.alpn.back().size() <= excess) throw std::runtime_error("overshot");
      options.alpn.back().resize(options.alpn.back().size() - excess);
      continue;
    }
    const std::size_t missing = bytes - now;
    std::size_t names = missing / (kLongestName + 1);
    if (names == 0) {
      options.alpn.emplace_back(std::max<std::size_t>(missing, 2) - 1, 'x');
    } else {
      while (names-- > 0) options.alpn.emplace_back(kLongestName, 'x');
    }
  }
}

std::string captured_hello_of(std::size_t bytes, const std::string& server_name) {
  return captured_hello(options_for_hello_of(bytes, server_name));
}

std::string handshake_bytes(std::string_view records) {
  std::string payload;
  while (!records.empty()) {
    const std::size_t length = u16(records, 3);
    payload += records.substr(kRecordHeader, length);
    records.remove_prefix(kRecordHeader + length);
  }
  return payload;
}

std::string re_record(std::string_view records, std::size_t most) {
  const std::string version(records.substr(1, 2));
  std::string cut;
  for (const std::string& piece : pieces(handshake_bytes(records), most)) {
    cut += '\x16';
    cut += version;
    cut += static_cast<char>(piece.size() >> 8U);
    cut += static_cast<char>(piece.size() & 0xffU);
    cut += piece;
  }
  return cut;
}

std::vector<std::string> pieces(std::string_view bytes, std::size_t size) {
  std::vector<std::string> cut;
  while (!bytes.empty()) {
    cut.emplace_back(bytes.substr(0, size));
    bytes.remove_prefix(cut.back().size());
  }
  return cut;
}

}  // namespace wssgate::test
