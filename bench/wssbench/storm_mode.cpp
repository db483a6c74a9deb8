#include "wssbench/connection.h"
#include "wssbench/echoes.h"
#include "wssbench/modes.h"

namespace wssgate::bench {
namespace {

/// In the middle of what is measured.
TimePoint storm_time(const Window& window) {
  return window.start + (window.end - window.start) / 2;
}

/// Echoes until the connection ends, the run does, or (success) `until`.
asio::awaitable<Result<void>> echo_until(Slot& slot, Connection& connection, TimePoint until) {
  EchoMessage message = echo_message(connection);
  for (;;) {
    auto intended = slot.take_turn();
    if (!intended) co_return std::move(intended).error();
    const TimePoint next = std::min(*intended, until);
    auto came = co_await await_turn(connection, message, next);
    if (!came || Clock::now() >= until) co_return came;
    auto done = co_await echo_once(connection, message);
    if (!done) co_return done;
    slot.books().latency(*intended, Clock::now());
  }
}

/// The tunnel that comes after the storm, and whether it is the first one.
asio::awaitable<void> come_back(Slot& slot, TimePoint storm) {
  bool first = true;
  while (!slot.over()) {
    Connection connection(slot.thread(), slot.next_id());
    const TimePoint began = first ? storm : Clock::now();
    auto going = co_await open_tunnel(slot, connection, began);
    if (!going) continue;
    if (first) slot.books().came_back(storm, Clock::now());
    first = false;
    const TimePoint end = slot.books().window().end;
    going = co_await echo_until(slot, connection, end);
    connection.say_close(kNormalClosure);
    if (going) co_return;
    co_await slot.failed(going.error());
  }
}

}  // namespace

asio::awaitable<void> run_storm(Slot& slot) {
  bool stormed = false;
  while (!stormed && !slot.over()) {
    Connection connection(slot.thread(), slot.next_id());
    auto going = co_await open_tunnel(slot, connection);
    if (!going) continue;
    going = co_await slot.go();
    const TimePoint storm = storm_time(slot.books().window());
    if (going) going = co_await echo_until(slot, connection, storm);
    stormed = going.ok();
    if (stormed) connection.reset();
    if (!going) co_await slot.failed(going.error());
  }
  const TimePoint storm = storm_time(slot.books().window());
  if (stormed) co_await come_back(slot, storm);
}

}  // namespace wssgate::bench
