// Started by systemd: sockets come with the process, and the service manager is told how it is.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>

#include "support/live_gateway.h"
#include "support/socket_activated.h"

namespace wssgate::test {
namespace {

TEST(SocketActivation, ServesOnTheSocketThatSystemdOpened) {
  Backend backend(serving_and_echoing());
  ActivatedGateway gateway(hosts_for({"a.example"}, backend.endpoint()));
  for (int i = 0; i < 20; ++i) {
    TlsClient client(gateway.address(), "a.example");
    ASSERT_TRUE(get(client, "a.example").ends_with("served")) << i;
  }
}

TEST(SocketActivation, WarnsOfASocketThatNoListenerNames) {
  Backend backend(serving_and_echoing());
  ActivatedGateway gateway(hosts_for({"a.example"}, backend.endpoint()),
                           "[{address: \"127.0.0.1:0\"}]");
  EXPECT_THAT(gateway.error_output(),
              testing::HasSubstr("a socket was handed over that no listener names: " +
                                 gateway.address().text()));
}

TEST(ServiceManager, IsToldWhenItServesAndWhenItEnds) {
  Backend backend(serving_and_echoing());
  ActivatedGateway gateway(hosts_for({"a.example"}, backend.endpoint()));
  EXPECT_EQ(gateway.next_notification(), "READY=1");
  gateway.signal(SIGTERM);
  EXPECT_EQ(gateway.next_notification(), "STOPPING=1");
}

}  // namespace
}  // namespace wssgate::test
