#include "control/server.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <iterator>
#include <map>
#include <optional>
#include <thread>
#include <utility>

#include "base/log.h"
#include "gateway/gateway.h"
#include "gateway/health_checks.h"
#include "net/listener.h"
#include "net/worker.h"

namespace wssgate::control {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

// Cut connections end within a turn of their worker's loop; this only bounds a bug.
constexpr auto kMostCutting = 5s;
constexpr auto kSharedFor = 1s;
// Some 0.2 ms, where their counts are in no cache.
constexpr std::size_t kHostsATurn = 1'000;

}  // namespace

/// What one worker runs. The gateway and the listeners go before the loop that they live on.
struct Server::WorkerParts {
  WorkerParts(const std::shared_ptr<const gateway::Snapshot>& snapshot,
              gateway::Admission& admission)
      : gateway(worker, snapshot, admission) {}

  void listen(const std::string& name, net::Fd socket) {
    listeners[name].push_back(std::make_unique<net::Listener>(
        worker.loop(), std::move(socket),
        [this, name](net::Fd connection, const SocketAddress& client) {
          gateway.accept(std::move(connection), client, name);
        }));
  }

  net::Worker worker;
  gateway::Gateway gateway;
  /// The first worker's alone.
  std::optional<gateway::HealthChecks> checks;
  /// Usually one for each name; more where they were inherited from more workers.
  std::map<std::string, std::vector<std::unique_ptr<net::Listener>>> listeners;
};

Server::Server(std::shared_ptr<const gateway::Snapshot> snapshot,
               std::vector<ListeningAddress> listening)
    : snapshot_(std::move(snapshot)) {
  std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes to sockets whose peer may have gone
  const std::size_t workers = worker_count(snapshot_->config);
  for (std::size_t i = 0; i < workers; ++i) {
    workers_.push_back(std::make_unique<WorkerParts>(snapshot_, admission_));
  }
  WorkerParts* const first = workers_.front().get();
  first->checks.emplace(first->worker);
  first->worker.post([first, running = snapshot_] { first->checks->adopt(*running); });
  listen(std::move(listening));
  for (std::size_t i = 0; i < workers; ++i) {
    workers_[i]->worker.start(fmt::format("worker-{}", i));
  }
}

Server::~Server() { stop(); }

std::vector<SocketAddress> Server::addresses() const {
  std::vector<SocketAddress> addresses;
  for (const Listening& listening : listening_) addresses.push_back(listening.address);
  return addresses;
}

std::vector<HandedOver> Server::listening_sockets() const {
  std::vector<HandedOver> all;
  for (const Listening& listening : listening_) {
    for (const int socket : listening.sockets) all.emplace_back(listening.name, socket);
  }
  return all;
}

std::vector<std::string> Server::listener_names() const {
  std::vector<std::string> names;
  for (const Listening& listening : listening_) names.push_back(listening.name);
  return names;
}

void Server::listen(std::vector<ListeningAddress> opened) {
  for (ListeningAddress& address : opened) {
    Listening& listening = listening_.emplace_back();
    for (std::size_t i = 0; i < address.sockets.size(); ++i) {
      listening.sockets.push_back(address.sockets[i].get());
      // std::function has to be copyable, and a descriptor is not.
      const auto socket = std::make_shared<net::Fd>(std::move(address.sockets[i]));
      WorkerParts* const parts = workers_[i % workers_.size()].get();
      parts->worker.post(
          [parts, name = address.name, socket] { parts->listen(name, std::move(*socket)); });
    }
    listening.name = std::move(address.name);
    listening.address = address.address;
  }
}

void Server::close_listener(const std::string& name) {
  for (const auto& parts : workers_) {
    parts->worker.post([parts = parts.get(), name] {
      auto listeners = parts->listeners.extract(name);
      if (listeners.empty()) return;
      for (std::unique_ptr<net::Listener>& listener : listeners.mapped()) {
        listener->close();
        // Not before the handlers that it has waiting in the loop.
        parts->worker.post([closed = std::shared_ptr(std::move(listener))] {});
      }
    });
  }
}

void Server::adopt(std::shared_ptr<const gateway::Snapshot> snapshot,
                   std::vector<ListeningAddress> opened) {
  if (draining_) return;  // there are no new connections
  snapshot_ = std::move(snapshot);
  const std::vector<std::string> wanted = config::listener_names(snapshot_->config);
  // Before the others: who has connected there already is served as was configured then.
  std::erase_if(listening_, [&](const Listening& listening) {
    if (std::find(wanted.begin(), wanted.end(), listening.name) != wanted.end()) return false;
    close_listener(listening.name);
    return true;
  });
  for (const auto& parts : workers_) {
    parts->worker.post([parts = parts.get(), snapshot = snapshot_] {
      if (parts->checks) parts->checks->adopt(*snapshot);
      parts->gateway.adopt(snapshot);
    });
  }
  listen(std::move(opened));
  const auto place = [&](const Listening& listening) {
    return std::find(wanted.begin(), wanted.end(), listening.name) - wanted.begin();
  };
  std::sort(listening_.begin(), listening_.end(),
            [&](const Listening& a, const Listening& b) { return place(a) < place(b); });
  await_workers();
}

/// Until each has done what was posted to it. Workers never block: it is the turn that they are in.
void Server::await_workers() const {
  const auto done = std::make_shared<std::latch>(static_cast<std::ptrdiff_t>(workers_.size()));
  for (const auto& parts : workers_) parts->worker.post([done] { done->count_down(); });
  done->wait();
}

void Server::drain(Successor successor) {
  draining_ = true;
  for (Listening& listening : listening_) listening.sockets.clear();  // the workers close them
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    workers_[i]->worker.post([parts = workers_[i].get(), successor, terms = drain_terms(i)] {
      for (const auto& [name, listeners] : parts->listeners) {
        for (const auto& listener : listeners) {
          successor == Successor::none ? listener->close() : listener->leave();
        }
      }
      parts->gateway.drain(terms);
    });
  }
}

void Server::drain(const gateway::DrainTarget& target) {
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    workers_[i]->worker.post([parts = workers_[i].get(), target, terms = drain_terms(i)] {
      parts->gateway.drain(target, terms);
    });
  }
}

gateway::DrainTerms Server::drain_terms(std::size_t worker) const {
  return {snapshot_->config.timeouts.drain,
          static_cast<double>(worker) / static_cast<double>(workers_.size())};
}

void Server::resume(const gateway::DrainTarget& target) {
  for (const auto& parts : workers_) {
    parts->worker.post([parts = parts.get(), target] { parts->gateway.resume(target); });
  }
}

std::uint64_t Server::open_tunnels(const gateway::DrainTarget& target) const {
  std::atomic<std::uint64_t> open{0};
  for (const auto& parts : workers_) {
    parts->worker.post([parts = parts.get(), &target, &open] {
      open.fetch_add(parts->gateway.tunnels(target), std::memory_order_relaxed);
    });
  }
  await_workers();
  return open;
}

Server::Counted Server::counted() const {
  std::vector<gateway::Telemetry> each(workers_.size());
  Counted all;
  all.workers.resize(workers_.size());
  const auto asked = Clock::now();
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    workers_[i]->worker.post(
        [parts = workers_[i].get(), asked, copy = &each[i], pace = &all.workers[i]] {
          pace->lag = Clock::now() - asked;
          pace->turns = parts->worker.loop().turns();
          *copy = parts->gateway.telemetry();
        });
  }
  await_workers();
  for (const gateway::Telemetry& worker : each) all.telemetry.add(worker);
  return all;
}

/// So many a turn of the worker's loop: between them it does what is ready.
void Server::take_hosts(WorkerParts& parts, gateway::WorkerFigures& to,
                        const std::shared_ptr<std::latch>& left) {
  if (to.take_hosts(parts.gateway.seen_hosts(), kHostsATurn)) return left->count_down();
  parts.worker.post([&parts, &to, left] { take_hosts(parts, to, left); });
}

void Server::add_figures(gateway::Figures& all, Hosts hosts) const {
  all.at = Clock::now();
  std::vector<gateway::WorkerFigures> each(workers_.size());
  const auto left = std::make_shared<std::latch>(static_cast<std::ptrdiff_t>(workers_.size()));
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    if (hosts == Hosts::included) {
      // The kernel gives pages at the first touch: here, and not in the worker's turn.
      each[i].hosts.resize(all.hosts.size());
      each[i].hosts.clear();
    }
    workers_[i]->worker.post([parts = workers_[i].get(), to = &each[i], hosts, left] {
      to->take(parts->gateway.telemetry(), parts->gateway.refused_names());
      if (hosts == Hosts::left_out) return left->count_down();
      take_hosts(*parts, *to, left);
    });
  }
  left->wait();
  for (const gateway::WorkerFigures& worker : each) all.add(worker);
}

gateway::Figures Server::figures() const {
  gateway::Figures all;
  add_figures(all, Hosts::left_out);
  return all;
}

const gateway::Figures& Server::figures_by_host() {
  if (Clock::now() - by_host_.at >= kSharedFor || by_host_.at == Clock::time_point()) {
    by_host_.reset();
    add_figures(by_host_, Hosts::included);
  }
  return by_host_;
}

std::vector<gateway::OpenConnection> Server::connections(const gateway::ConnectionFilter& filter,
                                                         std::size_t most) const {
  std::vector<std::vector<gateway::OpenConnection>> each(workers_.size());
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    workers_[i]->worker.post([parts = workers_[i].get(), found = &each[i], &filter, most] {
      *found = parts->gateway.connections(filter, most);
    });
  }
  await_workers();
  std::vector<gateway::OpenConnection> all;
  for (auto& found : each) std::move(found.begin(), found.end(), std::back_inserter(all));
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
  return all;
}

std::uint64_t Server::close(const gateway::ConnectionFilter& filter, std::uint16_t code) {
  std::atomic<std::uint64_t> closed{0};
  for (const auto& parts : workers_) {
    parts->worker.post([parts = parts.get(), &filter, code, &closed] {
      closed.fetch_add(parts->gateway.close(filter, code), std::memory_order_relaxed);
    });
  }
  await_workers();
  return closed;
}

void Server::stop() {
  drain();
  for (const auto& parts : workers_) {
    parts->worker.post([parts = parts.get()] {
      if (parts->checks) parts->checks->stop();
      parts->gateway.abort_all();
    });
  }
  // Sessions clean up in their own threads; the loops end when the last one is gone.
  const auto give_up = Clock::now() + kMostCutting;
  const auto busy = [&] {
    return open_connections() > 0 ||
           std::any_of(workers_.begin(), workers_.end(),
                       [](const auto& parts) { return parts->checks && parts->checks->running(); });
  };
  while (busy() && Clock::now() < give_up) std::this_thread::sleep_for(1ms);
  const bool cut = !busy();
  for (const auto& parts : workers_) parts->worker.stop();
  if (!cut) {
    // A bug. What the sessions hold must not be destroyed under them.
    log::error("internal_error", "connections did not end when they were cut; please report it");
    std::_Exit(1);
  }
  workers_.clear();
}

void raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

void warn_of_few_descriptors(std::uint64_t connections) {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur / 2 >= connections) return;
  log::warn("few_descriptors",
            "this process may not open the two descriptors that each of limits.connections needs. "
            "raise the limit (ulimit -n, LimitNOFILE=) or lower limits.connections",
            {{"limits.connections", static_cast<std::int64_t>(connections)},
             {"descriptors", static_cast<std::int64_t>(limit.rlim_cur)}});
}

}  // namespace wssgate::control
