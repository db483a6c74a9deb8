#include "gateway/request_id.h"

#include <openssl/rand.h>

#include <array>
#include <cstdint>
#include <string_view>

#include "gateway/compact_id.h"
#include "protocol/http/request_id.h"

namespace wssgate::gateway {
namespace {

constexpr std::size_t kIdBytes = HexId::kBytes;

/// Of one thread. OpenSSL's generator is seeded from the system, and costs as much for many bytes
/// as for a few.
struct Randomness {
  std::array<std::uint8_t, 64 * kIdBytes> bytes{};
  std::size_t used = bytes.size();

  /// Null where there are none.
  const std::uint8_t* take() {
    if (used == bytes.size()) {
      if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) return nullptr;
      used = 0;
    }
    const std::uint8_t* const taken = &bytes[used];
    used += kIdBytes;
    return taken;
  }
};

bool may_take_over(const Connection& connection) {
  const config::RequestIdRule rule = connection.snapshot->config.request_id;
  if (rule == config::RequestIdRule::take_over) return true;
  return rule == config::RequestIdRule::trusted && connection.snapshot->trusts(connection.client);
}

}  // namespace

std::string new_request_id() {
  thread_local Randomness randomness;
  const std::uint8_t* const bytes = randomness.take();
  if (bytes == nullptr) return {};
  return HexId(bytes).text();
}

std::string request_id(const Connection& connection, const http::RequestHead* request) {
  if (connection.snapshot->config.request_id == config::RequestIdRule::off) return {};
  if (request != nullptr && may_take_over(connection)) {
    const std::string_view taken = http::taken_request_id(request->headers);
    if (!taken.empty()) return std::string(taken);
  }
  return new_request_id();
}

}  // namespace wssgate::gateway
