#include "wssbench/backend_session.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string_view>

#include "base/text.h"
#include "base/units.h"
#include "protocol/http/head.h"
#include "protocol/websocket/handshake.h"
#include "wssbench/frames.h"
#include "wssbench/push_stamp.h"

namespace wssgate::bench {
namespace {

constexpr std::size_t kMostRequestHead = std::size_t{64} * 1024;
constexpr std::size_t kPiece = std::size_t{64} * 1024;
constexpr std::uint64_t kMostSize = std::uint64_t{1} << 30U;
// Before the thread's other connections have their turn.
constexpr int kStepsPerTurn = 16;

/// The value of a query's key; empty when there is none.
std::string_view parameter(std::string_view target, std::string_view key) {
  const auto query = target.find('?');
  if (query == std::string_view::npos) return "";
  for (const std::string_view pair : split(target.substr(query + 1), '&')) {
    if (pair.starts_with(key) && pair.substr(key.size()).starts_with('=')) {
      return pair.substr(key.size() + 1);
    }
  }
  return "";
}

std::size_t size_parameter(std::string_view target, std::size_t usual) {
  std::string text(parameter(target, "size"));
  if (text.empty()) return usual;
  if (text.find_first_not_of("0123456789") == std::string::npos) text += "B";
  return static_cast<std::size_t>(std::min(parse_size(text).value_or(usual), kMostSize));
}

class Session {
 public:
  Session(BackendContext& context, net::Fd socket)
      : context_(context),
        stream_(context.worker.loop(), std::move(socket), Side::client),
        waiter_(context.worker.loop()) {
    stream_.attach(&waiter_);
  }

  asio::awaitable<void> run();

 private:
  asio::awaitable<bool> serve_requests();
  bool answer(std::string_view head);
  void answer_get(const http::RequestHead& request);
  asio::awaitable<void> serve_websocket();
  asio::awaitable<bool> push();
  asio::awaitable<bool> send_without_end();
  bool take(std::string_view bytes, bool echo);
  bool take_control(const Piece& piece, std::string_view payload);
  std::string_view unmasked(const Piece& piece);
  asio::awaitable<bool> read_more();
  asio::awaitable<bool> send_all();
  bool send_out();

  BackendContext& context_;
  net::TcpStream stream_;
  net::Waiter waiter_;
  FrameDecoder decoder_{true};
  std::string held_;     // of a request head
  std::string control_;  // of a control frame
  std::string target_;   // of the upgrade; empty before it
  std::size_t got_ = 0;  // bytes in the scratch
  std::uint64_t messages_ = 0;
};

asio::awaitable<void> Session::run() {
  const bool upgraded = co_await serve_requests();
  if (!upgraded) co_return;
  co_await serve_websocket();
}

bool Session::send_out() {
  const bool sent = context_.out.empty() || stream_.send(context_.out).ok();
  context_.out.clear();
  return sent;
}

asio::awaitable<bool> Session::send_all() {
  while (stream_.pending()) {
    const auto flushed = stream_.flush();
    if (!flushed) co_return false;
    if (*flushed) break;
    (void)co_await waiter_.wait();
  }
  co_return true;
}

/// Into the worker's scratch; false at the end. A read that did not fill it has emptied the socket,
/// so the next one waits for news first.
asio::awaitable<bool> Session::read_more() {
  const bool short_read = got_ > 0 && got_ < context_.worker.scratch().size();
  if (short_read && !stream_.peer_ended()) (void)co_await waiter_.wait();
  for (;;) {
    if (!stream_.flush()) co_return false;  // what a group has sent meanwhile
    const auto got = stream_.read(context_.worker.scratch());
    if (!got || got->end) co_return false;
    got_ = got->bytes;
    if (got_ > 0) co_return true;
    (void)co_await waiter_.wait();
  }
}

/// True once a WebSocket has been agreed on.
asio::awaitable<bool> Session::serve_requests() {
  for (;;) {
    const bool more = co_await read_more();
    if (!more) co_return false;
    held_.append(context_.worker.scratch().data(), got_);
    while (target_.empty() && !held_.empty()) {
      const auto length = http::find_head_end(held_, kMostRequestHead);
      if (!length) co_return false;
      if (*length == 0) break;
      if (!answer(std::string_view(held_).substr(0, *length))) co_return false;
      held_.erase(0, *length);
    }
    if (!send_out()) co_return false;
    const bool sent = co_await send_all();
    if (!sent) co_return false;
    if (!target_.empty()) co_return true;
  }
}

bool Session::answer(std::string_view head) {
  const auto request = http::parse_request_head(head);
  if (!request || !request->framing.is_empty()) return false;
  if (!websocket::is_upgrade(*request)) {
    answer_get(*request);
    return true;
  }
  if (!websocket::check_upgrade_request(*request)) return false;
  const auto key = request->headers.find("sec-websocket-key").value_or("");
  const auto offered = request->headers.find("sec-websocket-protocol").value_or("");
  const std::string_view protocol = trim(offered.substr(0, offered.find(',')));
  target_ = request->target;
  context_.out += fmt::format(
      "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
      "Sec-WebSocket-Accept: {}\r\n{}{}{}\r\n",
      websocket::accept_for_key(key), protocol.empty() ? "" : "Sec-WebSocket-Protocol: ", protocol,
      protocol.empty() ? "" : "\r\n");
  return true;
}

void Session::answer_get(const http::RequestHead& request) {
  const std::size_t size = size_parameter(request.target, 2);
  context_.out += fmt::format(
      "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: {}\r\n\r\n",
      size);
  if (request.method != "HEAD") context_.out.append(size, 'w');
}

asio::awaitable<void> Session::serve_websocket() {
  const std::string path = http::route_path(target_);
  bool going = true;
  if (path == "/source") going = co_await send_without_end();
  if (path == "/push") going = co_await push();
  const bool echo = path != "/sink" && path != "/push";
  // What came together with the request.
  if (going && !held_.empty()) going = take(held_, echo) && send_out();
  while (going) {
    going = co_await send_all();
    if (going) going = co_await read_more();
    if (going) going = take({context_.worker.scratch().data(), got_}, echo) && send_out();
  }
  (void)send_out();
}

/// Waits for the first message, and joins those who get the group's.
asio::awaitable<bool> Session::push() {
  constexpr Duration kUsual{100};
  const Duration every = parse_duration(parameter(target_, "every")).value_or(kUsual);
  PushGroup& group = context_.group(std::max(every, Duration{1}),
                                    std::max(size_parameter(target_, 128), PushStamp::kSize));
  bool going = held_.empty() || take(held_, false);
  held_.clear();
  while (going && messages_ == 0) {
    going = co_await read_more();
    if (going) going = take({context_.worker.scratch().data(), got_}, false);
  }
  group.join(stream_);
  while (going) {
    going = co_await send_all();
    if (going) going = co_await read_more();
    if (going) going = take({context_.worker.scratch().data(), got_}, false) && send_out();
  }
  group.leave(stream_);
  co_return false;
}

asio::awaitable<bool> Session::send_without_end() {
  constexpr std::size_t kUsual = std::size_t{1} << 20U;
  const std::size_t size = size_parameter(target_, kUsual);
  std::string message;
  append_frame_header(message, Opcode::binary, size, std::nullopt);
  message.append(size, 'w');
  for (std::size_t at = 0, step = 1;; ++step) {
    const std::string_view piece = std::string_view(message).substr(at, kPiece);
    if (!stream_.send(piece)) co_return false;
    at = at + piece.size() == message.size() ? 0 : at + piece.size();
    const auto got = stream_.read(context_.worker.scratch());
    if (!got || got->end) co_return false;
    if (got->bytes > 0 && !take({context_.worker.scratch().data(), got->bytes}, false))
      co_return false;
    const bool sent = co_await send_all();
    if (!sent) co_return false;
    if (step % kStepsPerTurn == 0) (void)co_await waiter_.yield();
  }
}

/// In place: the bytes are ours, in the scratch or held.
std::string_view Session::unmasked(const Piece& piece) {
  char* const bytes = const_cast<char*>(piece.payload.data());  // NOLINT(*-const-cast): see above
  apply_mask(bytes, piece.payload.size(), decoder_.mask(), decoder_.position());
  return {bytes, piece.payload.size()};
}

/// False when the session is over; what has to be sent before that is in `out`.
bool Session::take(std::string_view bytes, bool echo) {
  for (;;) {
    const auto piece = decoder_.next(bytes);
    if (!piece) return false;
    if (!*piece) return true;
    const bool control = (*piece)->is_control();
    if (!control && !echo) {
      if ((*piece)->ends_message()) ++messages_;
      continue;
    }
    const std::string_view payload = unmasked(**piece);
    if (control) {
      if (!take_control(**piece, payload)) return false;
      continue;
    }
    if ((*piece)->begins_frame) {
      const std::size_t at = context_.out.size();
      append_frame_header(context_.out, (*piece)->opcode, (*piece)->frame_length, std::nullopt);
      if (!(*piece)->final) context_.out[at] = static_cast<char>((*piece)->opcode);
    }
    context_.out += payload;
  }
}

bool Session::take_control(const Piece& piece, std::string_view payload) {
  if (piece.begins_frame) control_.clear();
  control_ += payload;
  if (!piece.ends_frame) return true;
  if (piece.opcode == Opcode::ping) context_.out += frame(Opcode::pong, control_, std::nullopt);
  if (piece.opcode != Opcode::close) return true;
  context_.out += frame(Opcode::close, std::string_view(control_).substr(0, 2), std::nullopt);
  return false;
}

}  // namespace

PushGroup& BackendContext::group(Duration every, std::size_t size) {
  auto& group = groups[{every, size}];
  if (!group) {
    group = std::make_unique<PushGroup>(worker, every, size);
    group->start();
  }
  return *group;
}

// Times do not slip: what is late was due when it was due. A member that takes no more is left out,
// and sees by the numbers that it missed something.
asio::awaitable<void> PushGroup::run() {
  net::Waiter waiter(worker_.loop());
  PushStamp stamp;
  stamp.due = Clock::now();
  for (;;) {
    stamp.due += every_;
    ++stamp.number;
    waiter.wakes_at(stamp.due);
    (void)co_await waiter.wait();
    std::string payload = stamp.text();
    payload.resize(size_, 'w');
    const std::string message = frame(Opcode::text, payload, std::nullopt);
    for (net::TcpStream* const member : members_) {
      if (!member->pending()) (void)member->send(message);
    }
  }
}

asio::awaitable<void> run_backend_session(BackendContext& context, net::Fd socket) {
  Session session(context, std::move(socket));
  co_await session.run();
}

}  // namespace wssgate::bench
