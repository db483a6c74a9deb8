#include "wssbench/load_thread.h"

#include <fmt/format.h>
#include <pthread.h>

#include <algorithm>
#include <exception>
#include <utility>

#include "wssbench/failure.h"

namespace wssgate::bench {
namespace {

// How late it comes is how late everything in this thread is.
constexpr std::chrono::milliseconds kTick{10};
constexpr std::chrono::milliseconds kFirstPause{20};
constexpr unsigned kMostDoublings = 6;

}  // namespace

Slot::Slot(LoadThread& thread, std::size_t index)
    : thread_(thread), index_(index), waiter_(thread.worker().loop()) {
  thread_.slots_.push_back(this);
  thread_.enlist(waiter_);
}

Slot::~Slot() {
  thread_.discharge(waiter_);
  std::erase(thread_.slots_, this);
}

const Plan& Slot::plan() const { return thread_.plan(); }
Recorder& Slot::books() { return thread_.books(); }
std::uint64_t Slot::next_id() { return thread_.next_id(); }
bool Slot::over() const { return thread_.over(); }

void Slot::mark_ready() {
  if (!std::exchange(ready_, true)) thread_.slot_is_ready();
}

asio::awaitable<Result<void>> Slot::go() {
  mark_ready();
  while (!thread_.begun()) {
    waiter_.never_expires();
    auto waited = co_await waiter_.wait();
    if (!waited) co_return waited;
  }
  const TimePoint warmup = books().window().warmup;
  co_return co_await sleep_until(warmup);
}

asio::awaitable<Result<void>> Slot::sleep_until(TimePoint time) {
  while (Clock::now() < time) {
    if (over()) co_return run_over();
    waiter_.wakes_at(time);
    auto waited = co_await waiter_.wait();
    if (!waited) co_return waited;
  }
  if (over()) co_return run_over();
  co_return Result<void>();
}

Result<TimePoint> Slot::take_turn() {
  if (over()) return run_over();
  if (!plan().options.open_loop()) return Clock::now();
  const TimePoint intended = pace_.next();
  if (intended >= books().window().end) return run_over();
  pace_.advance();
  return intended;
}

asio::awaitable<Result<TimePoint>> Slot::turn() {
  auto intended = take_turn();
  if (!intended || *intended <= Clock::now()) co_return intended;
  auto slept = co_await sleep_until(*intended);
  if (!slept) co_return std::move(slept).error();
  books().sent_late(Clock::now() - *intended);
  co_return intended;
}

asio::awaitable<void> Slot::failed(Error error) {
  if (is_run_over(error)) {
    // This slot is done before the others are.
    (void)co_await sleep_until(TimePoint::max());
    co_return;
  }
  const TimePoint now = Clock::now();
  books().error(error, now);
  mark_ready();
  const unsigned doublings = std::min(failures_++, kMostDoublings);
  const TimePoint again = now + kFirstPause * (1U << doublings);
  (void)co_await sleep_until(again);
}

void Slot::worked() {
  failures_ = 0;
  thread_.connected();
}

LoadThread::LoadThread(const Plan& plan, std::size_t index, std::unique_ptr<TlsClient> tls)
    : plan_(plan),
      index_(index),
      tls_(std::move(tls)),
      books_(plan.options),
      random_(std::random_device{}()) {}

// Its thread above, its number below.
std::uint64_t LoadThread::next_id() {
  return (std::uint64_t{index_} << 24U) | (++ids_ & 0xffffffU);
}

void LoadThread::start(std::size_t threads, const SlotRun& run) {
  started_ = Clock::now();
  worker_.post([this] {
    clockid_t clock = 0;
    pthread_getcpuclockid(pthread_self(), &clock);
    cpu_clock_ = clock;
  });
  worker_.loop().spawn(tick());
  for (std::size_t i = index_; i < plan_.options.connections; i += threads) {
    ++live_;
    worker_.loop().spawn(run_slot(i, run), [this](const std::exception_ptr& bug) {
      --live_;
      if (bug) std::rethrow_exception(bug);
    });
  }
  worker_.start(fmt::format("load-{}", index_));
}

asio::awaitable<void> LoadThread::run_slot(std::size_t index, SlotRun run) {
  Slot slot(*this, index);
  co_await run(slot);
  slot.mark_ready();
  if (!plan_.options.open_loop() || !begun_) co_return;
  books_.unsent(slot.pace().left_until(books_.window().end));
}

void LoadThread::begin(const Window& window) {
  worker_.post([this, window] {
    books_.begin(window);
    begun_ = true;
    const Options& options = plan_.options;
    for (Slot* const slot : slots_) {
      if (!options.open_loop()) break;
      slot->set_pace(Pace(options.rate, options.connections, slot->index(), window.warmup));
    }
    wake_all();
  });
}

void LoadThread::cut(TimePoint end) {
  worker_.post([this, end] { books_.cut(end); });
}

void LoadThread::end() {
  worker_.post([this] {
    over_ = true;
    wake_all();
  });
}

void LoadThread::abort() {
  worker_.post([this] {
    over_ = true;
    aborted_ = true;
    const Error why = run_over();
    for (net::Waiter* const waiter : waiters_) waiter->abort(why.reason, why.side);
  });
}

void LoadThread::discharge(net::Waiter& waiter) {
  const auto found = std::find(waiters_.rbegin(), waiters_.rend(), &waiter);
  if (found == waiters_.rend()) return;
  *found = waiters_.back();
  waiters_.pop_back();
}

void LoadThread::wake_all() {
  for (net::Waiter* const waiter : waiters_) waiter->notify();
}

std::chrono::duration<double> LoadThread::cpu() const {
  timespec time{};
  if (cpu_clock_ == 0 || clock_gettime(cpu_clock_, &time) != 0) return {};
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

asio::awaitable<void> LoadThread::tick() {
  net::Waiter waiter(worker_.loop());
  TimePoint due = Clock::now();
  for (;;) {
    due += kTick;
    waiter.wakes_at(due);
    (void)co_await waiter.wait();
    const TimePoint now = Clock::now();
    if (!plan_.options.open_loop() && now >= books_.window().start && now < books_.window().end) {
      books_.sent_late(now - due);
    }
    books_.roll(now);
    if (now > due + kTick) due = now;  // missed ticks are not made up for
  }
}

}  // namespace wssgate::bench
