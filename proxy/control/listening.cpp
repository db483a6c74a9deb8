#include "control/listening.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

#include "net/listener.h"

namespace wssgate::control {
namespace {

/// A listener of ours has the port by another address, such as 0.0.0.0 besides 127.0.0.1.
bool is_taken_by_us(const SocketAddress& wanted, const std::vector<std::string>& open) {
  return std::any_of(open.begin(), open.end(), [&](const std::string& name) {
    const auto address = SocketAddress::parse(name.substr(0, name.find(' ')));
    return address && address->port() == wanted.port();
  });
}

std::string hint(int error, bool is_ours) {
  switch (error) {
    case EADDRINUSE:
      if (is_ours) {
        return "this process listens on that port by another address: choose another port, or "
               "restart it to change over";
      }
      return "another process listens there ('ss -ltnp' names it): stop it or choose another port";
    case EADDRNOTAVAIL:
      return "no interface of this machine has that address: choose one that 'ip address' shows";
    case EACCES:
    case EPERM:
      return "ports below 1024 need root or CAP_NET_BIND_SERVICE: grant it or choose a higher port";
    default:
      return "choose another address";
  }
}

ListeningAddress open_listener(const std::string& name, const SocketAddress& wanted,
                               unsigned workers) {
  ListeningAddress opened{.name = name, .address = wanted, .sockets = {}};
  // Sockets that share a port may share it with another wssgate's too. One that does not share
  // tells whether somebody is there.
  { const net::Fd alone = net::listen_on(wanted, false); }
  for (unsigned i = 0; i < workers; ++i) {
    opened.sockets.push_back(net::listen_on(opened.address, true));
    opened.address = net::bound_address(opened.sockets.back().get());
  }
  return opened;
}

bool is_shared(int fd) {
  int shared = 0;
  socklen_t length = sizeof shared;
  return getsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &shared, &length) == 0 && shared != 0;
}

/// One more for another worker. Where the port is not shared (systemd's sockets), or may not be any
/// more (another user opened it), the workers accept from the same one.
net::Fd another(const ListeningAddress& open) {
  const int first = open.sockets.front().get();
  if (is_shared(first)) {
    try {
      return net::listen_on(open.address, true);
    } catch (const std::system_error&) {
    }
  }
  net::Fd copy(::fcntl(first, F_DUPFD_CLOEXEC, 0));
  if (!copy) throw std::system_error(errno, std::system_category(), "fcntl");
  return copy;
}

ListeningAddress take_over(const std::string& name, std::vector<net::Fd> sockets,
                           unsigned workers) {
  const SocketAddress address = net::bound_address(sockets.front().get());
  ListeningAddress opened{.name = name, .address = address, .sockets = std::move(sockets)};
  while (opened.sockets.size() < workers) opened.sockets.push_back(another(opened));
  return opened;
}

std::vector<ListeningAddress> open_all(const config::Config& config, unsigned workers,
                                       Report& report, const std::vector<std::string>& open_already,
                                       Inheritance& inherited) {
  std::vector<ListeningAddress> opened;
  const std::vector<std::string> names = config::listener_names(config);
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (std::find(open_already.begin(), open_already.end(), names[i]) != open_already.end()) {
      continue;
    }
    const auto& [address, at] = config.listeners[i].address;
    try {
      auto sockets = inherited.claim(names[i], address);
      opened.push_back(sockets.empty() ? open_listener(names[i], address, workers)
                                       : take_over(names[i], std::move(sockets), workers));
    } catch (const std::system_error& error) {
      report.add(at, fmt::format("cannot listen on {}: {}", address.text(), error.code().message()),
                 hint(error.code().value(), is_taken_by_us(address, open_already)));
    }
  }
  return opened;
}

}  // namespace

unsigned worker_count(const config::Config& config) {
  if (config.workers > 0) return config.workers;
  return std::max(1U, std::thread::hardware_concurrency());
}

std::vector<ListeningAddress> open_listeners(const config::Config& config, unsigned workers,
                                             Report& report,
                                             const std::vector<std::string>& open_already) {
  Inheritance nothing;
  return open_all(config, workers, report, open_already, nothing);
}

std::vector<ListeningAddress> open_listeners(const config::Config& config, unsigned workers,
                                             Report& report, Inheritance& inherited) {
  auto opened = open_all(config, workers, report, {}, inherited);
  if (inherited.is_upgrade()) return opened;  // a listener has left the configuration
  for (const std::string& socket : inherited.unclaimed()) {
    report.warn({.file = config.file},
                fmt::format("a socket was handed over that no listener names: {}", socket),
                "write its address under 'listeners', or take it out of the socket unit");
  }
  return opened;
}

}  // namespace wssgate::control
