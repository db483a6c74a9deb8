#include "base/line_writer.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace wssgate::log {
namespace {

// At worst; a reader that falls further behind loses the oldest.
constexpr std::size_t kMostQueued = std::size_t{16} << 20U;
// What one write takes.
constexpr std::size_t kBlock = std::size_t{64} * 1024;

}  // namespace

LineWriter::LineWriter(int fd, std::chrono::milliseconds gather)
    : fd_(fd), gather_(gather), thread_([this] { run(); }) {}

LineWriter::~LineWriter() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  news_.notify_one();
  thread_.join();
  if (fd_ != STDOUT_FILENO && fd_ != STDERR_FILENO) ::close(fd_);
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
      queued_ -= blocks_.front().size();
      blocks_.pop_front();
    }
  }
  if (first) news_.notify_one();
}

void LineWriter::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    news_.wait(lock, [this] { return ending_ || !blocks_.empty(); });
    if (gather_.count() > 0) news_.wait_for(lock, gather_, [this] { return ending_; });
    while (!blocks_.empty()) {
      const std::string block = std::move(blocks_.front());
      blocks_.pop_front();
      queued_ -= block.size();
      lock.unlock();
      write_now(fd_, block);
      lock.lock();
    }
    if (ending_) return;
  }
}

void LineWriter::write_now(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EAGAIN) {  // whoever shares the descriptor made it non-blocking
      pollfd room{.fd = fd, .events = POLLOUT, .revents = 0};
      ::poll(&room, 1, -1);
    } else if (errno != EINTR) {
      return;
    }
  }
}

}  // namespace wssgate::log
