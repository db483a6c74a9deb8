#include "gateway/request_hash.h"

#include <optional>
#include <string>

#include "protocol/http/request_values.h"

namespace wssgate::gateway {
namespace {

std::optional<std::string_view> hashed_value(const upstream::HashSource& source,
                                             const http::RequestHead& request) {
  if (!source.header.empty()) {
    if (const auto value = request.headers.find(source.header)) return value;
  }
  if (!source.cookie.empty()) {
    if (const auto value = http::cookie(request.headers, source.cookie)) return value;
  }
  if (source.query.empty()) return std::nullopt;
  return http::query_parameter(request.target, source.query);
}

}  // namespace

std::uint64_t request_hash(const upstream::Upstream& upstream, const Connection& connection,
                           const http::RequestHead& request) {
  if (upstream.terms().balance != upstream::Balance::hash) return 0;
  const auto value = hashed_value(upstream.terms().hash, request);
  return value ? upstream::hash_text(*value) : client_hash(upstream, connection);
}

std::uint64_t client_hash(const upstream::Upstream& upstream, const Connection& connection) {
  if (upstream.terms().balance != upstream::Balance::hash) return 0;
  return upstream::hash_text(connection.client.ip());
}

}  // namespace wssgate::gateway
