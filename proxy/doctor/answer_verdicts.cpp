#include "doctor/answer_verdicts.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "base/text.h"
#include "doctor/tls_verdicts.h"

namespace wssgate::doctor {
namespace {

using Http = HttpAnswer::End;
using Stream = WebSocketAnswer::End;

constexpr std::size_t kMostFieldValue = 100;

/// Why servers answer an upgrade with a status other than 101.
struct Cause {
  std::string_view name;  // of the remedies: see remedies.h
  std::string what;
  std::string change;
};

/// Query, fragment and user information may be secrets of the server's, too.
std::string without_secrets(std::string_view url) {
  const std::string_view shown = url.substr(0, url.find_first_of("?#"));
  const auto slashes = shown.find("//");
  const auto begin = slashes == std::string_view::npos ? shown.size() : slashes + 2;
  const std::string_view authority = shown.substr(begin, shown.substr(begin).find('/'));
  const auto at = authority.rfind('@');
  const std::size_t hidden = at == std::string_view::npos ? 0 : at + 1;
  return printable(std::string(shown.substr(0, begin)).append(shown.substr(begin + hidden)),
                   kMostFieldValue);
}

Cause redirect_cause(const HttpAnswer& answer) {
  const auto location = answer.field("Location");
  return {"redirect",
          fmt::format("it redirects{}, which WebSocket clients do not follow",
                      location ? fmt::format(" to {}", without_secrets(*location)) : ""),
          "use the address that it redirects to, or serve the WebSocket at this one"};
}

Cause forwarding_cause(std::string why) {
  return {"forwarding",
          std::move(why) +
              ": most often a proxy in between does not pass on Upgrade and "
              "Connection, or the path is no WebSocket",
          "have every proxy pass the upgrade on, and see that the path is right"};
}

Cause upgrade_cause(const HttpAnswer& answer, const Target& target) {
  const int status = answer.status;
  switch (status) {
    case 400:
      return forwarding_cause("the server saw a request that it cannot use");
    case 401:
    case 407:
      return {"auth", "it wants credentials",
              "give what your clients send: --header 'Authorization: ...'"};
    case 403:
      return {"origin",
              "it is forbidden: the Origin (none was sent, give --header 'Origin: ...'), "
              "credentials, or a firewall's rule",
              "allow the Origin that your pages have"};
    case 404:
    case 410:
      return {"path",
              fmt::format("nothing is at '{}', or a proxy in between does not pass on Upgrade and "
                          "Connection and the backend knows the path as a WebSocket only",
                          target.shown_path()),
              "route the path to the WebSocket backend, and pass the upgrade on"};
    case 405:
      return {"path", "the path takes no GET, so it is no WebSocket",
              "route the path to the WebSocket backend"};
    case 421:
      return {"host", "the Host does not belong to the server name of the handshake",
              "ask with the same name for both (--sni and the URL's host)"};
    case 426:
      if (const auto versions = answer.field("Sec-WebSocket-Version")) {
        return {"forwarding",
                fmt::format("the backend knows WebSocket version {} only",
                            printable(*versions, kMostFieldValue)),
                "update the backend"};
      }
      return {"forwarding",
              "the backend got the request without its Upgrade: a proxy in between does not pass "
              "on Upgrade and Connection",
              "have every proxy pass the upgrade on"};
    case 429:
      return {"limit", "too many requests come from here", "wait, or raise the limit"};
    case 502:
      return {"upstream", "the proxy cannot reach its backend, or does not understand it",
              "start the backend, and see the address that the proxy has for it"};
    case 503:
      return {"upstream", "no backend is in service, or the server is drained or overloaded",
              "start the backend, and see the proxy's health checks"};
    case 504:
      return {"upstream", "the proxy's backend does not answer in time",
              "see what keeps the backend from answering"};
    default:
      break;
  }
  if (status == 301 || status == 302 || status == 303 || status == 307 || status == 308) {
    return redirect_cause(answer);
  }
  if (status >= 200 && status < 300) {
    return forwarding_cause("it answers as to an ordinary request");
  }
  if (status >= 500) {
    return {"upstream", "the backend fails", "look into the backend's log"};
  }
  return {"forwarding", "the server does not take it for a WebSocket",
          "see that the path is right, and that every proxy passes the upgrade on"};
}

Effect refused(std::string why) { return {Outlook::refuse, std::move(why)}; }

Finding breaks(FindingId id, std::string what, std::string change, std::string cause = {}) {
  const Effect effect = refused("TLS may be right, but there is no WebSocket");
  return {.id = id,
          .level = Level::error,
          .what = std::move(what),
          .change = std::move(change),
          .cause = std::move(cause),
          .browsers = effect,
          .strict = effect};
}

Finding refused_upgrade(const HttpAnswer& answer, const Target& target) {
  Cause cause = upgrade_cause(answer, target);
  const auto fields = telling_fields(answer);
  return breaks(
      FindingId::upgrade_refused,
      fmt::format("the upgrade is refused with {}{}: {}", answer.status,
                  fields.empty() ? "" : fmt::format(" ({})", fmt::join(fields, ", ")), cause.what),
      std::move(cause.change), std::string(cause.name));
}

std::string_view silence(Http end) {
  switch (end) {
    case Http::timed_out:
      return "is not answered in time";
    case Http::reset:
      return "is answered by a reset";
    default:
      return "is answered by the end of the connection";
  }
}

std::vector<Finding> judge_unanswered(const Probe& probe, const Target& target) {
  const HttpAnswer& answer = probe.http;
  const std::string_view what = target.websocket ? "upgrade" : "request";
  const FindingId id = target.websocket ? FindingId::upgrade_unanswered : FindingId::http_error;
  if (answer.end == Http::not_http) {
    return {breaks(
        target.websocket ? FindingId::upgrade_invalid : FindingId::http_error,
        fmt::format("what answers the {} is no HTTP/1.1: {}", what, printable(answer.detail)),
        "have the port speak HTTP/1.1 (by ALPN beside h2), with an HTTP backend behind", "alpn")};
  }
  if (answer.end == Http::tls_alert && probe.tls.asks_for_client_certificate) {
    return {breaks(FindingId::client_certificate_required,
                   fmt::format("the server wants a client certificate (alert {})",
                               alert_name(probe.tls.alert)),
                   "make client certificates optional, or give your clients one",
                   "client_certificate")};
  }
  if (answer.end == Http::tls_alert) {
    return {breaks(
        id, fmt::format("the {} is answered by the alert {}", what, alert_name(probe.tls.alert)),
        "look into the server's log", "upstream")};
  }
  return {breaks(id, fmt::format("the {} {}", what, silence(answer.end)),
                 "see that the backend runs and that the proxy hands the path to it", "upstream")};
}

std::string list_or_none(const std::vector<std::string>& names) {
  return names.empty() ? "none" : fmt::format("'{}'", fmt::join(names, "', '"));
}

/// RFC 6455 §4.1: one of those that were offered, or none.
std::optional<Finding> judge_subprotocol(const Probe& probe, const Target& target) {
  const auto& chosen = probe.websocket.subprotocol;
  const auto& offered = target.subprotocols;
  if (!chosen && offered.empty()) return std::nullopt;
  const bool fits = chosen && std::find(offered.begin(), offered.end(), *chosen) != offered.end();
  if (fits) return std::nullopt;
  Finding finding = breaks(
      FindingId::wrong_subprotocol,
      fmt::format("the subprotocol is wrong: offered {}, chosen {}",
                  printable(list_or_none(offered)),
                  chosen ? fmt::format("'{}'", printable(*chosen, kMostFieldValue)) : "none"),
      "have the backend choose one of those that clients offer, and every proxy pass "
      "Sec-WebSocket-Protocol on both ways");
  finding.browsers = refused("browsers fail the connection then");
  finding.strict = chosen
                       ? refused("it was not offered")
                       : Effect{Outlook::depends, "Node's ws fails too, others go on without one"};
  return finding;
}

std::vector<Finding> judge_stream(const Probe& probe, const Target& target) {
  const WebSocketAnswer& stream = probe.websocket;
  constexpr const char* kSee =
      "see that the backend answers pings (RFC 6455 §5.5.2), and that each proxy passes bytes on "
      "at "
      "once behind a 101";
  switch (stream.end) {
    case Stream::not_tried:
    case Stream::interrupted:
    case Stream::alive:
      break;
    case Stream::bad_101:
      return {
          breaks(FindingId::upgrade_invalid,
                 fmt::format("the answer to the upgrade is wrong: {}", printable(stream.detail)),
                 "have a real WebSocket server answer, and nothing in between that caches or "
                 "rewrites",
                 "forwarding")};
    case Stream::no_pong:
      return {breaks(
          FindingId::websocket_dead,
          fmt::format("upgraded but dead: no pong within {}", format_duration(target.timeout)),
          kSee)};
    case Stream::flooded:
      return {breaks(FindingId::websocket_dead, "upgraded, but 64 MiB came and no pong among them",
                     kSee)};
    case Stream::not_frames:
      return {breaks(FindingId::websocket_dead,
                     "upgraded but dead: what comes behind the 101 is no WebSocket stream", kSee)};
    case Stream::closed:
      return {breaks(
          FindingId::websocket_closed,
          stream.close_code
              ? fmt::format("the WebSocket is closed at once, with code {}", *stream.close_code)
              : std::string("the WebSocket is closed at once, without a Close frame "
                            "(1006)"),
          "look into the backend's log: it may want credentials or another message first",
          "upstream")};
    case Stream::reset:
      return {breaks(FindingId::websocket_closed, "the WebSocket is reset at once (1006)",
                     "look into the backend's log, and that of each proxy", "upstream")};
  }
  std::vector<Finding> findings;
  if (auto wrong = judge_subprotocol(probe, target)) findings.push_back(*std::move(wrong));
  return findings;
}

std::vector<Finding> judge_get(const HttpAnswer& answer) {
  if (answer.status < 400) return {};
  const bool server = answer.status >= 500;
  const auto fields = telling_fields(answer);
  return {Finding{
      .id = FindingId::http_error,
      .level = server ? Level::error : Level::warning,
      .what = fmt::format("the request is answered with {}{}", answer.status,
                          fields.empty() ? "" : fmt::format(" ({})", fmt::join(fields, ", "))),
      .change = server ? "start the backend, and see the address that the proxy has for it"
                       : "see that the path is right, and give the headers that it wants",
      .cause = server ? "upstream" : "path"}};
}

}  // namespace

std::vector<std::string> telling_fields(const HttpAnswer& answer) {
  constexpr std::array<std::string_view, 10> kTelling = {
      "Server",  "Via",         "Location",         "Content-Type",
      "Upgrade", "Retry-After", "WWW-Authenticate", "Sec-WebSocket-Version",
      "Allow",   "Connection"};
  std::vector<std::string> found;
  for (const std::string_view name : kTelling) {
    if (const auto value = answer.field(name)) {
      found.push_back(fmt::format(
          "{}: {}", name,
          name == "Location" ? without_secrets(*value) : printable(*value, kMostFieldValue)));
    }
  }
  return found;
}

std::vector<Finding> judge_answer(const Probe& probe, const Target& target) {
  const HttpAnswer& answer = probe.http;
  if (answer.end == Http::not_tried || answer.end == Http::interrupted) return {};
  if (answer.end != Http::answered) return judge_unanswered(probe, target);
  if (!target.websocket) return judge_get(answer);
  if (answer.status != 101) return {refused_upgrade(answer, target)};
  return judge_stream(probe, target);
}

std::string answer_text(const Probe& probe, const Target& target) {
  switch (probe.http.end) {
    case Http::not_tried:
    case Http::interrupted:
      return {};
    case Http::answered:
      break;
    case Http::not_http:
      return "no HTTP/1.1";
    case Http::timed_out:
      return "no answer";
    case Http::tls_alert:
      return fmt::format("alert {}", probe.tls.alert);
    case Http::reset:
      return "reset";
    default:
      return "closed";
  }
  std::string status = fmt::format("{}", probe.http.status);
  if (!target.websocket || probe.http.status != 101) return status;
  switch (probe.websocket.end) {
    case Stream::alive:
      return fmt::format("{}, pong", status);
    case Stream::no_pong:
    case Stream::flooded:
      return fmt::format("{}, no pong", status);
    case Stream::bad_101:
      return fmt::format("{}, invalid", status);
    case Stream::not_frames:
      return fmt::format("{}, no frames", status);
    default:
      return fmt::format("{}, closed", status);
  }
}

}  // namespace wssgate::doctor
