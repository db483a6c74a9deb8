// Heads: whatever is accepted means the same after wssgate has written it anew, and where a head
// ends does not depend on how its bytes arrive.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "protocol/http/forward.h"
#include "protocol/websocket/handshake.h"

namespace {

using namespace wssgate;
using namespace wssgate::http;

constexpr std::size_t kLimit = 16384;
// wssgate adds fields; with more than this, the new head could hold more than a head may.
constexpr std::size_t kFieldsToWriteAnew = 240;

void demand(bool condition) {
  if (!condition) std::abort();
}

bool same(const Result<std::size_t>& a, const Result<std::size_t>& b) {
  return a.ok() ? b.ok() && *a == *b : !b.ok() && a.error().reason == b.error().reason;
}

Result<std::size_t> dripped(std::string_view bytes, std::size_t step) {
  std::size_t seen = 0;
  while (seen < bytes.size()) {
    const std::size_t now = std::min(bytes.size(), seen + step);
    auto end = find_head_end(bytes.substr(0, now), kLimit, seen);
    if (!end || *end != 0) return end;
    seen = now;
  }
  return std::size_t{0};
}

void check_request(std::string_view bytes) {
  const auto head = parse_request_head(bytes);
  if (!head || head->headers.size() > kFieldsToWriteAnew) return;
  demand(head->minor_version == 0 || head->headers.count("Host") == 1);
  for (const bool websocket : {false, true}) {
    const std::string text =
        upstream_request_head(*head, {"2001:db8::1", "server.example", websocket}, websocket);
    const auto end = find_head_end(text, text.size());
    demand(end.ok() && *end == text.size());
    const auto again = parse_request_head(text);
    demand(again.ok());
    demand(again->method == head->method && again->target == head->target);
    demand(again->authority == (head->authority.empty() ? "server.example" : head->authority));
    demand(head->authority.empty() || again->host == head->host);
    demand(again->framing.kind == head->framing.kind);
    demand(again->framing.length == head->framing.length);
    demand(again->minor_version == 1 && again->keep_alive);
    demand(again->headers.count("Content-Length") + again->headers.count("Transfer-Encoding") <= 1);
    demand(again->headers.has_token("Upgrade", "websocket") == websocket);
    demand(again->headers.count("Upgrade") == (websocket ? 1u : 0u));
    demand(again->headers.count("X-Forwarded-For") == 1);
  }
  const std::string path = route_path(head->target);
  demand(!path.empty() && path.front() == '/' && path.find("//") == std::string::npos);
  demand(path.find('\0') == std::string::npos && path.find("/../") == std::string::npos);
  if (websocket::is_upgrade(*head)) (void)websocket::check_upgrade_request(*head);
  if (const auto origin = head->headers.find("Origin")) {
    (void)websocket::origin_allowed(*origin, head->authority, {"same-host", "https://*.a.example"});
  }
}

void check_response(std::string_view bytes, const char* method) {
  static const auto asked = parse_request_head("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  const auto head = parse_response_head(bytes, method);
  if (!head || head->headers.size() > kFieldsToWriteAnew) return;
  const ResponseTravel travel = travel_for(*head, *asked, true);
  const std::string text = client_response_head(*head, travel);
  const auto again = parse_response_head(text, method);
  demand(again.ok());
  demand(again->status == head->status && again->phrase == head->phrase);
  demand(again->framing.kind == travel.framing.kind);
  demand(again->framing.length == travel.framing.length);
  demand(again->keep_alive || head->framing.kind == Framing::Kind::until_close);
  (void)websocket::check_upgrade_response(*asked, *head);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto end = find_head_end(bytes, kLimit);
  demand(same(end, dripped(bytes, 1)));
  demand(same(end, dripped(bytes, 1 + size % 13)));
  const std::string_view head = end.ok() && *end > 0 ? bytes.substr(0, *end) : bytes;
  check_request(head);
  check_response(head, "GET");
  check_response(head, "HEAD");
  return 0;
}
