#pragma once

#include <chrono>
#include <cstdint>
#include <latch>
#include <memory>
#include <string>
#include <vector>

#include "control/listening.h"
#include "gateway/admission.h"
#include "gateway/drains.h"
#include "gateway/figures.h"
#include "gateway/open_connections.h"
#include "gateway/snapshot.h"
#include "gateway/telemetry.h"

namespace wssgate::control {

/// The workers, from the first accept to the end of the last connection. Used from one thread.
class Server {
 public:
  /// Starts serving on what open_listeners() opened, with worker_count() workers.
  Server(std::shared_ptr<const gateway::Snapshot> snapshot,
         std::vector<ListeningAddress> listening);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  const std::shared_ptr<const gateway::Snapshot>& snapshot() const { return snapshot_; }
  unsigned workers() const { return static_cast<unsigned>(workers_.size()); }
  /// In the order of the configuration's listeners, with the ports that they got.
  std::vector<SocketAddress> addresses() const;
  std::vector<std::string> listener_names() const;
  /// All that it listens on; theirs until the next drain() or adopt().
  std::vector<HandedOver> listening_sockets() const;
  /// Open client connections.
  std::uint64_t open_connections() const { return admission_.connections.open(); }
  /// What has been refused since the start.
  const gateway::RefusalCounts& refused() const { return admission_.refused; }

  /// New connections go by `snapshot` when this returns; open ones keep what they have. Listens on
  /// `opened` too, and no more on what the snapshot's configuration lacks. Does nothing in a drain.
  void adopt(std::shared_ptr<const gateway::Snapshot> snapshot,
             std::vector<ListeningAddress> opened);

  /// Who serves those that connect from now on.
  enum class Successor { none, another_process };
  /// Stops accepting; idle connections end now, others with their current request, and tunnels are
  /// closed one after the other within timeouts.drain.
  void drain(Successor successor = Successor::none);
  /// The same for the tunnels of one host or endpoint, which gets no new connections until
  /// resume().
  void drain(const gateway::DrainTarget& target);
  void resume(const gateway::DrainTarget& target);
  /// Open ones that the drain of `target` closes.
  std::uint64_t open_tunnels(const gateway::DrainTarget& target = {}) const;
  /// How one worker keeps up.
  struct WorkerPace {
    /// How long this question waited for its turn.
    std::chrono::steady_clock::duration lag{0};
    /// net::Loop::turns().
    Histogram turns{kTurnSeconds};
  };
  /// Since the start.
  struct Counted {
    gateway::Telemetry telemetry;  // of all workers
    std::vector<WorkerPace> workers;
  };
  Counted counted() const;
  /// Of all workers, since the start: without the histograms, which are most of `counted`, and
  /// without hosts.
  gateway::Figures figures() const;
  /// The same with hosts, from at most a second ago: with many, each worker has to pass them all,
  /// so that all who look share one answer. Until the next call.
  const gateway::Figures& figures_by_host();
  /// Open ones that `filter` covers, `most` a worker, oldest first.
  std::vector<gateway::OpenConnection> connections(const gateway::ConnectionFilter& filter,
                                                   std::size_t most) const;
  /// Closes them: tunnels with this code; how many there are.
  std::uint64_t close(const gateway::ConnectionFilter& filter, std::uint16_t code);
  /// Cuts whatever is left and ends the workers.
  void stop();

 private:
  struct WorkerParts;

  enum class Hosts : std::uint8_t { left_out, included };
  void add_figures(gateway::Figures& all, Hosts hosts) const;
  static void take_hosts(WorkerParts& parts, gateway::WorkerFigures& to,
                         const std::shared_ptr<std::latch>& left);
  void listen(std::vector<ListeningAddress> opened);
  void close_listener(const std::string& name);
  gateway::DrainTerms drain_terms(std::size_t worker) const;
  void await_workers() const;

  std::shared_ptr<const gateway::Snapshot> snapshot_;
  struct Listening {
    std::string name;
    SocketAddress address;
    std::vector<int> sockets;  ///< the workers' own
  };
  std::vector<Listening> listening_;
  gateway::Admission admission_;
  bool draining_ = false;
  gateway::Figures by_host_;
  std::vector<std::unique_ptr<WorkerParts>> workers_;
};

/// Raises the soft limit of open descriptors to the hard one: each tunnel needs two.
void raise_descriptor_limit();

/// A warning where the process may not open what `connections` connections need.
void warn_of_few_descriptors(std::uint64_t connections);

}  // namespace wssgate::control
