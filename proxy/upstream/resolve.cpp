#include "upstream/resolve.h"

#include <netdb.h>

#include <memory>
#include <utility>

namespace wssgate::upstream {

Result<std::vector<SocketAddress>> resolve(const std::string& endpoint) {
  if (const auto literal = SocketAddress::parse(endpoint)) return std::vector{*literal};
  const auto parts = parse_host_port(endpoint);
  if (!parts) return Error(Reason::upstream_unavailable, Side::proxy, "not an address");
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int failed = getaddrinfo(parts->host.c_str(), nullptr, &wanted, &found);
  if (failed != 0) {
    return Error(Reason::upstream_unavailable, Side::upstream, gai_strerror(failed));
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, &freeaddrinfo);
  std::vector<SocketAddress> addresses;
  for (const addrinfo* entry = found; entry != nullptr; entry = entry->ai_next) {
    SocketAddress address(entry->ai_addr, entry->ai_addrlen);
    address.set_port(parts->port);
    addresses.push_back(address);
  }
  return addresses;
}

}  // namespace wssgate::upstream
