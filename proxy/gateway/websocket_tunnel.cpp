#include "gateway/websocket_tunnel.h"

#include <fmt/format.h>

#include <memory>
#include <utility>

#include "gateway/tunnel_relay.h"
#include "net/closing.h"

namespace wssgate::gateway {
namespace {

// For a peer that takes nothing of what was sent to it, or does not end after the other has.
constexpr Duration kPatience{60'000};

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

/// The connection is a tunnel while this lives.
class AsTunnel {
 public:
  AsTunnel(Connection& connection, const UpstreamLink& upstream, TunnelRelay& relay)
      : connection_(connection) {
    connection.endpoint = upstream.lease.endpoint().get();
    connection.tunnel = &relay;
    connection.gateway.tunnel_begun(connection);
  }
  AsTunnel(const AsTunnel&) = delete;
  AsTunnel& operator=(const AsTunnel&) = delete;
  ~AsTunnel() {
    connection_.tunnel = nullptr;
    connection_.endpoint = nullptr;
  }

 private:
  Connection& connection_;
};

}  // namespace

asio::awaitable<void> run_tunnel(Connection& connection, std::unique_ptr<Upgraded> upgraded) {
  net::Stream& upstream = *upgraded->upstream.stream;
  upgraded->record.tunnel = true;
  TunnelRelay relay(*connection.stream, upstream, connection.waiter,
                    connection.gateway.worker().scratch(), upgraded->terms, kPatience);
  const AsTunnel registered(connection, upgraded->upstream, relay);
  Result<void> result = relay.pass_early(upgraded->from_client, upgraded->from_upstream);
  std::string().swap(upgraded->from_client);  // a tunnel may live for days
  std::string().swap(upgraded->from_upstream);
  if (result) result = co_await relay.run();
  note_end(upgraded->record, relay, result);
  log_access(connection, upgraded->record);
  connection.gateway.tunnel_ended(upgraded->record);
  if (result) co_return;
  co_await end_side(upstream, connection.waiter, relay);
  co_await end_side(*connection.stream, connection.waiter, relay);
}

}  // namespace wssgate::gateway
