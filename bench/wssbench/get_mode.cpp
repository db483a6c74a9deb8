#include <fmt/format.h>

#include <optional>
#include <string>

#include "protocol/http/body.h"
#include "protocol/http/head.h"
#include "wssbench/connection.h"
#include "wssbench/failure.h"
#include "wssbench/modes.h"

namespace wssgate::bench {
namespace {

/// One response after the other, from one connection.
class ResponseReader {
 public:
  void begin() {
    body_.reset();
    done_ = false;
  }
  /// True once the response is complete.
  Result<bool> take(std::string_view bytes);
  bool keep_alive() const { return keep_alive_; }

 private:
  Result<std::size_t> read_head(std::string_view bytes);

  std::string held_;  // of a head that is not complete
  std::optional<http::BodyDecoder> body_;
  bool keep_alive_ = true;
  bool done_ = false;
};

/// How long the head is; 0 while it is incomplete.
Result<std::size_t> ResponseReader::read_head(std::string_view bytes) {
  auto length = http::find_head_end(bytes, http::kMostResponseHead, 0, Side::upstream);
  if (!length || *length == 0) return length;
  const auto head = http::parse_response_head(bytes.substr(0, *length), "GET");
  if (!head) return head.error();
  if (head->is_interim()) return failure("an interim response to a GET");
  if (head->status >= 400) return failure(fmt::format("status {}", head->status));
  keep_alive_ = head->keep_alive && head->framing.kind != http::Framing::Kind::until_close;
  body_.emplace(head->framing, Side::upstream);
  return length;
}

Result<bool> ResponseReader::take(std::string_view bytes) {
  if (!body_) {
    if (!held_.empty()) {
      held_ += bytes;
      bytes = held_;
    }
    const auto length = read_head(bytes);
    if (!length) return length.error();
    if (*length == 0) {
      if (held_.empty()) held_ = bytes;
      return false;
    }
    bytes.remove_prefix(*length);
  }
  const auto used = body_->decode(bytes, [](std::string_view) {});
  if (!used) return used.error();
  if (body_->done() && *used < bytes.size()) return failure("bytes behind the response");
  held_.clear();
  return body_->done();
}

asio::awaitable<Result<void>> one_get(Slot& slot, Connection& connection, ResponseReader& reader) {
  auto sent = connection.send(slot.plan().target.get_request);
  if (!sent) co_return sent;
  reader.begin();
  connection.expect("the response");
  for (;;) {
    auto waited = co_await connection.wait();
    if (!waited) co_return waited;
    for (;;) {
      auto got = connection.read_raw();
      if (!got) co_return std::move(got).error();
      if (got->end) co_return failure("closed before the response was complete");
      if (got->nothing()) break;
      auto whole = reader.take(connection.scratch(got->bytes));
      if (!whole) co_return std::move(whole).error();
      if (*whole) co_return Result<void>();
    }
  }
}

asio::awaitable<Result<void>> get_on(Slot& slot, Connection& connection) {
  ResponseReader reader;
  while (reader.keep_alive()) {
    auto intended = co_await slot.turn();
    if (!intended) co_return std::move(intended).error();
    auto done = co_await one_get(slot, connection, reader);
    if (!done) co_return done;
    slot.books().done(*intended, Clock::now());
  }
  co_return Result<void>();  // the server closes: another connection goes on
}

asio::awaitable<Result<void>> open_http(Slot& slot, Connection& connection) {
  const TimePoint began = Clock::now();
  const bool resume = slot.thread().chance() < slot.plan().options.resume;
  auto opened = co_await connection.open(resume);
  if (!opened) co_return opened;
  slot.books().connected(began, Clock::now(), connection.ssl());
  slot.worked();
  slot.thread().tunnel_opened();
  co_return opened;
}

}  // namespace

asio::awaitable<void> run_gets(Slot& slot) {
  while (!slot.over()) {
    Connection connection(slot.thread(), slot.next_id());
    auto going = co_await open_http(slot, connection);
    const bool opened = going.ok();
    if (going) going = co_await slot.go();
    if (going) going = co_await get_on(slot, connection);
    if (opened) slot.thread().tunnel_closed();
    if (!going) co_await slot.failed(going.error());
  }
}

}  // namespace wssgate::bench
