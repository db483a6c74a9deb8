#include "wssbench/connection.h"
#include "wssbench/modes.h"

namespace wssgate::bench {
namespace {

/// One connection from its intended time to its end; what is measured ends where it may be used.
asio::awaitable<Result<void>> one_handshake(Slot& slot, TimePoint intended, bool counted) {
  const Plan& plan = slot.plan();
  Connection connection(slot.thread(), slot.next_id());
  const bool resume = slot.thread().chance() < plan.options.resume;
  auto opened = co_await connection.open(resume);
  if (opened && plan.options.kind == Handshake::upgrade) {
    opened = co_await connection.upgrade(plan.target.upgrade_request);
  }
  if (!opened) co_return opened;
  if (counted) {
    const TimePoint now = Clock::now();
    slot.books().connected(intended, now, connection.ssl());
    slot.books().done(intended, now);
  }
  slot.worked();
  co_await connection.close();
  co_return opened;
}

}  // namespace

asio::awaitable<void> run_handshakes(Slot& slot) {
  // The first one shows that there is something to load, and brings a session to resume.
  const TimePoint first = Clock::now();
  auto tried = co_await one_handshake(slot, first, false);
  if (!tried) co_await slot.failed(tried.error());
  auto going = co_await slot.go();
  while (going) {
    auto intended = co_await slot.turn();
    if (!intended) co_return;
    auto done = co_await one_handshake(slot, *intended, true);
    if (!done) co_await slot.failed(done.error());
  }
}

}  // namespace wssgate::bench
