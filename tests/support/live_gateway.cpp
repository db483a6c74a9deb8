#include "support/live_gateway.h"

#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>

#include "base/text.h"
#include "cli/admin_client.h"
#include "pki/x509_facts.h"
#include "support/eventually.h"

namespace wssgate::test {

LiveGateway::LiveGateway(const std::vector<std::string>& names, const std::string& yaml)
    : LiveGateway([&](LiveGateway& gateway) {
        for (const std::string& name : names) gateway.renew(name);
        return gateway.configuration(yaml);
      }) {}

LiveGateway::LiveGateway(const Fill& fill) {
  folder_.write("root.pem", ca_.root.pem());
  folder_.write("no-roots.pem", "");
  std::filesystem::create_directory(path("certs"));
  folder_.write("wssgate.yaml", fill(*this));
  start();
}

void LiveGateway::start() {
  process_.emplace(std::vector<std::string>{"run", "-c", path("wssgate.yaml")},
                   std::vector<std::string>{"SSL_CERT_FILE=" + path("no-roots.pem")});
  const std::string listeners = await_events("serving").front().at("listeners");
  address_ = *SocketAddress::parse(listeners.substr(0, listeners.find(' ')));
}

std::string LiveGateway::configuration(const std::string& yaml,
                                       const std::string& listeners) const {
  return "listeners: " + listeners +
         "\n"
         "workers: 2\n"
         "admin: {address: \"" +
         admin_address() +
         "\"}\n"
         "certificates: {folders: [certs], roots: [root.pem]}\n"
         "stapling: {cache: \"" +
         path("ocsp") +
         "\"}\n"
         "log: {level: info, format: json, access: off}\n" +
         yaml;
}

void LiveGateway::write(const std::string& name, const std::string& content) const {
  const std::string beside = folder_.write(name + ".new", content);
  std::filesystem::rename(beside, path(name));
}

std::string LiveGateway::install(const std::string& name, const TestCertificate& leaf) const {
  write("certs/" + name + "/privkey.pem", leaf.key_pem());
  write("certs/" + name + "/fullchain.pem", ca_.chain(leaf));
  return fingerprint_of(leaf);
}

nlohmann::json LiveGateway::status() const { return ask("GET", "/status"); }

nlohmann::json LiveGateway::reload() const { return ask("POST", "/reload"); }

nlohmann::json LiveGateway::ask(const std::string& method, const std::string& path) const {
  return cli::ask_process({.file = {}, .address = admin_address()}, method, path);
}

SocketAddress LiveGateway::address(std::size_t listener) const {
  if (listener == 0) return address_;
  return *SocketAddress::parse(status().at("listeners").at(listener).get<std::string>());
}

std::string LiveGateway::presented(const std::string& name) const {
  return fingerprint_of(TlsClient(address_, name));
}

void LiveGateway::await_presented(const std::string& name, const std::string& fingerprint) const {
  if (eventually([&] { return presented(name) == fingerprint; })) return;
  throw std::runtime_error("another certificate of '" + name +
                           "' goes on: " + process_->error_output());
}

std::vector<nlohmann::json> LiveGateway::events(const std::string& event) const {
  std::vector<nlohmann::json> found;
  std::istringstream log(process_->error_output());
  for (std::string line; std::getline(log, line);) {
    auto parsed = nlohmann::json::parse(line, nullptr, false);
    if (parsed.is_object() && parsed.value("event", "") == event) found.push_back(parsed);
  }
  return found;
}

std::vector<nlohmann::json> LiveGateway::await_events(const std::string& event,
                                                      std::size_t count) const {
  std::vector<nlohmann::json> found;
  const auto enough = [&] {
    found = events(event);
    return found.size() >= count;
  };
  if (eventually(enough)) return found;
  throw std::runtime_error("wssgate did not log '" + event + "' but: " + process_->error_output());
}

std::string hosts_for(const std::vector<std::string>& names, const std::string& endpoint) {
  std::string yaml = "hosts:\n";
  for (const std::string& name : names) {
    yaml += "  - {names: [\"" + name + "\"], routes: [{path: /, upstream: backend}]}\n";
  }
  return yaml + "upstreams: {backend: {endpoints: [\"" + endpoint + "\"]}}\n";
}

std::string fingerprint_of(const TestCertificate& certificate) {
  return pki::fingerprint(certificate.certificate());
}

std::string fingerprint_of(const TlsClient& client) {
  const pki::X509Ptr leaf(SSL_get1_peer_certificate(client.ssl()));
  return pki::fingerprint(leaf.get());
}

Backend::Script serving_and_echoing() {
  return [](RawClient& proxy, int) {
    for (;;) {
      const std::string request = to_lower(proxy.read_message());
      if (request.find("upgrade: websocket") != std::string::npos) break;
      proxy.write(ok("served"));
    }
    proxy.write(upgrade_response());
    for (std::string bytes = proxy.read_some(); !bytes.empty(); bytes = proxy.read_some()) {
      proxy.write(bytes);
    }
  };
}

bool echoes(TlsClient& tunnel, const std::string& message) {
  tunnel.write(message);
  return tunnel.read_exactly(message.size()) == message;
}

TlsClient open_websocket(const SocketAddress& address, const std::string& name) {
  TlsClient client(address, name);
  client.write(upgrade_request(name));
  const std::string answer = client.read_message();
  if (!answer.starts_with("HTTP/1.1 101 ")) throw std::runtime_error(answer);
  return client;
}

std::string get(TlsClient& client, const std::string& name, const std::string& target) {
  client.write("GET " + target + " HTTP/1.1\r\nHost: " + name + "\r\n\r\n");
  return client.read_message();
}

}  // namespace wssgate::test
