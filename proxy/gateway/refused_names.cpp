#include "gateway/refused_names.h"

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace wssgate::gateway {
namespace {

// The longest host name (RFC 1035 §2.3.4); what is longer was none.
constexpr std::size_t kMostName = 253;

}  // namespace

RefusedNames::Counts::iterator RefusedNames::rarest() {
  return std::min_element(counts_.begin(), counts_.end(), [](const auto& a, const auto& b) {
    return a.second.times < b.second.times;
  });
}

void RefusedNames::add(std::string_view name, TimePoint now) {
  std::string key = printable(to_lower(name.substr(0, kMostName + 1)), kMostName);
  auto found = counts_.find(key);
  if (found == counts_.end()) {
    Count begun;
    if (counts_.size() >= kMostNames) {
      const auto given_up = rarest();
      begun.times = begun.uncertain = given_up->second.times;
      counts_.erase(given_up);
      ++evicted_;
    }
    found = counts_.emplace(std::move(key), begun).first;
  }
  ++found->second.times;
  found->second.last = now;
}

void RefusedNames::add(const RefusedNames& others) {
  for (const auto& [name, other] : others.counts_) {
    Count& count = counts_[name];
    count.times += other.times;
    count.uncertain += other.uncertain;
    count.last = std::max(count.last, other.last);
  }
  evicted_ += others.evicted_;
  while (counts_.size() > kMostNames) {
    counts_.erase(rarest());
    ++evicted_;
  }
}

std::vector<RefusedNames::Named> RefusedNames::top(std::size_t most) const {
  std::vector<Named> named;
  named.reserve(counts_.size());
  for (const auto& [name, count] : counts_) named.push_back({name, count});
  std::sort(named.begin(), named.end(), [](const Named& a, const Named& b) {
    if (a.count.at_least() != b.count.at_least()) return a.count.at_least() > b.count.at_least();
    if (a.count.last != b.count.last) return a.count.last > b.count.last;
    return a.name < b.name;
  });
  named.resize(std::min(most, named.size()));
  return named;
}

}  // namespace wssgate::gateway
