#include "wssbench/connection.h"
#include "wssbench/echo_message.h"
#include "wssbench/echoes.h"
#include "wssbench/modes.h"

namespace wssgate::bench {
namespace {

/// Messages one after the other, until the connection or the run has ended.
asio::awaitable<Result<void>> echo_on(Slot& slot, Connection& connection) {
  EchoMessage message = echo_message(connection);
  for (;;) {
    auto intended = slot.take_turn();
    if (!intended) co_return std::move(intended).error();
    auto came = co_await await_turn(connection, message, *intended);
    if (!came) co_return came;
    auto done = co_await echo_once(connection, message);
    if (!done) co_return done;
    slot.books().done(*intended, Clock::now());
  }
}

}  // namespace

EchoMessage echo_message(Connection& connection) {
  const Options& options = connection.thread().plan().options;
  return {connection.id(), options.size, options.text, options.echo_prefix, connection.mask()};
}

asio::awaitable<Result<void>> await_turn(Connection& connection, EchoMessage& message,
                                         TimePoint intended) {
  if (Clock::now() >= intended) co_return Result<void>();
  while (Clock::now() < intended) {
    if (connection.thread().over()) co_return run_over();
    auto waited = co_await connection.wait_until(intended);
    if (!waited) co_return waited;
    auto came = connection.receive([&](const Piece& piece) { return message.take(piece); });
    if (!came) co_return std::move(came).error();
  }
  connection.thread().books().sent_late(Clock::now() - intended);
  co_return Result<void>();
}

// After the send it waits before it reads: the answer cannot be there yet, and asking for it would
// be a system call in vain. Nothing is missed, since data that come later make news of their own.
asio::awaitable<Result<void>> echo_once(Connection& connection, EchoMessage& message) {
  auto sent = connection.send(message.next());
  if (!sent) co_return sent;
  connection.expect("the echo");
  while (!message.returned()) {
    auto waited = co_await connection.wait();
    if (!waited) co_return waited;
    auto going = take_echoes(connection, message);
    if (!going) co_return going;
  }
  co_return Result<void>();
}

/// Reads while there is something, but not beyond the message.
Result<void> take_echoes(Connection& connection, EchoMessage& message) {
  if (connection.pending()) {
    if (auto flushed = connection.flush(); !flushed) return std::move(flushed).error();
  }
  while (!message.returned()) {
    auto came = connection.receive([&](const Piece& piece) { return message.take(piece); });
    if (!came) return std::move(came).error();
    if (!*came) break;
  }
  return {};
}

asio::awaitable<void> run_echo(Slot& slot) {
  while (!slot.over()) {
    Connection connection(slot.thread(), slot.next_id());
    auto opened = co_await open_tunnel(slot, connection);
    if (!opened) continue;
    auto going = co_await slot.go();
    if (going) going = co_await echo_on(slot, connection);
    connection.say_close(kNormalClosure);
    if (!going) co_await slot.failed(going.error());
  }
}

}  // namespace wssgate::bench
