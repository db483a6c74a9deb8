#pragma once

#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/address.h"
#include "base/result.h"
#include "doctor/target.h"
#include "net/fd.h"

namespace wssgate::doctor {

/// Finds the addresses to ask. One thread.
class Resolver {
 public:
  using Found = Result<std::vector<SocketAddress>>;
  /// Blocks for as long as it likes, in a thread of its own.
  using LookUp = std::function<Found(const std::string& host, std::uint16_t port)>;

  /// With the system's getaddrinfo.
  Resolver();
  explicit Resolver(LookUp look_up) : look_up_(std::move(look_up)) {}

  /// Those that were named, or all A and AAAA of the host, which is the same each time. Waits for
  /// `target.timeout` at most, or until `stop_fd` (-1: none) is readable. What hangs is not asked
  /// again but waited for again. Error: upstream_unavailable with the resolver's sentence.
  Found find(const Target& target, int stop_fd);

 private:
  void begin(const Target& target);

  LookUp look_up_;
  /// Of the one that runs: readable once it has ended. The thread's, too.
  std::shared_ptr<net::Fd> ended_;
  std::future<Found> found_;
};

}  // namespace wssgate::doctor
