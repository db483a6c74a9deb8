#include <fmt/format.h>

#include <csignal>
#include <cstdio>

#include "base/text.h"
#include "wssbench/backend.h"
#include "wssbench/command_line.h"

namespace wssgate::bench {

int serve_backend(const BackendOptions& options) {
  const auto address = SocketAddress::parse(options.listen);
  if (!address || address->is_unix()) {
    std::fputs(fmt::format("wssbench: --listen '{}' is no address: write one such as 127.0.0.1:0\n",
                           printable(options.listen))
                   .c_str(),
               stderr);
    return kUsage;
  }
  // Threads inherit it: only the wait below gets these signals.
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGINT);
  sigaddset(&ends, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &ends, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  const Backend backend(*address, options.threads);
  std::fputs(fmt::format("listening on {}\n", backend.address().text()).c_str(), stdout);
  std::fflush(stdout);
  int signal = 0;
  sigwait(&ends, &signal);
  return kGood;
}

}  // namespace wssgate::bench
