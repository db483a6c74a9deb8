#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "gateway/open_connections.h"

namespace wssgate::control {

/// The query of `/connections`: id=, host=, client= (an address or a block), older_than= (a
/// duration), and where they are to be closed code=.
struct ConnectionRequest {
  gateway::ConnectionFilter filter;
  /// Of the Close frame that tunnels get.
  std::uint16_t code = 1001;
  /// Nothing says which are meant.
  bool names_none = true;
};

/// Errors: malformed_request, whose context says what is wrong.
Result<ConnectionRequest> parse_connection_request(std::string_view query);

}  // namespace wssgate::control
