#include "doctor/tls_verdicts.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "base/text.h"
#include "doctor/chain_walk.h"
#include "pki/x509_facts.h"

namespace wssgate::doctor {
namespace {

using pki::subject_label;
using End = TlsAnswer::End;

struct Alert {
  int number;
  std::string_view name;
  /// What it means in the answer to a plain ClientHello, and what to change.
  std::string_view meaning;
  std::string_view change;
  /// Of the remedies: see remedies.h.
  std::string_view cause;
};

// RFC 8446 §6.
constexpr std::array kAlerts = {
    Alert{0, "close_notify", "the server ends without a word", "look into its log", ""},
    Alert{10, "unexpected_message", "the server does not understand the ClientHello",
          "see what listens there", "library"},
    Alert{40, "handshake_failure",
          "no version, suite or key fits, or no certificate is served for this name",
          "see that a certificate is there for the name, and that TLS 1.2 and 1.3 are on", "name"},
    Alert{42, "bad_certificate", "the server wants another client certificate",
          "see the server's rule for client certificates", "client_certificate"},
    Alert{47, "illegal_parameter", "the server does not understand the ClientHello",
          "update its TLS library", "library"},
    Alert{50, "decode_error",
          "the server, or something in front of it, cannot read the ClientHello",
          "update its TLS library", "library"},
    Alert{70, "protocol_version", "the server speaks none of TLS 1.2 and 1.3",
          "turn TLS 1.2 and 1.3 on", "versions"},
    Alert{71, "insufficient_security", "no cipher suite is good enough for the server",
          "widen the server's list of suites", "versions"},
    Alert{
        80, "internal_error",
        "the server fails by itself: it may have no valid certificate for the name, or no upstream",
        "look into its log", "name"},
    Alert{90, "user_canceled", "the server gave up", "look into its log", ""},
    Alert{109, "missing_extension", "the server demands a server name",
          "ask by a name (--sni NAME), since none is sent for an IP address", "no_name"},
    Alert{112, "unrecognized_name", "nothing is configured for this name",
          "configure the name, with a certificate that covers it", "name"},
    Alert{116, "certificate_required", "the server wants a client certificate",
          "make client certificates optional, or give your clients one", "client_certificate"},
    Alert{120, "no_application_protocol",
          "the server does not speak HTTP/1.1, which WebSockets use; HTTP/2 only, perhaps",
          "offer http/1.1 beside h2", "alpn"},
};

const Alert* find_alert(int number) {
  const auto* const found = std::find_if(kAlerts.begin(), kAlerts.end(),
                                         [&](const Alert& one) { return one.number == number; });
  return found == kAlerts.end() ? nullptr : found;
}

Finding keeps_out(FindingId id, std::string what, std::string change, std::string cause = {}) {
  const Effect effect{Outlook::refuse, "no connection comes about"};
  return {.id = id,
          .level = Level::error,
          .what = std::move(what),
          .change = std::move(change),
          .cause = std::move(cause),
          .browsers = effect,
          .strict = effect};
}

std::vector<Finding> judge_connect(const Probe& probe, const Target& target) {
  const std::string limit = format_duration(target.timeout);
  const std::uint16_t port = probe.address.port();
  switch (probe.connect) {
    case Step::refused:
      return {keeps_out(FindingId::connect_refused,
                        fmt::format("port {} refuses connections: nothing listens there", port),
                        fmt::format("start the server, and have it listen on port {} of every "
                                    "interface rather than on 127.0.0.1 alone",
                                    port))};
    case Step::timed_out:
      return {keeps_out(FindingId::connect_timeout,
                        fmt::format("port {} does not answer within {}: a firewall drops it, or no "
                                    "machine has this address",
                                    port, limit),
                        "open the port in the firewall or security group, or correct the DNS "
                        "record")};
    case Step::no_route: {
      Finding finding = keeps_out(FindingId::connect_no_route,
                                  "this machine has no route to the address, so it was not judged",
                                  "ask from a machine that has such a route");
      finding.level = Level::note;
      finding.browsers = {};
      finding.strict = {};
      return {finding};
    }
    case Step::unreachable:
      return {keeps_out(FindingId::connect_failed,
                        "the network answers that the address cannot be reached",
                        "start the machine that has the address, correct the DNS record, or see "
                        "what a firewall on the way refuses")};
    case Step::reset:
    case Step::closed:
      return {keeps_out(FindingId::connect_failed, "the connection is cut as soon as it is made",
                        "see what stands before the server: a firewall or a full balancer")};
    case Step::interrupted:
      return {};
    default:
      return {keeps_out(FindingId::connect_failed, "this machine could not connect",
                        "see its limits and its network")};
  }
}

std::vector<Finding> judge_not_tls(const Probe& probe) {
  const std::uint16_t port = probe.address.port();
  if (!probe.plain_http.empty()) {
    return {keeps_out(FindingId::plain_http,
                      fmt::format("port {} speaks plain HTTP and no TLS (it answers '{}')", port,
                                  printable(probe.plain_http, 80)),
                      fmt::format("turn TLS on for port {}, or ask the port that has it", port))};
  }
  const std::string& bytes = probe.tls.first_bytes;
  return {keeps_out(FindingId::not_tls,
                    fmt::format("port {} speaks no TLS: it begins with '{}'", port,
                                printable(bytes.substr(0, bytes.find_first_of("\r\n")), 60)),
                    "ask the port that speaks TLS, or turn TLS on for this one")};
}

std::vector<Finding> judge_alert(const TlsAnswer& tls, const Target& target) {
  const std::string name = target.server_name.empty() ? std::string("without a server name")
                                                      : fmt::format("for '{}'", target.server_name);
  if (tls.asks_for_client_certificate) {
    return {keeps_out(
        FindingId::client_certificate_required,
        fmt::format("the server wants a client certificate (alert {})", alert_name(tls.alert)),
        "make client certificates optional, or give your clients one", "client_certificate")};
  }
  const Alert* const alert = find_alert(tls.alert);
  if (alert == nullptr) {
    return {keeps_out(
        FindingId::handshake_refused,
        fmt::format("the handshake {} is refused with the alert {}", name, alert_name(tls.alert)),
        "look into the server's log")};
  }
  return {keeps_out(FindingId::handshake_refused,
                    fmt::format("the handshake {} is refused with the alert {}: {}", name,
                                alert_name(tls.alert), alert->meaning),
                    std::string(alert->change), std::string(alert->cause))};
}

std::string_view end_word(End end) {
  switch (end) {
    case End::timed_out:
      return "never answered";
    case End::closed:
      return "closed";
    case End::alert:
      return "refused with an alert";
    case End::failed:
      return "answered with broken TLS";
    default:
      return "reset";
  }
}

Finding split_hello(const Probe& probe) {
  Finding finding = keeps_out(
      FindingId::split_hello_fails,
      fmt::format("a ClientHello in two segments, as browsers send it since they have "
                  "post-quantum keys, is {}; a small one in one segment passes",
                  end_word(probe.split_hello_end)),
      "update or bypass what reads only the first segment: a firewall, a load balancer or a proxy "
      "that looks for the server name");
  finding.browsers = {Outlook::refuse, "their ClientHello does not fit one segment"};
  finding.strict = {Outlook::depends, "who sends a small ClientHello gets through"};
  return finding;
}

Finding outdated(const TlsAnswer& tls) {
  Finding finding =
      keeps_out(FindingId::tls_outdated,
                fmt::format("only outdated TLS is served: {} with {}", tls.version, tls.cipher),
                "turn TLS 1.2 and 1.3 on, with forward-secret suites (ECDHE)", "versions");
  if (tls.version == "TLSv1" || tls.version == "TLSv1.1") {
    finding.browsers = {Outlook::refuse, "they speak TLS 1.2 and newer"};
    finding.strict = {Outlook::refuse, "their libraries begin with TLS 1.2"};
  } else {
    finding.browsers = {Outlook::refuse, "they offer none of its suites, keys or signatures"};
    finding.strict = {Outlook::depends, "some of their libraries still take it"};
  }
  return finding;
}

Finding insecure_renegotiation() {
  Finding finding = keeps_out(FindingId::no_secure_renegotiation,
                              "the server knows no secure renegotiation (RFC 5746)",
                              "update its TLS library, or turn TLS 1.3 on", "versions");
  finding.browsers = {};
  finding.strict = {Outlook::depends, "OpenSSL 3 refuses it (curl, Node, Python), others do not"};
  return finding;
}

std::vector<Finding> judge_handshake(const Probe& probe, const Target& target) {
  const TlsAnswer& tls = probe.tls;
  const std::string limit = format_duration(target.timeout);
  constexpr const char* kOr =
      "see that TLS is on for this port, that nothing in front of it cuts in, and that it does not "
      "wait for a PROXY header";
  switch (tls.end) {
    case End::done:
    case End::not_tried:
    case End::interrupted:
      return {};
    case End::not_tls:
      return judge_not_tls(probe);
    case End::alert:
      return judge_alert(tls, target);
    case End::reset:
      return {keeps_out(FindingId::handshake_reset,
                        "the connection is reset in the TLS handshake, also after a small "
                        "ClientHello in one segment",
                        kOr)};
    case End::closed:
      return {keeps_out(FindingId::handshake_closed,
                        "the connection is closed in the TLS handshake without an alert", kOr)};
    case End::timed_out:
      return {keeps_out(
          FindingId::handshake_timeout,
          fmt::format("the port takes connections, but answers no ClientHello within {}", limit),
          kOr)};
    case End::failed:
      break;
  }
  return {keeps_out(FindingId::handshake_failed,
                    fmt::format("the handshake fails: {}", printable(tls.detail)),
                    "update the server's TLS library, and see what stands in front of it")};
}

}  // namespace

std::string alert_name(int number) {
  const Alert* const alert = find_alert(number);
  return alert == nullptr ? fmt::format("{}", number) : fmt::format("{} ({})", alert->name, number);
}

std::string served(const TlsAnswer& answer) {
  if (!answer.chain.empty()) {
    return fmt::format("the certificate of '{}'", subject_label(answer.chain.front().get()));
  }
  switch (answer.end) {
    case End::not_tried:
    case End::interrupted:
      return {};
    case End::alert:
      return fmt::format("no certificate: the alert {}", alert_name(answer.alert));
    case End::timed_out:
      return "no answer";
    case End::closed:
      return "no certificate: the connection is closed";
    case End::reset:
      return "no certificate: the connection is reset";
    default:
      return "no certificate";
  }
}

std::vector<Finding> judge_way(const Probe& probe, const Target& target) {
  if (probe.connect != Step::ok) return judge_connect(probe, target);
  std::vector<Finding> findings = judge_handshake(probe, target);
  if (probe.only_small_hello_passes) findings.push_back(split_hello(probe));
  if (probe.only_outdated_passes) findings.push_back(outdated(probe.tls));
  if (probe.tls.lacks_secure_renegotiation) findings.push_back(insecure_renegotiation());
  return findings;
}

std::vector<Finding> judge_other_names(const Probe& probe, const Target& target) {
  const bool to_none = !target.server_name.empty() && !probe.without_name.chain.empty();
  const bool to_made_up = !probe.made_up_name.chain.empty();
  if (!to_none && !to_made_up) return {};
  const TlsAnswer& answer = to_made_up ? probe.made_up_name : probe.without_name;
  const std::string to = to_none && to_made_up ? "no name and to made-up names"
                         : to_none             ? "no name"
                                               : "made-up names";
  return {Finding{.id = FindingId::default_certificate,
                  .level = Level::warning,
                  .what = fmt::format("a default site answers to {} with {}", to, served(answer)),
                  .change = "refuse names that are not configured, so that nobody is shown a wrong "
                            "certificate"}};
}

}  // namespace wssgate::doctor
