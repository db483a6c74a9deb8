// Bytes that come together with the upgrade request, or with the 101, are the tunnel's first.

#include <gtest/gtest.h>

#include "support/websocket.h"

namespace wssgate::test {
namespace {

class EarlyBytes : public testing::TestWithParam<std::size_t> {};

TEST_P(EarlyBytes, OfTheClientReachTheUpstream) {
  const std::string early = client_frame(kBinary, noise(GetParam()));
  std::string arrived;
  const Backend backend([&](RawClient& proxy, int) {
    proxy.read_until("\r\n\r\n");
    proxy.write(upgrade_response());
    arrived = proxy.read_exactly(early.size());
    proxy.write("seen");
  });
  RunningGateway gateway({{"test.example"}}, one_host(backend.endpoint()));
  TlsClient client(gateway.address(), "test.example");

  // One write: up to 16 KiB they share a TLS record.
  client.write(upgrade_request("test.example") + early);
  client.read_message();

  EXPECT_EQ(client.read_exactly(4), "seen");
  EXPECT_TRUE(arrived == early);
}

TEST_P(EarlyBytes, OfTheUpstreamReachTheClient) {
  const std::string early = server_frame(kBinary, noise(GetParam()));
  const Backend backend([&](RawClient& proxy, int) {
    proxy.read_message();
    proxy.write(upgrade_response() + early);
    proxy.read_all();
  });
  RunningGateway gateway({{"test.example"}}, one_host(backend.endpoint()));
  TlsClient client(gateway.address(), "test.example");

  client.write(upgrade_request("test.example"));
  client.read_message();

  EXPECT_TRUE(client.read_exactly(early.size()) == early);
}

// The buffers on the way are 16, 32 and 64 KiB.
INSTANTIATE_TEST_SUITE_P(Sizes, EarlyBytes,
                         testing::Values(1, 200, 8000, 16'000, 16'384, 20'000, 32'768, 40'000,
                                         65'536, 100'000, 1'000'000),
                         testing::PrintToStringParamName());

TEST(EarlyEnd, OfTheUpstreamComesAfterItsBytes) {
  const std::string early =
      server_frame(kText, "bye") + server_frame(kCloseFrame, close_payload(1000));
  const Backend backend([&](RawClient& proxy, int) {
    proxy.read_message();
    proxy.write(upgrade_response() + early);
  });
  RunningGateway gateway({{"test.example"}}, one_host(backend.endpoint()));
  TlsClient client(gateway.address(), "test.example");

  client.write(upgrade_request("test.example"));
  client.read_message();

  EXPECT_EQ(client.read_all(), early);
}

}  // namespace
}  // namespace wssgate::test
