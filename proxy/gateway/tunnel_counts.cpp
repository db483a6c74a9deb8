#include "gateway/tunnel_counts.h"

#include <chrono>

#include "gateway/access_record.h"

namespace wssgate::gateway {
namespace {

constexpr std::size_t kMostWithCodes = 64;

std::uint16_t code_of(const AccessRecord& record, Side by) {
  switch (by) {
    case Side::client:
      return record.client_close_code.value_or(0);
    case Side::upstream:
      return record.upstream_close_code.value_or(0);
    case Side::proxy:
      break;
  }
  return record.proxy_close_code.value_or(0);
}

}  // namespace

TunnelCounts::Count& TunnelCounts::at(TunnelEnd end) {
  if (counts_.size() >= kMostWithCodes && counts_.count(end) == 0) end.code = 0;
  return counts_[end];
}

TunnelEnd TunnelEnd::of(const AccessRecord& record) {
  const Side by = record.ended_by.value_or(Side::proxy);
  return {.by = by, .reason = record.reason, .code = code_of(record, by)};
}

void TunnelCounts::add(const AccessRecord& record) {
  Count& count = at(TunnelEnd::of(record));
  ++count.tunnels;
  count.open += std::chrono::duration_cast<Duration>(AccessRecord::Clock::now() - record.begun);
}

void TunnelCounts::add(const TunnelCounts& others) {
  for (const auto& [end, other] : others.counts_) {
    Count& count = at(end);
    count.tunnels += other.tunnels;
    count.open += other.open;
  }
}

}  // namespace wssgate::gateway
