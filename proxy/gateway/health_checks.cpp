#include "gateway/health_checks.h"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <string>
#include <utility>

#include "base/log.h"
#include "gateway/endpoint_check.h"

namespace wssgate::gateway {

struct HealthChecks::Check {
  Check(std::string of, std::shared_ptr<upstream::Endpoint> checked,
        upstream::ProxyHeader begins_with, config::Health how, net::Loop& loop)
      : upstream_name(std::move(of)),
        endpoint(std::move(checked)),
        header(begins_with),
        rules(std::move(how)),
        waiter(loop) {}

  const std::string upstream_name;
  const std::shared_ptr<upstream::Endpoint> endpoint;
  const upstream::ProxyHeader header;
  const config::Health rules;
  net::Waiter waiter;
  bool over = false;

  /// It is the same check still.
  bool operator==(const Check& other) const {
    return endpoint == other.endpoint && header == other.header && rules == other.rules;
  }

  void end() {
    over = true;
    waiter.abort(Reason::draining, Side::proxy);
  }
};

namespace {

void note_passed(const std::string& upstream, upstream::Endpoint& endpoint,
                 const upstream::CheckRules& rules) {
  if (!endpoint.health.check_passed(upstream::Health::Clock::now(), rules)) return;
  log::info("endpoint_healthy", "checks of the endpoint pass again: it gets requests",
            {{"upstream", upstream}, {"endpoint", endpoint.text}});
}

void note_failed(const std::string& upstream, upstream::Endpoint& endpoint,
                 const upstream::CheckRules& rules, const std::string& why) {
  if (!endpoint.health.check_failed(rules)) return;
  log::warn("endpoint_unhealthy",
            "checks of the endpoint fail: it gets no requests, unless no other is left. see why",
            {{"upstream", upstream}, {"endpoint", endpoint.text}, {"why", why}});
}

/// Counts itself while it lives.
class Running {
 public:
  explicit Running(std::atomic<int>& count) : count_(count) { ++count_; }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;
  ~Running() { --count_; }

 private:
  std::atomic<int>& count_;
};

asio::awaitable<Result<void>> attempt(net::Loop& loop, const upstream::Endpoint& endpoint,
                                      upstream::ProxyHeader header, const config::Health& rules,
                                      net::Waiter& waiter) {
  try {
    auto outcome = co_await check_endpoint(loop, endpoint, header, rules, waiter);
    co_return outcome;
  } catch (const std::exception& exhausted) {  // no memory, no epoll watches
    co_return Error(Reason::internal_error, Side::proxy, exhausted.what());
  }
}

}  // namespace

void HealthChecks::adopt(const Snapshot& snapshot) {
  Checks wanted;
  for (const config::Upstream& configured : snapshot.config.upstreams) {
    if (!configured.health) continue;
    const upstream::Upstream& upstream = *snapshot.upstreams.at(configured.name);
    for (const upstream::Member& member : upstream.members()) {
      wanted.push_back(std::make_shared<Check>(configured.name, member.endpoint,
                                               upstream.terms().proxy_header, *configured.health,
                                               worker_.loop()));
    }
  }
  for (const auto& old : checks_) {
    const auto found = std::find_if(wanted.begin(), wanted.end(), [&](const auto& each) {
      return each->endpoint->state == old->endpoint->state;
    });
    if (found != wanted.end() && **found == *old) {
      *found = old;
      continue;
    }
    old->end();
    if (found == wanted.end()) old->endpoint->health.forget_checks();
  }
  for (const auto& check : wanted) {
    if (std::find(checks_.begin(), checks_.end(), check) == checks_.end()) start(check);
  }
  checks_ = std::move(wanted);
}

void HealthChecks::stop() {
  for (const auto& check : checks_) check->end();
  checks_.clear();
}

void HealthChecks::start(const std::shared_ptr<Check>& check) {
  worker_.loop().spawn(run(*this, check));
}

asio::awaitable<void> HealthChecks::run(HealthChecks& owner, std::shared_ptr<Check> check) {
  const Running running(owner.running_);
  const config::Health& rules = check->rules;
  const upstream::CheckRules in_a_row{
      .healthy_after = static_cast<std::uint32_t>(rules.healthy_after),
      .unhealthy_after = static_cast<std::uint32_t>(rules.unhealthy_after)};
  while (!check->over) {
    const auto outcome = co_await attempt(owner.worker_.loop(), *check->endpoint, check->header,
                                          rules, check->waiter);
    if (check->over) break;
    if (outcome) {
      note_passed(check->upstream_name, *check->endpoint, in_a_row);
    } else if (outcome.error().side == Side::upstream) {
      const Error& error = outcome.error();
      note_failed(check->upstream_name, *check->endpoint, in_a_row,
                  error.reason == Reason::upstream_timeout
                      ? fmt::format("no answer within {}", format_duration(rules.timeout))
                      : std::string(error.text()));
    }
    check->waiter.expires_after(rules.interval, Reason::idle, Side::proxy);
    Result<void> slept;
    while (slept) slept = co_await check->waiter.wait();
  }
}

}  // namespace wssgate::gateway
