// The WebSocket frame reader, both directions: where the stream is cut changes nothing.
#include <algorithm>
#include <optional>

#include "protocol/websocket/frame_reader.h"
#include "require.h"

namespace {

using wssgate::ByteView;
using wssgate::fuzz::require;
using wssgate::websocket::FrameReader;

void require_same(const FrameReader& a, const FrameReader& b) {
  require(a.messages() == b.messages(), "the same count of messages however cut");
  require(a.at_boundary() == b.at_boundary(), "the same boundary however cut");
  require(a.close_code() == b.close_code(), "the same close code however cut");
  require(a.lost() == b.lost(), "lost in the same way however cut");
}

void check(bool masked, std::size_t chunk, ByteView stream) {
  FrameReader whole(masked);
  whole.follow(stream);
  require(whole.messages() <= stream.size() / 2 + 1, "a message takes a header");
  require(!(whole.lost() && whole.at_boundary()), "a lost stream has no boundaries");

  FrameReader pieces(masked);
  std::optional<std::uint16_t> code;
  for (ByteView rest = stream; !rest.empty();) {
    const std::size_t count = std::min(chunk, rest.size());
    const bool was_lost = pieces.lost();
    pieces.follow(rest.first(count));
    require(!was_lost || pieces.lost(), "lost stays lost");
    require(!code || pieces.close_code() == code, "the first close code stays");
    code = pieces.close_code();
    rest = rest.subspan(count);
  }
  require_same(whole, pieces);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, unsigned long size) {
  const ByteView stream(data, size);
  for (const bool masked : {false, true}) {
    for (const std::size_t chunk : {1U, 2U, 3U, 7U, 64U}) check(masked, chunk, stream);
  }
  return 0;
}
