#include "protocol/websocket/handshake.h"

#include <openssl/evp.h>
#include <openssl/sha.h>

#include <algorithm>
#include <array>

#include "base/text.h"

namespace wssgate::websocket {
namespace {

bool is_base64_digit(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' ||
         c == '/';
}

/// 16 bytes are 22 base64 digits and two of padding.
bool is_key(std::string_view text) {
  return text.size() == 24 && text.substr(22) == "==" &&
         std::all_of(text.begin(), text.begin() + 22, is_base64_digit);
}

Error refused(std::string what) {
  return {Reason::malformed_upgrade, Side::client, std::move(what)};
}

Error bad_answer(std::string what) {
  return {Reason::malformed_upgrade_response, Side::upstream, std::move(what)};
}

}  // namespace

bool is_upgrade(const http::RequestHead& request) {
  return request.minor_version >= 1 && request.headers.has_token("Upgrade", "websocket") &&
         request.headers.has_token("Connection", "upgrade");
}

Result<void> check_upgrade_request(const http::RequestHead& request) {
  const http::Headers& headers = request.headers;
  if (request.method != "GET") return refused("a WebSocket handshake whose method is not GET");
  const bool has_body =
      request.framing.kind == http::Framing::Kind::chunked || request.framing.length > 0;
  if (has_body) return refused("a WebSocket handshake with a body");
  if (headers.count("Sec-WebSocket-Version") != 1 ||
      *headers.find("Sec-WebSocket-Version") != "13") {
    return Error(Reason::websocket_version, Side::client, "Sec-WebSocket-Version is not 13");
  }
  if (headers.count("Sec-WebSocket-Key") != 1) {
    return refused("Sec-WebSocket-Key is missing or given more than once");
  }
  if (!is_key(*headers.find("Sec-WebSocket-Key"))) {
    return refused("Sec-WebSocket-Key is not 16 bytes in base64");
  }
  if (headers.count("Origin") > 1) return refused("Origin is given more than once");
  return {};
}

Result<void> check_upgrade_response(const http::RequestHead& request,
                                    const http::ResponseHead& response) {
  const http::Headers& headers = response.headers;
  if (response.status != 101) return bad_answer("the status is not 101");
  if (headers.count("Upgrade") != 1 || !iequals(*headers.find("Upgrade"), "websocket")) {
    return bad_answer("a 101 whose Upgrade is not \"websocket\"");
  }
  if (!headers.has_token("Connection", "upgrade")) {
    return bad_answer("a 101 whose Connection does not name Upgrade");
  }
  const auto key = request.headers.find("Sec-WebSocket-Key");
  if (!key || headers.count("Sec-WebSocket-Accept") != 1 ||
      *headers.find("Sec-WebSocket-Accept") != accept_for_key(*key)) {
    return bad_answer(
        "a 101 whose Sec-WebSocket-Accept does not belong to the key; the upstream may not speak "
        "WebSocket, or answer another request");
  }
  return {};
}

std::string accept_for_key(std::string_view key) {
  std::string text(key);
  text += "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";  // RFC 6455 §1.3
  std::array<unsigned char, SHA_DIGEST_LENGTH> digest{};
  SHA1(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  std::array<unsigned char, 4 * ((SHA_DIGEST_LENGTH + 2) / 3) + 1> encoded{};
  const int length = EVP_EncodeBlock(encoded.data(), digest.data(), SHA_DIGEST_LENGTH);
  return {encoded.begin(), encoded.begin() + length};
}

}  // namespace wssgate::websocket
