#include "nginx/translate.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <set>
#include <utility>

#include "base/text.h"
#include "nginx/hosts.h"
#include "nginx/leftovers.h"
#include "nginx/listeners.h"
#include "nginx/passthrough.h"
#include "nginx/proxy_pass.h"
#include "nginx/upstreams.h"

namespace wssgate::nginx {
namespace {

constexpr std::uint64_t kDefaultBody = std::uint64_t{1} << 20U;  // nginx's client_max_body_size
constexpr std::uint64_t kLargestBody = std::uint64_t{1} << 60U;
constexpr Duration kDefaultIdle{60'000};
constexpr Duration kLongestConnect = std::chrono::seconds(75);  // so says nginx's manual
constexpr Duration kMeantForWebSockets = std::chrono::hours(1);

class Globals {
 public:
  Globals(const Model& model, Draft& draft, Findings& findings)
      : model_(model), draft_(draft), findings_(findings) {}

  void write() {
    for (const Server& server : model_.http.servers) {
      if (!server.has_tls()) continue;
      trusted(server);
      for (const Location& location : server.locations) {
        if (proxy_target(location, model_.http)) proxied(*location.scope);
      }
    }
    for (const Server& server : model_.stream.servers) connecting(*server.scope);
    if (body_ != 0 && !unlimited_) draft_.request_body = std::min(body_, kLargestBody);
    if (idle_ > kDefaultIdle) draft_.idle_http = std::min(idle_, kLongestTime);
    if (connect_ > Duration(0)) draft_.connect = std::min(connect_, kLongestTime);
  }

 private:
  void note(const Directive& at, std::string what, std::string why) {
    findings_.add({FindingId::detail, at.at, at.text(), std::move(what), std::move(why)});
  }

  void trusted(const Server& server) {
    const Directive* const header = server.scope->find("real_ip_header");
    const auto networks = trusted_networks(server, findings_);
    if (networks.empty() || (header != nullptr && header->arg(0) == "proxy_protocol")) return;
    const std::string field = to_lower(header == nullptr ? "X-Real-IP" : header->arg(0));
    if (field != "x-forwarded-for") {
      const Directive& at = header != nullptr ? *header : *server.scope->find("set_real_ip_from");
      findings_.add(
          {FindingId::untranslated, at.at, at.text(),
           fmt::format("the client's address comes from {}", printable(field)),
           "wssgate believes X-Forwarded-For of 'trusted_proxies': have the proxy in front "
           "send that"});
    }
    for (const std::string& network : networks) {
      auto& all = draft_.trusted_proxies;
      if (std::find(all.begin(), all.end(), network) == all.end()) all.push_back(network);
    }
  }

  void proxied(const Scope& scope) {
    const Directive* const size = scope.find("client_max_body_size");
    const auto bytes = size == nullptr ? kDefaultBody : parse_bytes(size->arg(0));
    if (bytes && *bytes == 0) unlimited_ = true;
    if (bytes) body_ = std::max(body_, *bytes);
    if (size != nullptr) {
      note(*size, "how large a body may be", "wssgate has one limit for all: the largest of them");
    }
    if (const Directive* const read = scope.find("proxy_read_timeout")) silence(scope, *read);
    connecting(scope);
    websockets(scope);
  }

  void connecting(const Scope& scope) {
    const Directive* const connect = scope.find("proxy_connect_timeout");
    if (connect == nullptr) return;
    if (const auto time = parse_time(connect->arg(0))) {
      connect_ = std::max(connect_, std::min(*time, kLongestConnect));
    }
    note(*connect, "how long connecting takes",
         "wssgate has 'timeouts: {connect}' for all, the longest of them");
  }

  static UpgradeHeaders upgrades(const Scope& scope) {
    if (scope.block == nullptr) return {};
    return upgrade_headers({scope.block, LocationKind::prefix, {}, &scope});
  }

  /// Of a location for WebSockets hours are meant for them: every idle connection of a client would
  /// stay as long.
  void silence(const Scope& scope, const Directive& timeout) {
    const auto time = parse_time(timeout.arg(0));
    if (!time) return;
    if (*time >= kMeantForWebSockets && upgrades(scope).meant) {
      return note(timeout, "how long a backend may be silent, and so long for WebSockets",
                  "those have no such limit in wssgate; ordinary requests have 'timeouts: "
                  "{idle_http: 60s}'");
    }
    idle_ = std::max(idle_, *time);
    note(timeout, "how long a backend may be silent",
         "wssgate has 'timeouts: {idle_http}' for all requests, the longest of them; WebSockets "
         "have no such limit");
  }

  void websockets(const Scope& scope) {
    if (told_upgrades_ || scope.block == nullptr || upgrades(scope).works()) return;
    told_upgrades_ = true;
    note(*scope.block, "nginx passes no WebSocket upgrades here",
         "wssgate passes them on every route; 'websocket: refused' in a route answers 403");
  }

  const Model& model_;
  Draft& draft_;
  Findings& findings_;
  std::uint64_t body_ = 0;
  bool unlimited_ = false;
  bool told_upgrades_ = false;
  Duration idle_{0};
  Duration connect_{0};
};

std::set<std::string> names_of(const Draft& draft) {
  std::set<std::string> names;
  for (const DraftHost& host : draft.hosts) names.insert(host.names.begin(), host.names.end());
  return names;
}

}  // namespace

Draft translate(Model& model, const std::vector<Directive>& tree, const std::string& main_file,
                CertificateReader& certificates, Findings& findings) {
  Draft draft;
  UpstreamWriter upstreams(main_file, findings);
  draft.hosts = HostWriter(model, main_file, certificates, upstreams, findings).write();
  translate_stream(model, draft, upstreams, findings);
  draft.listeners = translate_listeners(model, names_of(draft), findings);
  upstreams.tell_unused(model.http);
  upstreams.tell_unused(model.stream);
  draft.upstreams = upstreams.take();
  Globals(model, draft, findings).write();
  account_for_rest(model, tree, findings);
  if (!draft.serves()) {
    findings.add({FindingId::untranslated,
                  {main_file, 0, 0},
                  "",
                  "there is no server with TLS, and nothing is passed through by its name",
                  "wssgate would have nothing to serve: no configuration is written"});
  }
  return draft;
}

}  // namespace wssgate::nginx
