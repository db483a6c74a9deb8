#include <fmt/format.h>

#include <vector>

#include "base/text.h"
#include "protocol/http/fields.h"
#include "protocol/http/forward.h"

namespace wssgate::http {
namespace {

using Options = std::vector<std::string_view>;

/// The fields of that name joined to one list; empty when the client is not believed.
std::string believed(const RequestHead& request, const ForwardingFacts& facts,
                     std::string_view name) {
  std::string joined;
  if (!facts.trusted_client) return joined;
  for (const Header& field : request.headers) {
    if (!iequals(field.name, name) || field.value.empty()) continue;
    if (!joined.empty()) joined += ", ";
    joined += field.value;
  }
  return joined;
}

void append_element(std::string& list, std::string_view element) {
  if (!list.empty()) list += ", ";
  list += element;
}

/// A value of RFC 7239 §4: quoted unless it is a token. Hosts hold nothing to escape.
std::string quoted(std::string_view text) {
  return is_token(text) ? std::string(text) : fmt::format("\"{}\"", text);
}

/// The client's node name, RFC 7239 §6. A unix socket's peer has none.
std::string node_name(std::string_view client_ip) {
  if (client_ip == "unix") return "unknown";
  if (client_ip.find(':') != std::string_view::npos) return fmt::format("\"[{}]\"", client_ip);
  return std::string(client_ip);
}

void append_forwarding(std::string& out, const RequestHead& request, const ForwardingFacts& facts,
                       std::string_view host) {
  std::string chain = believed(request, facts, "X-Forwarded-For");
  append_element(chain, facts.client_ip == "unix" ? "unknown" : facts.client_ip);
  append_field(out, "X-Forwarded-For", chain);

  const std::string proto = believed(request, facts, "X-Forwarded-Proto");
  append_field(out, "X-Forwarded-Proto", proto.empty() ? "https" : proto);

  const std::string first_host = believed(request, facts, "X-Forwarded-Host");
  append_field(out, "X-Forwarded-Host", first_host.empty() ? host : first_host);

  std::string forwarded = believed(request, facts, "Forwarded");
  append_element(forwarded, "for=");
  forwarded += node_name(facts.client_ip);
  forwarded += ";host=";
  forwarded += quoted(host);
  forwarded += ";proto=https";
  append_field(out, "Forwarded", forwarded);
}

void append_connection(std::string& out, const RequestHead& request, bool websocket) {
  if (websocket) {
    append_field(out, "Connection", "Upgrade");
    append_field(out, "Upgrade", "websocket");
  } else if (request.minor_version >= 1 && request.headers.has_token("TE", "trailers")) {
    append_field(out, "Connection", "TE");
    append_field(out, "TE", "trailers");
  }
}

/// W3C Trace Context: end-to-end, so that Connection must not name it (RFC 9110 §7.6.1), and the
/// access line has its id.
bool is_trace_context(std::string_view name) {
  return iequals(name, "traceparent") || iequals(name, "tracestate");
}

/// Whether a field of the client's goes upstream as it is. Those that wssgate writes itself are
/// not asked for: no client removes them by naming them in Connection.
bool passes(const Header& field, const RequestHead& request, const Options& named,
            const ForwardingFacts& facts) {
  if (is_hop_by_hop(field.name) || is_forwarding(field.name)) return false;
  if (!facts.trusted_client && claims_origin(field.name)) return false;
  if (!facts.request_id.empty() && folds_to(field.name, kRequestId)) return false;
  if (iequals(field.name, "Expect")) return request.minor_version >= 1;  // RFC 9110 §10.1.1
  return is_trace_context(field.name) || !is_named(named, field.name);
}

}  // namespace

std::string upstream_request_head(const RequestHead& request, const ForwardingFacts& facts,
                                  bool websocket) {
  const std::string_view host = request.authority.empty() ? facts.server_name : request.authority;
  const Options named = connection_options(request.headers);
  std::string out;
  // What is added takes less than this, but for long lists of a trusted proxy.
  out.reserve(request.text.view().size() + 2 * host.size() + facts.client_certificate.size() + 384);
  out += request.method;
  out += ' ';
  out += request.target;
  out += " HTTP/1.1\r\n";
  append_field(out, "Host", host);
  for (const Header& field : request.headers) {
    if (passes(field, request, named, facts)) append_field(out, field.name, field.value);
  }
  append_forwarding(out, request, facts, host);
  if (!facts.request_id.empty()) append_field(out, kRequestId, facts.request_id);
  out += facts.client_certificate;
  append_connection(out, request, websocket);
  append_framing(out, request.framing);
  out += "\r\n";
  return out;
}

}  // namespace wssgate::http
