// Without descriptors wssgate pauses accepting; it does not spin, and goes on when there are some.

#include <gtest/gtest.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <vector>

#include "support/child_gateway.h"
#include "support/websocket.h"
#include "support/workers.h"

namespace wssgate::test {
namespace {

using namespace std::chrono_literals;

void expect_echo(TlsClient& client, const std::string& text) {
  const std::string message = client_frame(kText, text);
  client.write(message);
  EXPECT_EQ(client.read_exactly(message.size()), message);
}

TEST(DescriptorExhaustion, PausesAcceptingAndRecovers) {
  const Backend backend(echoing());
  ChildGateway gateway(one_host(backend.endpoint()));
  TlsClient established(gateway.address(), "test.example");
  established.write(upgrade_request("test.example"));
  established.read_message();

  // Three more fit, the others wait in the kernel's queue. The last tunnel takes two of them, and
  // with none left the shortage would rightly go on.
  gateway.leave_descriptors(3);
  std::vector<std::unique_ptr<RawClient>> crowd;
  for (int i = 0; i < 20; ++i) crowd.push_back(std::make_unique<RawClient>(gateway.address()));
  gateway.await_event("accept_paused");
  expect_echo(established, "during");
  // Some go and some come: still the same shortage.
  for (int i = 0; i < 6; ++i) {
    crowd.erase(crowd.begin());
    crowd.push_back(std::make_unique<RawClient>(gateway.address()));
  }
  // One that spins uses all of the period.
  EXPECT_LT(used_within(600ms, gateway.process().pid()), 200ms);
  EXPECT_EQ(gateway.events("accept_paused"), 1U) << gateway.process().error_output();
  expect_echo(established, "still");

  crowd.clear();
  gateway.await_event("accept_resumed");
  TlsClient later(gateway.address(), "test.example");
  later.write(upgrade_request("test.example"));
  EXPECT_EQ(later.read_message().substr(0, 12), "HTTP/1.1 101");
  expect_echo(established, "after");
}

// Those that came took the last descriptors and nobody waits: nobody has to come for it to notice
// that there are some again.
TEST(DescriptorExhaustion, IsOverWithoutAnotherClient) {
  const Backend backend(echoing());
  ChildGateway gateway(one_host(backend.endpoint()));
  TlsClient established(gateway.address(), "test.example");
  established.write(upgrade_request("test.example"));
  established.read_message();
  gateway.leave_descriptors(3);
  std::vector<std::unique_ptr<RawClient>> crowd;
  for (int i = 0; i < 3; ++i) crowd.push_back(std::make_unique<RawClient>(gateway.address()));
  gateway.await_event("accept_paused");

  crowd.clear();

  gateway.await_event("accept_resumed");
}

// The last descriptor is the client's: none is left for the upstream.
TEST(DescriptorExhaustion, IsA503WhereTheUpstreamNeedsOne) {
  const Backend backend(echoing());
  ChildGateway gateway(one_host(backend.endpoint()));
  // Once before: a sanitizer opens files of its own the first time.
  TlsClient established(gateway.address(), "test.example");
  established.write(upgrade_request("test.example"));
  established.read_message();
  gateway.leave_descriptors(1);
  TlsClient client(gateway.address(), "test.example");

  client.write(upgrade_request("test.example"));

  EXPECT_EQ(client.read_message().substr(0, 12), "HTTP/1.1 503");
}

}  // namespace
}  // namespace wssgate::test
