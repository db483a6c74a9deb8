#include "wssbench/run.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <thread>
#include <utility>

#include "wssbench/limits.h"
#include "wssbench/modes.h"
#include "wssbench/verdict.h"

namespace wssgate::bench {
namespace {

constexpr std::chrono::milliseconds kLook{50};
// What is on its way at the end of an open loop belongs to the measurement.
constexpr Clock::duration kLongestEnding = std::chrono::seconds(5);
// For everything that was aborted to unwind.
constexpr std::chrono::seconds kUnwinding{5};
// A server frees what its connections held only once it has noticed their end.
constexpr std::chrono::seconds kSettling{1};

/// One run: the thread that leads the others.
class Run {
 public:
  Run(const Plan& plan, const std::atomic<bool>& stop, const Watch& watch)
      : plan_(plan), stop_(stop), watch_(watch) {}

  Result<Results> operator()();

 private:
  Result<void> make_threads();
  void connect();
  void warm_up();
  void measure();
  void finish();
  void collect();
  void note_tunnels();
  void start_probing();
  bool sleep_until(TimePoint time, Status::Phase phase, TimePoint began);
  void tell(Status::Phase phase, TimePoint began, TimePoint end);
  void gather();
  std::vector<std::chrono::duration<double>> thread_times() const;
  std::chrono::seconds longest_connecting() const;
  std::size_t sum(std::size_t (LoadThread::*what)() const) const;

  const Plan& plan_;
  const std::atomic<bool>& stop_;
  const Watch& watch_;
  std::vector<std::unique_ptr<LoadThread>> threads_;
  Window window_;
  Results results_;
  std::optional<ServerProbe> probe_;
  std::chrono::nanoseconds server_cpu_before_{0};
  std::vector<std::chrono::duration<double>> thread_cpu_before_;
  CpuWaits waits_before_;
};

std::size_t Run::sum(std::size_t (LoadThread::*what)() const) const {
  std::size_t all = 0;
  for (const auto& thread : threads_) all += (thread.get()->*what)();
  return all;
}

Result<void> Run::make_threads() {
  for (std::size_t i = 0; i < plan_.options.threads; ++i) {
    auto tls = TlsClient::make(plan_.options, plan_.target.url.host);
    if (!tls) return std::move(tls).error();
    threads_.push_back(std::make_unique<LoadThread>(plan_, i, *std::move(tls)));
  }
  return {};
}

void Run::start_probing() {
  if (!plan_.options.pid) return;
  probe_.emplace(*plan_.options.pid);
  ServerFigures figures;
  figures.pid = *plan_.options.pid;
  figures.pss_before = probe_->pss_kib().value_or(0);
  results_.server = figures;
}

void Run::gather() {
  for (const auto& thread : threads_) {
    for (const auto& [second, interval] : thread->books().take_intervals()) {
      results_.series[second].merge(interval);
    }
  }
}

void Run::tell(Status::Phase phase, TimePoint began, TimePoint end) {
  gather();
  Status status;
  status.phase = phase;
  status.elapsed = std::chrono::duration<double>(Clock::now() - began).count();
  status.length = end == TimePoint::max() ? 0 : std::chrono::duration<double>(end - began).count();
  status.tunnels = sum(&LoadThread::open_tunnels);
  status.connections = plan_.options.connections;
  for (const auto& [second, interval] : results_.series) {
    status.count += interval.count;
    status.errors += interval.errors;
  }
  if (!results_.series.empty()) status.last = &results_.series.rbegin()->second;
  watch_(status);
}

/// False when it was stopped before.
bool Run::sleep_until(TimePoint time, Status::Phase phase, TimePoint began) {
  while (!stop_) {
    const TimePoint now = Clock::now();
    if (now >= time) return true;
    tell(phase, began, time);
    std::this_thread::sleep_until(std::min(time, now + kLook));
  }
  return false;
}

std::chrono::seconds Run::longest_connecting() const {
  const double ramp = plan_.options.mode == Mode::idle
                          ? static_cast<double>(plan_.options.connections) / plan_.options.ramp
                          : 0;
  const auto patience = std::chrono::duration_cast<std::chrono::seconds>(plan_.options.timeout);
  return std::chrono::seconds(static_cast<long>(ramp) + 1) + 2 * patience;
}

/// Until every slot has connected or failed once.
void Run::connect() {
  const TimePoint began = Clock::now();
  const TimePoint latest = began + longest_connecting();
  const SlotRun run = slot_run(plan_.options.mode);
  for (const auto& thread : threads_) thread->start(threads_.size(), run);
  while (!stop_ && Clock::now() < latest &&
         sum(&LoadThread::ready_slots) < plan_.options.connections) {
    tell(Status::Phase::connecting, began, TimePoint::max());
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

void Run::warm_up() {
  // The threads hear of it by then.
  const TimePoint warmup = Clock::now() + std::chrono::milliseconds(20);
  window_.warmup = warmup;
  window_.start = warmup + plan_.options.warmup;
  window_.end = window_.start + plan_.options.duration;
  for (const auto& thread : threads_) thread->begin(window_);
  sleep_until(window_.start, Status::Phase::warmup, warmup);
}

std::vector<std::chrono::duration<double>> Run::thread_times() const {
  std::vector<std::chrono::duration<double>> times;
  times.reserve(threads_.size());
  for (const auto& thread : threads_) times.push_back(thread->cpu());
  return times;
}

void Run::measure() {
  if (probe_) server_cpu_before_ = probe_->cpu().value_or(std::chrono::nanoseconds{0});
  thread_cpu_before_ = thread_times();
  waits_before_ = cpu_waits();
  if (!sleep_until(window_.end, Status::Phase::measuring, window_.start)) {
    results_.interrupted = true;
    window_.end = std::max(window_.start, std::min(window_.end, Clock::now()));
    for (const auto& thread : threads_) thread->cut(window_.end);
  }
  if (probe_)
    results_.server->cpu = probe_->cpu().value_or(server_cpu_before_) - server_cpu_before_;
  const auto after = thread_times();
  const CpuWaits waits = cpu_waits();
  const double seconds = std::chrono::duration<double>(window_.end - window_.start).count();
  results_.seconds = seconds;
  for (std::size_t i = 0; i < after.size() && seconds > 0; ++i) {
    const auto used = after[i] - thread_cpu_before_[i];
    results_.generator.cpu += used;
    results_.generator.busiest_thread =
        std::max(results_.generator.busiest_thread, used.count() / seconds);
  }
  for (const auto& [thread, waited] : waits) {
    const auto delay = waited - waits_before_[thread];
    if (seconds > 0)
      results_.generator.waited_for_cpu =
          std::max(results_.generator.waited_for_cpu, delay.count() / seconds);
  }
  results_.tunnels_at_peak = sum(&LoadThread::open_tunnels);
  if (probe_) results_.server->pss_at_peak = probe_->pss_kib().value_or(0);
}

void Run::finish() {
  const TimePoint began = Clock::now();
  const Clock::duration patience = plan_.options.timeout;
  const TimePoint latest =
      began + (plan_.options.echo_at_end ? patience : std::min(kLongestEnding, patience));
  for (const auto& thread : threads_) thread->end();
  if (plan_.options.open_loop() || plan_.options.echo_at_end) {
    while (!stop_ && Clock::now() < latest && sum(&LoadThread::live_slots) > 0) {
      tell(Status::Phase::ending, began, latest);
      std::this_thread::sleep_for(kLook);
    }
  }
  for (const auto& thread : threads_) thread->abort();
  const TimePoint given_up = Clock::now() + kUnwinding;
  while (Clock::now() < given_up && sum(&LoadThread::live_slots) > 0) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  for (const auto& thread : threads_) thread->stop();
}

void Run::collect() {
  for (const auto& thread : threads_) {
    thread->books().roll(TimePoint::max());
    results_.totals.merge(thread->books().totals());
  }
  gather();
  note_tunnels();
  if (probe_) {
    std::this_thread::sleep_for(kSettling);
    results_.server->pss_after = probe_->pss_kib().value_or(0);
  }
  results_.generator.threads = threads_.size();
  judge_generator(plan_.options, results_);
}

/// Where tunnels are the work.
void Run::note_tunnels() {
  Totals& totals = results_.totals;
  if (plan_.options.mode == Mode::idle) totals.count = results_.tunnels_at_peak;
  if (plan_.options.mode != Mode::storm) return;
  StormFigures storm;
  storm.tunnels = plan_.options.connections;
  storm.back = totals.back;
  storm.recovered_seconds = std::chrono::duration<double>(totals.recovered_in).count();
  results_.storm = storm;
}

Result<Results> Run::operator()() {
  if (auto made = make_threads(); !made) return std::move(made).error();
  results_.started = fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr)));
  results_.address = plan_.target.address.text();
  results_.generator.notes = check_limits(plan_);
  start_probing();
  connect();
  if (!stop_ && sum(&LoadThread::connects) > 0) {
    warm_up();
    measure();
  }
  finish();
  collect();
  return std::move(results_);
}

}  // namespace

Result<Results> run_load(const Plan& plan, const std::atomic<bool>& stop, const Watch& watch) {
  return Run(plan, stop, watch)();
}

}  // namespace wssgate::bench
