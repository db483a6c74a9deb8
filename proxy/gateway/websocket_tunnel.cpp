#include "gateway/websocket_tunnel.h"

#include <fmt/format.h>

#include <exception>
#include <memory>
#include <optional>
#include <span>
#include <utility>

#include "gateway/tunnel_relay.h"
#include "net/closing.h"

namespace wssgate::gateway {
namespace {

Side other(Side side) { return side == Side::client ? Side::upstream : Side::client; }

void blame(AccessRecord& record, Side side, std::string detail) {
  record.reason = side == Side::client ? Reason::client_closed : Reason::upstream_closed;
  record.detail = std::move(detail);
}

/// An orderly end: whoever closed first ended it. Where a side left without a Close frame the
/// other side's program reports 1006, and this line is what tells why.
void note_orderly_end(AccessRecord& record, const TunnelRelay& relay) {
  const Side first = relay.first_to_close().value_or(Side::client);
  const Side second = other(first);
  record.ended_by = first;
  if (!relay.from(first).frames().close_code()) {
    blame(record, first, "closed without a Close frame; the other side sees 1006");
  } else if (!relay.from(second).frames().close_code() && relay.first_to_end() == second) {
    blame(record, second, "closed without answering the Close frame; the other side sees 1006");
  }
}

bool answered(const TunnelRelay& relay, Side side) {
  return relay.from(side).frames().close_code().has_value();
}

/// What the Close frames that we sent came to.
std::string closing_detail(const TunnelRelay& relay) {
  std::string detail;
  if (relay.order().reason == Reason::message_too_large) {
    const bool client = relay.up().oversized();
    detail = fmt::format("a message of the {} is larger than websocket.max_message; ",
                         client ? "client" : "upstream");
  }
  const auto came_to = [&](Side side) {
    if (!relay.towards(side).told()) return "could not be told in the middle of a frame";
    if (answered(relay, side)) return "answered";
    return relay.from(side).ended() ? "ended without an answer" : "did not answer";
  };
  return detail + fmt::format("closed with {}: the client {}, the upstream {}", relay.order().code,
                              came_to(Side::client), came_to(Side::upstream));
}

void note_end(AccessRecord& record, const TunnelRelay& relay, const Result<void>& result) {
  const Direction& up = relay.up();
  const Direction& down = relay.down();
  record.bytes_received = up.bytes();
  record.bytes_sent = down.bytes();
  record.messages_received = up.frames().messages();
  record.messages_sent = down.frames().messages();
  record.client_close_code = up.frames().close_code();
  record.upstream_close_code = down.frames().close_code();
  if (relay.closing()) {
    record.proxy_close_code = relay.order().code;
    record.ended(Error(relay.order().reason, Side::proxy, closing_detail(relay)));
  } else if (result || (record.client_close_code && record.upstream_close_code)) {
    note_orderly_end(record, relay);
  } else {
    record.ended(result.error());
  }
}

/// Whether this side's last bytes are to arrive. Whoever has a Close frame knows how it ended;
/// nobody else may take this for an orderly end. Whoever does not answer ours in time has had its
/// time.
bool ends_gently(const TunnelRelay& relay, Side side) {
  if (!relay.towards(side).told()) return false;
  return !relay.closing() || relay.closed_out() || answered(relay, side);
}

asio::awaitable<void> end_side(net::Stream& stream, net::Waiter& waiter, const TunnelRelay& relay) {
  if (ends_gently(relay, stream.side())) {
    co_await net::close_gently(stream, waiter);
  } else {
    stream.reset();
  }
}

/// An upgraded connection, with all that it has. No coroutine until it closes: it may be idle for
/// days, and the frames would be a good part of its memory.
class Tunnel final : private net::TakesTurns {
 public:
  Tunnel(std::unique_ptr<Connection> connection, Upgraded& upgraded);
  Tunnel(const Tunnel&) = delete;
  Tunnel& operator=(const Tunnel&) = delete;
  ~Tunnel() override;

  static void begin(std::unique_ptr<Tunnel> tunnel, const Upgraded& upgraded);

 private:
  bool take_turn(Result<void> going) override;
  void abandon() override { const auto destroyed = std::move(self_); }
  template <class Move>
  auto counted(const Move& move);
  static void end(std::unique_ptr<Tunnel> tunnel, const Result<void>& result);
  static asio::awaitable<void> close(std::unique_ptr<Tunnel> tunnel);

  std::span<char> scratch() { return connection_->gateway.worker().scratch(); }
  net::Stream& client() { return *connection_->stream; }
  net::Stream& upstream() { return *upstream_.stream; }

  std::unique_ptr<Tunnel> self_;  // until it ends
  std::unique_ptr<Connection> connection_;
  UpstreamLink upstream_;
  AccessRecord record_;
  TunnelRelay relay_;
};

Tunnel::Tunnel(std::unique_ptr<Connection> connection, Upgraded& upgraded)
    : connection_(std::move(connection)),
      upstream_(std::move(upgraded.upstream)),
      record_(std::move(upgraded.record)),
      relay_(client(), upstream(), connection_->waiter, upgraded.terms, net::kPatience) {
  record_.tunnel = true;
  connection_->endpoint = upstream_.lease.endpoint().get();
  connection_->tunnel = &relay_;
  connection_->gateway.tunnel_begun(*connection_, record_.begun);
}

Tunnel::~Tunnel() {
  connection_->gateway.tunnel_ended(*connection_, record_.begun);
  connection_->tunnel = nullptr;
  connection_->endpoint = nullptr;
}

/// Moves, and counts what has come of it.
template <class Move>
auto Tunnel::counted(const Move& move) {
  const Traffic up = traffic_of(relay_.up());
  const Traffic down = traffic_of(relay_.down());
  auto result = move();
  connection_->counts->from_client.add(traffic_of(relay_.up()).since(up));
  connection_->counts->from_upstream.add(traffic_of(relay_.down()).since(down));
  if (const auto answer = relay_.take_ping_answer()) {
    const auto side = static_cast<std::size_t>(answer->by);
    connection_->gateway.telemetry().ping[side].add(answer->after);
  }
  return result;
}

void Tunnel::begin(std::unique_ptr<Tunnel> tunnel, const Upgraded& upgraded) {
  Tunnel& self = *tunnel;
  const auto passed = self.counted(
      [&] { return self.relay_.pass_early(upgraded.from_client, upgraded.from_upstream); });
  if (!passed) return end(std::move(tunnel), passed);
  self.self_ = std::move(tunnel);
  net::Waiter& waiter = self.connection_->waiter;
  waiter.never_expires();  // what had a deadline is done
  waiter.give_turns_to(&self);
  waiter.notify();
}

bool Tunnel::take_turn(Result<void> going) {
  auto self = std::move(self_);
  try {
    const auto ended = going ? counted([this] { return relay_.turn(scratch()); })
                             : std::optional(std::move(going));
    if (!ended) {
      self_ = std::move(self);
      return true;
    }
    end(std::move(self), *ended);
  } catch (...) {
    report_dropped(std::current_exception());
  }
  return false;
}

void Tunnel::end(std::unique_ptr<Tunnel> tunnel, const Result<void>& result) {
  Connection& connection = *tunnel->connection_;
  connection.waiter.give_turns_to(nullptr);
  note_end(tunnel->record_, tunnel->relay_, result);
  conclude(connection, tunnel->record_);
  if (!result) connection.gateway.worker().loop().spawn(close(std::move(tunnel)), report_dropped);
}

asio::awaitable<void> Tunnel::close(std::unique_ptr<Tunnel> tunnel) {
  net::Waiter& waiter = tunnel->connection_->waiter;
  co_await end_side(tunnel->upstream(), waiter, tunnel->relay_);
  co_await end_side(tunnel->client(), waiter, tunnel->relay_);
}

}  // namespace

void begin_tunnel(std::unique_ptr<Connection> connection, Upgraded upgraded) {
  auto tunnel = std::make_unique<Tunnel>(std::move(connection), upgraded);
  Tunnel::begin(std::move(tunnel), upgraded);
}

}  // namespace wssgate::gateway
