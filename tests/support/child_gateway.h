#pragma once

#include <optional>
#include <string>

#include "base/address.h"
#include "support/process.h"
#include "support/temp_folder.h"
#include "support/test_ca.h"

namespace wssgate::test {

/// `wssgate run` as a process of its own, on a free loopback port, for the host test.example.
/// Not together with a RunningGateway: the fork would share its sockets for a moment.
class ChildGateway {
 public:
  /// `yaml`: hosts, upstreams, timeouts, limits. Returns when it serves.
  explicit ChildGateway(const std::string& yaml);

  SocketAddress address() const { return address_; }
  Process& process() { return *process_; }
  /// How many lines of the operational log have this event so far.
  std::size_t events(const std::string& event) const;
  /// Until there is such a line.
  void await_event(const std::string& event);
  /// From now on it can open so many more descriptors, by its soft limit.
  void leave_descriptors(std::size_t count) const;

 private:
  TempFolder folder_;
  SocketAddress address_;
  std::optional<Process> process_;
};

}  // namespace wssgate::test
