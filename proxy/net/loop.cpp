#include "net/loop.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/errno_text.h"
#include "net/sleeper.h"

namespace wssgate::net {
namespace {

int wait_in_milliseconds(int set, epoll_event* events, int most, std::chrono::nanoseconds limit) {
  using std::chrono::milliseconds;
  constexpr milliseconds kMost{60'000};  // what is due later is looked at then
  const auto rounded = std::min(std::chrono::ceil<milliseconds>(limit), kMost);
  return ::epoll_wait(set, events, most, static_cast<int>(rounded.count()));
}

/// epoll_pwait2, which takes nanoseconds; before Linux 5.11, and in some sandboxes, there is none.
int wait_for_events(int set, epoll_event* events, int most, std::chrono::nanoseconds limit) {
  static std::atomic<bool> exact{true};
  if (limit.count() == 0 || !exact) return wait_in_milliseconds(set, events, most, limit);
  const auto seconds = std::chrono::floor<std::chrono::seconds>(limit);
  const timespec timeout{.tv_sec = seconds.count(), .tv_nsec = (limit - seconds).count()};
  const int told = ::epoll_pwait2(set, events, most, &timeout, nullptr);
  if (told >= 0 || errno == EINTR) return told;
  exact = false;
  return wait_in_milliseconds(set, events, most, limit);
}

}  // namespace

Loop::Loop()
    : set_(::epoll_create1(EPOLL_CLOEXEC)), wakeup_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  if (!set_) throw_errno("epoll_create1");
  if (!wakeup_) throw_errno("eventfd");
  control(EPOLL_CTL_ADD, wakeup_.get(), EPOLLIN, nullptr);
}

Loop::~Loop() {
  woken_.clear();
  while (!times_.empty()) {
    Sleeper& sleeper = *times_.back().sleeper;
    remove_alarm(sleeper);
    sleeper.abandon();
  }
}

void Loop::watch(int fd, Watched& watched) {
  control(EPOLL_CTL_ADD, fd, EPOLLIN | EPOLLRDHUP | EPOLLET, &watched);
}

void Loop::watch_writing(int fd, Watched& watched) {
  control(EPOLL_CTL_MOD, fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, &watched);
}

void Loop::control(int what, int fd, std::uint32_t events, Watched* watched) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = watched;
  if (::epoll_ctl(set_.get(), what, fd, &event) != 0) throw_errno("epoll_ctl");
}

void Loop::forget(int fd) { ::epoll_ctl(set_.get(), EPOLL_CTL_DEL, fd, nullptr); }

// Either this sees that the thread sleeps, or that sees, before it does, that there is a task.
void Loop::post(std::function<void()> task) {
  {
    const std::lock_guard lock(mutex_);
    tasks_.push_back(std::move(task));
  }
  has_tasks_ = true;
  if (sleeping_) wake_thread();
}

void Loop::stop() {
  stopping_ = true;
  if (sleeping_) wake_thread();
}

void Loop::wake_thread() {
  const std::uint64_t one = 1;
  (void)!::write(wakeup_.get(), &one, sizeof one);  // fails only where it is awake already
}

void Loop::run() {
  while (!stopping_) turn(Clock::duration::max());
}

void Loop::poll() {
  do {
    turn({});
  } while (!stopping_ && (is_busy() || !idlers_.empty()));
}

void Loop::turn(Clock::duration most) {
  wait(most);
  const Clock::time_point begun = Clock::now();
  asio::post(context_, [this, begun] { act(begun); });
  context_.poll();
  spawned_ = false;
  turns_.add(Clock::now() - begun);
}

void Loop::wait(Clock::duration most) {
  if (is_busy() || !idlers_.empty()) most = {};
  if (most.count() > 0 && next_alarm() != kNever) {
    most = std::clamp(next_alarm() - Clock::now(), Clock::duration{}, most);
  }
  sleeping_ = most.count() > 0;
  if (has_tasks_ || stopping_) most = {};
  told_ = std::max(0, wait_for_events(set_.get(), events_.data(), kBatch, most));
  sleeping_ = false;
  if (!idlers_.empty()) wake_idlers();
}

void Loop::wake_idlers() {
  if ((told_ > 0 || is_busy()) && ++busy_turns_ < kMostBusyTurns) return;
  busy_turns_ = 0;
  for (Sleeper* const sleeper : idlers_) {
    if (sleeper == nullptr) continue;
    sleeper->idles_ = false;
    sleeper->wake_soon();
  }
  idlers_.clear();
}

void Loop::act(Clock::time_point now) {
  for (int i = 0; i < told_; ++i) {
    const epoll_event& event = events_[static_cast<std::size_t>(i)];
    auto* const watched = static_cast<Watched*>(event.data.ptr);
    if (watched != nullptr) {
      watched->on_events(event.events);
    } else {
      std::uint64_t count = 0;
      (void)!::read(wakeup_.get(), &count, sizeof count);
    }
  }
  run_tasks();
  wake_due(now);
  waking_.swap(woken_);
  for (std::size_t i = 0; i < waking_.size(); ++i) {
    Sleeper* const sleeper = waking_[i];
    if (sleeper == nullptr) continue;  // gone meanwhile
    sleeper->awake_ = false;
    sleeper->woken();
  }
  waking_.clear();
}

void Loop::run_tasks() {
  if (!has_tasks_) return;
  {
    const std::lock_guard lock(mutex_);
    has_tasks_ = false;
    doing_.swap(tasks_);
  }
  for (const auto& task : doing_) task();
  doing_.clear();
}

void Loop::wake_due(Clock::time_point now) {
  while (next_alarm() <= now) {
    Sleeper& sleeper = *times_.front().sleeper;
    set_alarm(sleeper, kNever);
    sleeper.wake_soon();
  }
}

void Loop::set_alarm(Sleeper& sleeper, Clock::time_point time) {
  if (sleeper.place_ == Sleeper::kNowhere) {
    times_.push_back({time, &sleeper});
    sleeper.place_ = static_cast<std::uint32_t>(times_.size() - 1);
  } else {
    times_[sleeper.place_].time = time;
  }
  sift(sleeper.place_);
}

void Loop::remove_alarm(Sleeper& sleeper) {
  const std::uint32_t place = std::exchange(sleeper.place_, Sleeper::kNowhere);
  if (place == Sleeper::kNowhere) return;
  const Alarm last = times_.back();
  times_.pop_back();
  if (last.sleeper == &sleeper) return;
  put(place, last);
  sift(place);
}

void Loop::put(std::size_t place, Alarm alarm) {
  times_[place] = alarm;
  alarm.sleeper->place_ = static_cast<std::uint32_t>(place);
}

// Up while it is before its parent, or else down while a child is before it.
void Loop::sift(std::size_t place) {
  const Alarm alarm = times_[place];
  while (place > 0 && alarm.time < times_[(place - 1) / 2].time) {
    put(place, times_[(place - 1) / 2]);
    place = (place - 1) / 2;
  }
  for (;;) {
    std::size_t child = 2 * place + 1;
    if (child + 1 < times_.size() && times_[child + 1].time < times_[child].time) ++child;
    if (child >= times_.size() || alarm.time <= times_[child].time) break;
    put(place, times_[child]);
    place = child;
  }
  put(place, alarm);
}

Sleeper::~Sleeper() {
  loop_.remove_alarm(*this);
  if (!awake_ && !idles_) return;
  for (auto* const list : {&loop_.woken_, &loop_.waking_, &loop_.idlers_}) {
    std::replace(list->begin(), list->end(), this, static_cast<Sleeper*>(nullptr));
  }
}

void Sleeper::wake_soon() {
  if (std::exchange(awake_, true)) return;
  loop_.woken_.push_back(this);
}

void Sleeper::wake_when_idle() {
  idles_ = true;
  loop_.idlers_.push_back(this);
}

void Sleeper::wake_no_later_than(Loop::Clock::time_point time) {
  if (place_ == kNowhere || time < loop_.times_[place_].time) wake_at(time);
}

}  // namespace wssgate::net
