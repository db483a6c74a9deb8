#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "cli/serve.h"
#include "config/load.h"
#include "pki/dev_ca.h"
#include "support/eventually.h"
#include "support/process.h"
#include "support/temp_folder.h"

namespace wssgate {
namespace {

/// Serves until the signal that it sends itself, which comes as soon as it says that it serves.
int serve_and_end() {
  const test::TempFolder folder;
  const auto made =
      pki::ensure_dev_certificate(folder.path(), {"localhost"}, std::chrono::system_clock::now());
  if (!made) return 2;
  Report report;
  const auto config = config::load_text(R"(
listeners: [{address: "127.0.0.1:0"}]
certificates: {folders: [dev], roots: [dev-ca/ca.pem]}
hosts: [{names: [localhost], routes: [{path: /, upstream: none}]}]
upstreams: {none: {endpoints: ["127.0.0.1:9"]}}
workers: 1
admin: {address: "off"}
log: {access: "off"}
)",
                                        "test.yaml", folder.path(), report);
  const auto load = [&](Report&) { return config; };
  const int exit_code =
      cli::serve(config, std::move(report), load, [&](const std::vector<SocketAddress>& listening) {
        if (listening.size() == 1 && listening.front().port() != 0) {
          std::fputs("it has said where it listens\n", stderr);
        }
        std::raise(SIGUSR1);
        std::raise(SIGTERM);
      });
  std::raise(SIGUSR1);  // nobody is there to heed it, nor may it end us
  return exit_code;
}

// In a process of its own: serve() may end it, where a reload is under way.
TEST(EarlySignal, EndsWhatHasJustSaidThatItServesInOrder) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(std::_Exit(serve_and_end()), testing::ExitedWithCode(0),
              "it has said where it listens(.|\n)*all connections have ended");
}

// Whoever rotates logs does not know that it is only starting. It waits for its configuration here.
TEST(EarlySignal, ToOpenLogsAnewDoesNotEndWhatIsStarting) {
  const test::TempFolder folder;
  const std::string file = folder.path() + "/wssgate.yaml";
  ASSERT_EQ(::mkfifo(file.c_str(), 0600), 0);
  test::Process process({"run", "-c", file});
  int configuration = -1;
  ASSERT_TRUE(test::eventually([&] {
    configuration = ::open(file.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC);
    return configuration >= 0;
  }));
  process.signal(SIGUSR1);
  const std::string refused = "no_such_key: 1\n";
  EXPECT_EQ(::write(configuration, refused.data(), refused.size()),
            static_cast<ssize_t>(refused.size()));
  ::close(configuration);
  EXPECT_EQ(process.wait(), 1);
  EXPECT_NE(process.error_output().find("no_such_key"), std::string::npos);
}

}  // namespace
}  // namespace wssgate
