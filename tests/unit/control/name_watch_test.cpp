#include "control/name_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <map>
#include <mutex>

// Names of endpoints that change, fail and come back, with a name server in the test's hands.
namespace wssgate::control {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;

/// Answers look-ups, from any thread.
class NameServer {
 public:
  void set(const std::string& name, const std::vector<std::string>& addresses) {
    const std::scoped_lock lock(mutex_);
    addresses_[name] = addresses;
  }
  NameWatch::Resolve resolve() {
    return [this](const std::string& name) -> Result<std::vector<SocketAddress>> {
      const std::scoped_lock lock(mutex_);
      ++looks_;
      std::vector<SocketAddress> found;
      for (const std::string& text : addresses_[name]) {
        found.push_back(*SocketAddress::parse(text));
      }
      if (found.empty()) return Error(Reason::upstream_unavailable, Side::upstream, "no such name");
      return found;
    };
  }
  int looks() const {
    const std::scoped_lock lock(mutex_);
    return looks_;
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::vector<std::string>> addresses_;
  int looks_ = 0;
};

class NameWatchTest : public testing::Test {
 protected:
  void watch(NameWatch::Names names) { watch_.watch(std::move(names), 1ms); }
  /// Runs the loop until that is so; false when it does not come to be.
  bool runs_until(const std::function<bool()>& so) {
    const auto give_up = std::chrono::steady_clock::now() + 20s;
    while (!so() && std::chrono::steady_clock::now() < give_up) loop_.run_one_for(10ms);
    return so();
  }
  bool looks_again() {
    const int before = server_.looks();
    return runs_until([&] { return server_.looks() >= before + 3; });
  }

  NameServer server_;
  asio::io_context loop_{1};
  // A look-up's thread has nothing in the loop until it is done.
  asio::executor_work_guard<asio::io_context::executor_type> running_{loop_.get_executor()};
  std::vector<std::string> changes_;
  NameWatch watch_{loop_, [this](const std::string& change) { changes_.push_back(change); },
                   server_.resolve()};
};

TEST_F(NameWatchTest, TellsWhatANameLeadsToNow) {
  server_.set("app.internal:80", {"10.0.0.2:80", "[fd00::2]:80"});
  watch({{"app.internal:80", {"10.0.0.1:80"}}});
  ASSERT_TRUE(runs_until([&] { return !changes_.empty(); }));
  EXPECT_EQ(changes_.front(),
            "'app.internal:80' leads to 10.0.0.2:80, [fd00::2]:80, not to 10.0.0.1:80");
}

TEST_F(NameWatchTest, IsQuietWhileNothingChanges) {
  server_.set("app.internal:80", {"10.0.0.2:80", "10.0.0.1:80"});
  watch({{"app.internal:80", {"10.0.0.1:80", "10.0.0.2:80"}}});
  ASSERT_TRUE(looks_again());
  EXPECT_THAT(changes_, ElementsAre());
}

TEST_F(NameWatchTest, ChangesNothingWhereTheNameServerFails) {
  watch({{"app.internal:80", {"10.0.0.1:80"}}});
  ASSERT_TRUE(looks_again());
  EXPECT_THAT(changes_, ElementsAre());
  server_.set("app.internal:80", {"10.0.0.1:80"});
  ASSERT_TRUE(looks_again());
  EXPECT_THAT(changes_, ElementsAre()) << "it is what it was";
}

TEST_F(NameWatchTest, FindsWhatDidNotResolveAtStart) {
  watch({{"late.internal:80", {}}});
  ASSERT_TRUE(looks_again());
  EXPECT_THAT(changes_, ElementsAre());
  server_.set("late.internal:80", {"10.0.0.1:80"});
  ASSERT_TRUE(runs_until([&] { return !changes_.empty(); }));
  EXPECT_EQ(changes_.front(), "'late.internal:80' leads to 10.0.0.1:80, not to nothing");
}

TEST_F(NameWatchTest, ForgetsWhatIsNotWatchedAnyMore) {
  server_.set("old.internal:80", {"10.0.0.2:80"});
  watch({{"old.internal:80", {"10.0.0.1:80"}}});
  watch({});
  loop_.run_for(50ms);
  EXPECT_EQ(server_.looks(), 0);
}

// A dead name server holds a look-up for long: nobody waits for it.
TEST(NameWatch, MayGoWhileALookUpHangs) {
  auto answer = std::make_shared<std::promise<void>>();
  auto hangs = answer->get_future().share();
  const auto begun = std::make_shared<std::promise<void>>();
  {
    asio::io_context loop(1);
    NameWatch watch(
        loop, [](const std::string&) { FAIL() << "nobody is there to be told"; },
        [begun, hangs](const std::string&) -> Result<std::vector<SocketAddress>> {
          begun->set_value();
          hangs.wait();
          return std::vector<SocketAddress>();
        });
    watch.watch({{"app.internal:80", {"10.0.0.1:80"}}}, 1ms);
    loop.run_one_for(20s);
    ASSERT_EQ(begun->get_future().wait_for(20s), std::future_status::ready);
  }
  answer->set_value();
}

}  // namespace
}  // namespace wssgate::control
