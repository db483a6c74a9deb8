#include "gateway/tunnel_direction.h"

#include <openssl/rand.h>

#include <algorithm>
#include <new>
#include <optional>
#include <string>
#include <utility>

#include "net/two_ways.h"

namespace wssgate::gateway {
namespace {

using websocket::PongMatch;

ByteView as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

void fill_randomly(std::uint8_t* bytes, int count) {
  if (RAND_bytes(bytes, count) != 1) throw std::bad_alloc();
}

/// What our pings say. Different in each process, since a proxy in front of this one or behind it
/// may be of our kind: its pings and their pongs are not ours.
std::string make_ping_payload() {
  websocket::MaskKey own{};
  fill_randomly(own.data(), own.size());
  return std::string("wssg").append(own.begin(), own.end());
}

std::string_view ping_payload() {
  static const std::string payload = make_ping_payload();
  return payload;
}

/// For the person who looks at the peer's log.
std::string_view close_reason(std::uint16_t code) {
  if (code == websocket::kMessageTooBig) return "message too big";
  return code == websocket::kServiceRestart ? "please reconnect" : "idle";
}

/// For a frame to this side.
std::optional<websocket::MaskKey> mask_towards(Side side) {
  if (side == Side::client) return std::nullopt;
  websocket::MaskKey key{};
  fill_randomly(key.data(), key.size());
  return key;
}

}  // namespace

Result<void> Direction::pass(std::string_view bytes) {
  if (held_size_ == 0) return pass_frames(bytes);
  std::string joined(held_.data(), held_size_);
  joined.append(bytes);
  held_size_ = 0;
  return pass_frames(joined);
}

/// Frame by frame, but sent in as few pieces as there are things put in and left out.
Result<void> Direction::pass_frames(std::string_view bytes) {
  std::size_t at = 0;
  std::size_t unsent = 0;
  const auto send_up_to_here = [&] { return send(bytes.substr(unsent, at - unsent)); };
  while (at < bytes.size() && !closed_) {
    const ByteView rest = as_bytes(bytes.substr(at));
    const Fate fate = frames_.at_boundary() ? judge(rest) : Fate::pass;
    const bool refused = fate == Fate::refuse;
    if (refused) {
      oversized_ = true;
      close_due_ = websocket::kMessageTooBig;
    }
    if (fate != Fate::pass || inserts_now()) {
      if (auto sent = send_up_to_here(); !sent) return sent;
      unsent = at;
    }
    if (fate == Fate::swallow) {
      at += websocket::pong_size(ping_payload(), from_.side() == Side::client);
      unsent = at;
    } else if (fate == Fate::hold) {
      held_size_ = static_cast<std::uint8_t>(rest.size());
      std::copy(rest.begin(), rest.end(), held_.begin());
      at = unsent = bytes.size();
    } else {
      if (auto inserted = insert_due(); !inserted) return inserted;
      if (!closed_) at += frames_.follow_frame(rest);
    }
  }
  if (closed_) {
    frames_.follow(as_bytes(bytes.substr(at)));  // for the code of the Close that answers ours
    return {};
  }
  if (auto sent = send_up_to_here(); !sent) return sent;
  return insert_due();
}

Direction::Fate Direction::judge(ByteView bytes) const {
  if (expects_pongs_) {
    switch (websocket::match_pong(bytes, ping_payload(), from_.side() == Side::client)) {
      case PongMatch::whole:
        return Fate::swallow;
      case PongMatch::so_far:
        return Fate::hold;
      case PongMatch::no:
        break;
    }
  }
  if (max_message_ == 0) return Fate::pass;
  const std::size_t header = websocket::header_size(bytes);
  if (header == 0 || header > bytes.size()) return Fate::hold;
  websocket::FrameReader ahead = frames_;
  ahead.follow_frame(bytes.first(header));
  return ahead.message_size() > max_message_ ? Fate::refuse : Fate::pass;
}

Result<void> Direction::send(std::string_view bytes) {
  bytes_ += bytes.size();
  return to_.send(bytes);
}

Result<void> Direction::insert_due() {
  if (!inserts_now()) return {};
  ping_due_ = false;
  const auto mask = mask_towards(to_.side());
  if (close_due_ != 0) {
    closed_ = true;
    return to_.send(websocket::close_frame(close_due_, close_reason(close_due_), mask));
  }
  pinged_ = true;
  return to_.send(websocket::ping_frame(ping_payload(), mask));
}

Result<void> Direction::ping() {
  ping_due_ = true;
  return insert_due();
}

Result<void> Direction::close(std::uint16_t code) {
  close_due_ = code;
  return insert_due();
}

Result<bool> Direction::step(std::span<char> scratch) {
  if (ended_passed_) return false;
  if (to_.pending()) {
    const std::size_t before = to_.pending_bytes();
    auto flushed = to_.flush();
    if (!flushed) return std::move(flushed).error();
    if (!*flushed && !closed_) return net::wait_for_room(from_, to_, before);
  }
  if (ended_) {
    if (closed_) return false;  // the end of such a tunnel is its owner's
    ended_passed_ = to_.end_writing();
    return ended_passed_;
  }
  auto got = from_.read(scratch);
  if (!got) return std::move(got).error();
  if (got->nothing()) return false;
  heard_ = true;
  if (got->end) {
    ended_ = true;
    if (held_size_ == 0 || closed_) return true;
    auto sent = send({held_.data(), std::exchange(held_size_, 0)});
    if (!sent) return std::move(sent).error();
    return true;
  }
  auto passed = pass({scratch.data(), got->bytes});
  if (!passed) return std::move(passed).error();
  return true;
}

}  // namespace wssgate::gateway
