#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <utility>
#include <vector>

#include "cli/serve.h"
#include "config/load.h"
#include "pki/dev_ca.h"
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
  return cli::serve(config, std::move(report), load,
                    [&](const std::vector<SocketAddress>& listening) {
                      if (listening.size() == 1 && listening.front().port() != 0) {
                        std::fputs("it has said where it listens\n", stderr);
                      }
                      std::raise(SIGTERM);
                    });
}

// In a process of its own: serve() may end it, where a reload is under way.
TEST(EarlySignal, EndsWhatHasJustSaidThatItServesInOrder) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(std::_Exit(serve_and_end()), testing::ExitedWithCode(0),
              "it has said where it listens(.|\n)*all connections have ended");
}

}  // namespace
}  // namespace wssgate
