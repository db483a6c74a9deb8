#include "gateway/figures.h"

#include <gtest/gtest.h>

#include <chrono>
#include <vector>

namespace wssgate::gateway {
namespace {

using namespace std::chrono_literals;

Telemetry with_hosts() {
  Telemetry telemetry;
  HostCounts& chat = telemetry.hosts["chat.example"];
  chat.requests_ended = 3;
  chat.tunnels_begun = 5;
  chat.tunnels_ended = 1;
  chat.from_client = {.bytes = 100, .messages = 10};
  chat.request_bytes = 20;
  telemetry.hosts["legacy.example"].passing_through = 2;
  telemetry.hosts["legacy.example"].passed_from_client = 3;
  telemetry.no_host.requests_ended = 7;
  return telemetry;
}

Figures of_two_workers(const Telemetry& telemetry) {
  RefusedNames refused;
  refused.add("chta.example", std::chrono::system_clock::time_point(1s));
  WorkerFigures worker;
  worker.take(telemetry, refused);
  std::vector<const SeenHost*> seen;
  for (const SeenHost& host : telemetry.hosts) seen.push_back(&host);
  EXPECT_FALSE(worker.take_hosts(seen, 1)) << "there is another one";
  EXPECT_TRUE(worker.take_hosts(seen, 1));
  Figures figures;
  figures.add(worker);
  figures.add(worker);
  return figures;
}

TEST(Figures, AddWorkersUp) {
  const Figures figures = of_two_workers(with_hosts());
  const HostFigures& chat = figures.hosts.at("chat.example");
  EXPECT_EQ(chat.requests, 6);
  EXPECT_EQ(chat.tunnels_open(), 8);
  EXPECT_EQ(chat.messages, 20);
  EXPECT_EQ(chat.bytes_from_clients, 240);
  EXPECT_EQ(figures.hosts.at("legacy.example").passing_through, 4);
  EXPECT_EQ(figures.refused_names.top(1).front().count.times, 2);
}

TEST(Figures, AllIsEachHostAndNone) {
  const Figures figures = of_two_workers(with_hosts());
  EXPECT_EQ(figures.hosts.size(), 2);
  EXPECT_EQ(figures.all.requests, 20) << "those to no host are among them";
  EXPECT_EQ(figures.all.passing_through, 4);
  EXPECT_EQ(figures.all.bytes_from_clients, 246);
}

TEST(Figures, BeginAnewWithTheHostsInTheirPlaces) {
  Figures figures = of_two_workers(with_hosts());
  const HostFigures* const chat = &figures.hosts.at("chat.example");
  figures.reset();
  EXPECT_EQ(figures.all.requests, 0);
  EXPECT_EQ(figures.refused_names.size(), 0);
  EXPECT_EQ(chat, &figures.hosts.at("chat.example"));
  EXPECT_EQ(chat->requests, 0);
}

}  // namespace
}  // namespace wssgate::gateway
