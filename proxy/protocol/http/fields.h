#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "protocol/http/head.h"

/// The characters and the names that the HTTP code judges fields by. Internal to this folder.
namespace wssgate::http {

constexpr std::string_view kRequestId = "X-Request-ID";

/// tchar of RFC 9110 §5.6.2.
bool is_token(std::string_view text);

/// True when the two names are equal without case and with every character that is no letter or
/// digit read as '-'. CGI, WSGI and their kin fold '-' and '_', some of them all of these, into the
/// same variable, so "X_Forwarded_For" or "X.Forwarded.For" is "X-Forwarded-For" to them.
bool folds_to(std::string_view name, std::string_view known);

/// Fields that belong to one connection (RFC 9110 §7.6.1), and those that say how long a message
/// is: what leaves wssgate carries its own. Spellings that fold to one of them count.
bool is_hop_by_hop(std::string_view name);

/// X-Forwarded-For, -Proto, -Host, Forwarded, Client-Cert and Client-Cert-Chain, in every spelling
/// that folds to them: what wssgate alone says.
bool is_forwarding(std::string_view name);
/// Other fields by which backends learn who asked and how (X-Forwarded-Port, X-Real-IP …), and
/// Proxy, which CGI programs take for a setting. Only a trusted proxy may send them.
bool claims_origin(std::string_view name);

/// Fields that have no business in a trailer section (RFC 9110 §6.5.1): besides the two groups
/// above, those of routing, authentication, request and response control, content format, and what
/// requests are told apart by (X-Request-ID, traceparent, tracestate).
bool is_forbidden_trailer(std::string_view name);

/// Calls `visit` with each element of a comma-separated list, trimmed; stops when it returns true
/// and returns whether it did. Empty elements are skipped (RFC 9110 §5.6.1.2).
template <class Visit>
bool any_list_element(std::string_view list, Visit visit) {
  for (;;) {
    const auto comma = list.find(',');
    const std::string_view element = trim(list.substr(0, comma));
    if (!element.empty() && visit(element)) return true;
    if (comma == std::string_view::npos) return false;
    list.remove_prefix(comma + 1);
  }
}

/// What all Connection fields name (RFC 9110 §7.6.1).
std::vector<std::string_view> connection_options(const Headers& headers);
bool is_named(const std::vector<std::string_view>& options, std::string_view name);

/// "Name: value" and CRLF, appended.
void append_field(std::string& out, std::string_view name, std::string_view value);
/// The one field that declares a body's framing; none where the framing needs none.
void append_framing(std::string& out, const Framing& framing);

}  // namespace wssgate::http
