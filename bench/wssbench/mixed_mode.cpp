#include "wssbench/connection.h"
#include "wssbench/echoes.h"
#include "wssbench/modes.h"

namespace wssgate::bench {
namespace {

/// One user's connection, step by step. What comes unasked is counted towards the next `receive`.
class Visit {
 public:
  Visit(Slot& slot, Connection& connection) : slot_(slot), connection_(connection) {}

  asio::awaitable<Result<void>> play(const User& user);

 private:
  asio::awaitable<Result<void>> play(const Step& step);
  Result<void> send(const Step& step);
  asio::awaitable<Result<void>> receive(std::size_t count);
  asio::awaitable<Result<void>> echo(const Step& step);
  asio::awaitable<Result<void>> think(const Step& step);
  asio::awaitable<Result<void>> close(std::uint16_t code);
  Result<bool> read();

  Slot& slot_;
  Connection& connection_;
  std::size_t waiting_ = 0;  // messages that came and were not received yet
  bool closed_ = false;
};

asio::awaitable<Result<void>> Visit::play(const User& user) {
  for (const Step& step : user.steps) {
    if (slot_.over()) co_return run_over();
    auto done = co_await play(step);
    if (!done) co_return done;
  }
  if (!closed_) connection_.say_close(kNormalClosure);
  co_return Result<void>();
}

asio::awaitable<Result<void>> Visit::play(const Step& step) {
  switch (step.kind) {
    case Step::Kind::send:
      co_return send(step);
    case Step::Kind::receive:
      co_return co_await receive(step.count);
    case Step::Kind::echo:
      co_return co_await echo(step);
    case Step::Kind::think:
      co_return co_await think(step);
    case Step::Kind::close:
      co_return co_await close(step.code);
  }
  co_return Result<void>();
}

Result<bool> Visit::read() {
  return connection_.receive([&](const Piece& piece) {
    if (piece.ends_message()) ++waiting_;
    return Result<void>();
  });
}

Result<void> Visit::send(const Step& step) {
  slot_.books().count(Clock::now(), 1);
  return connection_.send(frame(Opcode::text, step.text, connection_.mask()));
}

asio::awaitable<Result<void>> Visit::receive(std::size_t count) {
  TimePoint began = Clock::now();
  connection_.expect("a message");
  for (std::size_t taken = 0; taken < count;) {
    if (waiting_ > 0) {
      const TimePoint now = Clock::now();
      slot_.books().done(began, now);
      began = now;
      --waiting_;
      ++taken;
      continue;
    }
    auto came = read();
    if (!came) co_return std::move(came).error();
    if (*came) continue;
    auto waited = co_await connection_.wait();
    if (!waited) co_return waited;
  }
  co_return Result<void>();
}

asio::awaitable<Result<void>> Visit::echo(const Step& step) {
  const Options& options = slot_.plan().options;
  EchoMessage message(connection_.id(), step.size, options.text, options.echo_prefix,
                      connection_.mask());
  for (std::size_t i = 0; i < step.count && !slot_.over(); ++i) {
    const TimePoint began = Clock::now();
    auto echoed = co_await echo_once(connection_, message);
    if (!echoed) co_return echoed;
    slot_.books().done(began, Clock::now());
  }
  co_return Result<void>();
}

asio::awaitable<Result<void>> Visit::think(const Step& step) {
  const double share = slot_.thread().chance();
  const auto more = std::chrono::duration<double, std::milli>(
      share * static_cast<double>((step.most - step.least).count()));
  const TimePoint until = Clock::now() + step.least + std::chrono::duration_cast<Nanoseconds>(more);
  while (Clock::now() < until && !slot_.over()) {
    auto waited = co_await connection_.wait_until(until);
    if (!waited) co_return waited;
    auto came = read();
    if (!came) co_return std::move(came).error();
  }
  co_return Result<void>();
}

/// Done when the server has answered it or ended.
asio::awaitable<Result<void>> Visit::close(std::uint16_t code) {
  closed_ = true;
  connection_.say_close(code);
  connection_.expect("the server's Close");
  for (;;) {
    auto came = read();
    if (!came) co_return Result<void>();
    if (*came) continue;
    auto waited = co_await connection_.wait();
    if (!waited) co_return waited;
  }
}

asio::awaitable<Result<void>> visit(Slot& slot, const User& user) {
  Connection connection(slot.thread(), slot.next_id());
  const std::string& request =
      user.request.empty() ? slot.plan().target.upgrade_request : user.request;
  const TimePoint began = Clock::now();
  auto going = co_await open_tunnel_by(slot, connection, request, began);
  if (!going) co_return Result<void>();  // it has been counted
  going = co_await slot.go();
  if (!going) co_return going;
  Visit visiting(slot, connection);
  co_return co_await visiting.play(user);
}

}  // namespace

asio::awaitable<void> run_mixed(Slot& slot) {
  while (!slot.over()) {
    const double chance = slot.thread().chance();
    const User& user = slot.plan().scenario.draw(chance);
    auto done = co_await visit(slot, user);
    if (!done) co_await slot.failed(done.error());
  }
}

}  // namespace wssgate::bench
