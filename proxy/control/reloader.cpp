#include "control/reloader.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <exception>
#include <optional>
#include <set>
#include <system_error>
#include <utility>

#include "control/admin_token.h"
#include "control/log_outputs.h"

namespace wssgate::control {
namespace {

using Clock = std::chrono::steady_clock;

std::vector<Problem> of(Severity severity, const Report& report) {
  std::vector<Problem> found;
  for (Problem& problem : report.by_place()) {
    if (problem.severity == severity) found.push_back(std::move(problem));
  }
  return found;
}

/// What a running process cannot change.
config::Config fixed_part(const config::Config& config) {
  config::Config fixed;
  fixed.workers = config.workers;
  fixed.admin = config.admin;
  fixed.stapling = config.stapling;
  return fixed;
}

void warn_of_fixed_keys(const config::Config& started_with, const config::Config& wanted,
                        Report& report) {
  const auto warn = [&](const char* key) {
    report.warn({.file = wanted.file},
                fmt::format("'{}' has changed, and takes effect at a restart only", key),
                "restart wssgate when it suits");
  };
  if (started_with.workers != wanted.workers) warn("workers");
  // Not where it stands in the file.
  const auto same = [&](auto key) {
    return (started_with.admin.*key).value == (wanted.admin.*key).value;
  };
  if (!same(&config::Admin::address) || !same(&config::Admin::http)) warn("admin");
  if (!(started_with.stapling == wanted.stapling)) warn("stapling");
}

/// Where processors are short, the workers have them. Linux keeps niceness for each thread.
void yield_to_workers() {
  constexpr int kNice = 10;
  (void)setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), kNice);
}

using CertificateSet = std::multiset<std::shared_ptr<const pki::Certificate>>;

CertificateSet certificates_of(const gateway::Snapshot& snapshot) {
  CertificateSet served;
  for (const auto& state : snapshot.certificates) {
    if (state.served) served.insert(state.served);
  }
  return served;
}

bool serves_the_same(const gateway::Snapshot& a, const gateway::Snapshot& b) {
  return a.config == b.config && a.upstreams == b.upstreams && a.contexts == b.contexts &&
         certificates_of(a) == certificates_of(b);
}

/// Where it fails they go on as before, until the next reload.
void use_logs(std::shared_ptr<const log::Loggers> logs, const config::Config& wanted,
              Report& report) {
  log::info("log_changed", "lines are written as the configuration says from here on",
            {{"output", wanted.log.output}, {"access", wanted.log.access}});
  try {
    log::use(std::move(logs));
  } catch (const std::system_error& no_thread) {
    report.warn({.file = wanted.file},
                fmt::format("log: there is no thread to write them, so they go on as before: {}",
                            no_thread.code().message()),
                "see how many threads this process may have; each reload tries it again");
  }
}

/// What does not serve, and why, or for how long.
bool holds_back_the_same(const gateway::Snapshot& a, const gateway::Snapshot& b) {
  return a.held == b.held && a.staples_awaited == b.staples_awaited;
}

}  // namespace

/// What a build comes to.
struct Reloader::Built {
  Clock::time_point began = Clock::now();
  config::Config wanted;
  Report report;
  std::shared_ptr<const gateway::Snapshot> snapshot;
  std::vector<ListeningAddress> opened;
  std::shared_ptr<const log::Loggers> logs;  // null: as before
  std::optional<std::string> admin_token;    // none: as before
};

Reloader::Reloader(asio::io_context& loop, Server& server, LoadConfig load,
                   std::vector<Problem> at_start)
    : loop_(loop),
      server_(server),
      load_(std::move(load)),
      started_with_(fixed_part(server.snapshot()->config)),
      retired_(loop) {
  last_.at = std::chrono::system_clock::now();
  last_.cause = "start";
  last_.warnings = std::move(at_start);
  history_.add(last_);
}

void Reloader::request(std::string cause, Done done) {
  if (done) waiting_.push_back(std::move(done));
  next_cause_ = std::move(cause);
  if (!busy_) start();
}

void Reloader::start() {
  busy_ = true;
  cause_ = std::exchange(next_cause_, {});
  answering_ = std::exchange(waiting_, {});
  if (builder_.joinable()) builder_.join();  // it has finished
  const Running running{server_.snapshot(), server_.workers(), server_.listener_names()};
  const auto hand_over = [this](Built made) {
    const auto built = std::make_shared<Built>(std::move(made));
    asio::post(loop_, [this, built] { finish(std::move(*built)); });
  };
  try {
    builder_ = std::thread([this, running, hand_over] {
      yield_to_workers();
      try {
        hand_over(build(running));
      } catch (const std::exception& failure) {
        hand_over(failed(running, failure));
      }
    });
  } catch (const std::system_error& no_thread) {
    hand_over(failed(running, no_thread));
  }
}

Reloader::~Reloader() {
  if (builder_.joinable()) builder_.join();
}

/// In the builder's thread: reads nothing that changes.
Reloader::Built Reloader::build(const Running& running) const {
  Built built;
  const gateway::Snapshot& before = *running.snapshot;
  const auto now = std::chrono::system_clock::now();
  built.wanted = load_(built.report);
  const bool loaded = built.report.ok();
  std::string token;
  if (loaded) {
    token = read_admin_token(built.wanted.admin, built.report);
    warn_of_fixed_keys(started_with_, built.wanted, built.report);
    prove_changed_logs(built.wanted, built.report);
  }
  // What is wrong while the configuration is the same is the fault of certificates.
  if (loaded && !(built.wanted == before.config)) {
    built.opened = open_listeners(built.wanted, running.workers, built.report, running.listeners);
    Report found;
    if (built.report.ok()) {
      built.snapshot = gateway::Snapshot::rebuild(built.wanted, now, before, found);
    }
    // Where it failed, what warns of certificates comes again with the one below.
    for (const Problem& problem : found.problems()) {
      if (built.snapshot || problem.severity == Severity::error) built.report.add(problem);
    }
  }
  // The last, since it makes files.
  if (built.report.ok()) built.logs = open_logs(built.wanted, built.report);
  if (!built.report.ok()) built.snapshot.reset();
  if (!built.snapshot) {
    built.opened.clear();
    built.snapshot = gateway::Snapshot::rebuild(before.config, now, before, built.report);
  }
  if (built.report.ok()) built.admin_token = std::move(token);
  return built;
}

/// No memory, no thread, or a bug: what serves goes on.
Reloader::Built Reloader::failed(const Running& running, const std::exception& failure) {
  Built built;
  built.wanted.file = running.snapshot->config.file;
  built.snapshot = running.snapshot;
  built.report.add({.file = built.wanted.file},
                   fmt::format("the reload broke off: {}", failure.what()),
                   "it is tried again every minute. report it where memory is not short");
  return built;
}

void Reloader::finish(Built built) {
  const Reload last = std::exchange(last_, {});
  const auto before = server_.snapshot();
  last_.at = std::chrono::system_clock::now();
  last_.cause = cause_;
  last_.took = std::chrono::duration_cast<Duration>(Clock::now() - built.began);
  if (built.logs) use_logs(std::move(built.logs), built.wanted, built.report);
  last_.refused = of(Severity::error, built.report);
  last_.warnings = of(Severity::warning, built.report);
  last_.held = built.snapshot->held;
  on_disk_ = std::move(built.wanted);
  last_.changed = !built.opened.empty() || !serves_the_same(*before, *built.snapshot);
  if (last_.changed || !holds_back_the_same(*before, *built.snapshot)) {
    server_.adopt(std::move(built.snapshot), std::move(built.opened));
    retired_.add(before);
  }
  ++(last_.ok() ? counts_.good : counts_.refused);
  history_.add(last_);
  log_reload(last_, last, *before, *server_.snapshot());
  if (built.admin_token && on_admin_token) on_admin_token(*std::move(built.admin_token));
  if (on_reloaded) on_reloaded();
  for (const Done& done : std::exchange(answering_, {})) done(last_);
  busy_ = false;
  if (!next_cause_.empty()) start();
}

}  // namespace wssgate::control
