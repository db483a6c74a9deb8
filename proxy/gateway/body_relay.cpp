#include "gateway/body_relay.h"

#include <string>
#include <utility>

namespace wssgate::gateway {

BodyRelay::BodyRelay(net::InputBuffer& input, net::Stream& from, net::Stream& to,
                     http::Framing framing, bool rechunk)
    : input_(input),
      from_(from),
      to_(to),
      decoder_(framing, from.side()),
      rechunk_(rechunk),
      done_(decoder_.done()) {}

Result<bool> BodyRelay::step() {
  if (done_) return false;
  if (to_.pending()) {
    auto flushed = to_.flush();
    if (!flushed) return std::move(flushed).error();
    if (!*flushed) return false;
  }
  if (input_.empty()) {
    auto got = input_.fill(from_);
    if (!got) return std::move(got).error();
    if (got->nothing()) return false;
    if (got->end) {
      auto ended = decoder_.finish();
      if (!ended) return std::move(ended).error();
      auto finished = finish();
      if (!finished) return std::move(finished).error();
      return true;
    }
  }
  auto passed = pass_on();
  if (!passed) return std::move(passed).error();
  return true;
}

Result<void> BodyRelay::pass_on() {
  std::string joined = std::exchange(head_, {});
  Result<void> sent;
  const auto sink = [&](std::string_view payload) {
    bytes_ += payload.size();
    if (rechunk_) {
      http::append_chunk(joined, payload);
    } else if (!joined.empty()) {
      sent = to_.send(joined.append(payload));
      joined.clear();
    } else if (sent) {
      sent = to_.send(payload);
    }
  };
  auto used = decoder_.decode(input_.view(), sink);
  if (!used) return std::move(used).error();
  if (sent && !joined.empty()) sent = to_.send(joined);
  if (!sent) return sent;
  input_.consume(*used);
  return decoder_.done() ? finish() : Result<void>();
}

Result<void> BodyRelay::finish() {
  done_ = true;
  if (!rechunk_) return {};
  std::string last;
  http::append_last_chunk(last, decoder_.trailers());
  return to_.send(last);
}

}  // namespace wssgate::gateway
