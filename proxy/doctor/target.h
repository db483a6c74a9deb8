#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/address.h"
#include "base/result.h"
#include "base/units.h"

/// `wssgate doctor`: what a live host does wrong, and what to change. The other side of the wire:
/// nothing here serves.
namespace wssgate::doctor {

/// What the command line says, not yet judged.
struct Request {
  std::string url;
  /// Asked in the place of those that the name has; each may bring a port of its own.
  std::vector<std::string> addresses;
  /// 0: the URL's.
  std::uint16_t port = 0;
  /// Empty: the URL's host.
  std::string sni;
  /// "Name: value" each. They may hold secrets: never printed.
  std::vector<std::string> headers;
  std::vector<std::string> subprotocols;
  Duration timeout{5000};
};

/// What is examined. Immutable, shared by the threads that ask the addresses.
struct Target {
  bool secure = true;
  /// An upgrade to a WebSocket is asked for; else one GET.
  bool websocket = true;
  /// A canonical name, or an IP address without brackets.
  std::string host;
  std::uint16_t port = 443;
  /// What the Host field says, with the port where it is not the usual one.
  std::string authority;
  /// In origin form. The query may hold secrets: see shown().
  std::string path;
  /// Sent in the ClientHello; empty for an IP address (RFC 6066 §3).
  std::string server_name;
  /// What the certificate has to cover: `server_name`, or the IP address.
  std::string wanted_name;
  std::vector<std::pair<std::string, std::string>> headers;
  std::vector<std::string> subprotocols;
  /// Named on the command line; empty: all that the name has.
  std::vector<SocketAddress> addresses;
  /// Of each step: to look the name up, to connect, to shake hands, to get an answer, a pong.
  Duration timeout{5000};

  /// The URL as it may be shown, its query left out.
  std::string shown() const;
  /// The path without its query.
  std::string shown_path() const;
  std::string scheme() const;
  /// "chat.example:443", "[2001:db8::1]:443".
  std::string host_and_port() const;
};

/// Error: internal_error with a sentence for whoever wrote the command line.
Result<Target> make_target(const Request& request);

/// The head of the request to send, its empty line included. For a WebSocket `key` is the
/// handshake's; for a plain GET it is empty, and the connection is to close.
std::string request_head(const Target& target, const std::string& key);

}  // namespace wssgate::doctor
