// PROXY headers: where the stream is cut, and what follows the header, changes nothing; what was
// read is written and read again as the same.
#include "protocol/proxy_protocol.h"

#include <string>
#include <variant>

#include "require.h"

namespace {

using wssgate::ByteView;
using wssgate::Error;
using wssgate::Side;
using wssgate::fuzz::require;
namespace pp = wssgate::proxy_protocol;

ByteView bytes_of(const std::string& text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

bool same(const pp::Header& a, const pp::Header& b) {
  if (a.size != b.size || a.conveyed.has_value() != b.conveyed.has_value()) return false;
  return !a.conveyed || (a.conveyed->source == b.conveyed->source &&
                         a.conveyed->destination == b.conveyed->destination);
}

void check_prefix(ByteView prefix, const pp::ReadResult& whole) {
  const auto part = pp::read_header(prefix);
  if (const auto* more = std::get_if<pp::NeedMore>(&part)) {
    require(more->total > prefix.size() && more->total <= pp::kMostV2,
            "NeedMore is more, and within the limit");
    if (const auto* header = std::get_if<pp::Header>(&whole)) {
      require(more->total <= header->size, "NeedMore is no more than the header has");
    }
    return;
  }
  require(part.index() == whole.index(), "what is settled stays settled");
  if (const auto* header = std::get_if<pp::Header>(&part)) {
    require(header->size <= prefix.size(), "a header lies within what is there");
    require(same(*header, std::get<pp::Header>(whole)), "a header is the same however cut");
  }
}

void check_written(const pp::Addresses& addresses) {
  for (const std::string& text : {pp::v1_header(addresses), pp::v2_header(addresses)}) {
    const auto again = pp::read_header(bytes_of(text));
    const auto* header = std::get_if<pp::Header>(&again);
    require(header != nullptr && header->size == text.size() && header->conveyed.has_value(),
            "what we write we read");
    require(header->conveyed->source.ip() == addresses.source.ip() &&
                header->conveyed->source.port() == addresses.source.port() &&
                header->conveyed->destination.ip() == addresses.destination.ip() &&
                header->conveyed->destination.port() == addresses.destination.port(),
            "and it says the same");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, unsigned long size) {
  const ByteView bytes(data, size);
  const auto whole = pp::read_header(bytes);
  if (const auto* error = std::get_if<Error>(&whole)) {
    require(error->side == Side::client && !error->context.empty(), "every error is explained");
  }
  const std::size_t step = 1 + size / 512;
  for (std::size_t at = 0; at <= size; at += step) check_prefix(bytes.first(at), whole);
  const auto* header = std::get_if<pp::Header>(&whole);
  if (header != nullptr && header->conveyed) check_written(*header->conveyed);
  return 0;
}
