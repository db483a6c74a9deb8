#include "gateway/gateway.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <new>
#include <system_error>
#include <utility>

#include "base/log.h"
#include "gateway/connection.h"
#include "gateway/redirect.h"
#include "gateway/session.h"
#include "net/listener.h"

namespace wssgate::gateway {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kNearestPerSecond = 20;

std::int64_t next_connection_id() {
  static std::atomic<std::int64_t> last{0};
  return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

std::uint32_t steady_seconds(TelemetryClock::time_point time) {
  const auto whole = std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch());
  return static_cast<std::uint32_t>(whole.count());
}

bool is_tunnel_of(const Connection& connection, const DrainTarget& target) {
  return connection.endpoint != nullptr &&
         (target.covers(*connection.site->host) || target.covers(*connection.endpoint));
}

}  // namespace

void report_dropped(const std::exception_ptr& failure) {
  if (!failure) return;
  const auto exhausted = [](const char* what) {
    log::error("out_of_resources",
               "a connection was dropped: the system gives no more memory or epoll watches "
               "(fs.epoll.max_user_watches). lower limits.connections or give it more",
               {{"what", what}});
  };
  try {
    std::rethrow_exception(failure);
  } catch (const std::system_error& error) {
    exhausted(error.what());
  } catch (const std::bad_alloc& error) {
    exhausted(error.what());
  } catch (const std::exception& bug) {
    log::error("internal_error", "a connection was dropped by a bug in wssgate; please report it",
               {{"what", bug.what()}});
  }
}

Connection::Connection(Gateway& owner, std::shared_ptr<const Snapshot> running, int accepted_socket,
                       const SocketAddress& peer, ConnectionGate::Place taken)
    : gateway(owner),
      snapshot(std::move(running)),
      client(peer),
      socket(accepted_socket),
      accepted(steady_seconds(TelemetryClock::now())),
      id(next_connection_id()),
      place(std::move(taken)),
      waiter(owner.worker().loop()),
      counts(&owner.telemetry().no_host) {
  gateway.joined(*this);
}

Duration Connection::age(TelemetryClock::time_point now) const {
  return std::chrono::seconds(steady_seconds(now) - accepted);
}

void Connection::lead_to(const Site& its) {
  site = &its;
  counts = &gateway.counts_of(its.host->label());
}

SocketAddress Connection::destination() const {
  return conveyed_destination ? *conveyed_destination : net::bound_address(socket);
}

Gateway::Gateway(net::Worker& worker, std::shared_ptr<const Snapshot> snapshot,
                 Admission& admission)
    : worker_(worker),
      snapshot_(std::move(snapshot)),
      admission_(admission),
      handshake_turns_(worker.loop()),
      pool_(worker.loop()),
      memory_return_(worker.loop()) {}

HostCounts& Gateway::counts_of(const std::string& label) {
  const auto [host, fresh] = telemetry_.hosts.try_emplace(label);
  if (fresh) seen_hosts_.push_back(&*host);
  return host->second;
}

void Gateway::joined(Connection& connection) {
  ++telemetry_.connections;
  open_.insert(&connection);
  memory_return_.opened(open_.size());
}

void Gateway::left(Connection& connection) {
  open_.erase(&connection);
  memory_return_.closed(open_.size());
}

void Gateway::accept(net::Fd socket, const SocketAddress& client, const std::string& listener) {
  auto place = admission_.connections.enter(snapshot_->config.limits.connections);
  if (!place) {
    refuse_over_limit(client);
    return;
  }
  const Listening* const terms = snapshot_->listening(listener);
  if (terms == nullptr) return;  // it has just been taken out of the configuration
  auto* const run = terms->redirect_port != 0 ? run_redirect : run_session;
  worker_.loop().spawn(run(*this, snapshot_, std::move(socket), client, *terms, std::move(place)),
                       report_dropped);
}

void Gateway::drain(const DrainTerms& terms) {
  draining_ = true;
  drain(DrainTarget(), terms);
  for (Connection* connection : open_) {
    // A request that lies in the socket already is one that came before.
    if (connection->stream) connection->stream->look_again();
    connection->waiter.notify();
  }
}

template <class Act>
void Gateway::each_tunnel(const DrainTarget& target, const Act& act) {
  for (Connection* connection : open_) {
    if (connection->tunnel == nullptr || !is_tunnel_of(*connection, target)) continue;
    act(*connection);
    connection->waiter.notify();
  }
}

void Gateway::drain(const DrainTarget& target, const DrainTerms& terms) {
  const DrainWindow window(std::chrono::steady_clock::now(), terms);
  drains_.add(target, window);
  const std::size_t count = tunnels(target);
  std::size_t index = 0;
  each_tunnel(target, [&](const Connection& connection) {
    connection.tunnel->order_close(window.order(index++, count));
  });
  // At the end of a drain of everything nothing is left open anyway.
  if (target.kind != DrainTarget::Kind::everything) {
    worker_.loop().spawn(cut_passed_through_after(*this, terms.limit, target));
  }
}

void Gateway::resume(const DrainTarget& target) {
  drains_.remove(target);
  const std::size_t count = tunnels(target);
  std::size_t index = 0;
  each_tunnel(target, [&](const Connection& connection) {
    connection.tunnel->withdraw_order();
    const auto* other = drains_.window_for(*connection.site->host, *connection.endpoint);
    if (other != nullptr) connection.tunnel->order_close(other->order(index++, count));
  });
}

/// There is no Close frame for what is not decrypted: it has the whole of the drain's time.
asio::awaitable<void> Gateway::cut_passed_through_after(Gateway& self, Duration limit,
                                                        DrainTarget target) {
  net::Waiter waiter(self.worker_.loop());
  waiter.wakes_at(Clock::now() + limit);
  (void)co_await waiter.wait();
  if (self.drains_.is_over(target, TunnelClock::now())) self.cut_passed_through(target);
}

void Gateway::cut_passed_through(const DrainTarget& target) {
  for (Connection* connection : open_) {
    if (connection->tunnel != nullptr || !is_tunnel_of(*connection, target)) continue;
    connection->waiter.abort(Reason::draining, Side::proxy);
  }
}

void Gateway::tunnel_begun(Connection& connection, TelemetryClock::time_point at) {
  ++connection.counts->tunnels_begun;
  connection.counts->open_since += since_start_of_clock(at);
  const auto* window = drains_.window_for(*connection.site->host, *connection.endpoint);
  if (window != nullptr) connection.tunnel->order_close(window->order_now());
}

void Gateway::tunnel_ended(Connection& connection, TelemetryClock::time_point at) {
  ++connection.counts->tunnels_ended;
  connection.counts->open_since -= since_start_of_clock(at);
}

std::uint64_t Gateway::tunnels(const DrainTarget& target) const {
  return std::count_if(open_.begin(), open_.end(), [&](const Connection* connection) {
    return is_tunnel_of(*connection, target);
  });
}

std::vector<OpenConnection> Gateway::connections(const ConnectionFilter& filter,
                                                 std::size_t most) const {
  const auto now = TelemetryClock::now();
  std::vector<OpenConnection> found;
  for (const Connection* connection : open_) {
    if (found.size() == most) break;
    if (filter.covers(*connection, now)) found.push_back(describe(*connection, now));
  }
  return found;
}

std::uint64_t Gateway::close(const ConnectionFilter& filter, std::uint16_t code) {
  const auto now = TelemetryClock::now();
  std::uint64_t closed = 0;
  for (Connection* connection : open_) {
    if (!filter.covers(*connection, now)) continue;
    close_connection(*connection, code, now);
    ++closed;
  }
  return closed;
}

void Gateway::abort_all() {
  for (Connection* connection : open_) connection->waiter.abort(Reason::draining, Side::proxy);
}

std::string Gateway::nearest_name(const Snapshot& snapshot, std::string_view name) {
  const auto now = Clock::now();
  if (now - nearest_window_ >= std::chrono::seconds(1)) {
    nearest_window_ = now;
    nearest_left_ = kNearestPerSecond;
  }
  if (nearest_left_ == 0) return {};
  --nearest_left_;
  return snapshot.sites.nearest(name);
}

std::optional<std::int64_t> Gateway::count_refusal(Reason reason) {
  admission_.refused.add(reason);
  return sampler_.sample(reason, Clock::now());
}

void Gateway::refuse_over_limit(const SocketAddress& client) {
  const auto left_out = count_refusal(Reason::connection_limit);
  if (!left_out) return;
  const std::string address = client.text();
  log::warn("connection_refused", "limits.connections is reached: closing new connections at once",
            {{"reason", reason_label(Reason::connection_limit)},
             {"client", address},
             {"limit", static_cast<std::int64_t>(snapshot_->config.limits.connections)},
             {"left_out", *left_out}});
}

}  // namespace wssgate::gateway
