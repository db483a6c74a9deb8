#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "wssbench/options.h"

namespace wssgate::bench {

/// One thing that a user of a scenario does.
struct Step {
  enum class Kind : std::uint8_t { send, receive, echo, think, close };
  Kind kind = Kind::think;
  std::string text;       ///< send
  std::size_t count = 1;  ///< receive: messages; echo: times
  std::size_t size = 0;   ///< echo
  Duration least{0};      ///< think
  Duration most{0};
  std::uint16_t code = 1000;  ///< close
};

/// One kind of user: connects, does the steps in order, and starts again.
struct User {
  std::string name;
  double weight = 1;
  std::string path;     ///< empty: the URL's
  std::string request;  ///< the head that asks for the path, once the target is known
  std::vector<Step> steps;
};

/// What `mixed` plays.
struct Scenario {
  std::vector<User> users;

  /// The user that a number from 0 to 1 draws, by weight.
  const User& draw(double chance) const;

  /// Error: internal_error with every problem as file:line:column.
  static Result<Scenario> load(const std::string& file);
  static Result<Scenario> parse(const std::string& yaml, const std::string& file);
};

}  // namespace wssgate::bench
