#include "net/stream.h"

#include <utility>

namespace wssgate::net {

Result<void> Stream::put(std::string_view bytes) {
  if (!kept_.empty()) {
    kept_.append(bytes);
    if (!std::exchange(held_, false)) return {};
    auto flushed = flush();  // what was held goes first
    return flushed ? Result<void>() : std::move(flushed).error();
  }
  while (!bytes.empty()) {
    auto written = write(bytes);
    if (!written) return std::move(written).error();
    if (*written == 0) {
      kept_.assign(bytes);
      return {};
    }
    bytes.remove_prefix(*written);
  }
  return {};
}

void Stream::hold(std::string_view bytes) {
  held_ = kept_.empty() && !bytes.empty();
  kept_.append(bytes);
}

void Stream::release() {
  if (std::exchange(held_, false)) (void)flush();  // where it is broken, the next call tells
}

Result<bool> Stream::flush() {
  if (!pending()) return true;
  std::string_view left = kept_;
  while (!left.empty()) {
    auto written = write(left);
    if (!written) return std::move(written).error();
    if (*written == 0) {
      kept_.erase(0, kept_.size() - left.size());
      return false;
    }
    left.remove_prefix(*written);
  }
  std::string().swap(kept_);  // an idle stream holds no buffer
  return true;
}

Error Stream::reset_error(std::string detail) const {
  return Error(side_ == Side::client ? Reason::client_reset : Reason::upstream_reset, side_,
               std::move(detail));
}

}  // namespace wssgate::net
