#include "nginx/draft.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"

namespace wssgate::nginx {
namespace {

bool is_plain_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_' || c == '.' || c == '/';
}

/// What YAML, or somebody who reads it, would take for a number, a truth or nothing.
bool reads_as_other(std::string_view text) {
  static constexpr std::array<std::string_view, 9> kWords = {"true", "false", "yes", "no", "on",
                                                             "off",  "null",  "y",   "n"};
  if (text.find_first_not_of("0123456789.") == std::string_view::npos) return true;
  return std::find(kWords.begin(), kWords.end(), to_lower(text)) != kWords.end();
}

std::string list(const std::vector<std::string>& values) {
  std::string text;
  for (const std::string& value : values) text += (text.empty() ? "" : ", ") + yaml_scalar(value);
  return "[" + text + "]";
}

class Writer {
 public:
  explicit Writer(const Draft& draft) : draft_(draft) {}

  std::string text() {
    for (const std::string& each : draft_.comment) comment("", each);
    if (!draft_.serves()) return out_;
    listeners();
    if (!draft_.roots.empty()) {
      line("\ncertificates:");
      line("  roots: " + list(draft_.roots));
    }
    line("\nhosts:");
    for (const DraftHost& each : draft_.hosts) host(each);
    line("\nupstreams:");
    for (const DraftUpstream& each : draft_.upstreams) upstream(each);
    rest();
    return out_;
  }

 private:
  void line(const std::string& text) { out_ += text + '\n'; }
  void comment(std::string_view indent, std::string_view text) {
    if (!text.empty()) line(fmt::format("{}# {}", indent, printable(text, 1000)));
  }

  void listeners() {
    line("\nlisteners:");
    for (const DraftListener& each : draft_.listeners) {
      comment("  ", each.comment);
      line("  - address: " + yaml_scalar(each.address));
      if (each.redirect_port != 0) {
        line(each.redirect_port == 443
                 ? std::string("    redirect_to_https: true")
                 : fmt::format("    redirect_to_https: {}", each.redirect_port));
      }
      if (!each.proxy_protocol_from.empty()) {
        line(fmt::format("    proxy_protocol: {{from: {}}}", list(each.proxy_protocol_from)));
      }
    }
  }

  void host(const DraftHost& host) {
    comment("  ", host.comment);
    line("  - names: " + list(host.names));
    if (!host.passthrough.empty()) return line("    passthrough: " + yaml_scalar(host.passthrough));
    line("    routes:");
    for (const DraftRoute& route : host.routes) {
      comment("      ", route.comment);
      line(fmt::format("      - {{path: {}, upstream: {}}}", yaml_scalar(route.path),
                       yaml_scalar(route.upstream)));
    }
    line("    certificate:");
    line("      chain: " + yaml_scalar(host.chain));
    line("      key: " + yaml_scalar(host.key));
    if (!host.staple.empty()) line("      staple: " + yaml_scalar(host.staple));
    if (!host.hsts.empty()) line("    hsts: " + host.hsts);
    if (host.tls13_only) line("    tls: {min_version: \"1.3\"}");
    if (host.client_ca.empty()) return;
    line(fmt::format("    client_certificates: {{ca: {}, mode: {}}}", yaml_scalar(host.client_ca),
                     host.client_certificate_optional ? "optional" : "required"));
  }

  void endpoint(const DraftEndpoint& endpoint) {
    std::string more;
    if (endpoint.weight != 1) more += fmt::format(", weight: {}", endpoint.weight);
    if (endpoint.backup) more += ", backup: true";
    if (endpoint.max_connections != 0) {
      more += fmt::format(", max_connections: {}", endpoint.max_connections);
    }
    const std::string address = yaml_scalar(endpoint.address);
    line(more.empty() ? "      - " + address
                      : fmt::format("      - {{address: {}{}}}", address, more));
  }

  void upstream(const DraftUpstream& upstream) {
    comment("  ", upstream.comment);
    line(fmt::format("  {}:", yaml_scalar(upstream.name)));
    line("    endpoints:");
    for (const DraftEndpoint& each : upstream.endpoints) endpoint(each);
    if (!upstream.balance.empty()) line("    balance: " + upstream.balance);
    ejection(upstream);
    if (upstream.slow_start) {
      line("    slow_start: " + format_duration(*upstream.slow_start));
    }
    if (upstream.tls) tls(*upstream.tls);
    if (upstream.proxy_protocol) line("    proxy_protocol: v1");
  }

  void ejection(const DraftUpstream& upstream) {
    if (!upstream.failures && !upstream.ejection_time) return;
    line("    ejection:");
    if (upstream.failures) line(fmt::format("      failures: {}", *upstream.failures));
    if (!upstream.ejection_time) return;
    // nginx's stays the same; wssgate's doubles, and has a most that is no shorter.
    line("      time: " + format_duration(*upstream.ejection_time));
    line("      max_time: " + format_duration(*upstream.ejection_time));
  }

  void tls(const DraftTls& tls) {
    const bool plain = tls == DraftTls{};
    if (plain) return line("    tls: on");
    line("    tls:");
    if (!tls.server_name.empty()) line("      server_name: " + yaml_scalar(tls.server_name));
    if (!tls.ca.empty()) line("      ca: " + yaml_scalar(tls.ca));
    if (!tls.chain.empty()) {
      line("      certificate:");
      line("        chain: " + yaml_scalar(tls.chain));
      line("        key: " + yaml_scalar(tls.key));
    }
    if (!tls.verify) {
      line("      # As in nginx: whoever gets between reads and changes everything. Remove this.");
      line("      verify: off");
    }
  }

  void rest() {
    if (!draft_.trusted_proxies.empty()) {
      line("\ntrusted_proxies: " + list(draft_.trusted_proxies));
    }
    if (draft_.connect || draft_.idle_http) {
      line("\ntimeouts:");
      if (draft_.connect) line("  connect: " + format_duration(*draft_.connect));
      if (draft_.idle_http) line("  idle_http: " + format_duration(*draft_.idle_http));
    }
    if (draft_.request_body) {
      line("\nlimits:");
      line("  request_body: " + format_size(*draft_.request_body));
    }
  }

  const Draft& draft_;
  std::string out_;
};

}  // namespace

std::string yaml_scalar(std::string_view text) {
  const bool plain = !text.empty() && text.front() != '-' &&
                     std::all_of(text.begin(), text.end(), is_plain_character) &&
                     !reads_as_other(text);
  if (plain) return std::string(text);
  std::string out = "\"";
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte == 0x7f) {
      out += fmt::format("\\x{:02X}", byte);
    } else if (c == '$' && i + 1 < text.size() && text[i + 1] == '{') {
      out += "$$";
    } else {
      out += c;
    }
  }
  return out + '"';
}

std::string to_yaml(const Draft& draft) { return Writer(draft).text(); }

}  // namespace wssgate::nginx
