#include <fmt/format.h>
#include <fmt/os.h>

#include <cstdlib>
#include <exception>
#include <filesystem>
#include <string>

#include "support/test_ca.h"

// Mints many hosts, each with a certificate and a key of its own, all below one intermediate:
//
//   make_hosts FOLDER COUNT PORT BACKEND
//
// writes to FOLDER: root.pem, certs/h00000/{fullchain,privkey}.pem and so on, the same once more as
// pem/h00000.pem (HAProxy's form), renewed/{fullchain,privkey}.pem (another certificate for the
// first host), and wssgate.yaml, which serves them all at 127.0.0.1:PORT and leads to the port
// BACKEND there.
namespace wssgate::test {
namespace {

void write(const std::filesystem::path& path, const std::string& text) {
  std::filesystem::create_directories(path.parent_path());
  auto file = fmt::output_file(path.string());
  file.print("{}", text);
  file.close();
  std::filesystem::permissions(path, std::filesystem::perms(0600));
}

std::string host_label(int number) { return fmt::format("h{:05}", number); }
std::string host_name(int number) { return host_label(number) + ".example.com"; }

void make_hosts(const std::filesystem::path& folder, int count, int port, int backend) {
  const TestCa ca;
  write(folder / "root.pem", ca.root.pem());
  std::string yaml = fmt::format(
      "listeners: [{{address: \"127.0.0.1:{}\"}}]\n"
      "workers: 1\n"
      "admin: {{address: \"unix:{}/admin.sock\"}}\n"
      "certificates: {{folders: [certs], roots: [root.pem]}}\n"
      "log: {{level: info, format: json, access: off}}\n"
      "upstreams: {{web: {{endpoints: [\"127.0.0.1:{}\"]}}}}\n"
      "hosts:\n",
      port, std::filesystem::absolute(folder).string(), backend);
  for (int i = 0; i < count; ++i) {
    const TestCertificate leaf = ca.intermediate.leaf({host_name(i)});
    write(folder / "certs" / host_label(i) / "fullchain.pem", ca.chain(leaf));
    write(folder / "certs" / host_label(i) / "privkey.pem", leaf.key_pem());
    write(folder / "pem" / (host_label(i) + ".pem"), ca.chain(leaf) + leaf.key_pem());
    yaml +=
        fmt::format("  - {{names: [{}], routes: [{{path: /, upstream: web}}]}}\n", host_name(i));
  }
  const TestCertificate renewed = ca.intermediate.leaf({host_name(0)});
  write(folder / "renewed" / "fullchain.pem", ca.chain(renewed));
  write(folder / "renewed" / "privkey.pem", renewed.key_pem());
  write(folder / "wssgate.yaml", yaml);
}

}  // namespace
}  // namespace wssgate::test

int main(int argc, char** argv) {
  if (argc != 5) {
    fmt::print(stderr, "usage: make_hosts FOLDER COUNT PORT BACKEND\n");
    return 2;
  }
  try {
    wssgate::test::make_hosts(argv[1], std::atoi(argv[2]), std::atoi(argv[3]), std::atoi(argv[4]));
    return 0;
  } catch (const std::exception& failure) {
    fmt::print(stderr, "make_hosts: {}\n", failure.what());
    return 1;
  }
}
