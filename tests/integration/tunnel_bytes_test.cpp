// What goes into a tunnel comes out of it, byte for byte, however it is cut.

#include <gtest/gtest.h>

#include <future>

#include "support/websocket.h"

namespace wssgate::test {
namespace {

constexpr std::size_t kMiB = std::size_t{1} << 20U;

TEST(TunnelBytes, PassAtEveryBoundaryOfFrameSizes) {
  OpenTunnel tunnel;
  std::uint32_t seed = 0;
  for (const std::size_t size :
       {0, 1, 125, 126, 127, 16383, 16384, 16385, 65535, 65536, 65537, 200'000}) {
    const std::string up = client_frame(kBinary, noise(size, ++seed));
    const std::string down = server_frame(kBinary, noise(size, ++seed));
    tunnel.client().write(up);
    EXPECT_EQ(tunnel.upstream().read_exactly(up.size()), up) << size;
    tunnel.upstream().write(down);
    EXPECT_EQ(tunnel.client().read_exactly(down.size()), down) << size;
  }
}

TEST(TunnelBytes, PassWhateverFramesTheyAre) {
  OpenTunnel tunnel;
  std::string up;
  up += client_frame(0x01, "frag");      // text, to be continued
  up += client_frame(kPing, "between");  // control frames may interleave
  up += client_frame(0x00, "men");
  up += client_frame(0x80, "ted");
  up += client_frame(0xc1, noise(300));  // RSV1: compressed
  up += client_frame(0xb2, "rsv2 and rsv3");
  up += client_frame(kPong, "");
  up += "these bytes are no frames at all";
  tunnel.client().write(up);
  EXPECT_EQ(tunnel.upstream().read_exactly(up.size()), up);

  std::string down;
  down += server_frame(0x02, noise(70'000));
  down += server_frame(kPing, "?");
  down += server_frame(0x80, "");
  down += server_frame(0xc2, noise(10));
  down += client_frame(kText, "masked by a server");
  down += server_frame(kText, "after that");
  tunnel.upstream().write(down);
  EXPECT_EQ(tunnel.client().read_exactly(down.size()), down);
}

TEST(TunnelBytes, PassOneByOne) {
  OpenTunnel tunnel;
  const std::string up =
      client_frame(kText, "hello, byte by byte") + client_frame(kBinary, noise(300));
  const std::string down = server_frame(kText, "and back") + server_frame(kBinary, noise(300));
  for (const char byte : up) {
    tunnel.client().write({&byte, 1});
    EXPECT_EQ(tunnel.upstream().read_exactly(1)[0], byte);
  }
  for (const char byte : down) {
    tunnel.upstream().write({&byte, 1});
    EXPECT_EQ(tunnel.client().read_exactly(1)[0], byte);
  }
}

TEST(TunnelBytes, PassInLargeMessagesBothWaysAtOnce) {
  const std::string up = client_frame(kBinary, noise(64 * kMiB, 3));
  const std::string down = server_frame(kBinary, noise(64 * kMiB, 4));
  OpenTunnel tunnel;
  // The upstream's socket has a thread for each way; the client turns to what can be done.
  auto sender = std::async(std::launch::async, [&] { tunnel.upstream().write(down); });
  std::string arrived_up;
  auto receiver = std::async(std::launch::async, [&] {
    while (arrived_up.size() < up.size()) arrived_up += tunnel.upstream().read_some();
  });
  std::string arrived_down;
  pump(tunnel.client(), up, arrived_down, down.size());
  sender.get();
  receiver.get();
  EXPECT_TRUE(arrived_up == up);
  EXPECT_TRUE(arrived_down == down);
}

}  // namespace
}  // namespace wssgate::test
