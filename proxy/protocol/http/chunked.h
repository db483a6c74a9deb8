#pragma once

#include <llhttp.h>

#include "protocol/http/body.h"

namespace wssgate::http {

/// The chunked coding (RFC 9112 §7.1), read twice: each line is checked here as a whole, then
/// llhttp parses it, and both must agree on sizes and on where the body ends. Alone, llhttp 8.1
/// takes any number of leading zeros in a size, extensions of any length and some broken ones,
/// obs-fold and any length of trailers, and a bare LF at their end.
/// Internal to this folder.
///
/// Holds at most one line and the trailers; payload goes straight through.
struct BodyDecoder::Chunked {
 public:
  explicit Chunked(Side side);
  // llhttp's state points back here.
  Chunked(const Chunked&) = delete;
  Chunked& operator=(const Chunked&) = delete;
  ~Chunked() = default;

  Result<std::size_t> decode(std::string_view bytes, const Sink& sink);
  bool done() const { return state_ == State::done; }
  const std::vector<std::pair<std::string, std::string>>& trailers() const { return trailers_; }

 private:
  enum class State : std::uint8_t { size, data, data_end, trailers, done, failed };

  static const llhttp_settings_t& settings();
  static Chunked& of(llhttp_t* parser) { return *static_cast<Chunked*>(parser->data); }

  Result<std::size_t> take_data(std::string_view bytes, const Sink& sink);
  Result<std::size_t> take_line(std::string_view bytes);
  /// A whole line without its CRLF, which has been checked to be there.
  Result<void> read_line(std::string_view line);
  Result<void> read_size(std::string_view line);
  Result<void> read_trailer(std::string_view line);
  Result<void> end_trailers();
  /// Hands bytes to llhttp, which must answer with `expected`.
  Result<void> feed(std::string_view bytes, llhttp_errno_t expected = HPE_OK);

  llhttp_t parser_{};
  Side side_;
  State state_ = State::size;
  std::uint64_t left_ = 0;  // of the chunk's data, as llhttp counts it
  const Sink* sink_ = nullptr;
  std::string line_;
  std::size_t trailer_bytes_ = 0;
  std::vector<std::pair<std::string, std::string>> trailers_;
};

}  // namespace wssgate::http
