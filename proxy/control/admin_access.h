#pragma once

#include <optional>
#include <string>
#include <utility>

#include "protocol/http/head.h"

namespace wssgate::control {

/// Who may ask what over a port, where a socket's file mode decides nothing. Whatever changes
/// something takes the token; so does reading, unless the port is on loopback. `GET /healthz` and
/// `GET /readyz` are for everyone, and so are the dashboard's files, in which there is nothing of
/// this process: the page asks for the token. A page of another site gets nothing, whatever the
/// browser sends along.
class AdminAccess {
 public:
  /// `token`: empty where there is none, and then nothing is changed over the port. `loopback`: the
  /// port is on a loopback address.
  AdminAccess(std::string token, bool loopback) : token_(std::move(token)), loopback_(loopback) {}

  /// From now on this is the token. False where it is the one before.
  bool take_token(std::string token);

  struct Refusal {
    int status = 0;
    std::string why;
  };
  /// Nothing: it may.
  std::optional<Refusal> judge(const http::RequestHead& request) const;

 private:
  bool presents_token(const http::RequestHead& request) const;

  std::string token_;
  bool loopback_;
};

}  // namespace wssgate::control
