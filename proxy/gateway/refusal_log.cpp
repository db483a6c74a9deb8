#include "gateway/refusal_log.h"

#include <chrono>

#include "base/log.h"
#include "base/text.h"
#include "gateway/connection.h"

namespace wssgate::gateway {

void log_refusal(const Connection& connection, const Error& error, const std::string& asked,
                 std::string_view request_id) {
  // Whether its line is written or not.
  if (error.reason == Reason::unknown_server_name) {
    connection.gateway.refused_names().add(asked, std::chrono::system_clock::now());
  }
  const auto left_out = connection.gateway.count_refusal(error.reason);
  if (!left_out) return;
  const std::string client = connection.client.text();
  const std::string name = printable(asked);
  std::string nearest;
  if (error.reason == Reason::unknown_server_name) {
    nearest = connection.gateway.nearest_name(*connection.snapshot, to_lower(asked));
  }
  // Load balancers and scanners connect and leave all day. Who leaves in the handshake may be a
  // client that does not like the certificate and does not say so.
  const bool left = connection.site == nullptr &&
                    (error.reason == Reason::client_closed || error.reason == Reason::client_reset);
  log::write(left ? log::Level::debug : log::Level::info, "connection_refused", error.text(),
             {{"reason", reason_label(error.reason)},
              {"ended_by", side_label(error.side)},
              {"server_name", name},
              {"nearest", nearest},
              {"client", client},
              {"conn", connection.id},
              {"request_id", request_id},
              {"left_out", *left_out}});
}

}  // namespace wssgate::gateway
