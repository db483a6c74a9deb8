#include "control/listening.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/listener.h"

namespace wssgate::control {
namespace {

using testing::HasSubstr;

/// What an address that is taken already is refused with.
class TakenAddress : public testing::Test {
 protected:
  std::string refusal(const std::vector<std::string>& open_already) const {
    config::Config config;
    config.listeners.emplace_back();
    config.listeners.back().address.value = net::bound_address(taken_.get());
    Report report;
    EXPECT_TRUE(open_listeners(config, 1, report, open_already).empty());
    return report.text();
  }
  std::string port() const { return std::to_string(net::bound_address(taken_.get()).port()); }

  net::Fd taken_ = net::listen_on(*SocketAddress::parse("127.0.0.1:0"), true);
};

TEST_F(TakenAddress, IsToldWithWhoHasIt) {
  EXPECT_THAT(refusal({}), HasSubstr("another process listens there"));
  EXPECT_THAT(refusal({"127.0.0.1:1"}), HasSubstr("another process listens there"));
}

TEST_F(TakenAddress, IsToldToBeOurOwn) {
  EXPECT_THAT(refusal({"0.0.0.0:" + port()}), HasSubstr("this process listens on that port"));
  EXPECT_THAT(refusal({"0.0.0.0:" + port() + " (2)"}),
              HasSubstr("this process listens on that port"));
}

}  // namespace
}  // namespace wssgate::control
