#include "net/stream.h"

#include <utility>

namespace wssgate::net {

Result<void> Stream::put(std::string_view bytes) {
  if (pending()) {
    kept_.append(bytes);
    return {};
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

Result<bool> Stream::flush() {
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
