#include "wssbench/connection.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>

#include "base/errno_text.h"
#include "base/text.h"
#include "net/closing.h"
#include "protocol/http/head.h"
#include "wssbench/failure.h"

namespace wssgate::bench {
namespace {

/// The port is chosen when the connection is made, so that each destination has all of them.
int bind_source(int fd, const SocketAddress& source) {
  const int on = 1;
  setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
  return ::bind(fd, source.get(), source.length()) == 0 ? 0 : errno;
}

Error bad_source(const SocketAddress& source, int error) {
  return failure(fmt::format("cannot connect from {}: {}", source.ip(), errno_text(error)));
}

}  // namespace

Connection::Connection(LoadThread& thread, std::uint64_t id)
    : thread_(thread), id_(id), waiter_(thread.worker().loop()) {
  const std::uint32_t key = thread.random();
  for (std::size_t i = 0; i < mask_.size(); ++i) {
    mask_[i] = static_cast<std::uint8_t>(key >> (8U * i));
  }
  thread_.enlist(waiter_);
}

Connection::~Connection() {
  thread_.discharge(waiter_);
  if (counted_) thread_.tunnel_closed();
}

void Connection::expect(const char* phase) {
  phase_ = phase;
  waiter_.expires_after(thread_.plan().options.timeout, Reason::upstream_timeout, Side::upstream);
}

asio::awaitable<Result<void>> Connection::wait() {
  auto waited = co_await waiter_.wait();
  if (!waited && waited.error().reason == Reason::upstream_timeout) {
    co_return failure(fmt::format("timed out: {}", phase_));
  }
  co_return waited;
}

asio::awaitable<Result<void>> Connection::wait_until(TimePoint time) {
  waiter_.wakes_at(time);
  return waiter_.wait();
}

Result<net::Fd> Connection::begin_connect() {
  const Target& target = thread_.plan().target;
  const SocketAddress& address = target.address;
  net::Fd fd(::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return connect_failure(errno);
  net::tune_tcp(fd.get());
  if (!target.sources.empty()) {
    const SocketAddress& source = target.sources[id_ % target.sources.size()];
    if (const int error = bind_source(fd.get(), source); error != 0) {
      return bad_source(source, error);
    }
  }
  if (::connect(fd.get(), address.get(), address.length()) != 0 && errno != EINPROGRESS) {
    return connect_failure(errno);
  }
  return fd;
}

asio::awaitable<Result<void>> Connection::connect() {
  auto fd = begin_connect();
  if (!fd) co_return std::move(fd).error();
  auto plain =
      std::make_unique<net::TcpStream>(thread_.worker().loop(), *std::move(fd), Side::upstream);
  plain->attach(&waiter_);
  net::TcpStream& tcp = *plain;
  stream_ = std::move(plain);
  for (;;) {
    const int outcome = tcp.connect_result();
    if (outcome == 0) co_return Result<void>();
    if (outcome != EINPROGRESS) co_return connect_failure(outcome);
    auto waited = co_await wait();
    if (!waited) co_return waited;
  }
}

asio::awaitable<Result<void>> Connection::open(bool resume) {
  expect("connecting");
  auto connected = co_await connect();
  if (!connected || !thread_.plan().target.url.secure) co_return connected;
  phase_ = "TLS handshake";
  co_return co_await shake_hands(resume);
}

asio::awaitable<Result<void>> Connection::shake_hands(bool resume) {
  net::TlsStream::SslPtr ssl(thread_.tls().begin(notes_, resume).release());
  if (!ssl) co_return failure("out of memory");
  std::unique_ptr<net::TcpStream> plain(static_cast<net::TcpStream*>(stream_.release()));
  auto tls = std::make_unique<net::TlsStream>(std::move(plain), std::move(ssl));
  tls_ = tls.get();
  stream_ = std::move(tls);
  for (;;) {
    auto done = tls_->handshake();
    if (!done) co_return tls_failure(tls_->ssl(), notes_.alert, done.error());
    if (*done) co_return Result<void>();
    auto waited = co_await wait();
    if (!waited) co_return waited;
  }
}

asio::awaitable<Result<void>> Connection::upgrade(const std::string& request) {
  phase_ = "upgrade";
  auto going = send(request);
  while (going) {
    auto flushed = flush();
    if (!flushed) co_return std::move(flushed).error();
    auto got = read_raw();
    if (!got) co_return late_refusal(got.error());
    if (got->end) co_return failure("closed instead of answering the upgrade");
    early_ += scratch(got->bytes);
    auto judged = got->bytes > 0 ? judge_upgrade() : Result<bool>(false);
    if (!judged) co_return std::move(judged).error();
    if (*judged) break;
    if (got->nothing()) going = co_await wait();
  }
  if (!going) co_return going;
  expect_nothing();
  counted_ = true;
  thread_.tunnel_opened();
  co_return going;
}

// A server of TLS 1.3 refuses what it got in the handshake only now.
Error Connection::late_refusal(const Error& error) const {
  if (tls_ == nullptr || notes_.alert == 0) return error;
  return tls_failure(ssl(), notes_.alert, error);
}

/// True once the answer is there and good.
Result<bool> Connection::judge_upgrade() {
  const auto length = http::find_head_end(early_, http::kMostResponseHead, 0, Side::upstream);
  if (!length) return failure("upgrade: " + std::string(length.error().text()));
  if (*length == 0) return false;
  const auto head = http::parse_response_head(std::string_view(early_).substr(0, *length), "GET");
  if (!head) return failure("upgrade: " + std::string(head.error().text()));
  if (head->status != 101) return failure(fmt::format("upgrade status {}", head->status));
  if (head->headers.find("sec-websocket-accept") != thread_.plan().target.accept) {
    return failure("upgrade: wrong Sec-WebSocket-Accept");
  }
  if (!head->headers.find("sec-websocket-extensions").value_or("").empty()) {
    return failure("upgrade: an extension that was not offered");
  }
  early_.erase(0, *length);
  return true;
}

asio::awaitable<void> Connection::close() {
  if (!stream_ || stream_->broken()) co_return;
  co_await net::close_gently(*stream_, waiter_);
}

void Connection::say_close(std::uint16_t code) {
  if (stream_ && counted_) (void)send(frame(Opcode::close, close_payload(code), mask_));
}

Result<void> Connection::on_control(const Piece& piece) {
  if (piece.begins_frame) control_.clear();
  control_ += piece.payload;
  if (!piece.ends_frame) return {};
  if (piece.opcode == Opcode::ping) return send(frame(Opcode::pong, control_, mask_));
  if (piece.opcode != Opcode::close) return {};
  if (control_.size() < 2) return failure("closed with code 1005 (none)");
  const unsigned code =
      static_cast<std::uint8_t>(control_[0]) * 256U + static_cast<std::uint8_t>(control_[1]);
  return failure(fmt::format("closed with code {}", code));
}

asio::awaitable<Result<void>> open_tunnel(Slot& slot, Connection& connection, TimePoint began) {
  return open_tunnel_by(slot, connection, slot.plan().target.upgrade_request, began);
}

asio::awaitable<Result<void>> open_tunnel_by(Slot& slot, Connection& connection,
                                             const std::string& request, TimePoint began) {
  const bool resume = slot.thread().chance() < slot.plan().options.resume;
  auto opened = co_await connection.open(resume);
  if (opened) opened = co_await connection.upgrade(request);
  if (!opened) {
    co_await slot.failed(opened.error());
    co_return opened;
  }
  slot.books().connected(began, Clock::now(), connection.ssl());
  slot.worked();
  co_return opened;
}

}  // namespace wssgate::bench
