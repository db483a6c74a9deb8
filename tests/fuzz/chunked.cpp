// Chunked bodies: decoding does not depend on where the bytes are split, and what is encoded
// decodes to the same.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "protocol/http/body.h"

namespace {

using namespace wssgate;
using namespace wssgate::http;

constexpr Framing kChunked{Framing::Kind::chunked, 0};
using Trailers = std::vector<std::pair<std::string, std::string>>;

void demand(bool condition) {
  if (!condition) std::abort();
}

struct Decoded {
  std::string payload;
  Trailers trailers;
  std::size_t taken = 0;
  bool failed = false;
  bool done = false;

  bool operator==(const Decoded&) const = default;
};

Decoded decode(std::string_view bytes, std::size_t step) {
  BodyDecoder decoder(kChunked, Side::client);
  Decoded out;
  while (out.taken < bytes.size() && !decoder.done()) {
    const std::string_view piece = bytes.substr(out.taken, step);
    const auto taken =
        decoder.decode(piece, [&](std::string_view payload) { out.payload += payload; });
    if (!taken) {
      out.failed = true;
      out.taken = 0;  // says nothing after an error
      break;
    }
    demand(*taken <= piece.size());
    demand(*taken == piece.size() || decoder.done());
    out.taken += *taken;
  }
  out.done = decoder.done();
  out.trailers = decoder.trailers();
  demand(decoder.finish().ok() == out.done);
  return out;
}

void round_trip(std::string_view payload, std::size_t step, const Trailers& trailers) {
  std::string wire;
  for (std::size_t at = 0; at < payload.size(); at += step) {
    append_chunk(wire, payload.substr(at, step));
  }
  append_last_chunk(wire, trailers);
  const Decoded decoded = decode(wire + "next", 1 + step * 3);
  demand(decoded.done && decoded.taken == wire.size());
  demand(decoded.payload == payload && decoded.trailers == trailers);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const Decoded whole = decode(bytes, size + 1);
  const std::size_t step = 1 + size % 17;
  demand(decode(bytes, 1) == whole);
  demand(decode(bytes, step) == whole);
  round_trip(bytes, step, {});
  if (whole.done) round_trip(whole.payload, step, whole.trailers);
  return 0;
}
