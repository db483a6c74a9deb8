#include "doctor/exchange.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <string_view>
#include <utility>

#include "base/bytes.h"
#include "base/text.h"
#include "protocol/http/head.h"
#include "protocol/websocket/control_frames.h"
#include "protocol/websocket/frame_reader.h"
#include "protocol/websocket/handshake.h"

namespace wssgate::doctor {
namespace {

constexpr std::size_t kMostHead = std::size_t{64} * 1024;
constexpr int kMostInterim = 8;
// What may come before the pong: backends greet, some with all they have. It is not kept.
constexpr std::size_t kMostBeforePong = std::size_t{64} * 1024 * 1024;
constexpr std::uint16_t kNormalClosure = 1000;  // RFC 6455 §7.4.1

Deadline after(Duration time) { return std::chrono::steady_clock::now() + time; }

template <std::size_t kSize>
std::array<unsigned char, kSize> random_bytes() {
  std::array<unsigned char, kSize> bytes{};
  RAND_bytes(bytes.data(), static_cast<int>(bytes.size()));
  return bytes;
}

/// RFC 6455 §4.1: 16 random bytes in base64.
std::string make_key() {
  const auto random = random_bytes<16>();
  std::array<unsigned char, 25> text{};
  const int size = EVP_EncodeBlock(text.data(), random.data(), static_cast<int>(random.size()));
  return {text.begin(), text.begin() + size};
}

ByteView bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

HttpAnswer::End http_end(Step step) {
  switch (step) {
    case Step::timed_out:
      return HttpAnswer::End::timed_out;
    case Step::closed:
      return HttpAnswer::End::closed;
    case Step::reset:
      return HttpAnswer::End::reset;
    case Step::tls_alert:
      return HttpAnswer::End::tls_alert;
    case Step::interrupted:
      return HttpAnswer::End::interrupted;
    default:
      return HttpAnswer::End::failed;
  }
}

/// RFC 9113 §3.4: the first frame of a server of HTTP/2 is SETTINGS.
bool is_http2(std::string_view bytes) {
  return bytes.size() >= 4 && bytes[0] == 0 && bytes[1] == 0 && bytes[3] == 4;
}

HttpAnswer not_http(std::string_view bytes, std::string why) {
  HttpAnswer answer;
  answer.end = HttpAnswer::End::not_http;
  answer.detail = is_http2(bytes) ? "it is HTTP/2, which was not asked for" : std::move(why);
  return answer;
}

/// The first head of `buffer` that is no interim one is taken out of it. Nothing while that is not
/// there.
std::optional<HttpAnswer> take_head(std::string& buffer, int& interim) {
  for (;;) {
    if (is_http2(buffer)) return not_http(buffer, {});
    const auto end = http::find_head_end(buffer, kMostHead, 0, Side::upstream);
    if (!end) return not_http(buffer, end.error().context);
    if (*end == 0) return std::nullopt;
    const auto head = http::parse_response_head(std::string_view(buffer).substr(0, *end), "GET");
    if (!head) return not_http(buffer, head.error().context);
    buffer.erase(0, *end);
    if (head->is_interim()) {
      if (++interim > kMostInterim) return not_http(buffer, "it sends interim answers without end");
      continue;
    }
    HttpAnswer answer;
    answer.end = HttpAnswer::End::answered;
    answer.status = head->status;
    for (const http::Header& field : head->headers) {
      answer.fields.emplace_back(field.name, field.value);
    }
    return answer;
  }
}

WebSocketAnswer broken_stream(Step step, const websocket::FrameReader& frames) {
  WebSocketAnswer answer;
  answer.close_code = frames.close_code();
  switch (step) {
    case Step::timed_out:
      answer.end = WebSocketAnswer::End::no_pong;
      break;
    case Step::closed:
      answer.end = WebSocketAnswer::End::closed;
      break;
    case Step::interrupted:
      answer.end = WebSocketAnswer::End::interrupted;
      break;
    default:
      answer.end = WebSocketAnswer::End::reset;
  }
  return answer;
}

/// Takes whole frames off `buffer` as far as they have come. The end, once there is one.
std::optional<WebSocketAnswer::End> look_for_pong(std::string& buffer, std::string_view payload,
                                                  websocket::FrameReader& frames) {
  while (!buffer.empty()) {
    const ByteView bytes = bytes_of(buffer);
    if (frames.at_boundary()) {
      const auto match = websocket::match_pong(bytes, payload, false);
      if (match == websocket::PongMatch::whole) return WebSocketAnswer::End::alive;
      if (match == websocket::PongMatch::so_far) return std::nullopt;
    }
    buffer.erase(0, frames.follow_frame(bytes));
    if (frames.lost()) return WebSocketAnswer::End::not_frames;
    if (frames.close_code()) return WebSocketAnswer::End::closed;
  }
  return std::nullopt;
}

WebSocketAnswer ping(Channel& channel, std::string buffer, Deadline deadline) {
  const auto random = random_bytes<8>();
  const std::string payload = fmt::format("{:02x}", fmt::join(random, ""));
  const websocket::MaskKey mask = random_bytes<4>();
  const auto began = std::chrono::steady_clock::now();
  websocket::FrameReader frames(false);
  Step step = channel.send(websocket::ping_frame(payload, mask), deadline);
  std::size_t seen = buffer.size();
  while (step == Step::ok && seen <= kMostBeforePong) {
    if (const auto end = look_for_pong(buffer, payload, frames)) {
      WebSocketAnswer answer;
      answer.end = *end;
      answer.close_code = frames.close_code();
      answer.pong_after = since(began);
      return answer;
    }
    const std::size_t before = buffer.size();
    step = channel.receive(buffer, deadline);
    seen += buffer.size() - before;
  }
  if (step != Step::ok) return broken_stream(step, frames);
  WebSocketAnswer answer;
  answer.end = WebSocketAnswer::End::flooded;
  return answer;
}

WebSocketAnswer use_websocket(Channel& channel, const std::string& request, HttpAnswer& answer,
                              std::string rest, Deadline deadline) {
  WebSocketAnswer websocket;
  // Both were good before, so these cannot fail.
  const auto asked = http::parse_request_head(request);
  std::string head = fmt::format("HTTP/1.1 {} x\r\n", answer.status);
  for (const auto& [name, value] : answer.fields) head += fmt::format("{}: {}\r\n", name, value);
  const auto answered = http::parse_response_head(head + "\r\n", "GET");
  if (!asked || !answered) return websocket;
  const auto checked = websocket::check_upgrade_response(*asked, *answered);
  if (!checked) {
    websocket.end = WebSocketAnswer::End::bad_101;
    websocket.detail = checked.error().context;
    return websocket;
  }
  websocket = ping(channel, std::move(rest), deadline);
  websocket.subprotocol = answer.field("Sec-WebSocket-Protocol");
  if (websocket.end == WebSocketAnswer::End::alive) {
    channel.send(websocket::close_frame(kNormalClosure, "", random_bytes<4>()), deadline);
  }
  return websocket;
}

}  // namespace

std::optional<std::string> HttpAnswer::field(std::string_view name) const {
  for (const auto& [each, value] : fields) {
    if (iequals(each, name)) return value;
  }
  return std::nullopt;
}

HttpAnswer exchange(Channel& channel, const std::string& request, Deadline deadline,
                    std::string& rest) {
  const auto began = std::chrono::steady_clock::now();
  Step step = channel.send(request, deadline);
  int interim = 0;
  // A server that refuses may have answered before all was sent.
  const bool was_reset = step == Step::reset;
  if (was_reset) step = Step::ok;
  while (step == Step::ok) {
    step = channel.receive(rest, deadline);
    if (auto answer = take_head(rest, interim)) {
      answer->took = since(began);
      return *std::move(answer);
    }
  }
  HttpAnswer answer;
  // The error was told to the sender; the reader only sees an end.
  answer.end = http_end(was_reset && step == Step::closed ? Step::reset : step);
  answer.took = since(began);
  return answer;
}

HttpAnswer ask(Channel& channel, const Target& target, WebSocketAnswer& websocket) {
  const std::string request = request_head(target, target.websocket ? make_key() : std::string());
  std::string rest;
  HttpAnswer answer = exchange(channel, request, after(target.timeout), rest);
  if (target.websocket && answer.status == 101) {
    websocket = use_websocket(channel, request, answer, std::move(rest), after(target.timeout));
  }
  return answer;
}

}  // namespace wssgate::doctor
