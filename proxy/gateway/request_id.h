#pragma once

#include <string>

#include "gateway/connection.h"
#include "protocol/http/head.h"

namespace wssgate::gateway {

/// 128 random bits in hexadecimal: unique, and not to be guessed. Any thread; each keeps random
/// bytes for the next ones, so that it costs no system call. Empty where there is no randomness,
/// in which case there is no TLS either.
std::string new_request_id();

/// The id by which a request goes at the upstream, in its answer and in logs: the client's own or a
/// new one, as the configuration's request_id says; empty where that is off. `request` is null
/// where no head could be read.
std::string request_id(const Connection& connection, const http::RequestHead* request);

}  // namespace wssgate::gateway
