// The one path of all reloads, where a process is too coarse.

#include "control/reloader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <future>
#include <optional>
#include <stdexcept>

#include "control/server.h"
#include "support/clients.h"
#include "support/running_gateway.h"

namespace wssgate::control {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class ReloaderTest : public testing::Test {
 protected:
  /// Asks, and runs the loop until the answer is there.
  Reload reload(Reloader& reloader) {
    std::optional<Reload> done;
    reloader.request("the test", [&](const Reload& reload) { done = reload; });
    run_until([&] { return done.has_value(); });
    return done.value();
  }
  void run_until(const std::function<bool()>& holds) {
    const auto give_up = std::chrono::steady_clock::now() + 20s;
    while (!holds() && std::chrono::steady_clock::now() < give_up) {
      loop_.restart();
      loop_.run_one_for(20ms);
    }
  }
  config::Config running() { return gateway_.server().snapshot()->config; }

  test::RunningGateway gateway_{{{"test.example"}}, test::one_host("127.0.0.1:9")};
  asio::io_context loop_;
};

TEST_F(ReloaderTest, GoesOnWhenReadingFailsInAWayNobodyThoughtOf) {
  int times = 0;
  Reloader reloader(loop_, gateway_.server(),
                    [&](Report&) -> config::Config {
                      if (++times == 1) throw std::runtime_error("no memory for it");
                      return running();
                    },
                    {});
  const auto before = gateway_.server().snapshot();

  const Reload failed = reload(reloader);
  EXPECT_FALSE(failed.ok());
  ASSERT_THAT(failed.refused, SizeIs(1));
  EXPECT_THAT(failed.refused.front().message, HasSubstr("no memory for it"));
  EXPECT_EQ(gateway_.server().snapshot(), before);
  EXPECT_NO_THROW(test::TlsClient(gateway_.address(), "test.example"));

  EXPECT_TRUE(reload(reloader).ok());
}

TEST_F(ReloaderTest, MakesOneOfWhatIsAskedForMeanwhile) {
  std::promise<void> may_go_on;
  auto gate = may_go_on.get_future().share();
  std::atomic<int> times{0};
  Reloader reloader(loop_, gateway_.server(),
                    [&](Report&) {
                      if (++times == 1) gate.wait();
                      return running();
                    },
                    {});
  std::vector<std::string> causes;
  const auto note = [&](const Reload& reload) { causes.push_back(reload.cause); };
  reloader.request("first", note);
  EXPECT_TRUE(reloader.busy());
  reloader.request("second", note);
  reloader.request("third", note);
  may_go_on.set_value();
  run_until([&] { return causes.size() == 3; });
  EXPECT_THAT(causes, ElementsAre("first", "third", "third"));
  EXPECT_EQ(times, 2);
  EXPECT_FALSE(reloader.busy());
}

TEST_F(ReloaderTest, AdoptsNothingWhenNothingHasChanged) {
  Reloader reloader(loop_, gateway_.server(), [&](Report&) { return running(); }, {});
  const auto before = gateway_.server().snapshot();
  const Reload same = reload(reloader);
  EXPECT_TRUE(same.ok());
  EXPECT_FALSE(same.changed);
  EXPECT_EQ(gateway_.server().snapshot(), before);
}

TEST_F(ReloaderTest, TellsOfNoChangeWhereOnlyWhatIsHeldBackChanges) {
  Reloader reloader(loop_, gateway_.server(), [&](Report&) { return running(); }, {});
  const std::filesystem::path half = running().certificates.folders.front().value + "/half";
  std::filesystem::create_directory(half);
  std::ofstream(half / "fullchain.pem") << "no key beside it";
  const Reload held = reload(reloader);
  EXPECT_THAT(held.held, SizeIs(1));
  EXPECT_FALSE(held.changed);
  EXPECT_EQ(gateway_.server().snapshot()->held, held.held) << "for the status";

  std::ofstream(half / "privkey.pem") << "nor a certificate";
  EXPECT_FALSE(reload(reloader).ok());
  EXPECT_FALSE(reloader.last().changed);

  std::filesystem::remove_all(half);
  EXPECT_TRUE(reload(reloader).ok());
  EXPECT_FALSE(reloader.last().changed);
  EXPECT_THAT(gateway_.server().snapshot()->held, IsEmpty());
}

TEST_F(ReloaderTest, OpensNoListenerOfAConfigurationThatIsRefused) {
  config::Config wanted = running();
  wanted.listeners.push_back(wanted.listeners.front());
  wanted.hosts.front().names.push_back({*HostPattern::parse("new.example"), {}});
  Reloader reloader(loop_, gateway_.server(), [&](Report&) { return wanted; }, {});
  EXPECT_THAT(reload(reloader).refused, SizeIs(1));
  EXPECT_THAT(gateway_.server().addresses(), SizeIs(1));
}

TEST_F(ReloaderTest, OpensNoListenerInADrain) {
  config::Config wanted = running();
  Reloader reloader(loop_, gateway_.server(), [&](Report&) { return wanted; }, {});
  gateway_.server().drain();
  wanted.listeners.push_back(wanted.listeners.front());
  reload(reloader);
  for (const SocketAddress& address : gateway_.server().addresses()) {
    // The one that drains closes a moment later.
    bool refused = false;
    run_until([&] {
      try {
        const test::RawClient client(address);
      } catch (const std::system_error&) {
        refused = true;
      }
      return refused;
    });
    EXPECT_TRUE(refused) << address.text();
  }
}

TEST_F(ReloaderTest, WaitsForABuildWhenItIsDestroyed) {
  std::promise<void> may_go_on;
  auto gate = may_go_on.get_future().share();
  auto reloader = std::make_unique<Reloader>(
      loop_, gateway_.server(),
      [&](Report&) {
        gate.wait();
        return running();
      },
      std::vector<Problem>());
  bool answered = false;
  reloader->request("the test", [&](const Reload&) { answered = true; });
  may_go_on.set_value();
  reloader.reset();
  EXPECT_FALSE(answered);
}

TEST_F(ReloaderTest, DoesNotTellAsHeldWhatOnlyWarns) {
  config::Config wanted = running();
  Reloader reloader(loop_, gateway_.server(),
                    [&](Report& report) {
                      report.warn({"a file", 1, 1}, "a warning", "heed it");
                      return wanted;
                    },
                    {});
  const Reload done = reload(reloader);
  EXPECT_TRUE(done.ok());
  EXPECT_THAT(done.held, IsEmpty());
  EXPECT_THAT(done.warnings, SizeIs(1));
}

}  // namespace
}  // namespace wssgate::control
