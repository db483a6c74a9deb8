#pragma once

#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <string>

namespace wssgate::control {

/// How many ask one responder at once: the others wait in a queue, so that a CA that hangs has only
/// so many of the fetching threads. Any thread.
class ResponderPlaces {
 public:
  using Go = std::function<void()>;

  explicit ResponderPlaces(std::size_t at_once) : at_once_(at_once) {}

  /// Takes a place at the responder with this host and port. Where none is free, it is false, and
  /// `later` is what `leave` returns when one is.
  bool enter(const std::string& authority, Go later);
  /// Gives the place up. What is returned, unless empty, has it now and is to be called.
  Go leave(const std::string& authority);

 private:
  struct Responder {
    std::size_t taken = 0;
    std::deque<Go> queue;
  };

  const std::size_t at_once_;
  std::mutex mutex_;
  std::map<std::string, Responder> responders_;
};

}  // namespace wssgate::control
