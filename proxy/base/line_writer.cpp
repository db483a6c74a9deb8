#include "base/line_writer.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace wssgate::log {
namespace {

// At worst; a reader that falls further behind loses the oldest.
constexpr std::size_t kMostQueued = std::size_t{16} << 20U;
// What one write takes.
constexpr std::size_t kBlock = std::size_t{64} * 1024;
// A reader that does not catch up is told of that often.
constexpr std::chrono::seconds kBetweenTellings{10};

}  // namespace

LineWriter::LineWriter(std::unique_ptr<LineSink> sink, std::chrono::milliseconds gather,
                       TellLost tell_lost, Stuck stuck, std::shared_ptr<const LineWriter> after)
    : sink_(std::move(sink)),
      gather_(gather),
      tell_lost_(std::move(tell_lost)),
      stuck_(stuck),
      after_(std::move(after)),
      next_telling_(std::chrono::steady_clock::now()) {}

LineWriter::~LineWriter() { finish(); }

void LineWriter::start() {
  if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
}

void LineWriter::end() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  news_.notify_one();
}

void LineWriter::finish() {
  end();
  if (thread_.joinable()) thread_.join();
}

bool LineWriter::add(std::string_view line, Hurry hurry) {
  bool wakes = hurry == Hurry::at_once;
  std::uint64_t untold = 0;
  {
    const std::lock_guard lock(mutex_);
    if (ended_) return false;
    const bool first = blocks_.empty();
    wakes = wakes || first;
    hurried_ = hurried_ || hurry == Hurry::at_once;
    if (first || blocks_.back().size() + line.size() >= kBlock) blocks_.emplace_back();
    blocks_.back().append(line).push_back('\n');
    queued_ += line.size() + 1;
    while (queued_ > kMostQueued && blocks_.size() > 1) {
      const std::string& oldest = blocks_.front();
      lost_ += static_cast<std::uint64_t>(std::count(oldest.begin(), oldest.end(), '\n'));
      queued_ -= oldest.size();
      blocks_.pop_front();
      if (reopens_after_ > 0) --reopens_after_;
      if (stuck_ == Stuck::told) untold += take_untold(false);
    }
  }
  if (wakes) news_.notify_one();
  if (untold > 0) tell_lost_(untold);
  return true;
}

void LineWriter::reopen() {
  {
    const std::lock_guard lock(mutex_);
    if (!std::exchange(reopens_, true)) reopens_after_ = blocks_.size();
  }
  news_.notify_one();
}

void LineWriter::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    news_.wait(lock, [this] { return ending_ || reopens_ || !blocks_.empty(); });
    if (gather_.count() > 0) {
      news_.wait_for(lock, gather_, [this] { return ending_ || reopens_ || hurried_; });
    }
    if (after_ && !blocks_.empty()) {
      lock.unlock();
      after_->await_end();
      after_.reset();
      lock.lock();
    }
    write_queued(lock);
    if (ending_ && blocks_.empty()) break;
  }
  ended_ = true;
  lock.unlock();
  sink_.reset();  // a file that was removed takes no more room
  ended_.notify_all();
}

/// What came before the name was given away goes to the file that had it, but not all that comes
/// while that is written: with a slow disk there is no end of it.
void LineWriter::write_queued(std::unique_lock<std::mutex>& lock) {
  for (;;) {
    if (reopens_ && reopens_after_ == 0) {
      reopens_ = false;
      lock.unlock();
      sink_->reopen();
      lock.lock();
      continue;
    }
    if (blocks_.empty()) break;
    const std::string block = std::move(blocks_.front());
    blocks_.pop_front();
    queued_ -= block.size();
    if (reopens_after_ > 0) --reopens_after_;
    lock.unlock();
    const std::uint64_t lost = sink_->write(block);
    lost_ += lost;
    lock.lock();
    const std::uint64_t untold = take_untold(lost == 0 && blocks_.empty());
    if (untold == 0) continue;
    lock.unlock();
    tell_lost_(untold);
    lock.lock();
  }
  hurried_ = false;
}

/// How many are to be told of now; with the mutex held. The line that tells may be lost as well,
/// where the disk is full: not at once again.
std::uint64_t LineWriter::take_untold(bool flows) {
  const std::uint64_t lost = lost_;
  if (lost == told_ || !tell_lost_) return 0;
  const auto now = std::chrono::steady_clock::now();
  if (!flows && now < next_telling_) return 0;
  next_telling_ = now + kBetweenTellings;
  return lost - std::exchange(told_, lost);
}

std::size_t LineWriter::write_now(int fd, std::string_view bytes) {
  std::size_t written = 0;
  while (written < bytes.size()) {
    const ssize_t now = ::write(fd, bytes.data() + written, bytes.size() - written);
    if (now >= 0) {
      written += static_cast<std::size_t>(now);
    } else if (errno == EAGAIN) {  // whoever shares the descriptor made it non-blocking
      pollfd room{.fd = fd, .events = POLLOUT, .revents = 0};
      ::poll(&room, 1, -1);
    } else if (errno != EINTR) {
      break;
    }
  }
  return written;
}

}  // namespace wssgate::log
