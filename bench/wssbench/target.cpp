#include "wssbench/target.h"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <array>
#include <utility>

#include "base/text.h"
#include "protocol/websocket/handshake.h"
#include "upstream/resolve.h"
#include "wssbench/failure.h"

namespace wssgate::bench {
namespace {

/// Sixteen random bytes in base64 (RFC 6455 §4.1). One for the run: a server never compares them.
std::string make_key() {
  std::array<unsigned char, 16> bytes{};
  RAND_bytes(bytes.data(), bytes.size());
  std::array<unsigned char, 25> text{};
  EVP_EncodeBlock(text.data(), bytes.data(), bytes.size());
  return reinterpret_cast<const char*>(text.data());
}

bool is_header(std::string_view line) {
  const auto colon = line.find(':');
  if (colon == 0 || colon == std::string_view::npos) return false;
  return line.find_first_of("\r\n") == std::string_view::npos;
}

std::string head(std::string_view target, const Url& url, const Options& options) {
  std::string text = fmt::format("GET {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: wssbench\r\n", target,
                                 url.authority());
  for (const std::string& header : options.headers) text += header + "\r\n";
  return text;
}

Result<SocketAddress> find_address(const Url& url, const Options& options) {
  const bool v6 = url.host.find(':') != std::string::npos;
  const std::string endpoint = !options.connect.empty() ? options.connect
                               : v6                     ? fmt::format("[{}]:{}", url.host, url.port)
                                                        : fmt::format("{}:{}", url.host, url.port);
  auto found = upstream::resolve(endpoint);
  if (!found) {
    return refused(
        fmt::format("cannot find the address of '{}': {}. --connect ADDRESS:PORT names "
                    "it apart from the URL",
                    printable(endpoint), found.error().context));
  }
  return found->front();
}

Result<SocketAddress> parse_source(const std::string& text, int family) {
  const bool v6 = text.find(':') != std::string::npos;
  const auto address = SocketAddress::parse(v6 ? fmt::format("[{}]:0", text) : text + ":0");
  if (!address) return refused(fmt::format("--source '{}' is no IP address", printable(text)));
  if (address->family() != family) {
    return refused(
        fmt::format("--source {} and the server's address are not of one family (IPv4, "
                    "IPv6)",
                    text));
  }
  return *address;
}

}  // namespace

std::string Target::upgrade_request_for(std::string_view path, const Options& options) const {
  std::string text = head(path, url, options);
  text += fmt::format(
      "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
      "Sec-WebSocket-Key: {}\r\n",
      key_);
  if (!options.subprotocol.empty()) {
    text += fmt::format("Sec-WebSocket-Protocol: {}\r\n", options.subprotocol);
  }
  return text + "\r\n";
}

Result<Target> Target::make(const Options& options) {
  auto url = Url::parse(options.url);
  if (!url) return std::move(url).error();
  for (const std::string& header : options.headers) {
    if (!is_header(header)) {
      return refused(fmt::format("--header '{}' is not 'Name: value'", printable(header)));
    }
  }
  Target target;
  target.url = *std::move(url);
  auto address = find_address(target.url, options);
  if (!address) return std::move(address).error();
  target.address = *address;
  for (const std::string& text : options.sources) {
    auto source = parse_source(text, target.address.family());
    if (!source) return std::move(source).error();
    target.sources.push_back(*source);
  }
  target.key_ = make_key();
  target.accept = websocket::accept_for_key(target.key_);
  target.upgrade_request = target.upgrade_request_for(target.url.target, options);
  target.get_request = head(target.url.target, target.url, options) + "\r\n";
  return target;
}

}  // namespace wssgate::bench
