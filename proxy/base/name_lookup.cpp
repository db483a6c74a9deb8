#include "base/name_lookup.h"

#include <netdb.h>

#include <memory>

namespace wssgate {

Result<std::vector<SocketAddress>> look_up_name(const std::string& host, std::uint16_t port) {
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int failed = getaddrinfo(host.c_str(), nullptr, &wanted, &found);
  if (failed != 0) {
    return Error(Reason::upstream_unavailable, Side::upstream, gai_strerror(failed));
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, &freeaddrinfo);
  std::vector<SocketAddress> addresses;
  for (const addrinfo* entry = found; entry != nullptr; entry = entry->ai_next) {
    addresses.emplace_back(entry->ai_addr, entry->ai_addrlen).set_port(port);
  }
  return addresses;
}

}  // namespace wssgate
