#pragma once

#include <memory>
#include <string>

#include "base/address.h"
#include "net/fd.h"
#include "support/process.h"
#include "support/temp_folder.h"
#include "support/test_ca.h"

namespace wssgate::test {

/// `wssgate run` as systemd would start it: with a listening socket at descriptor 3, and a socket
/// that it tells of itself (sd_listen_fds(3), sd_notify(3)). One certificate, for a.example.
class ActivatedGateway {
 public:
  /// `listeners`: what the configuration says; empty: the socket's address. Returns when it serves.
  explicit ActivatedGateway(const std::string& yaml, std::string listeners = {});

  /// Of the socket that was handed over.
  const SocketAddress& address() const { return address_; }
  std::string error_output() const { return process_->error_output(); }
  void signal(int number) const { process_->signal(number); }
  /// What it tells next; throws when nothing comes within ten seconds.
  std::string next_notification() const;

 private:
  TempFolder folder_;
  TestCa ca_;
  SocketAddress address_;
  net::Fd notifications_;
  std::unique_ptr<Process> process_;
};

}  // namespace wssgate::test
