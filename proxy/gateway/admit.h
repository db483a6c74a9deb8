#pragma once

#include "gateway/connection.h"

namespace wssgate::gateway {

/// Takes the connection's share of what its address may have (`limits`). Errors:
/// address_connection_limit, handshake_rate.
Result<void> admit_address(Connection& connection);

/// A place among the handshakes in flight. Resumed ones cost a tenth, and their clients were here
/// before: the last quarter is theirs. Error: handshake_limit.
Result<ConnectionGate::Place> admit_handshake(Connection& connection, bool resumes);

}  // namespace wssgate::gateway
