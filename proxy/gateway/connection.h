#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "gateway/gateway.h"
#include "gateway/route_table.h"
#include "net/input_buffer.h"
#include "net/stream.h"
#include "net/waiter.h"

namespace wssgate::gateway {

class TunnelRelay;

/// What the phases of one client connection share. Belongs to its session, then to the tunnel that
/// it becomes, in one worker's thread, from accept to close.
struct Connection {
  Connection(Gateway& owner, std::shared_ptr<const Snapshot> running, int accepted_socket,
             const SocketAddress& peer, ConnectionGate::Place taken);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection() { gateway.left(*this); }

  void lead_to(const Site& its);
  /// In whole seconds.
  Duration age(TelemetryClock::time_point now) const;

  /// The address that the client connected to: the PROXY header's, or this side's of the socket.
  SocketAddress destination() const;

  Gateway& gateway;
  /// The configuration that this connection started with and keeps.
  const std::shared_ptr<const Snapshot> snapshot;
  /// Who connected, or for whom the peer's PROXY header speaks: whom logs and upstreams are told.
  SocketAddress client;
  /// The client's socket. Borrowed from its stream.
  const int socket;
  /// When it was accepted, in whole seconds of the steady clock.
  const std::uint32_t accepted;
  /// Where the client connected to by the peer's PROXY header; null without one.
  std::unique_ptr<const SocketAddress> conveyed_destination;
  /// Unique in this process; stands on every log line of the connection.
  const std::int64_t id;
  const ConnectionGate::Place place;
  /// Its share of what its address may have.
  AddressLimits::Place address_place;
  net::Waiter waiter;

  /// The client's stream: TLS once the handshake is done.
  std::unique_ptr<net::Stream> stream;
  /// The canonical server name of the hello, and what it led to.
  std::string server_name;
  const Site* site = nullptr;
  /// Its host's, or those of kNoHost. Borrowed from the worker's Telemetry.
  HostCounts* counts;
  /// Of the listener that it came by (Listening::tls_profile).
  std::size_t tls_profile = 0;
  std::string_view tls_version;  // OpenSSL's own text
  /// It has had a request: idle, it may be closed without anybody missing an answer.
  bool served = false;
  /// Once it is one: where its upstream end leads, and who carries it. Borrowed while that runs.
  const upstream::Endpoint* endpoint = nullptr;
  TunnelRelay* tunnel = nullptr;
  /// The fields that tell upstreams of the client's certificate; empty without one.
  std::string client_certificate;
};

}  // namespace wssgate::gateway
