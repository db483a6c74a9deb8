#include "cli/echo_backend.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/bytes.h"
#include "base/text.h"
#include "net/closing.h"
#include "net/input_buffer.h"
#include "net/tcp_stream.h"
#include "protocol/http/body.h"
#include "protocol/http/forward.h"
#include "protocol/http/head.h"
#include "protocol/websocket/handshake.h"

namespace wssgate::cli {
namespace {

constexpr std::size_t kBuffer = std::size_t{64} * 1024;
// More than wssgate lets through by default, with what it adds.
constexpr std::size_t kMostHead = std::size_t{48} * 1024;
// Reads before the other connections have their turn.
constexpr int kReadsPerTurn = 32;

// RFC 6455 §5.2 and §7.4.1.
constexpr std::uint8_t kFinal = 0x80;
constexpr std::uint8_t kReservedBits = 0x70;
constexpr std::uint8_t kOpcodeBits = 0x0f;
constexpr std::uint8_t kMasked = 0x80;
constexpr std::uint8_t kLengthBits = 0x7f;
constexpr std::uint64_t kLength16 = 126;
constexpr std::uint64_t kLength64 = 127;
constexpr std::uint8_t kContinuation = 0x0;
constexpr std::uint8_t kBinary = 0x2;
constexpr std::uint8_t kClose = 0x8;
constexpr std::uint8_t kPing = 0x9;
constexpr std::uint8_t kPong = 0xa;
constexpr std::uint64_t kMostControl = 125;
constexpr std::string_view kProtocolError = "\x03\xea";  // 1002

struct FrameHeader {
  std::uint8_t first = 0;
  std::uint64_t length = 0;
  std::array<char, 4> mask = {};
  std::size_t size = 0;

  std::uint8_t opcode() const { return first & kOpcodeBits; }
  bool final() const { return (first & kFinal) != 0; }
  bool is_control() const { return opcode() >= kClose; }
};

/// A client's frame header, of size 0 while it is incomplete; nothing where it breaks the rules.
std::optional<FrameHeader> read_header(std::string_view bytes) {
  ByteReader reader({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
  FrameHeader header;
  const auto first = reader.u8();
  const auto second = reader.u8();
  if (!first || !second) return header;
  header.first = *first;
  header.length = *second & kLengthBits;
  const bool known =
      header.opcode() <= kBinary || (header.is_control() && header.opcode() <= kPong);
  if (!known || (*first & kReservedBits) != 0 || (*second & kMasked) == 0) return std::nullopt;
  if (header.length > kMostControl) {
    if (header.is_control()) return std::nullopt;
    const auto length = reader.bytes(header.length == kLength64 ? 8 : 2);
    if (!length) return header;
    header.length = 0;
    for (const std::uint8_t byte : *length) header.length = (header.length << 8U) | byte;
  }
  if (header.length >> 63U != 0 || (header.is_control() && !header.final())) return std::nullopt;
  const auto mask = reader.bytes(header.mask.size());
  if (!mask) return header;
  std::copy(mask->begin(), mask->end(), header.mask.begin());
  header.size = bytes.size() - reader.left();
  return header;
}

/// A server's frame header; RFC 6455 §5.1 leaves it unmasked.
void append_header(std::string& out, std::uint8_t first, std::uint64_t length) {
  int length_bytes = 0;
  out += static_cast<char>(first);
  if (length <= kMostControl) {
    out += static_cast<char>(length);
  } else if (length <= 0xffff) {
    out += static_cast<char>(kLength16);
    length_bytes = 2;
  } else {
    out += static_cast<char>(kLength64);
    length_bytes = 8;
  }
  while (length_bytes-- > 0) out += static_cast<char>(length >> (8U * unsigned(length_bytes)));
}

/// Turns what a WebSocket client sends into what the echo answers.
class FrameEcho {
 public:
  /// Takes what it can from `input`. The answers are never longer than what was taken, but for one
  /// last Close.
  std::string answer(net::InputBuffer& input);
  /// Nothing follows: a Close has been answered, or sent for a violation of the protocol.
  bool closed() const { return closed_; }

 private:
  bool begin_frame(net::InputBuffer& input, std::string& out);
  void answer_control(const std::string& payload, std::string& out);
  void close(std::string_view code, std::string& out);
  std::string take(net::InputBuffer& input);

  FrameHeader frame_;
  std::uint64_t left_ = 0;    // of the frame's payload
  std::size_t position_ = 0;  // in the mask
  bool fragmented_ = false;   // continuations are to follow
  bool closed_ = false;
};

std::string FrameEcho::answer(net::InputBuffer& input) {
  std::string out;
  while (!closed_ && !input.empty()) {
    if (left_ > 0) {
      out += take(input);
    } else if (!begin_frame(input, out)) {
      break;
    }
  }
  return out;
}

/// False when more bytes are needed. A control frame is answered once it is there as a whole.
bool FrameEcho::begin_frame(net::InputBuffer& input, std::string& out) {
  const auto header = read_header(input.view());
  // A message's first frame says what it is, all others continue it (§5.4).
  if (!header || (header->size > 0 && !header->is_control() &&
                  (header->opcode() == kContinuation) != fragmented_)) {
    close(kProtocolError, out);
    return true;
  }
  const std::size_t behind = input.view().size() - header->size;
  if (header->size == 0 || (header->is_control() && behind < header->length)) return false;
  frame_ = *header;
  left_ = frame_.length;
  position_ = 0;
  input.consume(frame_.size);
  if (frame_.is_control()) {
    answer_control(take(input), out);
  } else {
    fragmented_ = !frame_.final();
    append_header(out, frame_.first, frame_.length);
  }
  return true;
}

void FrameEcho::answer_control(const std::string& payload, std::string& out) {
  if (frame_.opcode() == kPing) {
    append_header(out, kFinal | kPong, payload.size());
    out += payload;
  } else if (frame_.opcode() == kClose) {
    close(payload.size() == 1 ? kProtocolError : std::string_view(payload).substr(0, 2), out);
  }
}

void FrameEcho::close(std::string_view code, std::string& out) {
  append_header(out, kFinal | kClose, code.size());
  out += code;
  closed_ = true;
}

/// As much of the frame's payload as is there, unmasked.
std::string FrameEcho::take(net::InputBuffer& input) {
  std::string payload(input.view().substr(0, left_));
  for (char& byte : payload) {
    byte = static_cast<char>(byte ^ frame_.mask[position_++ % frame_.mask.size()]);
  }
  input.consume(payload.size());
  left_ -= payload.size();
  return payload;
}

std::string describe(const http::RequestHead& request) {
  std::string text =
      fmt::format("{} {} HTTP/1.{}\n", request.method, request.target, request.minor_version);
  for (const http::Header& field : request.headers) {
    text += fmt::format("{}: {}\n", field.name, field.value);
  }
  return text;
}

/// The head of a 200. No browser may take what a stranger's page sent here for a page.
std::string ok_head(std::string_view type, std::string_view framing) {
  return fmt::format(
      "HTTP/1.1 200 OK\r\nContent-Type: {}\r\nX-Content-Type-Options: nosniff\r\n{}\r\n\r\n", type,
      framing);
}

std::string upgrade_response(const http::RequestHead& request) {
  const std::string_view key = request.headers.find("sec-websocket-key").value_or("");
  const std::string_view offered = request.headers.find("sec-websocket-protocol").value_or("");
  const std::string_view protocol = trim(offered.substr(0, offered.find(',')));
  return fmt::format(
      "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
      "Sec-WebSocket-Accept: {}\r\n{}{}{}\r\n",
      websocket::accept_for_key(key), protocol.empty() ? "" : "Sec-WebSocket-Protocol: ", protocol,
      protocol.empty() ? "" : "\r\n");
}

/// One connection.
class EchoSession {
 public:
  EchoSession(net::Worker& worker, net::Fd socket)
      : stream_(worker.loop(), std::move(socket), Side::client),
        waiter_(worker.loop()),
        input_(kBuffer) {
    stream_.attach(&waiter_);
  }

  asio::awaitable<void> run();

 private:
  asio::awaitable<Result<void>> read_more();
  asio::awaitable<Result<http::RequestHead>> read_request();
  asio::awaitable<Result<void>> answer(const http::RequestHead& request);
  asio::awaitable<Result<void>> echo_body(const http::RequestHead& request);
  asio::awaitable<Result<void>> echo_frames();
  Result<void> pass_body(http::BodyDecoder& body, bool chunked, bool head_only);

  net::TcpStream stream_;
  net::Waiter waiter_;
  net::InputBuffer input_;
  int reads_ = 0;
};

asio::awaitable<void> EchoSession::run() {
  for (bool more = true; more;) {
    auto request = co_await read_request();
    if (!request) {
      if (http_status(request.error().reason) == 0) co_return;  // it has gone
      (void)stream_.send(http::error_response(request.error(), false, false));
      break;
    }
    const bool upgrade = websocket::is_upgrade(*request);
    more = request->keep_alive && !upgrade;
    Result<void> done;
    if (!upgrade) {
      done = co_await answer(*request);
    } else if (done = websocket::check_upgrade_request(*request); done) {
      done = stream_.send(upgrade_response(*request));
      if (done) done = co_await echo_frames();
    } else {
      done = stream_.send(http::error_response(done.error(), false, false));
    }
    if (!done) {
      if (done.error().reason != Reason::client_closed) stream_.reset();
      co_return;
    }
  }
  co_await net::close_gently(stream_, waiter_);
}

/// Waits until there is more input than before. Reads only when all answers have been taken: that
/// is what bounds the memory. Error: the peer has ended or is broken.
asio::awaitable<Result<void>> EchoSession::read_more() {
  if (++reads_ % kReadsPerTurn == 0) (void)co_await waiter_.yield();
  for (;;) {
    auto flushed = stream_.flush();
    if (!flushed) co_return std::move(flushed).error();
    if (*flushed) {
      auto got = input_.fill(stream_);
      if (!got) co_return std::move(got).error();
      if (got->end) co_return Error(Reason::client_closed, Side::client);
      if (got->bytes > 0) co_return Result<void>();
    }
    (void)co_await waiter_.wait();  // cannot fail: no deadline, nobody aborts
  }
}

asio::awaitable<Result<http::RequestHead>> EchoSession::read_request() {
  for (std::size_t scanned = 0;;) {
    const auto length = http::find_head_end(input_.view(), kMostHead, scanned);
    if (!length) co_return length.error();
    if (*length > 0) {
      auto request = http::parse_request_head(input_.view().substr(0, *length));
      input_.consume(*length);
      co_return request;
    }
    scanned = input_.view().size();
    auto read = co_await read_more();
    if (!read) co_return std::move(read).error();
  }
}

asio::awaitable<Result<void>> EchoSession::answer(const http::RequestHead& request) {
  const bool has_body = !http::BodyDecoder(request.framing, Side::client).done();
  if (has_body) co_return co_await echo_body(request);
  const std::string text = describe(request);
  std::string out =
      ok_head("text/plain; charset=utf-8", fmt::format("Content-Length: {}", text.size()));
  if (request.method != "HEAD") out += text;
  co_return stream_.send(out);
}

asio::awaitable<Result<void>> EchoSession::echo_body(const http::RequestHead& request) {
  const bool chunked = request.framing.kind == http::Framing::Kind::chunked;
  const std::string framing = chunked ? "Transfer-Encoding: chunked"
                                      : fmt::format("Content-Length: {}", request.framing.length);
  const auto type = request.headers.find("content-type").value_or("application/octet-stream");
  std::string out = request.expects_continue ? "HTTP/1.1 100 Continue\r\n\r\n" : "";
  out += ok_head(type, framing);
  auto sent = stream_.send(out);
  http::BodyDecoder body(request.framing, Side::client);
  while (sent && !body.done()) {
    if (input_.empty()) sent = co_await read_more();
    if (sent) sent = pass_body(body, chunked, request.method == "HEAD");
  }
  co_return sent;
}

/// What is there of the body goes back.
Result<void> EchoSession::pass_body(http::BodyDecoder& body, bool chunked, bool head_only) {
  std::string out;
  auto used = body.decode(input_.view(), [&](std::string_view payload) {
    if (chunked) {
      http::append_chunk(out, payload);
    } else {
      out += payload;
    }
  });
  if (!used) return std::move(used).error();
  input_.consume(*used);
  if (body.done() && chunked) http::append_last_chunk(out, body.trailers());
  return head_only ? Result<void>() : stream_.send(out);
}

asio::awaitable<Result<void>> EchoSession::echo_frames() {
  FrameEcho frames;
  Result<void> going;
  while (going && !frames.closed()) {
    going = stream_.send(frames.answer(input_));
    if (going && !frames.closed()) going = co_await read_more();
  }
  co_return going;
}

asio::awaitable<void> run_session(net::Worker& worker, net::Fd socket) {
  EchoSession session(worker, std::move(socket));
  co_await session.run();
}

}  // namespace

EchoBackend::EchoBackend() {
  net::Fd listening = net::listen_on(*SocketAddress::parse("127.0.0.1:0"), false);
  address_ = net::bound_address(listening.get());
  listener_ = std::make_unique<net::Listener>(
      worker_.loop(), std::move(listening), [this](net::Fd socket, const SocketAddress&) {
        worker_.loop().spawn(run_session(worker_, std::move(socket)));
      });
  worker_.start("echo");
}

EchoBackend::~EchoBackend() { worker_.stop(); }

}  // namespace wssgate::cli
