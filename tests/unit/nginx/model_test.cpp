#include "nginx/model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/nginx/memory_sources.h"

namespace wssgate::nginx {
namespace {

using testing::ElementsAre;

class NginxModel : public testing::Test {
 protected:
  const Model& of(const std::string& text) {
    Report report;
    tree_ = parse("/n/main", in_memory({{"/n/main", text}}), report);
    EXPECT_EQ(report.text(), "");
    model_ = build_model(tree_);
    return model_;
  }

  std::vector<Directive> tree_;
  Model model_;
};

TEST_F(NginxModel, ListensAreAddresses) {
  struct Case {
    const char* text;
    const char* address;
  };
  for (const auto& [text, address] :
       {Case{"listen 443 ssl;", "0.0.0.0:443"}, Case{"listen *:80;", "0.0.0.0:80"},
        Case{"listen [::]:443 ssl;", "[::]:443"}, Case{"listen 127.0.0.1;", "127.0.0.1:80"},
        Case{"listen [::1];", "[::1]:80"}, Case{"listen localhost:81;", "127.0.0.1:81"},
        Case{"listen unix:/run/x;", "unix:/run/x"}, Case{"", "0.0.0.0:80"}}) {
    const Model& model = of(std::string("server {") + text + "}");
    ASSERT_EQ(model.http.servers.size(), 1U) << text;
    EXPECT_EQ(model.http.servers[0].listens[0].address, address) << text;
    EXPECT_TRUE(model.http.servers[0].listens[0].valid) << text;
  }
  EXPECT_FALSE(of("server { listen 99999; }").http.servers[0].listens[0].valid);
}

TEST_F(NginxModel, ListensHaveTheirParameters) {
  const Listen listen =
      of("server { listen 443 ssl default_server proxy_protocol; }").http.servers[0].listens[0];
  EXPECT_TRUE(listen.tls && listen.default_server && listen.proxy_protocol);
  EXPECT_FALSE(of("server { listen 443; }").http.servers[0].has_tls());
  EXPECT_TRUE(of("server { listen 443; ssl on; }").http.servers[0].has_tls());
}

TEST_F(NginxModel, AListInAnInnerBlockTakesTheOuterOnesAway) {
  const Model& model =
      of("http { proxy_set_header A 1; proxy_read_timeout 5s; server { location / { "
         "proxy_set_header B 2; } location /a { } } }");
  const auto& locations = model.http.servers[0].locations;
  ASSERT_EQ(locations.size(), 2U);
  ASSERT_EQ(locations[0].scope->all("proxy_set_header").size(), 1U);
  EXPECT_EQ(locations[0].scope->all("proxy_set_header")[0]->arg(0), "B");
  EXPECT_EQ(locations[1].scope->all("proxy_set_header")[0]->arg(0), "A");
  EXPECT_EQ(locations[0].scope->value("proxy_read_timeout"), "5s");
}

TEST_F(NginxModel, LocationsHaveTheirKinds) {
  const auto locations = of("server { location = /a {} location ^~ /b { location /b/c {} } "
                            "location ~* \\.php$ {} location @d {} location =/e {} }")
                             .http.servers[0]
                             .locations;
  ASSERT_EQ(locations.size(), 6U);
  EXPECT_EQ(locations[0].kind, LocationKind::exact);
  EXPECT_EQ(locations[1].kind, LocationKind::prefix);
  EXPECT_EQ(locations[2].path, "/b/c");
  EXPECT_EQ(locations[3].kind, LocationKind::regex);
  EXPECT_EQ(locations[4].kind, LocationKind::named);
  EXPECT_EQ(locations[5].path, "/e");
}

TEST_F(NginxModel, UpstreamsHaveTheirServers) {
  const Model& model =
      of("http { upstream a { ip_hash; server b:1 weight=3 backup max_conns=9; "
         "server c down max_fails=2 fail_timeout=10s; } }");
  const Upstream* const upstream = model.http.upstream("a");
  ASSERT_NE(upstream, nullptr);
  EXPECT_EQ(upstream->servers[0].weight, 3U);
  EXPECT_EQ(upstream->servers[0].max_connections, 9U);
  EXPECT_TRUE(upstream->servers[0].backup);
  EXPECT_EQ(upstream->servers[1].address, "c:80");
  EXPECT_TRUE(upstream->servers[1].down);
  EXPECT_EQ(upstream->servers[1].max_fails, 2U);
}

TEST_F(NginxModel, MapsHaveTheirEntries) {
  const Model& model =
      of("stream { map $ssl_preread_server_name $b { hostnames; a.test x; default y; } }");
  const Map* const map = model.stream.map_to("$b");
  ASSERT_NE(map, nullptr);
  EXPECT_TRUE(map->hostnames);
  ASSERT_NE(map->otherwise(), nullptr);
  EXPECT_EQ(map->otherwise()->value, "y");
  EXPECT_EQ(map->entries[0].key, "a.test");
}

TEST(NginxValues, TimesAndSizes) {
  EXPECT_EQ(parse_time("60"), Duration(60'000));
  EXPECT_EQ(parse_time("1m30s"), Duration(90'000));
  EXPECT_EQ(parse_time("500ms"), Duration(500));
  EXPECT_EQ(parse_time("1d"), Duration(86'400'000));
  EXPECT_EQ(parse_time(""), std::nullopt);
  EXPECT_EQ(parse_time("5x"), std::nullopt);
  EXPECT_EQ(parse_time("99999999999999999999"), std::nullopt);
  EXPECT_EQ(parse_bytes("8k"), 8192U);
  EXPECT_EQ(parse_bytes("1m"), 1048576U);
  EXPECT_EQ(parse_bytes("k"), std::nullopt);
}

}  // namespace
}  // namespace wssgate::nginx
