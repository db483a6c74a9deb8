#include "protocol/http/chunked.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/text.h"
#include "protocol/http/fields.h"
#include "protocol/http/head_scan.h"

namespace wssgate::http {
namespace {

// Room for any trailer and for signatures in extensions (about 90 bytes); nobody needs more.
constexpr std::size_t kMaxLine = std::size_t{8} * 1024;
constexpr std::size_t kMaxTrailerBytes = std::size_t{16} * 1024;
// 16 digits are 2^64 - 1. Leading zeros count, since a parser that keeps only the last ones would
// read another size.
constexpr std::size_t kMaxSizeDigits = 16;

bool is_hex_digit(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/// What follows a quoted-string (RFC 9110 §5.6.4) at the start of `text`; nothing if it is broken.
std::optional<std::string_view> after_quoted(std::string_view text) {
  for (std::size_t at = 1; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '"') return text.substr(at + 1);
    if (c == '\\') ++at;
    if (at >= text.size() || (text[at] != '\t' && static_cast<unsigned char>(text[at]) < 0x20) ||
        text[at] == 0x7f) {
      return std::nullopt;
    }
  }
  return std::nullopt;
}

/// *( ";" name [ "=" value ] ) of RFC 9112 §7.1.1, without white space around the separators.
bool are_extensions(std::string_view text) {
  while (!text.empty()) {
    if (text.front() != ';') return false;
    text.remove_prefix(1);
    const std::string_view name = text.substr(0, text.find_first_of(";="));
    if (!is_token(name)) return false;
    text.remove_prefix(name.size());
    if (text.empty() || text.front() == ';') continue;
    text.remove_prefix(1);
    if (!text.empty() && text.front() == '"') {
      const auto rest = after_quoted(text);
      if (!rest) return false;
      text = *rest;
    } else {
      const std::string_view value = text.substr(0, text.find(';'));
      if (!is_token(value)) return false;
      text.remove_prefix(value.size());
    }
  }
  return true;
}

}  // namespace

const llhttp_settings_t& BodyDecoder::Chunked::settings() {
  static const llhttp_settings_t instance = [] {
    llhttp_settings_t s;
    llhttp_settings_init(&s);
    s.on_chunk_header = [](llhttp_t* parser) -> int {
      of(parser).left_ = parser->content_length;
      return HPE_OK;
    };
    s.on_body = [](llhttp_t* parser, const char* at, std::size_t length) -> int {
      Chunked& self = of(parser);
      self.left_ -= length;
      (*self.sink_)({at, length});
      return HPE_OK;
    };
    s.on_message_complete = [](llhttp_t*) -> int { return HPE_PAUSED; };
    return s;
  }();
  return instance;
}

BodyDecoder::Chunked::Chunked(Side side) : side_(side) {
  llhttp_init(&parser_, HTTP_REQUEST, &settings());
  parser_.data = this;
  constexpr std::string_view kHead = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
  llhttp_execute(&parser_, kHead.data(), kHead.size());
}

Result<std::size_t> BodyDecoder::Chunked::decode(std::string_view bytes, const Sink& sink) {
  if (state_ == State::failed) return malformed(side_, "the chunked body was refused before");
  std::size_t taken = 0;
  while (taken < bytes.size() && state_ != State::done) {
    const std::string_view rest = bytes.substr(taken);
    auto step = state_ == State::data ? take_data(rest, sink) : take_line(rest);
    if (!step) {
      state_ = State::failed;
      return step;
    }
    taken += *step;
  }
  return taken;
}

Result<std::size_t> BodyDecoder::Chunked::take_data(std::string_view bytes, const Sink& sink) {
  const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(bytes.size(), left_));
  const std::uint64_t left_after = left_ - size;
  sink_ = &sink;
  auto fed = feed(bytes.substr(0, size));
  sink_ = nullptr;
  if (!fed) return std::move(fed).error();
  if (left_ != left_after) return malformed(side_, "chunk data can be read in more than one way");
  if (left_ == 0) state_ = State::data_end;
  return size;
}

Result<std::size_t> BodyDecoder::Chunked::take_line(std::string_view bytes) {
  const auto lf = bytes.find('\n');
  const bool whole = lf != std::string_view::npos;
  const std::string_view part = whole ? bytes.substr(0, lf + 1) : bytes;
  if (state_ == State::data_end && line_.empty() && part.front() != '\r') {
    return malformed(side_, "a chunk is longer than its size says");
  }
  if (line_.size() + part.size() > kMaxLine) {
    return malformed(side_,
                     fmt::format("a line of the chunked body is longer than {} bytes", kMaxLine));
  }
  line_ += part;
  const std::string_view line = line_;
  const auto cr = line.find('\r');
  if (cr != std::string_view::npos && cr + 1 < line.size() && line[cr + 1] != '\n') {
    return malformed(side_, "a CR without LF in the chunked body");
  }
  if (!whole) return part.size();
  if (cr == std::string_view::npos) {
    return malformed(side_, "a LF without CR in the chunked body");
  }
  auto good = read_line(line.substr(0, cr));
  if (!good) return std::move(good).error();
  line_.clear();
  return part.size();
}

Result<void> BodyDecoder::Chunked::read_line(std::string_view line) {
  switch (state_) {
    case State::size:
      return read_size(line);
    case State::data_end:
      state_ = State::size;
      return feed(line_);
    case State::trailers:
      return line.empty() ? end_trailers() : read_trailer(line);
    case State::data:
    case State::done:
    case State::failed:
      break;
  }
  return Error(Reason::internal_error, Side::proxy, "a chunk line where none can be");
}

Result<void> BodyDecoder::Chunked::read_size(std::string_view line) {
  const auto end = std::find_if_not(line.begin(), line.end(), is_hex_digit);
  const auto digits = static_cast<std::size_t>(end - line.begin());
  if (digits == 0 || digits > kMaxSizeDigits || !are_extensions(line.substr(digits))) {
    return malformed(side_, "a line where a chunk size has to be is none");
  }
  std::uint64_t size = 0;
  std::from_chars(line.data(), line.data() + digits, size, 16);  // 16 digits always fit
  left_ = ~size;                                                 // so that llhttp must have set it
  // llhttp 8.1 refuses good extensions and takes bad ones; they are dropped anyway.
  line_.replace(digits, std::string::npos, "\r\n");
  auto fed = feed(line_);
  if (!fed) return fed;
  if (left_ != size) return malformed(side_, "a chunk size can be read in more than one way");
  state_ = size == 0 ? State::trailers : State::data;
  return {};
}

Result<void> BodyDecoder::Chunked::read_trailer(std::string_view line) {
  trailer_bytes_ += line.size();
  if (trailer_bytes_ > kMaxTrailerBytes || trailers_.size() >= kMaxFields) {
    return malformed(side_, fmt::format("more than {} trailer fields or {} bytes of them",
                                        kMaxFields, kMaxTrailerBytes));
  }
  auto good = check_field_line(line, side_);
  if (!good) return good;
  const auto colon = line.find(':');
  const std::string_view name = line.substr(0, colon);
  if (folds_to(name, "content-length") || folds_to(name, "transfer-encoding")) {
    return malformed(side_, fmt::format("{} among the trailers", printable(name, 32)));
  }
  auto fed = feed(line_);
  if (!fed) return fed;
  if (!is_forbidden_trailer(name)) trailers_.emplace_back(name, trim(line.substr(colon + 1)));
  return {};
}

Result<void> BodyDecoder::Chunked::end_trailers() {
  auto fed = feed(line_, HPE_PAUSED);
  if (!fed) return fed;
  state_ = State::done;
  return {};
}

Result<void> BodyDecoder::Chunked::feed(std::string_view bytes, llhttp_errno_t expected) {
  const llhttp_errno_t code = llhttp_execute(&parser_, bytes.data(), bytes.size());
  if (code == expected) return {};
  const char* const why = code == HPE_OK || code == HPE_PAUSED
                              ? "its end can be read in more than one way"
                              : llhttp_get_error_reason(&parser_);
  return malformed(side_, fmt::format("the chunked body does not parse: {}", why));
}

}  // namespace wssgate::http
