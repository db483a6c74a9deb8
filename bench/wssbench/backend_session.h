#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "net/fd.h"
#include "net/tcp_stream.h"
#include "net/worker.h"
#include "wssbench/options.h"

namespace wssgate::bench {

/// Sends one message to all its members at once, every so often. Belongs to one thread.
class PushGroup {
 public:
  PushGroup(net::Worker& worker, Duration every, std::size_t size)
      : worker_(worker), every_(every), size_(size) {}

  void start() { worker_.loop().spawn(run()); }
  void join(net::TcpStream& member) { members_.push_back(&member); }
  void leave(net::TcpStream& member) { std::erase(members_, &member); }

 private:
  asio::awaitable<void> run();

  net::Worker& worker_;
  Duration every_;
  std::size_t size_;
  std::vector<net::TcpStream*> members_;
};

/// What the sessions of one thread share.
struct BackendContext {
  /// By interval and size. Outlives the loop.
  std::map<std::pair<Duration, std::size_t>, std::unique_ptr<PushGroup>> groups;
  /// Answers on their way out; empty between two turns.
  std::string out;
  net::Worker worker;

  PushGroup& group(Duration every, std::size_t size);
};

/// One connection, to its end.
asio::awaitable<void> run_backend_session(BackendContext& context, net::Fd socket);

}  // namespace wssgate::bench
