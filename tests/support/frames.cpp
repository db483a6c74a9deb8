#include "support/frames.h"

#include <sys/socket.h>
#include <sys/time.h>

#include "base/text.h"
#include "support/http_text.h"
#include "support/websocket.h"

namespace wssgate::test {
namespace {

std::uint64_t big_endian(const std::string& bytes) {
  std::uint64_t number = 0;
  for (const char byte : bytes) number = (number << 8U) | static_cast<std::uint8_t>(byte);
  return number;
}

}  // namespace

Frame read_frame(RawClient& from) {
  const std::string start = from.read_exactly(2);
  const bool masked = (static_cast<std::uint8_t>(start[1]) & 0x80U) != 0;
  std::uint64_t size = static_cast<std::uint8_t>(start[1]) & 0x7fU;
  if (size == 126) {
    size = big_endian(from.read_exactly(2));
  } else if (size == 127) {
    size = big_endian(from.read_exactly(8));
  }
  const std::string mask = masked ? from.read_exactly(4) : std::string(4, '\0');
  Frame frame{static_cast<std::uint8_t>(start[0]), from.read_exactly(size)};
  for (std::size_t i = 0; i < frame.payload.size(); ++i) {
    frame.payload[i] = static_cast<char>(frame.payload[i] ^ mask[i % 4]);
  }
  return frame;
}

Frame read_past_pings(RawClient& from) {
  Frame frame = read_frame(from);
  while (frame.first == kPing) frame = read_frame(from);
  return frame;
}

std::uint16_t close_code(const Frame& frame) {
  if (frame.first != kCloseFrame || frame.payload.size() < 2) return 0;
  return static_cast<std::uint16_t>(big_endian(frame.payload.substr(0, 2)));
}

Backend::Script websocket_backend() {
  return [](RawClient& proxy, int) {
    for (;;) {
      const std::string request = to_lower(proxy.read_message());
      if (request.find("upgrade: websocket") != std::string::npos) break;
      proxy.write(ok("served"));
    }
    proxy.write(upgrade_response());
    // A drain takes its time.
    const timeval patience{.tv_sec = 100, .tv_usec = 0};
    setsockopt(proxy.fd(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    for (;;) {
      const Frame frame = read_frame(proxy);
      const bool ping = frame.first == kPing;
      proxy.write(server_frame(ping ? kPong : frame.first, frame.payload));
      if (frame.first == kCloseFrame) return;
    }
  };
}

}  // namespace wssgate::test
