#include "upstream/upstream.h"

#include <fmt/format.h>

#include <random>
#include <utility>

#include "base/log.h"

namespace wssgate::upstream {

Upstream::Upstream(std::string name, std::vector<Member> members, Terms terms,
                   std::shared_ptr<Queue> queue)
    : name_(std::move(name)),
      members_(std::move(members)),
      terms_(std::move(terms)),
      queue_(std::move(queue)),
      seed_(std::random_device{}()) {}

Draw Upstream::draw(std::uint64_t hash) {
  const std::uint64_t turn = turn_.fetch_add(1, std::memory_order_relaxed);
  return {.turn = turn, .random = mix(seed_ ^ mix(turn)), .hash = hash};
}

Result<Lease> Upstream::take(const Draw& draw, const Tried& tried) const {
  for (;;) {
    const auto [member, full] =
        pick(members_, terms_.balance, terms_.slow_start, draw, tried, Health::Clock::now());
    if (full) return Error(Reason::upstream_busy, Side::proxy);
    if (member == nullptr) {
      return Error(Reason::upstream_unavailable, Side::upstream, "no endpoint has an address");
    }
    // Another worker may have taken the last place just now: then it is full in the next round.
    if (Lease lease = Lease::take(*member, queue_)) return lease;
  }
}

void Upstream::failed(Endpoint& endpoint, std::string_view why) const {
  const auto length = endpoint.health.failed(Health::Clock::now(), terms_.ejection);
  if (!length) return;
  const std::string message = fmt::format(
      "requests to the endpoint fail: it gets none for {}, unless no other is left. see why",
      format_duration(*length));
  log::warn("endpoint_ejected", message,
            {{"upstream", name_},
             {"endpoint", endpoint.text},
             {"why", why},
             {"for_ms", static_cast<std::int64_t>(length->count())}});
}

void Upstream::succeeded(Endpoint& endpoint, Health::TimePoint asked) const {
  if (!endpoint.health.succeeded(Health::Clock::now(), asked)) return;
  log::info("endpoint_returned", "the endpoint answers again and gets requests",
            {{"upstream", name_}, {"endpoint", endpoint.text}});
}

}  // namespace wssgate::upstream
