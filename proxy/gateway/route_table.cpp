#include "gateway/route_table.h"

#include <utility>

#include "base/text.h"

namespace wssgate::gateway {
namespace {

constexpr std::size_t kMostCompared = 256;

}  // namespace

bool Route::covers(std::string_view request_path) const {
  if (request_path.substr(0, path.size()) != path) return false;
  return path.back() == '/' || request_path.size() == path.size() ||
         request_path[path.size()] == '/';
}

const Route* Host::route(std::string_view request_path) const {
  const Route* best = nullptr;
  for (const Route& route : routes) {
    if (!route.covers(request_path)) continue;
    if (best == nullptr || route.path.size() > best->path.size()) best = &route;
  }
  return best;
}

void RouteTable::add(const HostPattern& name, Site site) {
  (name.is_wildcard() ? below_ : exact_).insert_or_assign(name.suffix(), std::move(site));
}

const Site* RouteTable::find(const HostPattern& name) const {
  const auto& sites = name.is_wildcard() ? below_ : exact_;
  const auto found = sites.find(name.suffix());
  return found == sites.end() ? nullptr : &found->second;
}

const Site* RouteTable::match(std::string_view name) const {
  if (const auto found = exact_.find(std::string(name)); found != exact_.end()) {
    return &found->second;
  }
  const auto dot = name.find('.');
  if (dot == std::string_view::npos) return nullptr;
  const auto found = below_.find(std::string(name.substr(dot + 1)));
  return found == below_.end() ? nullptr : &found->second;
}

std::string RouteTable::nearest(std::string_view name) const {
  std::vector<std::string> owned;
  for (const auto& [exact, site] : exact_) {
    if (owned.size() == kMostCompared) break;
    owned.push_back(exact);
  }
  for (const auto& [suffix, site] : below_) {
    if (owned.size() == 2 * kMostCompared) break;
    owned.push_back("*." + suffix);
  }
  const std::vector<std::string_view> candidates(owned.begin(), owned.end());
  return std::string(wssgate::nearest(name, candidates));
}

}  // namespace wssgate::gateway
