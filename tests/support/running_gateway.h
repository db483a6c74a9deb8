#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "base/address.h"
#include "support/temp_folder.h"
#include "support/test_ca.h"

namespace wssgate::control {
class Server;
}

namespace wssgate::test {

/// wssgate in this process, on a free loopback port, with certificates minted for the test. The
/// configuration is real YAML; the fixture adds certificates, workers, log and (where the test has
/// none) a listener to what the test gives.
class RunningGateway {
 public:
  /// `certificate_names`: one certificate for each entry, named as its list says.
  /// `yaml`: hosts, upstreams, timeouts, limits, trusted_proxies; listeners where one plain one
  /// will not do.
  RunningGateway(const std::vector<std::vector<std::string>>& certificate_names,
                 const std::string& yaml);
  /// The same with certificates that the test describes; each is below the CA's intermediate, in
  /// certs/<its number>/fullchain.pem and privkey.pem.
  RunningGateway(const std::string& yaml, const std::vector<CertificateOptions>& certificates);
  ~RunningGateway();
  RunningGateway(const RunningGateway&) = delete;
  RunningGateway& operator=(const RunningGateway&) = delete;

  SocketAddress address(std::size_t listener = 0) const;
  /// Whoever calls it includes control/server.h: most tests do without, and without Asio.
  control::Server& server() { return *server_; }

  /// The access lines so far, once there are at least `count` (waits up to kPatience for them).
  std::vector<nlohmann::json> access_lines(std::size_t count);

  const TestCa& ca() const { return ca_; }

 private:
  TempFolder folder_;
  TestCa ca_;
  std::unique_ptr<control::Server> server_;
};

/// One host "test.example" with one route to this endpoint: the configuration of most tests.
std::string one_host(const std::string& endpoint, const std::string& more = "");

}  // namespace wssgate::test
