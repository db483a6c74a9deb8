#include <algorithm>

#include "wssbench/connection.h"
#include "wssbench/echoes.h"
#include "wssbench/modes.h"

namespace wssgate::bench {
namespace {

// What a socket refuses of a piece is copied: pieces are of one TLS record.
constexpr std::size_t kBulkPiece = std::size_t{16} * 1024;
// Before the thread's other connections have their turn.
constexpr int kBulkStepsPerTurn = 16;

/// The same message without end.
class BulkSender {
 public:
  BulkSender(std::size_t size, const MaskKey& mask)
      : frame_(frame(Opcode::binary, std::string(size, 'w'), mask)), payload_(size) {}

  std::string_view next_piece() {
    const auto piece = std::string_view(frame_).substr(at_, kBulkPiece);
    at_ += piece.size();
    return piece;
  }
  bool message_done() const { return at_ == frame_.size(); }
  void begin_message() {
    at_ = 0;
    began_ = Clock::now();
  }
  TimePoint began() const { return began_; }
  std::size_t payload() const { return payload_; }

 private:
  std::string frame_;
  std::size_t payload_;
  std::size_t at_ = 0;
  TimePoint began_ = Clock::now();
};

/// What the server answers is dropped, but read: an echo would stall otherwise.
Result<void> drop(const Piece&) { return {}; }

/// True when something moved.
Result<bool> send_some(Slot& slot, Connection& connection, BulkSender& sender) {
  if (connection.pending()) {
    auto flushed = connection.flush();
    if (!flushed || !*flushed) return flushed;
  }
  const std::string_view piece = sender.next_piece();
  auto sent = connection.send(piece);
  if (!sent) return std::move(sent).error();
  const TimePoint now = Clock::now();
  slot.books().count(now, piece.size());
  if (sender.message_done()) {
    slot.books().latency(sender.began(), now);
    sender.begin_message();
  }
  return true;
}

asio::awaitable<Result<void>> send_bulk(Slot& slot, Connection& connection) {
  BulkSender sender(slot.plan().options.size, connection.mask());
  int steps = 0;
  while (!slot.over()) {
    auto sent = send_some(slot, connection, sender);
    if (!sent) co_return std::move(sent).error();
    auto came = connection.receive(drop);
    if (!came) co_return std::move(came).error();
    Result<void> going;
    if (!*sent && !*came) {
      connection.expect("room to send");
      going = co_await connection.wait();
    } else if (++steps % kBulkStepsPerTurn == 0) {
      going = co_await connection.yield();
    }
    if (!going) co_return going;
  }
  co_return run_over();
}

/// Counts payload; a message's latency is the time since the one before it ended.
class BulkReceiver {
 public:
  explicit BulkReceiver(Recorder& books) : books_(books) {}

  Result<void> take(const Piece& piece) {
    const TimePoint now = Clock::now();
    books_.count(now, piece.payload.size());
    if (!piece.ends_message()) return {};
    books_.latency(last_, now);
    last_ = now;
    return {};
  }

 private:
  Recorder& books_;
  TimePoint last_ = Clock::now();
};

asio::awaitable<Result<void>> receive_bulk(Slot& slot, Connection& connection) {
  BulkReceiver receiver(slot.books());
  int steps = 0;
  while (!slot.over()) {
    auto came = connection.receive([&](const Piece& piece) { return receiver.take(piece); });
    if (!came) co_return std::move(came).error();
    Result<void> going;
    if (!*came) {
      connection.expect("more of the server's messages");
      going = co_await connection.wait();
    } else if (++steps % kBulkStepsPerTurn == 0) {
      going = co_await connection.yield();
    }
    if (!going) co_return going;
  }
  co_return run_over();
}

asio::awaitable<Result<void>> move_bulk(Slot& slot, Connection& connection) {
  const Options& options = slot.plan().options;
  if (options.direction == Direction::up) co_return co_await send_bulk(slot, connection);
  if (!options.subscribe.empty()) {
    auto sent = connection.send(frame(Opcode::text, options.subscribe, connection.mask()));
    if (!sent) co_return sent;
  }
  co_return co_await receive_bulk(slot, connection);
}

}  // namespace

asio::awaitable<void> run_bulk(Slot& slot) {
  while (!slot.over()) {
    Connection connection(slot.thread(), slot.next_id());
    auto opened = co_await open_tunnel(slot, connection);
    if (!opened) continue;
    auto going = co_await slot.go();
    if (going) going = co_await move_bulk(slot, connection);
    // In the middle of messages there is no place for a Close frame.
    connection.reset();
    if (!going) co_await slot.failed(going.error());
  }
}

}  // namespace wssgate::bench
