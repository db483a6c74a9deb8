#include "protocol/http/trace_context.h"

#include <algorithm>

#include "base/text.h"

namespace wssgate::http {
namespace {

// version "-" trace-id "-" parent-id "-" trace-flags
constexpr std::size_t kVersionEnd = 2;
constexpr std::size_t kTraceId = 3;
constexpr std::size_t kTraceIdLength = 32;
constexpr std::size_t kTraceIdEnd = kTraceId + kTraceIdLength;
constexpr std::size_t kParentId = kTraceIdEnd + 1;
constexpr std::size_t kParentIdLength = 16;
constexpr std::size_t kParentIdEnd = kParentId + kParentIdLength;
constexpr std::size_t kFlags = kParentIdEnd + 1;
constexpr std::size_t kLength = kFlags + 2;

bool is_hex(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool is_id(std::string_view text) {
  return is_hex(text) && text.find_first_not_of('0') != std::string_view::npos;
}

}  // namespace

std::string_view trace_id_of(std::string_view traceparent) {
  if (traceparent.size() < kLength) return {};
  const std::string_view version = traceparent.substr(0, kVersionEnd);
  const std::string_view trace = traceparent.substr(kTraceId, kTraceIdLength);
  const bool delimited = traceparent[kVersionEnd] == '-' && traceparent[kTraceIdEnd] == '-' &&
                         traceparent[kParentIdEnd] == '-';
  if (!delimited || !is_hex(version) || version == "ff") return {};
  // Later versions may have more behind it.
  if (traceparent.size() > kLength && (version == "00" || traceparent[kLength] != '-')) return {};
  const bool well_formed = is_id(trace) && is_id(traceparent.substr(kParentId, kParentIdLength)) &&
                           is_hex(traceparent.substr(kFlags, 2));
  return well_formed ? trace : std::string_view();
}

std::string_view trace_id(const Headers& headers) {
  constexpr std::string_view kName = "traceparent";
  const Header* found = nullptr;
  for (const Header& field : headers) {
    if (field.name.size() != kName.size() || !iequals(field.name, kName)) continue;
    if (found != nullptr) return {};
    found = &field;
  }
  return found == nullptr ? std::string_view() : trace_id_of(found->value);
}

}  // namespace wssgate::http
