#include <benchmark/benchmark.h>

#include <string>
#include <string_view>

#include "protocol/http/forward.h"
#include "protocol/http/head.h"

/// What a request head costs from its bytes to the head for the upstream.
namespace wssgate::http {
namespace {

constexpr std::size_t kLimit = std::size_t{32} * 1024;

constexpr std::string_view kShort =
    "GET / HTTP/1.1\r\n"
    "Host: chat.example.com\r\n"
    "\r\n";

// As a browser opens a WebSocket.
constexpr std::string_view kUpgrade =
    "GET /chat?room=1 HTTP/1.1\r\n"
    "Host: chat.example.com\r\n"
    "Connection: Upgrade\r\n"
    "Pragma: no-cache\r\n"
    "Cache-Control: no-cache\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/131.0.0.0 Safari/537.36\r\n"
    "Upgrade: websocket\r\n"
    "Origin: https://app.example.com\r\n"
    "Sec-WebSocket-Version: 13\r\n"
    "Accept-Encoding: gzip, deflate, br, zstd\r\n"
    "Accept-Language: en-US,en;q=0.9\r\n"
    "Cookie: session=0123456789abcdef0123456789abcdef; theme=dark\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"
    "\r\n";

void http_head_parse(benchmark::State& state, std::string_view text) {
  for (auto _ : state) {
    const auto end = find_head_end(text, kLimit);
    auto head = parse_request_head(text.substr(0, *end));
    if (!head) state.SkipWithError("refused");
    benchmark::DoNotOptimize(head);
  }
}
BENCHMARK_CAPTURE(http_head_parse, short, kShort);
BENCHMARK_CAPTURE(http_head_parse, upgrade, kUpgrade);

void http_head_forward(benchmark::State& state, std::string_view text, bool websocket) {
  const auto head = parse_request_head(text);
  const ForwardingFacts facts{.client_ip = "192.0.2.7", .server_name = "chat.example.com"};
  for (auto _ : state) {
    benchmark::DoNotOptimize(upstream_request_head(*head, facts, websocket));
  }
}
BENCHMARK_CAPTURE(http_head_forward, short, kShort, false);
BENCHMARK_CAPTURE(http_head_forward, upgrade, kUpgrade, true);

/// In so many pieces as they come: what was looked at is not looked at again.
void http_head_drips(benchmark::State& state) {
  const auto piece = static_cast<std::size_t>(state.range(0));
  for (auto _ : state) {
    std::size_t seen = 0;
    for (std::size_t there = piece; seen < kUpgrade.size(); there += piece) {
      const std::string_view so_far = kUpgrade.substr(0, there);
      benchmark::DoNotOptimize(find_head_end(so_far, kLimit, seen));
      seen = so_far.size();
    }
  }
}
BENCHMARK(http_head_drips)->ArgName("bytes")->Arg(1)->Arg(64);

}  // namespace
}  // namespace wssgate::http
