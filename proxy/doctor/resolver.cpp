#include "doctor/resolver.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <thread>
#include <utility>

#include "base/name_lookup.h"
#include "base/units.h"
#include "doctor/wire.h"

namespace wssgate::doctor {
namespace {

/// Each address once.
Result<std::vector<SocketAddress>> look_up(const std::string& host, std::uint16_t port) {
  auto found = look_up_name(host, port);
  if (!found) return found;
  std::vector<SocketAddress> addresses;
  for (const SocketAddress& address : *found) {
    if (std::find(addresses.begin(), addresses.end(), address) == addresses.end()) {
      addresses.push_back(address);
    }
  }
  return addresses;
}

enum class Wait : std::uint8_t { ended, timed_out, stopped };

Wait wait_for(int ended_fd, int stop_fd, Deadline deadline) {
  for (;;) {
    std::array<pollfd, 2> polled = {pollfd{ended_fd, POLLIN, 0}, pollfd{stop_fd, POLLIN, 0}};
    const int ready = ::poll(polled.data(), polled.size(), milliseconds_until(deadline));
    if (ready > 0) return polled[1].revents != 0 ? Wait::stopped : Wait::ended;
    if (std::chrono::steady_clock::now() >= deadline) return Wait::timed_out;
  }
}

Error unanswered(std::string why) {
  return {Reason::upstream_unavailable, Side::upstream, std::move(why)};
}

}  // namespace

Resolver::Resolver() : look_up_(look_up) {}

/// Detached: getaddrinfo cannot be interrupted, and its own patience may be longer than ours.
void Resolver::begin(const Target& target) {
  ended_ = std::make_shared<net::Fd>(::eventfd(0, EFD_CLOEXEC));
  std::promise<Found> promise;
  found_ = promise.get_future();
  std::thread([promise = std::move(promise), ended = ended_, look_up = look_up_, host = target.host,
               port = target.port]() mutable {
    promise.set_value(look_up(host, port));
    ::eventfd_write(ended->get(), 1);
  }).detach();
}

Resolver::Found Resolver::find(const Target& target, int stop_fd) {
  if (!target.addresses.empty()) return target.addresses;
  if (auto literal = SocketAddress::parse(target.host_and_port())) return std::vector{*literal};
  if (!found_.valid()) begin(target);
  const Deadline deadline = std::chrono::steady_clock::now() + target.timeout;
  switch (wait_for(ended_->get(), stop_fd, deadline)) {
    case Wait::stopped:
      return unanswered("it was not waited for");
    case Wait::timed_out:
      return unanswered(
          fmt::format("the resolver did not answer within {}", format_duration(target.timeout)));
    case Wait::ended:
      break;
  }
  return found_.get();
}

}  // namespace wssgate::doctor
