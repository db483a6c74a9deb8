#include "control/service.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <system_error>
#include <utility>

#include "base/log.h"
#include "base/report_json.h"
#include "control/admin_token.h"
#include "control/connection_request.h"
#include "control/dashboard.h"
#include "control/drain_request.h"
#include "control/metrics.h"
#include "control/service_manager.h"
#include "control/status.h"
#include "net/listener.h"
#include "upstream/resolve.h"

namespace wssgate::control {
namespace {

using namespace std::chrono_literals;
using TimePoint = std::chrono::system_clock::time_point;

// Everything is proven again that often, whatever happens: certificates near their end are told of.
constexpr Duration kCheckAgain = 12h;
// For the first staples: a responder that is well answers in tenths of a second.
constexpr Duration kMostStartWait = 2s;
// Where the system does not tell when files change, and while something is refused: not every
// reason is in a file (a port that is taken, descriptors that are short).
constexpr Duration kWatchAnew = 1min;
// Of /connections, for one worker too: nobody reads more.
constexpr std::size_t kMostListed = 1'000;
// Proving very many certificates is not to be all that this machine does.
constexpr int kMostOfTheTime = 20;

/// The first moment at which a certificate that serves does so no more.
TimePoint first_end(const gateway::Snapshot& snapshot) {
  TimePoint first = TimePoint::max();
  snapshot.sites.for_each(
      [&](const std::string&, const gateway::Site& site) { first = std::min(first, site.end); });
  return first;
}

OcspStapler::Settings stapler_settings(const config::Stapling& stapling) {
  return {.cache_folder = stapling.cache,
          .fetch = {.http_proxy = stapling.http_proxy, .timeout = stapling.timeout}};
}

std::vector<StapleWish> wishes_of(const gateway::Snapshot& snapshot) {
  std::vector<StapleWish> wishes;
  for (const auto& [certificate, slot, required] : snapshot.staples_wanted) {
    wishes.push_back({certificate, slot, required});
  }
  return wishes;
}

/// Certificates that do not serve without a staple have it before the first handshake, if their
/// responders answer soon; the other hosts do not wait for a dead one.
std::shared_ptr<const gateway::Snapshot> stapled(
    OcspStapler& stapler, std::shared_ptr<const gateway::Snapshot> snapshot) {
  stapler.adopt(wishes_of(*snapshot));
  stapler.await_first_attempts(kMostStartWait);
  return snapshot;
}

struct Watched {
  std::vector<std::string> files;
  std::vector<std::string> folders;
};

void add_files(const config::Config& config, Watched& watched) {
  watched.files.push_back(config.file);
  watched.files.push_back(config.admin.token.value);
  watched.files.push_back(config.tickets.keys.value);
  for (const auto& root : config.certificates.roots) watched.files.push_back(root.value);
  for (const auto& folder : config.certificates.folders) watched.folders.push_back(folder.value);
  for (const config::Host& host : config.hosts) {
    if (host.client_certificates) watched.files.push_back(host.client_certificates->ca.value);
    if (!host.certificate) continue;
    watched.files.push_back(host.certificate->chain.value);
    watched.files.push_back(host.certificate->key.value);
    watched.files.push_back(host.certificate->staple.value);
  }
  for (const config::Upstream& upstream : config.upstreams) {
    if (!upstream.tls) continue;
    watched.files.push_back(upstream.tls->ca.value);
    if (!upstream.tls->certificate) continue;
    watched.files.push_back(upstream.tls->certificate->chain.value);
    watched.files.push_back(upstream.tls->certificate->key.value);
  }
  if (const auto& folder = config.certificates.intermediates.value; !folder.empty()) {
    watched.folders.push_back(folder);
  }
  std::erase(watched.files, std::string());  // what is not configured
}

AdminAnswer refusal(const std::string& why) {
  return {.status = 400, .body = json_text({{"error", why}})};
}

/// `?level=debug`, until it is changed again or the process ends.
void set_log_level(const AdminRequest& request, const SendAnswer& send) {
  using log::Level;
  static const std::map<std::string_view, Level> levels = {{"debug", Level::debug},
                                                           {"info", Level::info},
                                                           {"warn", Level::warn},
                                                           {"error", Level::error},
                                                           {"off", Level::off}};
  constexpr std::string_view kKey = "level=";
  const std::string_view query = request.query;
  const auto level =
      query.starts_with(kKey) ? levels.find(query.substr(kKey.size())) : levels.end();
  if (level == levels.end()) {
    return send(refusal("write ?level= and debug, info, warn, error or off"));
  }
  const auto tell = [&] {
    log::info("log_level", "lines are written from this level on", {{"level", level->first}});
  };
  if (level->second > Level::info) tell();  // afterwards it would not be written
  log::set_level(level->second);
  if (level->second <= Level::info) tell();
  send({.body = json_text({{"level", level->first}})});
}

}  // namespace

Service::Service(std::shared_ptr<const gateway::Snapshot> snapshot,
                 std::vector<ListeningAddress> listening, LoadConfig load,
                 std::vector<Problem> warnings, Inheritance inherited)
    : inherited_(std::move(inherited)),
      shutdown_(
          loop_, server_, [this] { reloader_.request("SIGHUP"); },
          [this] { upgrade("SIGUSR2", {}); }, [this] { upgrade_.abandon("this process ends"); }),
      stapler_(stapler_settings(snapshot->config.stapling),
               [this] { asio::post(loop_, [this] { rebuild_with_staples(); }); }),
      server_(stapled(stapler_, std::move(snapshot)), std::move(listening)),
      partial_drains_(loop_, server_),
      reloader_(loop_, server_, std::move(load), std::move(warnings)),
      upgrade_(loop_, server_, [this](pid_t pid) { replaced_by(pid); }),
      watch_(loop_, [this] { reloader_.request("files have changed"); }),
      names_(
          loop_, [this](const std::string& change) { reloader_.request(change); },
          upstream::resolve),
      next_check_(loop_),
      next_rotation_(loop_),
      next_step_(loop_) {
  reloader_.on_reloaded = [this] { settle(); };
  reloader_.on_admin_token = [this](std::string token) {
    if (!admin_port_ || !admin_port_->take_token(std::move(token))) return;
    log::info("admin_token_replaced", "admin.http takes another token from now on");
  };
}

int Service::run(const std::function<void()>& on_ready) {
  settle();
  open_admin();
  on_ready();
  inherited_.tell_ready();
  tell_service_manager("READY=1");
  loop_.run();
  admin_port_.reset();
  admin_.reset();  // here, since a process that is `busy` ends without destructors
  server_.stop();
  return shutdown_.exit_code();
}

void Service::open_admin() {
  open_admin_socket();
  open_admin_port();
  if (admin_ || admin_port_) take_history();  // else nobody could ask for it
}

void Service::open_admin_socket() {
  const std::string& address = server_.snapshot()->config.admin.address.value;
  if (address == "off") return;
  try {
    admin_.emplace(
        loop_, address.substr(std::string_view("unix:").size()),
        [this](const AdminRequest& request, SendAnswer send) {
          routes_.answer(request, std::move(send));
        },
        inherited_.is_upgrade() ? AdminSocket::Take::from_predecessor
                                : AdminSocket::Take::free_path);
  } catch (const std::system_error& error) {
    log::warn("admin_unavailable",
              "the admin socket cannot be opened, so 'wssgate status' and its like do not reach "
              "this process (signals do). name another one under admin.address, or 'off'",
              {{"address", address}, {"error", error.code().message()}});
  }
}

/// A process that takes over from another one has the port beside it, until that one lets go.
void Service::open_admin_port() {
  const config::Admin& admin = server_.snapshot()->config.admin;
  if (admin.http.at.line == 0) return;
  Report told_already;
  AdminAccess access(read_admin_token(admin, told_already), admin.http.value.is_loopback());
  try {
    // Sharing is for that alone: nobody else's port is taken a part of.
    if (!inherited_.is_upgrade()) (void)net::listen_on(admin.http.value, false);
    net::Fd listening = net::listen_on(admin.http.value, true);
    const std::string address = net::bound_address(listening.get()).text();
    admin_port_.emplace(loop_, std::move(listening), std::move(access),
                        [this](const AdminRequest& request, SendAnswer send) {
                          routes_.answer(request, std::move(send));
                        });
    log::info("admin_listening", "metrics and status are answered over HTTP",
              {{"address", address}});
  } catch (const std::system_error& error) {
    const std::string address = admin.http.value.text();
    log::warn("admin_unavailable",
              "admin.http cannot be opened, so nobody gets metrics from this process. name another "
              "address, or leave it out",
              {{"address", address}, {"error", error.code().message()}});
  }
}

StatusSources Service::status_sources() {
  facts_.adopt(server_.snapshot());
  return {.server = server_,
          .reloader = reloader_,
          .stapler = stapler_,
          .shutdown = shutdown_,
          .partial_drains = partial_drains_,
          .history = history_,
          .nearest_names = nearest_names_,
          .facts = facts_,
          .process = process_,
          .started = started_};
}

AdminRoutes Service::admin_routes() {
  AdminRoutes routes;
  routes.add("GET", "/status", [this](const AdminRequest&, const SendAnswer& send) {
    send({.body = json_text(status(status_sources()))});
  });
  for (const DashboardFile& file : dashboard_files()) {
    routes.add("GET", file.path, [&file](const AdminRequest& request, const SendAnswer& send) {
      send(serve_dashboard_file(file, request));
    });
  }
  routes.add("GET", "/dashboard.json", [this](const AdminRequest&, const SendAnswer& send) {
    send({.body = dashboard_text()});
  });
  routes.add("GET", "/metrics", [this](const AdminRequest& request, const SendAnswer& send) {
    const Metrics found = metrics(status_sources(), request.accept);
    send({.body = found.text, .content_type = found.content_type});
  });
  routes.add("GET", "/certificates", [this](const AdminRequest&, const SendAnswer& send) {
    send({.body = json_text(certificates(status_sources()))});
  });
  routes.add("GET", "/connections", [this](const AdminRequest& request, const SendAnswer& send) {
    list_connections(request, send);
  });
  routes.add("DELETE", "/connections", [this](const AdminRequest& request, const SendAnswer& send) {
    close_connections(request, send);
  });
  routes.add("GET", "/healthz", [](const AdminRequest&, const SendAnswer& send) {
    send({.body = json_text({{"ok", true}})});
  });
  routes.add("GET", "/readyz", [this](const AdminRequest&, const SendAnswer& send) {
    const bool draining = shutdown_.deadline().has_value();
    send({.status = draining ? 503 : 200,
          .body = json_text({{"ready", !draining}, {"draining", draining}})});
  });
  routes.add("POST", "/reload", [this](const AdminRequest&, const SendAnswer& send) {
    reloader_.request("wssgate reload",
                      [send](const Reload& reload) { send({.body = json_text(to_json(reload))}); });
  });
  routes.add("POST", "/upgrade", [this](const AdminRequest&, const SendAnswer& send) {
    upgrade("wssgate upgrade", [send](const Upgrade::Outcome& outcome) {
      send({.body =
                json_text({{"ok", outcome.ok()}, {"pid", outcome.pid}, {"error", outcome.error}})});
    });
  });
  routes.add("PUT", "/log-level", set_log_level);
  routes.add("POST", "/drain",
             [this](const AdminRequest& request, const SendAnswer& send) { drain(request, send); });
  return routes;
}

/// Not while something is drained: the new process would know nothing of it, and take up again what
/// an operator has taken out of service.
void Service::upgrade(const std::string& cause, const Upgrade::Done& done) {
  std::string why;
  if (shutdown_.deadline()) {
    why = "this process drains and ends: it hands over nothing";
  } else if (!partial_drains_.all().empty()) {
    why = fmt::format(
        "{} is drained, which the new process would not know: 'wssgate drain --undo' it first",
        partial_drains_.all().front().target.text());
  }
  if (why.empty()) return upgrade_.request(cause, done);
  log::warn("upgrade_refused", why, {{"cause", cause}});
  if (done) done({.pid = 0, .error = why});
}

void Service::drain(const AdminRequest& request, const SendAnswer& send) {
  const auto parsed = parse_drain_request(request.query);
  if (!parsed) {
    return send(
        {.status = 400, .body = json_text({{"error", "not one of host=, endpoint= and undo=1"}})});
  }
  PartialDrains::Outcome outcome{parsed->target, {}};
  if (parsed->target.kind != gateway::DrainTarget::Kind::everything) {
    outcome = parsed->undo ? partial_drains_.resume(parsed->target)
                           : partial_drains_.begin(parsed->target);
  } else if (parsed->undo) {
    outcome.error = "the drain of everything cannot be undone: this process is told to end";
  } else {
    shutdown_.drain();
  }
  const config::Timeouts& timeouts = server_.snapshot()->config.timeouts;
  const bool is_everything = parsed->target.kind == gateway::DrainTarget::Kind::everything;
  const Duration delay = is_everything ? timeouts.drain_delay : Duration(0);
  send({.body = json_text({{"ok", outcome.ok()},
                           {"error", outcome.error},
                           {"target", outcome.target.text()},
                           {"tunnels", server_.open_tunnels(outcome.target)},
                           {"limit_ms", (delay + timeouts.drain).count()}})});
}

void Service::list_connections(const AdminRequest& request, const SendAnswer& send) {
  const auto asked = parse_connection_request(request.query);
  if (!asked) return send(refusal(asked.error().context));
  const auto found = server_.connections(asked->filter, kMostListed + 1);
  send({.body = json_text(connections_json(found, kMostListed, server_.open_connections()))});
}

/// Not all of them by mistake: who means all says so.
void Service::close_connections(const AdminRequest& request, const SendAnswer& send) {
  const auto asked = parse_connection_request(request.query);
  if (!asked) return send(refusal(asked.error().context));
  if (asked->names_none) {
    return send(
        refusal("say which: id=, host=, client= or older_than= (client=0.0.0.0/0 for all of "
                "IPv4)"));
  }
  const std::uint64_t closed = server_.close(asked->filter, asked->code);
  log::info("connections_closed", "connections were closed over the admin interface",
            {{"connections", static_cast<std::int64_t>(closed)},
             {"code", static_cast<std::int64_t>(asked->code)},
             {"which", request.query}});
  send({.body = json_text({{"closed", closed}, {"code", asked->code}})});
}

/// The service manager is told first: it would take our end for the service's.
void Service::replaced_by(pid_t pid) {
  if (admin_port_) admin_port_->close();  // the other one answers there
  tell_service_manager(fmt::format("MAINPID={}", pid));
  shutdown_.replaced();
}

/// What follows from what serves now.
void Service::settle() {
  log_unverified_upstreams(*server_.snapshot());
  staple();
  watch_files();
  names_.watch(names_of(*server_.snapshot()), server_.snapshot()->config.resolver.interval);
  rotate_tickets_later();
  check_again_later();
}

void Service::staple() {
  stapler_.adopt(wishes_of(*server_.snapshot()));
  rebuild_with_staples();  // the file or the cache may have had it
}

/// A certificate that has waited for its staple may serve now.
void Service::rebuild_with_staples() {
  const auto now = std::chrono::system_clock::now();
  const auto& awaited = server_.snapshot()->staples_awaited;
  const bool came = std::any_of(awaited.begin(), awaited.end(),
                                [&](const auto& slot) { return slot->good(now) != nullptr; });
  if (came) reloader_.request("an OCSP staple has come");
}

/// The secrets of a file do not rotate; a reload may bring one, or take it away.
void Service::rotate_tickets_later() {
  const auto keys = server_.snapshot()->ticket_keys;
  const auto due = keys->next_rotation();
  next_rotation_.cancel();
  if (!due) return;
  next_rotation_.expires_at(*due);
  next_rotation_.async_wait([this, keys](const asio::error_code& error) {
    if (error) return;
    keys->rotate_if_due(std::chrono::steady_clock::now());
    rotate_tickets_later();
  });
}

void Service::watch_files() {
  Watched watched;
  const gateway::Snapshot& snapshot = *server_.snapshot();
  add_files(snapshot.config, watched);
  add_files(reloader_.on_disk(), watched);
  for (const auto& state : snapshot.certificates) {
    watched.files.push_back(state.source.chain_file);
    watched.files.push_back(state.source.key_file);
  }
  if (watch_.watch(watched.files, watched.folders)) reloader_.request("files are watched anew");
}

void Service::check_again_later() {
  const auto until_end = std::chrono::duration_cast<std::chrono::milliseconds>(
      first_end(*server_.snapshot()) - std::chrono::system_clock::now());
  const Reload& last = reloader_.last();
  const Duration most = watch_.is_complete() && last.ok()
                            ? kCheckAgain
                            : std::max(kWatchAnew, last.took * kMostOfTheTime);
  // A second more, so that the certificate has ended when it is looked at.
  next_check_.expires_after(std::clamp<Duration>(until_end + 1s, 1s, most));
  next_check_.async_wait([this](const asio::error_code& error) {
    if (!error) reloader_.request("time has passed");
  });
}

/// However many look at it, it is made once a second at most.
std::string Service::dashboard_text() {
  const auto now = std::chrono::steady_clock::now();
  if (dashboard_text_.empty() || now - dashboard_made_ >= 1s) {
    dashboard_text_ = json_text(dashboard(status_sources()));
    dashboard_made_ = now;
  }
  return dashboard_text_;
}

void Service::take_history() {
  process_ = process_facts();
  const gateway::Figures& figures = server_.figures_by_host();
  history_.add(figures.at, figures, refusals_of(server_.refused()));
  next_step_.expires_after(History::kStep);
  next_step_.async_wait([this](const asio::error_code& error) {
    if (!error) take_history();
  });
}

}  // namespace wssgate::control
