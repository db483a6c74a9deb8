#include "support/running_gateway.h"

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "base/log.h"
#include "config/load.h"
#include "control/listening.h"
#include "control/server.h"
#include "gateway/snapshot.h"
#include "support/eventually.h"

namespace wssgate::test {

namespace {

std::vector<CertificateOptions> named(const std::vector<std::vector<std::string>>& names) {
  std::vector<CertificateOptions> certificates;
  for (const auto& each : names) {
    CertificateOptions& certificate = certificates.emplace_back();
    certificate.common_name = each.front();
    certificate.names = each;
  }
  return certificates;
}

}  // namespace

RunningGateway::RunningGateway(const std::vector<std::vector<std::string>>& certificate_names,
                               const std::string& yaml)
    : RunningGateway(yaml, named(certificate_names)) {}

RunningGateway::RunningGateway(const std::string& yaml,
                               const std::vector<CertificateOptions>& certificates) {
  folder_.write("root.pem", ca_.root.pem());
  int number = 0;
  for (const CertificateOptions& options : certificates) {
    const std::string folder = "certs/" + std::to_string(number++);
    const TestCertificate leaf = ca_.intermediate.issue(options);
    folder_.write(folder + "/fullchain.pem", ca_.chain(leaf));
    folder_.write(folder + "/privkey.pem", leaf.key_pem());
  }
  const bool has_listeners = yaml.find("listeners:") != std::string::npos;
  const std::string listeners = "listeners: [{address: \"127.0.0.1:0\"}]\n";
  const std::string text = (has_listeners ? "" : listeners) +
                           "workers: 2\n"
                           "certificates: {folders: [certs], roots: [root.pem]}\n"
                           "log: {level: error, format: json, access: access.log}\n" +
                           yaml;
  Report report;
  const config::Config config = config::load_text(text, "test.yaml", folder_.path(), report);
  auto snapshot = gateway::Snapshot::build(config, std::chrono::system_clock::now(), report);
  auto listening = control::open_listeners(config, control::worker_count(config), report);
  if (!report.ok()) throw std::runtime_error(report.text());
  log::configure(config.log);
  server_ = std::make_unique<control::Server>(std::move(snapshot), std::move(listening));
}

RunningGateway::~RunningGateway() {
  server_.reset();
  if (!log::shutdown()) std::abort();
}

SocketAddress RunningGateway::address(std::size_t listener) const {
  return server_->addresses().at(listener);
}

std::vector<nlohmann::json> RunningGateway::access_lines(std::size_t count) {
  std::vector<nlohmann::json> lines;
  const bool enough = eventually([&] {
    lines.clear();
    std::ifstream file(folder_.path() + "/access.log");
    for (std::string line; std::getline(file, line);) {
      auto parsed = nlohmann::json::parse(line, nullptr, false);
      if (!parsed.is_discarded()) lines.push_back(std::move(parsed));
    }
    return lines.size() >= count;
  });
  if (enough) return lines;
  throw std::runtime_error("only " + std::to_string(lines.size()) + " access lines came");
}

std::string one_host(const std::string& endpoint, const std::string& more) {
  return "hosts:\n  - names: [test.example]\n    routes: [{path: /, upstream: backend}]\n"
         "upstreams: {backend: {endpoints: [\"" +
         endpoint + "\"]}}\n" + more;
}

}  // namespace wssgate::test
