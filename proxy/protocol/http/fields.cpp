#include "protocol/http/fields.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>

namespace wssgate::http {
namespace {

constexpr std::array<bool, 256> token_characters() {
  std::array<bool, 256> table{};
  for (char c = '0'; c <= '9'; ++c) table[static_cast<std::uint8_t>(c)] = true;
  for (char c = 'a'; c <= 'z'; ++c) table[static_cast<std::uint8_t>(c)] = true;
  for (char c = 'A'; c <= 'Z'; ++c) table[static_cast<std::uint8_t>(c)] = true;
  for (const char c : std::string_view("!#$%&'*+-.^_`|~")) {
    table[static_cast<std::uint8_t>(c)] = true;
  }
  return table;
}
constexpr auto kTokenCharacters = token_characters();

constexpr std::array<std::string_view, 10> kHopByHop = {
    "connection",     "keep-alive",         "proxy-connection", "te",
    "upgrade",        "transfer-encoding",  "content-length",   "host",
    "http2-settings", "proxy-authorization"};

constexpr std::array<std::string_view, 6> kForwarding = {"x-forwarded-for",  "x-forwarded-proto",
                                                         "x-forwarded-host", "forwarded",
                                                         "client-cert",      "client-cert-chain"};

constexpr std::array<std::string_view, 23> kNeverTrailers = {
    "trailer", "authorization", "proxy-authenticate", "www-authenticate", "cookie", "set-cookie",
    "expect", "max-forwards", "range", "cache-control", "pragma", "age", "date", "expires",
    "location", "retry-after", "vary", "content-encoding", "content-type", "content-range",
    // A second one of them behind ours.
    "x-request-id", "traceparent", "tracestate"};

char folded(char c) {
  if (c >= 'A' && c <= 'Z') return static_cast<char>(c - 'A' + 'a');
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ? c : '-';
}

template <std::size_t kSize>
bool is_among(std::string_view name, const std::array<std::string_view, kSize>& names) {
  return std::any_of(names.begin(), names.end(),
                     [&](std::string_view known) { return folds_to(name, known); });
}

}  // namespace

bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return kTokenCharacters[static_cast<std::uint8_t>(c)];
  });
}

bool folds_to(std::string_view name, std::string_view known) {
  return std::equal(name.begin(), name.end(), known.begin(), known.end(),
                    [](char a, char b) { return folded(a) == folded(b); });
}

bool is_hop_by_hop(std::string_view name) { return is_among(name, kHopByHop); }
bool is_forwarding(std::string_view name) { return is_among(name, kForwarding); }

bool claims_origin(std::string_view name) {
  constexpr std::string_view kPrefix = "x-forwarded-";
  return folds_to(name.substr(0, kPrefix.size()), kPrefix) || folds_to(name, "x-real-ip") ||
         folds_to(name, "proxy");
}

bool is_forbidden_trailer(std::string_view name) {
  return is_hop_by_hop(name) || is_forwarding(name) || is_among(name, kNeverTrailers);
}

std::vector<std::string_view> connection_options(const Headers& headers) {
  std::vector<std::string_view> options;
  for (const Header& field : headers) {
    if (!iequals(field.name, "Connection")) continue;
    any_list_element(field.value, [&](std::string_view option) {
      options.push_back(option);
      return false;
    });
  }
  return options;
}

bool is_named(const std::vector<std::string_view>& options, std::string_view name) {
  return std::any_of(options.begin(), options.end(),
                     [&](std::string_view option) { return iequals(option, name); });
}

void append_field(std::string& out, std::string_view name, std::string_view value) {
  out += name;
  out += ": ";
  out += value;
  out += "\r\n";
}

void append_framing(std::string& out, const Framing& framing) {
  if (framing.kind == Framing::Kind::chunked) append_field(out, "Transfer-Encoding", "chunked");
  if (framing.kind == Framing::Kind::length) {
    append_field(out, "Content-Length", fmt::format_int(framing.length).c_str());
  }
}

}  // namespace wssgate::http
