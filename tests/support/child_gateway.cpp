#include "support/child_gateway.h"

#include <sys/resource.h>

#include <cerrno>
#include <chrono>
#include <filesystem>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "net/listener.h"

namespace wssgate::test {
namespace {

SocketAddress free_address() {
  const net::Fd bound = net::listen_on(*SocketAddress::parse("127.0.0.1:0"), false);
  return net::bound_address(bound.get());
}

/// Which descriptors a process has open, by their numbers.
std::vector<bool> open_descriptors(pid_t pid) {
  std::vector<bool> taken;
  for (const auto& entry :
       std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/fd")) {
    const std::size_t number = std::stoul(entry.path().filename().string());
    if (number >= taken.size()) taken.resize(number + 1);
    taken[number] = true;
  }
  return taken;
}

/// The same once it has stayed so for a while: a file that a thread has open for a moment only, a
/// sanitizer's among them, would later be one to spare.
std::vector<bool> settled_descriptors(pid_t pid) {
  constexpr int kStill = 10;
  std::vector<bool> taken = open_descriptors(pid);
  for (int same = 0, looks = 0; same < kStill && looks < 500; ++looks) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    std::vector<bool> now = open_descriptors(pid);
    same = now == taken ? same + 1 : 0;
    taken = std::move(now);
  }
  return taken;
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
  const std::vector<bool> taken = settled_descriptors(process_->pid());
  // The limit is on the number that a descriptor gets, the lowest free one.
  std::size_t most = 0;
  for (std::size_t left = count; left > 0; ++most) {
    if (most >= taken.size() || !taken[most]) --left;
  }
  rlimit limit{};
  ::prlimit(process_->pid(), RLIMIT_NOFILE, nullptr, &limit);
  limit.rlim_cur = most;
  if (::prlimit(process_->pid(), RLIMIT_NOFILE, &limit, nullptr) != 0) {
    throw std::system_error(errno, std::system_category(), "prlimit");
  }
}

}  // namespace wssgate::test
