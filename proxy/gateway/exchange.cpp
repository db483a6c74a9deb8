#include "gateway/exchange.h"

#include <algorithm>
#include <array>
#include <utility>

#include "gateway/request_hash.h"
#include "protocol/websocket/handshake.h"

namespace wssgate::gateway {
namespace {

// Steps that moved something before the worker's other connections have their turn.
constexpr int kStepsPerTurn = 32;
// What a client has to send of a body, or take of an answer, within timeouts.idle_http.
constexpr std::int64_t kLeastProgress = 1024;

/// RFC 9110 §9.2.2. A repeated one means the same as one.
bool is_idempotent(std::string_view method) {
  constexpr std::array<std::string_view, 5> kIdempotent = {"GET", "HEAD", "OPTIONS", "PUT",
                                                           "DELETE"};
  return std::find(kIdempotent.begin(), kIdempotent.end(), method) != kIdempotent.end();
}

}  // namespace

Exchange::Exchange(Connection& connection, net::InputBuffer& input,
                   const http::RequestHead& request, const Route& route, bool websocket,
                   AccessRecord& record)
    : connection_(connection),
      from_client_(input),
      request_(request),
      route_(route),
      websocket_(websocket),
      record_(record),
      id_(record.request_id.text()),
      from_upstream_(http::kMostResponseHead) {}

asio::awaitable<Result<Exchange::End>> Exchange::run() {
  // A tunnel gets a connection of its own: the pool's are for requests that give them back.
  bool may_reuse = !websocket_ && route_.upstream->shares_connections();
  const std::uint64_t hash = request_hash(*route_.upstream, connection_, request_);
  for (;;) {
    auto linked = co_await link_upstream(connection_, *connection_.stream, *route_.upstream, hash,
                                         may_reuse, record_);
    if (!linked) co_return std::move(linked).error();
    link_ = *std::move(linked);
    auto end = co_await relay();
    if (end) co_return end;
    if (!may_retry(end.error())) {
      note_failure(end.error());
      co_return end;
    }
    link_ = {};  // or its place would be taken while another is looked for
    may_reuse = false;
  }
}

/// The upstream closed a kept connection, as it may, when the request was on its way already.
bool Exchange::ended_between_requests(const Error& error) const {
  const bool closed =
      error.reason == Reason::upstream_closed || error.reason == Reason::upstream_reset;
  return link_.reused && !heard_ && closed;
}

/// It has not acted on the request, or may act on it twice. One that is only slow has it, and would
/// get it twice.
bool Exchange::may_retry(const Error& error) const {
  return ended_between_requests(error) && request_.framing.is_empty() &&
         is_idempotent(request_.method);
}

/// What the upstream answered at all, except that it cannot (502, 504) itself.
void Exchange::note_success(int status) {
  upstream::Endpoint& endpoint = *link_.lease.endpoint();
  if (status == 502 || status == 504) {
    route_.upstream->failed(endpoint, "it answers 502 or 504");
  } else {
    route_.upstream->succeeded(endpoint, asked_);
  }
}

void Exchange::note_failure(const Error& error) {
  if (error.side != Side::upstream || ended_between_requests(error)) return;
  route_.upstream->failed(*link_.lease.endpoint(), error.text());
  connection_.gateway.telemetry().upstream_error(record_.upstream, error.reason);
}

asio::awaitable<Result<Exchange::End>> Exchange::relay() {
  asked_ = AccessRecord::Clock::now();
  upload_.emplace(from_client_, *connection_.stream, *link_.stream, request_.framing,
                  request_.framing.kind == http::Framing::Kind::chunked);
  upload_broken_ = !send_request_head();
  waited_for_ = Reason::none;
  arm_deadline();
  for (int steps = 1;; ++steps) {
    auto moved = step();
    if (upload_) record_.bytes_received = upload_->bytes();
    if (download_) record_.bytes_sent = download_->bytes();
    if (!moved) co_return std::move(moved).error();
    if (const auto ended = end()) co_return *ended;
    Result<void> going;
    if (!*moved) {
      going = co_await connection_.waiter.wait();
    } else {
      // An upgrade's time is the whole answer's; a byte now and then does not prolong it.
      if (!websocket_ || download_) arm_deadline();
      if (steps % kStepsPerTurn == 0) going = co_await connection_.waiter.yield();
    }
    if (!going) co_return std::move(going).error();
  }
}

/// The next step is owed by whoever is named here; after so much time it is given up. An upstream
/// has moved with any byte. A client has to move more at a time: one that drips byte after byte
/// would hold its upstream for ever.
void Exchange::arm_deadline() {
  const config::Timeouts& timeouts = connection_.snapshot->config.timeouts;
  net::Waiter& waiter = connection_.waiter;
  if (connection_.stream->pending()) {
    if (!client_progressed(Reason::stalled)) return;
    waiter.expires_after(timeouts.idle_http, Reason::stalled, Side::client);
  } else if (upload_broken_ || upload_->done() || link_.stream->pending() || download_) {
    waited_for_ = Reason::upstream_timeout;
    waiter.expires_after(websocket_ ? timeouts.upgrade : timeouts.idle_http,
                         Reason::upstream_timeout, Side::upstream);
  } else {
    if (!client_progressed(Reason::request_body_timeout)) return;
    waiter.expires_after(timeouts.idle_http, Reason::request_body_timeout, Side::client);
  }
}

/// Since the deadline of this kind was set: it is a new one then, or enough bytes have gone.
bool Exchange::client_progressed(Reason waited_for) {
  const std::uint64_t passed = upload_->bytes() + (download_ ? download_->bytes() : 0);
  // May be below zero: a head that is pending counts too.
  const auto moved = static_cast<std::int64_t>(passed) -
                     static_cast<std::int64_t>(connection_.stream->pending_bytes());
  if (waited_for_ == waited_for && moved - moved_ < kLeastProgress) return false;
  waited_for_ = waited_for;
  moved_ = moved;
  return true;
}

Result<void> Exchange::send_request_head() {
  const std::string client_ip = connection_.client.ip();
  const http::ForwardingFacts facts{
      .client_ip = client_ip,
      .server_name = connection_.server_name,
      .trusted_client = connection_.snapshot->trusts(connection_.client),
      .client_certificate = connection_.client_certificate,
      .request_id = id_};
  return link_.stream->send(http::upstream_request_head(request_, facts, websocket_));
}

/// Moves what can be moved now, both ways; false when that is nothing.
Result<bool> Exchange::step() {
  const bool owed = connection_.stream->pending();
  auto flushed = connection_.stream->flush();
  if (!flushed) return std::move(flushed).error();
  auto up = step_request();
  if (!up) return up;
  auto down = step_response();
  if (!down) return down;
  return *up || *down || (owed && *flushed);
}

Result<bool> Exchange::step_request() {
  if (upload_broken_ || upload_->done()) {
    if (link_.stream->pending() && !upload_broken_) upload_broken_ = !link_.stream->flush();
    return watch_client();
  }
  auto moved = upload_->step();
  const std::uint64_t most = connection_.snapshot->config.limits.request_body;
  if (most != 0 && upload_->bytes() > most) {
    return Error(Reason::request_body_too_large, Side::client);
  }
  if (moved || moved.error().side != Side::upstream) return moved;
  // The upstream reads no more, but it may have said why (413, then close): read its answer.
  upload_broken_ = true;
  return true;
}

/// Notices that the client has gone while the upstream still thinks. What the client sends ahead
/// (pipelining, early frames) is kept, up to the buffer's size.
Result<bool> Exchange::watch_client() {
  if (from_client_.full()) return false;
  auto got = from_client_.fill(*connection_.stream);
  if (!got) return std::move(got).error();
  if (got->end)
    return Error(Reason::client_closed, Side::client, "closed before the response ended");
  return false;
}

Result<bool> Exchange::step_response() {
  // What the client has not taken yet bounds interim responses as it does a body.
  if (upgraded_ || connection_.stream->pending()) return false;
  return download_ ? download_->step() : read_response_head();
}

Result<bool> Exchange::read_response_head() {
  auto got = from_upstream_.fill(*link_.stream);
  if (!got) return std::move(got).error();
  if (got->bytes > 0) heard_ = true;
  const auto length =
      http::find_head_end(from_upstream_.view(), http::kMostResponseHead, scanned_, Side::upstream);
  if (!length) return length.error();
  if (*length == 0) {
    scanned_ = from_upstream_.view().size();
    if (got->end) {
      return Error(Reason::upstream_closed, Side::upstream, "closed before it answered");
    }
    return got->bytes > 0;
  }
  auto response =
      http::parse_response_head(from_upstream_.view().substr(0, *length), request_.method);
  if (!response) return std::move(response).error();
  from_upstream_.consume(*length);
  scanned_ = 0;
  auto taken = take_response_head(*std::move(response));
  if (!taken) return std::move(taken).error();
  return true;
}

Result<void> Exchange::take_response_head(http::ResponseHead response) {
  if (response.is_interim()) {
    if (request_.minor_version == 0) return {};
    return send_informational(response);
  }
  const auto took = AccessRecord::Clock::now() - asked_;
  record_.upstream_time = took;
  connection_.gateway.telemetry().of_upstream(record_.upstream).response.add(took);
  auto taken = response.status == 101 ? accept_upgrade(response) : begin_response(response);
  if (taken) note_success(response.status);
  return taken;
}

Result<void> Exchange::accept_upgrade(const http::ResponseHead& response) {
  if (!websocket_) {
    return Error(Reason::malformed_response, Side::upstream, "101 to a request for no upgrade");
  }
  auto valid = websocket::check_upgrade_response(request_, response);
  if (!valid) return valid;
  upgraded_ = true;
  record_.status = response.status;
  return send_informational(response);
}

/// A 1xx: behind it the connection goes on.
Result<void> Exchange::send_informational(const http::ResponseHead& response) {
  http::ResponseTravel travel;
  travel.request_id = id_;
  return connection_.stream->send(http::client_response_head(response, travel));
}

Result<void> Exchange::begin_response(const http::ResponseHead& response) {
  const Host& host = *connection_.site->host;
  const bool draining = connection_.gateway.draining() || connection_.gateway.drains().name(host);
  const bool wanted = request_.keep_alive && !upload_broken_ && !draining;
  http::ResponseTravel travel = http::travel_for(response, request_, wanted);
  travel.strict_transport_security = host.strict_transport_security;
  travel.request_id = id_;
  client_keep_alive_ = travel.keep_alive;
  upstream_keep_alive_ =
      response.keep_alive && response.framing.kind != http::Framing::Kind::until_close;
  record_.status = response.status;
  download_.emplace(from_upstream_, *link_.stream, *connection_.stream, response.framing,
                    travel.framing.kind == http::Framing::Kind::chunked);
  std::string head = http::client_response_head(response, travel);
  if (download_->done() || from_upstream_.empty()) return connection_.stream->send(head);
  download_->precede(std::move(head));
  return {};
}

std::optional<Exchange::End> Exchange::end() {
  if (connection_.stream->pending()) return std::nullopt;
  if (upgraded_) return End::upgraded;
  if (!download_ || !download_->done()) return std::nullopt;
  // A response that is complete before its request ends the connection: nobody knows how much of
  // the body the client will still send.
  const bool complete = upload_->done() && !upload_broken_;
  if (complete) keep_upstream();
  link_.lease.release();  // before the client can ask again
  return complete && client_keep_alive_ ? End::keep_alive : End::close;
}

void Exchange::keep_upstream() {
  if (!route_.upstream->shares_connections()) return;
  if (!upstream_keep_alive_ || link_.stream->pending() || !from_upstream_.empty()) return;
  connection_.gateway.pool().keep(link_.lease.endpoint(), std::move(link_.stream));
}

}  // namespace wssgate::gateway
