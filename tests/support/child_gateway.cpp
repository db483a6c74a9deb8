#include "support/child_gateway.h"

#include <sys/resource.h>

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <vector>

#include "net/listener.h"

namespace wssgate::test {
namespace {

SocketAddress free_address() {
  const net::Fd bound = net::listen_on(*SocketAddress::parse("127.0.0.1:0"), false);
  return net::bound_address(bound.get());
}

std::string in_json(const std::string& event) { return "\"event\":\"" + event + "\""; }

}  // namespace

ChildGateway::ChildGateway(const std::string& yaml) : address_(free_address()) {
  const TestCa ca;
  const TestCertificate leaf = ca.intermediate.leaf({"test.example"});
  folder_.write("root.pem", ca.root.pem());
  folder_.write("certs/0/fullchain.pem", ca.chain(leaf));
  folder_.write("certs/0/privkey.pem", leaf.key_pem());
  const std::string config =
      folder_.write("wssgate.yaml", "listeners: [{address: \"" + address_.text() +
                                        "\"}]\n"
                                        "workers: 1\n"
                                        "admin: {address: \"unix:" +
                                        folder_.path() +
                                        "/admin.sock\"}\n"
                                        "certificates: {folders: [certs], roots: [root.pem]}\n"
                                        "log: {level: debug, format: json, access: off}\n" +
                                        yaml);
  process_.emplace(std::vector<std::string>{"run", "-c", config});
  await_event("serving");
}

std::size_t ChildGateway::events(const std::string& event) const {
  const std::string all = process_->error_output();
  const std::string wanted = in_json(event);
  std::size_t count = 0;
  for (auto at = all.find(wanted); at != std::string::npos; at = all.find(wanted, at + 1)) ++count;
  return count;
}

void ChildGateway::await_event(const std::string& event) {
  process_->wait_for_error(in_json(event));
}

void ChildGateway::leave_descriptors(std::size_t count) const {
  // The limit is on the number that a descriptor gets, the lowest free one.
  const std::string all = "/proc/" + std::to_string(process_->pid()) + "/fd/";
  std::size_t most = 0;
  for (std::size_t left = count; left > 0; ++most) {
    if (!std::filesystem::is_symlink(all + std::to_string(most))) --left;
  }
  rlimit limit{};
  ::prlimit(process_->pid(), RLIMIT_NOFILE, nullptr, &limit);
  limit.rlim_cur = most;
  if (::prlimit(process_->pid(), RLIMIT_NOFILE, &limit, nullptr) != 0) {
    throw std::system_error(errno, std::system_category(), "prlimit");
  }
}

}  // namespace wssgate::test
