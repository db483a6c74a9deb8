#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "protocol/http/head.h"

namespace wssgate::http {

/// Finds the end of one message body and takes the chunked coding off it (RFC 9112 §6, §7.1).
/// Strict: a chunk size that is not plain hexadecimal, overflows, or a line that does not end in
/// CRLF is refused. Chunk extensions are dropped. Holds no payload; lines of at most 8 KiB, and 16
/// KiB of trailers.
class BodyDecoder {
 public:
  /// `side` is whose body it is: it decides between malformed_request and malformed_response.
  BodyDecoder(Framing framing, Side side);
  BodyDecoder(BodyDecoder&&) noexcept;
  BodyDecoder& operator=(BodyDecoder&&) noexcept;
  ~BodyDecoder();

  /// Called with each piece of payload, a view into the bytes that were fed.
  using Sink = std::function<void(std::string_view payload)>;

  /// Takes bytes that follow the head; returns how many belong to this body. The rest, once
  /// done(), is the next message. Errors: malformed_request or malformed_response, and once
  /// refused it stays so; payload that came before has been delivered.
  Result<std::size_t> decode(std::string_view bytes, const Sink& sink);

  /// The peer sent its last byte. An error (client_closed or upstream_truncated) unless the body
  /// is complete or ends with the connection.
  Result<void> finish();

  bool done() const { return done_; }
  /// Trailer fields of a chunked body (name, value), complete once done(). Hop-by-hop and framing
  /// fields, and others that RFC 9110 §6.5.1 keeps out of trailers, are not among them.
  const std::vector<std::pair<std::string, std::string>>& trailers() const;

 private:
  struct Chunked;  // llhttp's state; only for chunked bodies

  Framing framing_;
  Side side_;
  bool done_;
  std::unique_ptr<Chunked> chunked_;
};

/// One chunk around `payload`, appended to `out`. Nothing for an empty payload, since an empty
/// chunk would end the body.
void append_chunk(std::string& out, std::string_view payload);
/// The last chunk and the trailer section.
void append_last_chunk(std::string& out,
                       const std::vector<std::pair<std::string, std::string>>& trailers);

}  // namespace wssgate::http
