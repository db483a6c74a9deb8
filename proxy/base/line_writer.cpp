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
                       TellLost tell_lost)
    : sink_(std::move(sink)),
      gather_(gather),
      tell_lost_(std::move(tell_lost)),
      next_telling_(std::chrono::steady_clock::now()),
      thread_([this] { run(); }) {}

LineWriter::~LineWriter() { finish(); }

void LineWriter::finish() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  news_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void LineWriter::add(std::string_view line) {
  bool first = false;
  {
    const std::lock_guard lock(mutex_);
    first = blocks_.empty();
    if (first || blocks_.back().size() + line.size() >= kBlock) blocks_.emplace_back();
    blocks_.back().append(line).push_back('\n');
    queued_ += line.size() + 1;
    while (queued_ > kMostQueued && blocks_.size() > 1) {
      const std::string& oldest = blocks_.front();
      lost_ += static_cast<std::uint64_t>(std::count(oldest.begin(), oldest.end(), '\n'));
      queued_ -= oldest.size();
      blocks_.pop_front();
    }
  }
  if (first) news_.notify_one();
}

void LineWriter::reopen() {
  {
    const std::lock_guard lock(mutex_);
    reopens_ = true;
  }
  news_.notify_one();
}

void LineWriter::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    news_.wait(lock, [this] { return ending_ || reopens_ || !blocks_.empty(); });
    if (gather_.count() > 0) {
      news_.wait_for(lock, gather_, [this] { return ending_ || reopens_; });
    }
    write_queued(lock);
    if (ending_ && blocks_.empty()) return;
  }
}

/// What came before the name was given away goes to the file that had it.
void LineWriter::write_queued(std::unique_lock<std::mutex>& lock) {
  while (!blocks_.empty()) {
    const std::string block = std::move(blocks_.front());
    blocks_.pop_front();
    queued_ -= block.size();
    lock.unlock();
    const std::uint64_t lost = sink_->write(block);
    lost_ += lost;
    lock.lock();
    const bool flows = lost == 0 && blocks_.empty();
    lock.unlock();
    tell_of_lost(flows);
    lock.lock();
  }
  if (!std::exchange(reopens_, false)) return;
  lock.unlock();
  sink_->reopen();
  lock.lock();
}

/// The line that tells may be lost as well, where the disk is full: not at once again.
void LineWriter::tell_of_lost(bool flows) {
  const std::uint64_t lost = lost_;
  if (lost == told_ || !tell_lost_) return;
  const auto now = std::chrono::steady_clock::now();
  if (!flows && now < next_telling_) return;
  next_telling_ = now + kBetweenTellings;
  tell_lost_(lost - std::exchange(told_, lost));
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
