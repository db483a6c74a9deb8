#include "gateway/websocket_tunnel.h"

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

void note_end(AccessRecord& record, const TunnelRelay& relay, const Result<void>& result) {
  const Direction& up = relay.up();
  const Direction& down = relay.down();
  record.bytes_received = up.bytes();
  record.bytes_sent = down.bytes();
  record.messages_received = up.frames().messages();
  record.messages_sent = down.frames().messages();
  record.client_close_code = up.frames().close_code();
  record.upstream_close_code = down.frames().close_code();
  if (result || (record.client_close_code && record.upstream_close_code)) {
    note_orderly_end(record, relay);
  } else {
    record.ended(result.error());
  }
}

/// The other side is broken, or the pair is given up. Whoever has the other's Close frame knows
/// how it ended, and that must arrive; nobody else may take this for an orderly end.
asio::awaitable<void> end_side(net::Stream& stream, net::Waiter& waiter, const Direction& towards) {
  if (towards.frames().close_code()) {
    co_await net::close_gently(stream, waiter);
  } else {
    stream.reset();
  }
}

}  // namespace

asio::awaitable<void> run_tunnel(Connection& connection, Upgraded upgraded) {
  net::Stream& upstream = *upgraded.upstream.stream;
  upgraded.record.tunnel = true;
  TunnelRelay relay(*connection.stream, upstream, connection.waiter,
                    connection.gateway.worker().scratch(), kPatience);
  Result<void> result = relay.pass_early(upgraded.from_client, upgraded.from_upstream);
  std::string().swap(upgraded.from_client);  // a tunnel may live for days
  std::string().swap(upgraded.from_upstream);
  if (result) result = co_await relay.run();
  note_end(upgraded.record, relay, result);
  log_access(connection, upgraded.record);
  if (result) co_return;
  co_await end_side(upstream, connection.waiter, relay.up());
  co_await end_side(*connection.stream, connection.waiter, relay.down());
}

}  // namespace wssgate::gateway
