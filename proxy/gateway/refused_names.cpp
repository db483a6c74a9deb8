#include "gateway/refused_names.h"

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace wssgate::gateway {
namespace {

// The longest host name (RFC 1035 §2.3.4); what is longer was none.
constexpr std::size_t kMostNameBytes = 253;

}  // namespace

RefusedNames::Counts::iterator RefusedNames::rarest() {
  return std::min_element(counts_.begin(), counts_.end(), [](const auto& a, const auto& b) {
    return a.second.times < b.second.times;
  });
}

void RefusedNames::add(std::string_view name, TimePoint now) {
  std::string key = printable(to_lower(name.substr(0, kMostNameBytes + 1)), kMostNameBytes);
  auto found = counts_.find(key);
  if (found == counts_.end()) {
    Count begun;
    if (counts_.size() >= kMostNames) {
      const auto given_up = rarest();
      given_up_ = begun.times = begun.uncertain = given_up->second.times;
      counts_.erase(given_up);
      ++evicted_;
    }
    found = counts_.emplace(std::move(key), begun).first;
  }
  ++found->second.times;
  found->second.last = now;
}

void RefusedNames::add(const RefusedNames& others) {
  for (auto& [name, count] : counts_) {
    if (others.counts_.count(name) > 0) continue;
    count.times += others.given_up_;
    count.uncertain += others.given_up_;
  }
  for (const auto& [name, other] : others.counts_) {
    const auto [own, fresh] = counts_.try_emplace(name);
    Count& count = own->second;
    if (fresh) count.times = count.uncertain = given_up_;
    count.times += other.times;
    count.uncertain += other.uncertain;
    count.last = std::max(count.last, other.last);
  }
  given_up_ += others.given_up_;
  evicted_ += others.evicted_;
  if (counts_.size() > kMostNames) cut();
}

/// By what is certain: a list that made-up names have filled says of each of them that it may have
/// come often, and must not push out one that did.
void RefusedNames::cut() {
  const std::vector<Named> all = top(counts_.size());
  for (std::size_t i = kMostNames; i < all.size(); ++i) {
    given_up_ = std::max(given_up_, all[i].count.times);
    counts_.erase(all[i].name);
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
