#include "protocol/http/body.h"

#include <fmt/format.h>

#include <algorithm>

#include "protocol/http/chunked.h"
#include "protocol/http/fields.h"

namespace wssgate::http {

BodyDecoder::BodyDecoder(Framing framing, Side side)
    : framing_(framing),
      side_(side),
      done_(framing.kind == Framing::Kind::none ||
            (framing.kind == Framing::Kind::length && framing.length == 0)) {
  if (framing.kind == Framing::Kind::chunked) chunked_ = std::make_unique<Chunked>(side);
}

BodyDecoder::BodyDecoder(BodyDecoder&&) noexcept = default;
BodyDecoder& BodyDecoder::operator=(BodyDecoder&&) noexcept = default;
BodyDecoder::~BodyDecoder() = default;

Result<std::size_t> BodyDecoder::decode(std::string_view bytes, const Sink& sink) {
  if (done_) return std::size_t{0};
  if (chunked_) {
    auto taken = chunked_->decode(bytes, sink);
    done_ = taken.ok() && chunked_->done();
    return taken;
  }
  std::size_t taken = bytes.size();
  if (framing_.kind == Framing::Kind::length) {
    taken = static_cast<std::size_t>(std::min<std::uint64_t>(taken, framing_.length));
    framing_.length -= taken;
    done_ = framing_.length == 0;
  }
  if (taken > 0) sink(bytes.substr(0, taken));
  return taken;
}

Result<void> BodyDecoder::finish() {
  if (framing_.kind == Framing::Kind::until_close) done_ = true;
  if (done_) return {};
  if (side_ == Side::upstream) {
    return Error(Reason::upstream_truncated, side_, "the connection ended within a response body");
  }
  return Error(Reason::client_closed, side_, "the connection ended within a request body");
}

const std::vector<std::pair<std::string, std::string>>& BodyDecoder::trailers() const {
  static const std::vector<std::pair<std::string, std::string>> none;
  return chunked_ ? chunked_->trailers() : none;
}

void append_chunk(std::string& out, std::string_view payload) {
  if (payload.empty()) return;
  fmt::format_to(std::back_inserter(out), "{:x}\r\n", payload.size());
  out += payload;
  out += "\r\n";
}

void append_last_chunk(std::string& out,
                       const std::vector<std::pair<std::string, std::string>>& trailers) {
  out += "0\r\n";
  for (const auto& [name, value] : trailers) append_field(out, name, value);
  out += "\r\n";
}

}  // namespace wssgate::http
