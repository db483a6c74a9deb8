#include "upstream/resolve.h"

#include "base/name_lookup.h"

namespace wssgate::upstream {

Result<std::vector<SocketAddress>> resolve(const std::string& endpoint) {
  if (const auto literal = SocketAddress::parse(endpoint)) return std::vector{*literal};
  const auto parts = parse_host_port(endpoint);
  if (!parts) return Error(Reason::upstream_unavailable, Side::proxy, "not an address");
  return look_up_name(parts->host, parts->port);
}

}  // namespace wssgate::upstream
