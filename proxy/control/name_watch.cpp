#include "control/name_watch.h"

#include <fmt/format.h>

#include <mutex>
#include <thread>
#include <utility>

#include "base/log.h"

namespace wssgate::control {
namespace {

std::set<std::string> texts(const std::vector<SocketAddress>& addresses) {
  std::set<std::string> all;
  for (const SocketAddress& address : addresses) all.insert(address.text());
  return all;
}

std::string addresses_text(const std::set<std::string>& addresses) {
  return addresses.empty() ? "nothing" : fmt::format("{}", fmt::join(addresses, ", "));
}

}  // namespace

struct NameWatch::Link {
  std::mutex mutex;
  NameWatch* watch = nullptr;  // null when it has gone
};

NameWatch::NameWatch(asio::io_context& loop, std::function<void(const std::string&)> on_change,
                     Resolve resolve)
    : loop_(loop),
      on_change_(std::move(on_change)),
      resolve_(std::move(resolve)),
      timer_(loop),
      link_(std::make_shared<Link>()) {
  link_->watch = this;
}

NameWatch::~NameWatch() {
  const std::scoped_lock lock(link_->mutex);
  link_->watch = nullptr;
}

void NameWatch::watch(Names names, Duration interval) {
  names_ = std::move(names);
  interval_ = interval;
  std::erase_if(failing_, [&](const std::string& name) { return names_.count(name) == 0; });
  for (const auto& [name, addresses] : names_) {
    if (addresses.empty()) failing_.insert(name);  // whoever found that has told it
  }
  if (!looking_) look_later();
}

void NameWatch::look_later() {
  timer_.cancel();
  if (names_.empty()) return;
  timer_.expires_after(interval_);
  timer_.async_wait([this](const asio::error_code& error) {
    if (!error) look();
  });
}

void NameWatch::look() {
  looking_ = true;
  std::vector<std::string> names;
  for (const auto& [name, addresses] : names_) names.push_back(name);
  std::thread([link = link_, resolve = resolve_, names = std::move(names)] {
    Found found;
    for (const std::string& name : names) found.emplace(name, resolve(name));
    const std::scoped_lock lock(link->mutex);
    if (link->watch == nullptr) return;
    asio::post(link->watch->loop_, [link, found = std::move(found)] {
      if (link->watch != nullptr) link->watch->looked(found);
    });
  }).detach();
}

void NameWatch::looked(const Found& found) {
  looking_ = false;
  std::vector<std::string> changes;
  for (const auto& [name, result] : found) {
    const auto watched = names_.find(name);
    if (watched == names_.end()) continue;
    if (!result) {
      note_failure(name, result.error());
      continue;
    }
    const std::set<std::string> now = texts(*result);
    if (failing_.erase(name) > 0) {
      log::info("name_resolved", "an endpoint's name resolves again",
                {{"name", name}, {"addresses", addresses_text(now)}});
    }
    if (now == watched->second) continue;
    changes.push_back(fmt::format("'{}' leads to {}, not to {}", name, addresses_text(now),
                                  addresses_text(watched->second)));
  }
  look_later();
  if (!changes.empty()) on_change_(fmt::format("{}", fmt::join(changes, "; ")));
}

void NameWatch::note_failure(const std::string& name, const Error& error) {
  if (!failing_.insert(name).second) return;
  log::warn(
      "name_unresolved",
      "an endpoint's name does not resolve any more: the addresses that it had go on. see "
      "the name server, or name the endpoint otherwise",
      {{"name", name}, {"why", error.text()}, {"addresses", addresses_text(names_.at(name))}});
}

NameWatch::Names names_of(const gateway::Snapshot& snapshot) {
  NameWatch::Names names;
  for (const config::Upstream& configured : snapshot.config.upstreams) {
    for (const config::Endpoint& endpoint : configured.endpoints) {
      if (SocketAddress::parse(endpoint.text)) continue;
      std::set<std::string>& addresses = names[endpoint.text];
      for (const upstream::Member& member : snapshot.upstreams.at(configured.name)->members()) {
        if (member.endpoint->is_of_name(endpoint.text)) {
          addresses.insert(member.endpoint->address.text());
        }
      }
    }
  }
  return names;
}

}  // namespace wssgate::control
