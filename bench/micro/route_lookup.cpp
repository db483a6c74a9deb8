#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gateway/route_table.h"

/// What it costs to find the host of a server name, among few and among many.
namespace wssgate::gateway {
namespace {

// Looked up in turn, so that what is found is not always in the processor's nearest cache.
constexpr std::size_t kNames = 4096;

std::string exact_name(std::size_t number) { return fmt::format("h{:05}.example.com", number); }
std::string below_name(std::size_t number) { return "any." + exact_name(number); }
std::string unknown_name(std::size_t number) { return fmt::format("x{:05}.example.org", number); }

void add(RouteTable& table, const std::string& name, const std::shared_ptr<const Host>& host) {
  Site site;
  site.host = host;
  table.add(*HostPattern::parse(name), std::move(site));
}

/// So many hosts, each with a name and a wildcard below it.
RouteTable table_of(std::size_t hosts) {
  RouteTable table;
  for (std::size_t i = 0; i < hosts; ++i) {
    const auto host = std::make_shared<const Host>();
    add(table, exact_name(i), host);
    add(table, "*." + exact_name(i), host);
  }
  return table;
}

template <std::string (*kName)(std::size_t), bool kFound>
void route_lookup(benchmark::State& state) {
  const auto hosts = static_cast<std::size_t>(state.range(0));
  const RouteTable table = table_of(hosts);
  std::vector<std::string> names;
  for (std::size_t i = 0; i < kNames; ++i) names.push_back(kName(i * 7919 % hosts));
  std::size_t next = 0;
  for (auto _ : state) {
    const Site* site = table.match(names[next++ % kNames]);
    if ((site != nullptr) != kFound) state.SkipWithError("the wrong answer");
    benchmark::DoNotOptimize(site);
  }
}

void route_lookup_exact(benchmark::State& state) { route_lookup<exact_name, true>(state); }
BENCHMARK(route_lookup_exact)->ArgName("hosts")->Arg(1)->Arg(100)->Arg(10'000);

void route_lookup_wildcard(benchmark::State& state) { route_lookup<below_name, true>(state); }
BENCHMARK(route_lookup_wildcard)->ArgName("hosts")->Arg(1)->Arg(100)->Arg(10'000);

void route_lookup_unknown(benchmark::State& state) { route_lookup<unknown_name, false>(state); }
BENCHMARK(route_lookup_unknown)->ArgName("hosts")->Arg(1)->Arg(100)->Arg(10'000);

/// What the log line of a refused name costs besides.
void route_nearest(benchmark::State& state) {
  const RouteTable table = table_of(static_cast<std::size_t>(state.range(0)));
  const std::string typo = "h0000.exmaple.com";
  for (auto _ : state) benchmark::DoNotOptimize(table.nearest(typo));
}
BENCHMARK(route_nearest)->ArgName("hosts")->Arg(1)->Arg(100)->Arg(10'000);

}  // namespace
}  // namespace wssgate::gateway
