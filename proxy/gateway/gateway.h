#pragma once

#include <chrono>
#include <exception>
#include <memory>
#include <optional>
#include <unordered_set>
#include <vector>

#include "base/address.h"
#include "gateway/admission.h"
#include "gateway/drains.h"
#include "gateway/handshake_turns.h"
#include "gateway/line_sampler.h"
#include "gateway/memory_return.h"
#include "gateway/open_connections.h"
#include "gateway/refused_names.h"
#include "gateway/snapshot.h"
#include "gateway/telemetry.h"
#include "net/fd.h"
#include "net/worker.h"
#include "upstream/connection_pool.h"

namespace wssgate::gateway {

struct Connection;

/// An exception that reaches here is a bug, or the system has no more to give. It costs one
/// connection and is reported. Null: nothing happened.
void report_dropped(const std::exception_ptr& failure);

/// One worker's share of the gateway: turns accepted connections into sessions and knows those
/// that are open. Belongs to its worker's thread, except for the constructor.
class Gateway {
 public:
  Gateway(net::Worker& worker, std::shared_ptr<const Snapshot> snapshot, Admission& admission);
  Gateway(const Gateway&) = delete;
  Gateway& operator=(const Gateway&) = delete;

  /// Connections that are accepted from now on go by this one; open ones keep theirs.
  void adopt(std::shared_ptr<const Snapshot> snapshot) { snapshot_ = std::move(snapshot); }

  /// Starts a session for a connection that `listener` (config::listener_names) accepted, or
  /// refuses it when the limit is reached.
  void accept(net::Fd socket, const SocketAddress& client, const std::string& listener);

  /// From now on connections end when their current request does; idle ones end now, and tunnels
  /// are closed one after the other within `limit`.
  void drain(const DrainTerms& terms);
  /// The host or endpoint gets no new connections until resume(); its tunnels are closed one after
  /// the other within `limit`.
  void drain(const DrainTarget& target, const DrainTerms& terms);
  /// Tunnels that have not been told to close yet stay, unless another drain is on them too.
  void resume(const DrainTarget& target);
  /// Those that `filter` covers, `most` of them, in no order.
  std::vector<OpenConnection> connections(const ConnectionFilter& filter, std::size_t most) const;
  /// Closes them (close_connection); how many.
  std::uint64_t close(const ConnectionFilter& filter, std::uint16_t code);
  /// Ends every connection now.
  void abort_all();

  bool draining() const { return draining_; }
  const Drains& drains() const { return drains_; }
  /// Open ones that the drain of `target` closes.
  std::uint64_t tunnels(const DrainTarget& target) const;
  Telemetry& telemetry() { return telemetry_; }
  RefusedNames& refused_names() { return refused_names_; }
  /// Of the host with this label, which is among seen_hosts() from now on.
  HostCounts& counts_of(const std::string& label);
  /// As Telemetry::hosts, in the order they were first asked for: a walk along the map waits for
  /// the memory at each one.
  const std::vector<const SeenHost*>& seen_hosts() const { return seen_hosts_; }
  net::Worker& worker() { return worker_; }
  upstream::ConnectionPool& pool() { return pool_; }
  Admission& admission() { return admission_; }
  HandshakeTurns& handshake_turns() { return handshake_turns_; }

  /// Counts a refusal, and says whether to log it (LineSampler).
  std::optional<std::int64_t> count_refusal(Reason reason);

  /// For the log: the configured name nearest to a refused one. Only so many a second are
  /// computed, so that a flood of made-up names costs nothing; empty for the others.
  std::string nearest_name(const Snapshot& snapshot, std::string_view name);

  /// Sessions announce themselves while they run.
  void joined(Connection& connection);
  void left(Connection& connection);
  /// `connection` has become a tunnel.
  void tunnel_begun(Connection& connection, TelemetryClock::time_point at);
  /// `at`: what tunnel_begun() was told.
  void tunnel_ended(Connection& connection, TelemetryClock::time_point at);

 private:
  /// Does something to each that `target` covers and that has Close frames, and wakes it.
  template <class Act>
  void each_tunnel(const DrainTarget& target, const Act& act);
  void cut_passed_through(const DrainTarget& target);
  static asio::awaitable<void> cut_passed_through_after(Gateway& self, Duration limit,
                                                        DrainTarget target);
  void refuse_over_limit(const SocketAddress& client);

  net::Worker& worker_;
  std::shared_ptr<const Snapshot> snapshot_;
  Admission& admission_;
  HandshakeTurns handshake_turns_;
  LineSampler sampler_;
  upstream::ConnectionPool pool_;
  std::unordered_set<Connection*> open_;
  MemoryReturn memory_return_;
  bool draining_ = false;
  Drains drains_;
  Telemetry telemetry_;
  std::vector<const SeenHost*> seen_hosts_;
  RefusedNames refused_names_;
  std::chrono::steady_clock::time_point nearest_window_;
  int nearest_left_ = 0;
};

}  // namespace wssgate::gateway
