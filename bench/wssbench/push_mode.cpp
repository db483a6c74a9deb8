#include <algorithm>
#include <string>

#include "wssbench/connection.h"
#include "wssbench/echoes.h"
#include "wssbench/modes.h"
#include "wssbench/push_stamp.h"

namespace wssgate::bench {
namespace {

/// Counts messages. Their latency is what a stamp of `wssbench backend` says, else the time since
/// the message before. Numbers that are missing in the stamps are errors.
class PushReceiver {
 public:
  explicit PushReceiver(Recorder& books) : books_(books) { beginning_.reserve(PushStamp::kSize); }

  Result<void> take(const Piece& piece) {
    const std::size_t room = PushStamp::kSize - beginning_.size();
    beginning_ += piece.payload.substr(0, std::min(room, piece.payload.size()));
    if (!piece.ends_message()) return {};
    const TimePoint now = Clock::now();
    const auto stamp = PushStamp::parse(beginning_);
    if (stamp) {
      note_gap(stamp->number, now);
      books_.done(stamp->due, now);
    } else {
      books_.done(last_, now);
    }
    last_ = now;
    beginning_.clear();
    return {};
  }

 private:
  void note_gap(std::uint64_t number, TimePoint now) {
    if (number_ != 0 && number > number_ + 1) {
      books_.error(failure("a pushed message is missing"), now, number - number_ - 1);
    }
    number_ = number;
  }

  Recorder& books_;
  std::string beginning_;
  std::uint64_t number_ = 0;
  TimePoint last_ = Clock::now();
};

asio::awaitable<Result<void>> receive_pushes(Slot& slot, Connection& connection) {
  PushReceiver receiver(slot.books());
  while (!slot.over()) {
    auto came = connection.receive([&](const Piece& piece) { return receiver.take(piece); });
    if (!came) co_return std::move(came).error();
    if (*came) continue;
    connection.expect("a pushed message");
    auto waited = co_await connection.wait();
    if (!waited) co_return waited;
  }
  co_return run_over();
}

}  // namespace

asio::awaitable<void> run_push(Slot& slot) {
  while (!slot.over()) {
    Connection connection(slot.thread(), slot.next_id());
    auto going = co_await open_tunnel(slot, connection);
    if (!going) continue;
    const std::string& subscribe = slot.plan().options.subscribe;
    going = co_await slot.go();
    if (going && !subscribe.empty()) {
      going = connection.send(frame(Opcode::text, subscribe, connection.mask()));
    }
    if (going) going = co_await receive_pushes(slot, connection);
    connection.say_close(kNormalClosure);
    if (!going) co_await slot.failed(going.error());
  }
}

}  // namespace wssgate::bench
