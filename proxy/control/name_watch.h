#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/address.h"
#include "base/result.h"
#include "base/units.h"
#include "gateway/snapshot.h"
#include "net/asio.h"

namespace wssgate::control {

/// Looks the names of endpoints up again and again, so that backends which move are followed. A
/// look-up blocks, for many seconds where a name server is dead: it has a thread of its own, and
/// neither connections nor the end of the process wait for it. Belongs to the loop's thread.
class NameWatch {
 public:
  /// Endpoints by name ("app.internal:3000") with the addresses that serve, as texts.
  using Names = std::map<std::string, std::set<std::string>>;
  using Resolve = std::function<Result<std::vector<SocketAddress>>(const std::string&)>;

  /// `on_change` is told what has changed, in words.
  NameWatch(asio::io_context& loop, std::function<void(const std::string&)> on_change,
            Resolve resolve);
  ~NameWatch();
  NameWatch(const NameWatch&) = delete;
  NameWatch& operator=(const NameWatch&) = delete;

  /// From now on these, each `interval` after the last look.
  void watch(Names names, Duration interval);

 private:
  using Found = std::map<std::string, Result<std::vector<SocketAddress>>>;
  struct Link;

  void look_later();
  void look();
  void looked(const Found& found);
  void note_failure(const std::string& name, const Error& error);

  asio::io_context& loop_;
  const std::function<void(const std::string&)> on_change_;
  const Resolve resolve_;
  asio::steady_timer timer_;
  /// How a look's thread reaches this, as long as it is there.
  const std::shared_ptr<Link> link_;
  Names names_;
  Duration interval_{0};
  bool looking_ = false;
  /// Names that do not resolve, which has been told.
  std::set<std::string> failing_;
};

/// The names in a snapshot's upstreams, and what they lead to.
NameWatch::Names names_of(const gateway::Snapshot& snapshot);

}  // namespace wssgate::control
