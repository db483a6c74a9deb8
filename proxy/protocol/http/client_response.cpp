#include <fmt/format.h>

#include <vector>

#include "base/text.h"
#include "protocol/http/fields.h"
#include "protocol/http/forward.h"

namespace wssgate::http {
namespace {

constexpr std::string_view kStrictTransportSecurity = "Strict-Transport-Security";

/// 101 says what was agreed on; 426 must say what is asked for (RFC 9110 §15.5.22).
bool speaks_of_upgrade(int status) { return status == 101 || status == 426; }

/// A length that describes a body which is not sent: answers to HEAD, and 304 (RFC 9110 §8.6).
bool is_length_of_another(const Header& field, const ResponseHead& response,
                          const ResponseTravel& travel) {
  return iequals(field.name, "Content-Length") && travel.framing.kind == Framing::Kind::none &&
         response.status >= 200 && response.status != 204;
}

bool passes(const Header& field, const ResponseHead& response, const ResponseTravel& travel,
            const std::vector<std::string_view>& named) {
  if (is_length_of_another(field, response, travel)) return true;
  if (iequals(field.name, kStrictTransportSecurity) && !travel.strict_transport_security.empty()) {
    return false;
  }
  if (!travel.request_id.empty() && folds_to(field.name, kRequestId)) return false;
  if (iequals(field.name, "Upgrade")) return speaks_of_upgrade(response.status);
  return !is_hop_by_hop(field.name) && !is_named(named, field.name);
}

void append_connection(std::string& out, const ResponseHead& response,
                       const ResponseTravel& travel) {
  if (response.is_interim()) return;
  const bool upgrade =
      speaks_of_upgrade(response.status) && response.headers.has_token("Connection", "upgrade");
  if (upgrade) append_field(out, "Connection", "Upgrade");
  if (response.status == 101) return;
  if (!travel.keep_alive) {
    append_field(out, "Connection", "close");
  } else if (travel.client_minor_version == 0) {
    append_field(out, "Connection", "keep-alive");
  }
}

}  // namespace

ResponseTravel travel_for(const ResponseHead& response, const RequestHead& request,
                          bool keep_alive) {
  ResponseTravel travel{response.framing, keep_alive && request.keep_alive, request.minor_version};
  const bool length_is_unknown = response.framing.kind == Framing::Kind::chunked ||
                                 response.framing.kind == Framing::Kind::until_close;
  if (!length_is_unknown) return travel;
  if (request.minor_version >= 1) {
    travel.framing.kind = Framing::Kind::chunked;
  } else {
    travel.framing.kind = Framing::Kind::until_close;
    travel.keep_alive = false;
  }
  return travel;
}

std::string client_response_head(const ResponseHead& response, const ResponseTravel& travel) {
  const auto named = connection_options(response.headers);
  std::string out;
  out.reserve(response.text.view().size() + 96);
  fmt::format_to(std::back_inserter(out), "HTTP/1.1 {:03} ", response.status);
  out += response.phrase;
  out += "\r\n";
  for (const Header& field : response.headers) {
    if (passes(field, response, travel, named)) append_field(out, field.name, field.value);
  }
  // Not for 1xx: a client looks at it in final responses, and a WebSocket's is none.
  if (!travel.strict_transport_security.empty() && response.status >= 200) {
    append_field(out, kStrictTransportSecurity, travel.strict_transport_security);
  }
  if (!travel.request_id.empty() && !response.is_interim()) {
    append_field(out, kRequestId, travel.request_id);
  }
  append_connection(out, response, travel);
  append_framing(out, travel.framing);
  out += "\r\n";
  return out;
}

}  // namespace wssgate::http
