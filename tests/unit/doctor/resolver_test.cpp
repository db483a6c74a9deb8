#include "doctor/resolver.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/eventfd.h>

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <utility>

namespace wssgate::doctor {
namespace {

using namespace std::chrono_literals;

Target target_of(const std::string& url, Duration timeout = 60s) {
  Request request;
  request.url = url;
  request.timeout = timeout;
  return *make_target(request);
}

/// A resolver that hangs until it is let go.
class Hanging {
 public:
  ~Hanging() { let_go(); }

  Resolver::LookUp look_up() {
    return [state = state_](const std::string&, std::uint16_t port) -> Resolver::Found {
      ++state->asked;
      state->gate.wait();
      return std::vector{*SocketAddress::parse(fmt::format("192.0.2.1:{}", port))};
    };
  }
  void let_go() {
    if (!std::exchange(is_open_, true)) state_->open.set_value();
  }
  int asked() const { return state_->asked; }

 private:
  struct State {
    std::atomic<int> asked{0};
    std::promise<void> open;
    std::shared_future<void> gate = open.get_future().share();
  };
  std::shared_ptr<State> state_ = std::make_shared<State>();
  bool is_open_ = false;
};

TEST(Resolving, TakesLiteralsAsTheyAre) {
  Resolver resolver;
  const auto found = resolver.find(target_of("wss://[::1]:8443/"), -1);
  ASSERT_TRUE(found.ok());
  ASSERT_EQ(found->size(), 1U);
  EXPECT_EQ(found->front().text(), "[::1]:8443");
}

TEST(Resolving, WhatHangsIsWaitedForAgainAndNotAskedAgain) {
  Hanging hanging;
  Resolver resolver(hanging.look_up());
  for (int i = 0; i < 3; ++i) {
    const auto found = resolver.find(target_of("wss://chat.test/", 1ms), -1);
    ASSERT_FALSE(found.ok());
    EXPECT_EQ(found.error().context, "the resolver did not answer within 1ms");
  }
  hanging.let_go();
  const auto found = resolver.find(target_of("wss://chat.test/"), -1);
  ASSERT_TRUE(found.ok());
  EXPECT_EQ(found->front().text(), "192.0.2.1:443");
  EXPECT_EQ(hanging.asked(), 1);
  ASSERT_TRUE(resolver.find(target_of("wss://chat.test/"), -1).ok());
  EXPECT_EQ(hanging.asked(), 2);
}

TEST(Resolving, EndsWhenItIsStopped) {
  Hanging hanging;
  Resolver resolver(hanging.look_up());
  const net::Fd stop(::eventfd(1, EFD_CLOEXEC));
  EXPECT_FALSE(resolver.find(target_of("wss://chat.test/", 3600s), stop.get()).ok());
}

}  // namespace
}  // namespace wssgate::doctor
