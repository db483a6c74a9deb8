#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <utility>
#include <vector>

#include "cli/serve.h"
#include "config/load.h"
#include "pki/dev_ca.h"
#include "support/temp_folder.h"

namespace wssgate {
namespace {

TEST(EarlySignal, EndsWhatHasJustSaidThatItServesInOrder) {
  const test::TempFolder folder;
  const auto made =
      pki::ensure_dev_certificate(folder.path(), {"localhost"}, std::chrono::system_clock::now());
  ASSERT_TRUE(made) << made.error().context;
  Report report;
  const auto config = config::load_text(R"(
listeners: [{address: "127.0.0.1:0"}]
certificates: {folders: [.], roots: [dev-ca/ca.pem]}
hosts: [{names: [localhost], routes: [{path: /, upstream: none}]}]
upstreams: {none: {endpoints: ["127.0.0.1:9"]}}
workers: 1
admin: {address: "off"}
log: {access: "off"}
)",
                                        "test.yaml", folder.path(), report);
  bool said = false;
  const auto load = [&](Report&) { return config; };
  const int exit_code =
      cli::serve(config, std::move(report), load, [&](const std::vector<SocketAddress>& listening) {
        said = listening.size() == 1 && listening.front().port() != 0;
        std::raise(SIGTERM);
      });
  EXPECT_TRUE(said);
  EXPECT_EQ(exit_code, 0);
}

}  // namespace
}  // namespace wssgate
