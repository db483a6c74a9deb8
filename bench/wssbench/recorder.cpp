#include "wssbench/recorder.h"

#include <algorithm>
#include <utility>

#include "wssbench/failure.h"

namespace wssgate::bench {
namespace {

std::uint64_t nanoseconds(Clock::duration duration) {
  return static_cast<std::uint64_t>(std::max<Clock::duration::rep>(0, duration.count()));
}

// So many kinds of errors tell enough; whatever a server answers, the books stay small.
constexpr std::size_t kMostReasons = 100;

}  // namespace

void Interval::merge(const Interval& other) {
  count += other.count;
  errors += other.errors;
  latency.merge(other.latency);
}

std::uint64_t Totals::error_count() const {
  std::uint64_t sum = 0;
  for (const auto& [reason, times] : errors) sum += times;
  return sum;
}

void Totals::merge(const Totals& other) {
  count += other.count;
  messages += other.messages;
  for (const auto& [reason, times] : other.errors) errors[reason] += times;
  latency.merge(other.latency);
  connect.merge(other.connect);
  lateness.merge(other.lateness);
  resumed += other.resumed;
  full += other.full;
  back += other.back;
  recovered_in = std::max(recovered_in, other.recovered_in);
  unsent += other.unsent;
  if (tls.version.empty()) tls = other.tls;
}

// Where connecting is the work itself, what comes before is no part of what is measured.
Recorder::Recorder(const Options& options)
    : open_loop_(options.open_loop()),
      all_connects_(options.mode != Mode::handshake && options.mode != Mode::storm) {}

void Recorder::done(TimePoint intended, TimePoint now, std::uint64_t units) {
  const TimePoint when = open_loop_ ? intended : now;
  if (!measured(when)) return;
  roll(now);
  totals_.count += units;
  ++totals_.messages;
  current_.count += units;
  const std::uint64_t took = nanoseconds(now - intended);
  totals_.latency.record(took);
  current_.latency.record(took);
}

void Recorder::count(TimePoint now, std::uint64_t units) {
  if (!measured(now)) return;
  roll(now);
  totals_.count += units;
  current_.count += units;
}

void Recorder::latency(TimePoint intended, TimePoint now) {
  if (!measured(now)) return;
  roll(now);
  ++totals_.messages;
  const std::uint64_t took = nanoseconds(now - intended);
  totals_.latency.record(took);
  current_.latency.record(took);
}

void Recorder::latency_after_all(TimePoint intended, TimePoint now) {
  totals_.latency.record(nanoseconds(now - intended));
}

void Recorder::came_back(TimePoint storm, TimePoint now) {
  count(now, 1);
  ++totals_.back;
  totals_.recovered_in = std::max<Nanoseconds>(totals_.recovered_in, now - storm);
}

void Recorder::error(const Error& error, TimePoint now, std::uint64_t times) {
  if (is_run_over(error)) return;
  std::string label = label_of(error);
  if (totals_.errors.size() >= kMostReasons && totals_.errors.count(label) == 0) label = "others";
  totals_.errors[label] += times;
  if (!measured(now)) return;
  roll(now);
  current_.errors += times;
}

void Recorder::connected(TimePoint began, TimePoint now, SSL* ssl) {
  if (!all_connects_ && !measured(now)) return;
  totals_.connect.record(nanoseconds(now - began));
  if (ssl == nullptr) return;
  ++(SSL_session_reused(ssl) == 1 ? totals_.resumed : totals_.full);
  if (totals_.tls.version.empty()) totals_.tls = tls_facts(ssl);
}

void Recorder::sent_late(Nanoseconds by) { totals_.lateness.record(nanoseconds(by)); }

void Recorder::roll(TimePoint now) {
  if (now < window_.start) return;
  const auto index = static_cast<std::size_t>((now - window_.start) / std::chrono::seconds(1));
  if (index <= current_index_) return;
  const std::lock_guard lock(mutex_);
  ended_[current_index_].merge(current_);
  current_.count = current_.errors = 0;
  current_.latency.clear();
  current_index_ = index;
}

std::map<std::size_t, Interval> Recorder::take_intervals() {
  const std::lock_guard lock(mutex_);
  return std::exchange(ended_, {});
}

}  // namespace wssgate::bench
