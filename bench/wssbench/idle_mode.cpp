#include "wssbench/connection.h"
#include "wssbench/echoes.h"
#include "wssbench/modes.h"

namespace wssgate::bench {
namespace {

/// Nothing is sent and nothing expected; pings are answered.
asio::awaitable<Result<void>> stay_open(Connection& connection, EchoMessage& message) {
  connection.expect_nothing();
  while (!connection.thread().over()) {
    auto waited = co_await connection.wait();
    if (!waited) co_return waited;
    auto came = connection.receive([&](const Piece& piece) { return message.take(piece); });
    if (!came) co_return std::move(came).error();
  }
  co_return Result<void>();
}

/// All of them at once.
asio::awaitable<Result<void>> last_echo(Slot& slot, Connection& connection, EchoMessage& message) {
  const TimePoint began = Clock::now();
  auto echoed = co_await echo_once(connection, message);
  if (echoed) slot.books().latency_after_all(began, Clock::now());
  co_return echoed;
}

}  // namespace

asio::awaitable<void> run_idle(Slot& slot) {
  const Options& options = slot.plan().options;
  const auto after = std::chrono::duration<double>(double(slot.index()) / options.ramp);
  const TimePoint turn = slot.thread().started() + std::chrono::duration_cast<Nanoseconds>(after);
  auto ramped = co_await slot.sleep_until(turn);
  while (ramped && !slot.over()) {
    Connection connection(slot.thread(), slot.next_id());
    auto going = co_await open_tunnel(slot, connection);
    if (!going) continue;
    slot.mark_ready();
    EchoMessage message = echo_message(connection);
    going = co_await stay_open(connection, message);
    if (going && options.echo_at_end) going = co_await last_echo(slot, connection, message);
    connection.say_close(kNormalClosure);
    if (!going) co_await slot.failed(going.error());
  }
}

}  // namespace wssgate::bench
