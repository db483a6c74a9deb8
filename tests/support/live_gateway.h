#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "support/backend.h"
#include "support/clients.h"
#include "support/process.h"
#include "support/temp_folder.h"
#include "support/test_ca.h"

namespace wssgate::test {

/// `wssgate run` as a process of its own whose certificates and configuration a test changes while
/// it serves. Its folder has root.pem, wssgate.yaml, admin.sock, and certs/ with a subfolder for
/// each certificate. What it takes for the system's roots is no-roots.pem, which is empty.
class LiveGateway {
 public:
  /// One certificate for each of `names`, in certs/<name>. `yaml`: hosts, upstreams, timeouts,
  /// limits, as in configuration(). Returns when it serves.
  LiveGateway(const std::vector<std::string>& names, const std::string& yaml);
  /// The same with a folder that is laid out by `fill` and a whole configuration that it returns.
  using Fill = std::function<std::string(LiveGateway&)>;
  explicit LiveGateway(const Fill& fill);

  /// A whole configuration: listeners, admin, certificates and log besides `yaml`.
  std::string configuration(const std::string& yaml,
                            const std::string& listeners = "[{address: \"127.0.0.1:0\"}]") const;

  /// In its folder.
  std::string path(const std::string& name) const { return folder_.path() + "/" + name; }
  const TempFolder& folder() const { return folder_; }
  const TestCa& ca() const { return ca_; }

  /// Replaces a file in one step: written beside it, then renamed.
  void write(const std::string& name, const std::string& content) const;
  /// Replaces wssgate.yaml by configuration(`yaml`).
  void configure(const std::string& yaml) const { write("wssgate.yaml", configuration(yaml)); }
  /// Replaces key and chain in certs/<name>; returns the fingerprint.
  std::string install(const std::string& name, const TestCertificate& leaf) const;
  /// A new certificate for the same name.
  std::string renew(const std::string& name) const { return install(name, mint({name})); }
  TestCertificate mint(const std::vector<std::string>& names) const {
    return ca_.intermediate.leaf(names);
  }

  nlohmann::json status() const;
  /// Returns when it is over; what the process answered.
  nlohmann::json reload() const;
  std::string admin_address() const { return "unix:" + path("admin.sock"); }

  /// Where it listens, in the configuration's order.
  SocketAddress address(std::size_t listener = 0) const;
  /// The fingerprint of the leaf that a handshake for this name gets. Throws TlsRefused.
  std::string presented(const std::string& name) const;
  /// Until handshakes for this name get that leaf; throws when they never do.
  void await_presented(const std::string& name, const std::string& fingerprint) const;

  Process& process() { return *process_; }
  /// The lines of the operational log that have this event.
  std::vector<nlohmann::json> events(const std::string& event) const;
  /// Until there are that many; returns them.
  std::vector<nlohmann::json> await_events(const std::string& event, std::size_t count = 1) const;

 private:
  void start();
  nlohmann::json ask(const std::string& method, const std::string& path) const;

  TempFolder folder_;
  TestCa ca_;
  SocketAddress address_;
  std::optional<Process> process_;
};

/// One host with one route to `endpoint` for each name, and the upstream.
std::string hosts_for(const std::vector<std::string>& names, const std::string& endpoint);

std::string fingerprint_of(const TestCertificate& certificate);
std::string fingerprint_of(const TlsClient& client);

/// Answers requests with "served"; a connection that asks for an upgrade echoes from then on.
Backend::Script serving_and_echoing();

/// A message goes through an open WebSocket and comes back.
bool echoes(TlsClient& tunnel, const std::string& message);
/// A WebSocket that is open.
TlsClient open_websocket(const SocketAddress& address, const std::string& name);
/// A request on a connection that stays open: its answer.
std::string get(TlsClient& client, const std::string& name, const std::string& target = "/");

}  // namespace wssgate::test
