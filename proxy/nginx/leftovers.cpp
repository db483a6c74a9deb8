#include "nginx/leftovers.h"

#include <fmt/format.h>

#include <cctype>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "base/text.h"
#include "nginx/directives.h"

namespace wssgate::nginx {
namespace {

bool is_hsts(const Directive& directive) {
  return iequals(directive.arg(0), "Strict-Transport-Security");
}

/// "$http_x_y" is what passes the client's own X-Y on.
bool passes_itself(const std::string& name, const std::string& value) {
  std::string variable = "$http_";
  for (const char c : to_lower(name)) variable += c == '-' ? '_' : c;
  return to_lower(value) == variable;
}

/// It says something of a request that a backend may believe; what browsers send anyway does not.
bool clients_can_forge(std::string_view name) {
  const std::string lower = to_lower(name);
  for (const std::string_view begin : {"accept", "content-", "if-", "user-agent", "range", "origin",
                                       "referer", "te", "cache-control", "pragma"}) {
    if (lower.starts_with(begin)) return false;
  }
  return lower != "x-forwarded-for" && lower != "x-forwarded-proto" &&
         lower != "x-forwarded-host" && lower != "forwarded";  // wssgate writes these
}

class Accountant {
 public:
  Accountant(const Model& model, Findings& findings) : model_(model), findings_(findings) {}

  void walk(const std::vector<Directive>& directives) {
    for (const Directive& directive : directives) collect_uses(directive);
    judge(directives);
  }

 private:
  void lost(const Directive& at, std::string what, std::string why) {
    findings_.add({FindingId::untranslated, at.at, at.text(), std::move(what), std::move(why)});
  }
  void note(const Directive& at, std::string what, std::string why) {
    findings_.add({FindingId::replaced, at.at, at.text(), std::move(what), std::move(why)});
  }

  /// Which variables matter to anything but a log. Words can be long, so they are not kept whole.
  void collect_uses(const Directive& directive) {
    const bool log = directive.name == "log_format" || directive.name == "access_log";
    for (const std::string& word : directive.args) {
      if (log || directive.name == "map") continue;
      for (std::size_t at = word.find('$'); at != std::string::npos; at = word.find('$', at + 1)) {
        std::size_t end = at + 1;
        if (end < word.size() && word[end] == '{') ++end;
        const std::size_t begin = end;
        while (end < word.size() &&
               (std::isalnum(static_cast<unsigned char>(word[end])) != 0 || word[end] == '_')) {
          ++end;
        }
        used_.insert("$" + word.substr(begin, end - begin));
      }
    }
    for (const Directive& inner : directive.block) collect_uses(inner);
  }

  void judge(const std::vector<Directive>& directives) {
    for (const Directive& directive : directives) one(directive);
  }

  void one(const Directive& directive) {
    const std::string& name = directive.name;
    const bool read = model_.read.count(&directive) != 0;
    const bool opened = name == "http" || name == "stream" || name == "server" ||
                        name == "location" || name == "upstream";
    if (read && directive.has_block && opened) return judge(directive.block);
    if (read) return;
    if (name == "map" && directive.has_block) return map(directive);
    if (name == "proxy_set_header") return request_field(directive);
    if (name == "include") return unmatched(directive);
    if (name == "add_header") return answer_field(directive);
    if (name == "proxy_redirect") return redirects(directive);
    if (name == "auth_basic" && directive.arg(0) == "off") return;
    if (name == "auth_request" && directive.arg(0) == "off") return;
    if (name == "deny" && directive.arg(0) == "none") return;
    if ((name == "gzip" || name == "brotli") && directive.arg(0) == "off") return;
    if (name == "allow" && directive.arg(0) == "all") return;
    by_table(directive);
  }

  void by_table(const Directive& directive) {
    const Policy* const policy = policy_of(directive.name);
    if (policy == nullptr) {
      return lost(directive, "wssgate's import does not know this directive",
                  "look up what it does: IF IT KEEPS CLIENTS OUT, THAT IS OPEN HERE");
    }
    if (policy->fate == Fate::note) {
      note(directive, std::string(policy->what), std::string(policy->why));
    } else if (policy->fate == Fate::lost) {
      lost(directive, std::string(policy->what), std::string(policy->why));
    }
  }

  /// It may be there on another machine.
  void unmatched(const Directive& directive) {
    findings_.add({FindingId::detail, directive.at, directive.text(),
                   "no file here matches the pattern", "as in nginx that is no fault"});
  }

  void map(const Directive& directive) {
    if (to_lower(directive.arg(0)) == "$http_upgrade") {
      return note(directive, "the Connection field of an upgrade", "wssgate writes it by itself");
    }
    if (used_.count(directive.arg(1)) == 0) {
      return note(directive, "a variable that nothing but a log uses", "it is left out");
    }
    lost(directive, fmt::format("the variable {}", printable(directive.arg(1))),
         "wssgate has no variables; see where it is used");
  }

  void request_field(const Directive& directive) {
    const std::string& name = directive.arg(0);
    const std::string& value = directive.arg(1);
    const std::string lower = to_lower(name);
    if (lower == "upgrade" || lower == "connection") return;  // wssgate's own affair
    if (passes_itself(name, value) && lower != "x-real-ip" && !lower.starts_with("x-forwarded-")) {
      return;
    }
    if (lower == "host") return host_field(directive);
    if (lower == "x-forwarded-for" &&
        (value == "$proxy_add_x_forwarded_for" || value == "$remote_addr" ||
         value == "$proxy_protocol_addr")) {
      return note(directive, "the client's address",
                  "wssgate sends it too; what clients write there themselves counts only from "
                  "'trusted_proxies'");
    }
    if (lower == "x-forwarded-proto" && (value == "$scheme" || value == "https")) return;
    if (lower == "x-forwarded-host" &&
        (value == "$host" || value == "$http_host" || value == "$server_name")) {
      return;
    }
    if (lower == "proxy" && value.empty()) return;  // httpoxy: wssgate removes it
    if (lower == "x-real-ip") {
      return lost(directive, "the client's address in X-Real-IP",
                  "wssgate sends X-Forwarded-For and Forwarded, and removes X-Real-IP: have the "
                  "backend read one of those");
    }
    if (clients_can_forge(name)) {
      return lost(directive, fmt::format("the backend gets {} of nginx alone", printable(name)),
                  "CLIENTS CAN NOW WRITE THIS THEMSELVES: wssgate passes it on as it comes. The "
                  "backend must not believe it");
    }
    lost(directive, fmt::format("the backend gets {}", printable(name)),
         "wssgate sends what the client sent, with Host, X-Forwarded-For, X-Forwarded-Proto, "
         "X-Forwarded-Host and Forwarded");
  }

  void host_field(const Directive& directive) {
    const std::string& value = directive.arg(1);
    if (value == "$host" || value == "$http_host") return;
    if (value == "$host:$server_port") {
      return note(directive, "the client's Host with a port", "wssgate passes it on as it came");
    }
    lost(directive, fmt::format("the backend gets 'Host: {}'", printable(value)),
         "wssgate sends the client's Host: have the backend answer to that");
  }

  void answer_field(const Directive& directive) {
    if (is_hsts(directive)) return;
    const std::string& name = directive.arg(0);
    if (iequals(name, "Alt-Svc")) {
      return lost(directive, "HTTP/3 is offered", "wssgate speaks HTTP/1.1");
    }
    lost(directive, fmt::format("answers get {}", printable(name)),
         "wssgate adds Strict-Transport-Security alone: have the backend send it");
  }

  void redirects(const Directive& directive) {
    const std::string& what = directive.arg(0);
    if (what == "off") return;
    if (what == "default") {
      return note(directive, "redirects of the backend to its own address",
                  "wssgate passes them on; with the client's Host the backend writes them right");
    }
    lost(directive, "redirects of the backend are changed",
         "wssgate passes them on as they are: have the backend write them right");
  }

  const Model& model_;
  Findings& findings_;
  std::set<std::string> used_;
};

}  // namespace

void account_for_rest(const Model& model, const std::vector<Directive>& tree, Findings& findings) {
  Accountant(model, findings).walk(tree);
}

}  // namespace wssgate::nginx
