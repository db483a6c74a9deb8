#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "gateway/access_record.h"
#include "gateway/body_relay.h"
#include "gateway/connection.h"
#include "gateway/upstream_link.h"
#include "protocol/http/forward.h"
#include "protocol/http/head.h"

namespace wssgate::gateway {

/// One request, already judged, and its response: connects to an upstream endpoint and moves both
/// messages as they come, both ways at once. Ends in one of three ways (`End`), or with an Error.
class Exchange {
 public:
  enum class End : std::uint8_t {
    keep_alive,  ///< the client's connection can carry another request
    close,       ///< the response is complete; the connection has to end
    upgraded,    ///< both sides agreed on WebSocket: take_upstream() and early_bytes()
  };

  /// Everything is borrowed for the exchange's life. `input` holds what the client sent behind the
  /// request's head.
  Exchange(Connection& connection, net::InputBuffer& input, const http::RequestHead& request,
           const Route& route, bool websocket, AccessRecord& record);

  asio::awaitable<Result<End>> run();

  /// Part of a response has gone to the client, so that no answer of ours can.
  bool answered() const { return download_.has_value(); }

  UpstreamLink take_upstream() { return std::move(link_); }
  /// What the upstream sent behind its 101.
  std::string_view early_bytes() const { return from_upstream_.view(); }

 private:
  bool ended_between_requests(const Error& error) const;
  bool may_retry(const Error& error) const;
  void note_success(int status);
  void note_failure(const Error& error);

  asio::awaitable<Result<End>> relay();
  void arm_deadline();
  bool client_progressed(Reason waited_for);
  Result<void> send_request_head();
  Result<bool> step();
  Result<bool> step_request();
  Result<bool> watch_client();
  Result<bool> step_response();
  Result<bool> read_response_head();
  Result<void> take_response_head(http::ResponseHead response);
  Result<void> begin_response(const http::ResponseHead& response);
  Result<void> accept_upgrade(const http::ResponseHead& response);
  Result<void> send_informational(const http::ResponseHead& response);
  std::optional<End> end();
  void keep_upstream();

  Connection& connection_;
  net::InputBuffer& from_client_;
  const http::RequestHead& request_;
  const Route& route_;
  const bool websocket_;
  AccessRecord& record_;
  const std::string id_;  // the request's, for heads

  UpstreamLink link_;
  net::InputBuffer from_upstream_;
  AccessRecord::Clock::time_point asked_;
  Reason waited_for_ = Reason::none;
  std::int64_t moved_ = 0;  // by the client, when its deadline was set
  std::size_t scanned_ = 0;
  bool heard_ = false;          // a byte of the upstream has come
  bool upload_broken_ = false;  // the upstream takes no more of the request
  bool upgraded_ = false;
  bool upstream_keep_alive_ = false;
  bool client_keep_alive_ = false;
  std::optional<BodyRelay> upload_;
  std::optional<BodyRelay> download_;
};

}  // namespace wssgate::gateway
