#include "nginx/redirects.h"

#include <algorithm>
#include <charconv>
#include <string_view>

#include "base/hostname.h"
#include "base/text.h"

namespace wssgate::nginx {
namespace {

struct Place {
  std::uint16_t port = 443;
  bool other_name = false;
  bool other_path = false;
};

/// What an https URL comes to that leads to the same path.
std::optional<Place> same_path(std::string_view url, const Server& server) {
  constexpr std::string_view kScheme = "https://";
  if (!url.starts_with(kScheme)) return std::nullopt;
  url.remove_prefix(kScheme.size());
  bool known = false;
  for (const std::string_view host : {"$host", "${host}", "$http_host", "$server_name"}) {
    if (!url.starts_with(host)) continue;
    url.remove_prefix(host.size());
    known = true;
    break;
  }
  Place place;
  if (!known) {  // a name that is written out
    const std::size_t end = std::min(url.find_first_of(":/$"), url.size());
    if (!canonical_hostname(url.substr(0, end))) return std::nullopt;
    const bool own = server.names == std::vector<std::string>{to_lower(url.substr(0, end))};
    place.other_name = !own;
    url.remove_prefix(end);
  }
  if (url.starts_with(':')) {
    const char* const end = url.data() + url.size();
    const auto [after, failure] = std::from_chars(url.data() + 1, end, place.port);
    if (failure != std::errc() || place.port == 0) return std::nullopt;
    url.remove_prefix(static_cast<std::size_t>(after - url.data()));
  }
  for (const std::string_view path : {"$request_uri", "${request_uri}", "$uri$is_args$args", "$1",
                                      "/$1", "$request_uri?", "$uri?"}) {
    if (url == path) return place;
  }
  if (known && (url.empty() || url == "/")) {
    place.other_path = true;
    return place;
  }
  return std::nullopt;
}

bool is_redirect_status(std::string_view status) {
  return status == "301" || status == "302" || status == "303" || status == "307" ||
         status == "308";
}

bool is_refusal_status(std::string_view status) {
  return status.size() == 3 && status.front() == '4';
}

struct Found {
  Place place;
  bool other_status = false;
};

/// `return` or `rewrite` to the same path in https.
std::optional<Found> leads_to_https(const Directive& directive, const Server& server) {
  if (directive.name == "return") {
    const bool bare = directive.args.size() == 1;  // an URL alone is a 302
    if (!bare && !is_redirect_status(directive.arg(0))) return std::nullopt;
    const auto place = same_path(directive.arg(bare ? 0 : 1), server);
    if (!place) return std::nullopt;
    return Found{*place, bare || directive.arg(0) != "308"};
  }
  if (directive.name != "rewrite") return std::nullopt;
  const std::string& what = directive.arg(0);
  const bool everything = what == "^" || what == "^(.*)" || what == "^(.*)$" || what == "^/(.*)$" ||
                          what == "^/(.*)" || what == "(.*)" || what == ".*" || what == "^.*$";
  const auto place = everything ? same_path(directive.arg(1), server) : std::nullopt;
  if (!place) return std::nullopt;
  return Found{*place, true};
}

/// What a block is made of, where that is nothing but one redirect.
const Directive* only_redirect(const std::vector<Directive>& block, const Server& server) {
  const Directive* found = nullptr;
  for (const Directive& directive : block) {
    if (leads_to_https(directive, server)) {
      found = &directive;
    } else {
      return nullptr;
    }
  }
  return found;
}

/// "if ($host = example.com) { ... }", "if ($scheme = http)", "if ($https = "")", "if ($scheme !=
/// https)".
bool is_scheme_or_host_test(const Directive& directive) {
  if (directive.name != "if" || directive.args.empty()) return false;
  const std::string& first = directive.arg(0);
  return first.starts_with("($host") || first.starts_with("($scheme") ||
         first.starts_with("($https") || first.starts_with("($server_port");
}

}  // namespace

std::optional<HttpsRedirect> https_redirect(const Server& server) {
  HttpsRedirect redirect;
  const auto take = [&](const Directive& directive, const Directive* around) {
    const auto found = leads_to_https(directive, server);
    redirect.port = found->place.port;
    redirect.other_name = redirect.other_name || found->place.other_name;
    redirect.other_path = redirect.other_path || found->place.other_path;
    redirect.other_status = redirect.other_status || found->other_status;
    if (redirect.from == nullptr) redirect.from = &directive;
    redirect.parts.push_back(&directive);
    if (around != nullptr) redirect.parts.push_back(around);
  };
  for (const Directive& directive : server.from->block) {
    if (leads_to_https(directive, server)) {
      take(directive, nullptr);
      redirect.unconditional = true;
    } else if (directive.has_block && is_scheme_or_host_test(directive)) {
      if (const Directive* const inner = only_redirect(directive.block, server)) {
        take(*inner, &directive);
      }
    }
  }
  for (const Location& location : server.locations) {
    if (location.path != "/" && location.kind != LocationKind::regex) continue;
    for (const Directive& inner : location.from->block) {
      if (!leads_to_https(inner, server)) continue;
      take(inner, location.from);
    }
  }
  if (redirect.from == nullptr) return std::nullopt;
  // certbot ends the server with "return 404;": only names that it does not have get there.
  if (const Directive* const refused = refusal(server)) redirect.parts.push_back(refused);
  return redirect;
}

const Directive* refusal(const Server& server) {
  for (const Directive& directive : server.from->block) {
    if (directive.name == "return" && is_refusal_status(directive.arg(0))) return &directive;
  }
  return nullptr;
}

}  // namespace wssgate::nginx
