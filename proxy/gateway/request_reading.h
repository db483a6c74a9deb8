#pragma once

#include "gateway/access_record.h"
#include "gateway/connection.h"
#include "net/input_buffer.h"
#include "protocol/http/head.h"

namespace wssgate::gateway {

/// The next request's head from the connection's stream: waits as long as an idle connection may
/// live for its first byte, then as long as a head may take. What follows the head stays in
/// `input`. `record` begins anew with the first byte. Errors: those of the head, idle,
/// request_head_timeout, client_closed, and draining where no request had begun.
asio::awaitable<Result<http::RequestHead>> read_request(Connection& connection,
                                                        net::InputBuffer& input,
                                                        AccessRecord& record);

}  // namespace wssgate::gateway
