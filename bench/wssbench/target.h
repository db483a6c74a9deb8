#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "base/result.h"
#include "wssbench/options.h"
#include "wssbench/url.h"

namespace wssgate::bench {

/// What is loaded, looked up and written out once. Immutable, shared by all threads.
struct Target {
  Url url;
  /// The one that is connected to: a name's first address, or --connect's.
  SocketAddress address;
  /// Where connections come from, in turn; empty: the kernel's choice. Ports are 0.
  std::vector<SocketAddress> sources;
  /// The whole head of the request that asks for the WebSocket, and of the GET.
  std::string upgrade_request;
  std::string get_request;
  /// What Sec-WebSocket-Accept has to be.
  std::string accept;

  /// The upgrade for another path of the same server.
  std::string upgrade_request_for(std::string_view path, const Options& options) const;

  /// Blocks on DNS. Error: internal_error with a sentence for the command line.
  static Result<Target> make(const Options& options);

 private:
  std::string key_;
};

}  // namespace wssgate::bench
