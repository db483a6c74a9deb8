#include "protocol/websocket/frame_reader.h"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdint>
#include <vector>

/// What it costs to follow a WebSocket by its frame headers, as a tunnel does.
namespace wssgate::websocket {
namespace {

constexpr std::size_t kStream = std::size_t{1} << 20U;
// What one read of a tunnel brings at most, more or less.
constexpr std::size_t kRead = std::size_t{64} * 1024;
constexpr std::uint8_t kFinalBinary = 0x82;
constexpr std::uint8_t kMaskBit = 0x80;
constexpr std::size_t kLongestShort = 125;
constexpr std::size_t kLongest16 = 0xffff;

void append_frame(std::vector<std::uint8_t>& stream, std::size_t payload, bool masked) {
  const std::uint8_t mask = masked ? kMaskBit : 0;
  stream.push_back(kFinalBinary);
  std::size_t bytes = 0;
  if (payload <= kLongestShort) {
    stream.push_back(static_cast<std::uint8_t>(mask | payload));
  } else {
    bytes = payload <= kLongest16 ? 2 : 8;
    stream.push_back(static_cast<std::uint8_t>(mask | (bytes == 2 ? 126U : 127U)));
  }
  while (bytes-- > 0) stream.push_back(static_cast<std::uint8_t>(payload >> (8 * bytes)));
  stream.insert(stream.end(), (masked ? 4 : 0) + payload, std::uint8_t{0x5a});
}

/// At least a MiB of frames with so much payload each.
std::vector<std::uint8_t> frames(std::size_t payload, bool masked) {
  std::vector<std::uint8_t> stream;
  stream.reserve(kStream + payload);
  while (stream.size() < kStream) append_frame(stream, payload, masked);
  return stream;
}

void frame_reader(benchmark::State& state) {
  const auto payload = static_cast<std::size_t>(state.range(0));
  const bool masked = state.range(1) != 0;
  const std::vector<std::uint8_t> stream = frames(payload, masked);
  std::uint64_t messages = 0;
  for (auto _ : state) {
    FrameReader reader(masked);
    for (std::size_t at = 0; at < stream.size(); at += kRead) {
      reader.follow({stream.data() + at, std::min(kRead, stream.size() - at)});
    }
    if (reader.lost() || !reader.at_boundary()) state.SkipWithError("lost");
    messages += reader.messages();
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * stream.size()));
  state.SetItemsProcessed(static_cast<std::int64_t>(messages));
}
BENCHMARK(frame_reader)
    ->ArgNames({"payload", "masked"})
    ->ArgsProduct({{16, 128, 4096, 1 << 20}, {0, 1}});

}  // namespace
}  // namespace wssgate::websocket
