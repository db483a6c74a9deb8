#include "nginx/translate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/load.h"
#include "unit/nginx/memory_sources.h"

namespace wssgate::nginx {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class NginxTranslation : public testing::Test {
 protected:
  /// Imports and loads what came of it.
  void import(const std::string& text) {
    Report report;
    import_ = import_text(text, {{"/c.pem", facts_for({"a.test", "b.test"})}}, report);
    EXPECT_EQ(report.text(), "");
    if (!import_.serves) return;
    Report problems;
    config_ = config::load_text(import_.yaml, "made.yaml", "", problems);
    EXPECT_EQ(problems.text(), "") << import_.yaml;
  }

  std::vector<std::string> lost() const { return directives_of(Kind::untranslated); }
  std::vector<std::string> notes() const { return directives_of(Kind::note); }
  std::vector<std::string> directives_of(Kind kind) const {
    std::vector<std::string> directives;
    for (const Finding& finding : import_.findings.ordered()) {
      if (kind_of(finding.id) == kind) directives.push_back(finding.directive);
    }
    return directives;
  }

  /// "path upstream" of each route of the first host.
  std::vector<std::string> routes() const {
    std::vector<std::string> found;
    if (config_.hosts.empty()) return found;
    for (const auto& route : config_.hosts.front().routes) {
      found.push_back(route.path + " " + route.upstream.value);
    }
    return found;
  }

  static std::string server(const std::string& more) {
    return "server { listen 443 ssl; server_name a.test; ssl_certificate /c.pem; "
           "ssl_certificate_key /k.pem; ssl_protocols TLSv1.2 TLSv1.3; proxy_set_header Host "
           "$host; " +
           more + " }\n";
  }

  Import import_;
  config::Config config_;
};

TEST_F(NginxTranslation, AServerIsAHost) {
  import(server("location / { proxy_pass http://127.0.0.1:3000; }"));
  EXPECT_THAT(lost(), IsEmpty());
  ASSERT_EQ(config_.hosts.size(), 1U);
  EXPECT_EQ(config_.hosts[0].names[0].value.text(), "a.test");
  ASSERT_TRUE(config_.hosts[0].certificate);
  EXPECT_EQ(config_.hosts[0].certificate->chain.value, "/c.pem");
  EXPECT_THAT(routes(), ElementsAre("/ 127.0.0.1-3000"));
  ASSERT_EQ(config_.listeners.size(), 1U);
  EXPECT_EQ(config_.listeners[0].address.value.text(), "0.0.0.0:443");
  ASSERT_EQ(config_.upstreams.size(), 1U);
  EXPECT_EQ(config_.upstreams[0].endpoints[0].text, "127.0.0.1:3000");
  EXPECT_EQ(config_.limits.request_body, 1048576U);  // nginx's default
  EXPECT_EQ(import_.findings.exit_code(), ExitCode::clean);
}

TEST_F(NginxTranslation, UpstreamsKeepWeightsBackupsAndBalance) {
  import(
      "upstream x { ip_hash; server 127.0.0.1:1 weight=3; server [::1]:2 max_conns=7; server "
      "c.test:3 backup; server d.test down; }\n" +
      server("location / { proxy_pass http://x; }"));
  EXPECT_THAT(lost(), IsEmpty());
  ASSERT_EQ(config_.upstreams.size(), 1U);
  const auto& upstream = config_.upstreams[0];
  EXPECT_EQ(upstream.name, "x");
  ASSERT_EQ(upstream.endpoints.size(), 3U);
  EXPECT_EQ(upstream.endpoints[0].weight, 3U);
  EXPECT_EQ(upstream.endpoints[1].max_connections.value, 7U);
  EXPECT_TRUE(upstream.endpoints[2].backup);
  EXPECT_TRUE(upstream.balance.hash);
}

TEST_F(NginxTranslation, RoundRobinIsNginxsDefault) {
  import(server("location / { proxy_pass http://127.0.0.1:1; }") +
         "upstream y { server 127.0.0.1:2; }\n");
  EXPECT_THAT(import_.yaml, Not(HasSubstr("127.0.0.1:2")));  // nothing leads there
  EXPECT_THAT(notes(), testing::Contains("upstream y"));
  import("upstream y { server 127.0.0.1:2; }\n" + server("location / { proxy_pass http://y; }"));
  EXPECT_EQ(config_.upstreams[0].balance.method, config::BalanceMethod::round_robin);
}

TEST_F(NginxTranslation, APathThatStaysIsCarriedOver) {
  import(
      server("location / { proxy_pass http://127.0.0.1:1/; } location /a/ { proxy_pass "
             "http://127.0.0.1:2/a/; } location ~ ^/r/ { proxy_pass http://127.0.0.1:3; }"));
  EXPECT_THAT(lost(), IsEmpty());
  EXPECT_THAT(routes(), ElementsAre("/a/ 127.0.0.1-2", "/r/ 127.0.0.1-3", "/ 127.0.0.1-1"));
}

TEST_F(NginxTranslation, WhatCannotBeCarriedOverIsClosed) {
  import(
      server("location / { proxy_pass http://127.0.0.1:1; } "
             "location /v/ { proxy_pass http://127.0.0.1:2/; } "
             "location /files/ { root /srv; } "
             "location /admin/ { deny all; proxy_pass http://127.0.0.1:3; } "
             "location ~ ^/secret(/|$) { return 403; }"));
  EXPECT_THAT(routes(),
              ElementsAre("/files/ not-carried-over", "/admin/ not-carried-over",
                          "/secret not-carried-over", "/v/ not-carried-over", "/ 127.0.0.1-1"));
  EXPECT_EQ(import_.findings.exit_code(), ExitCode::untranslated);
}

TEST_F(NginxTranslation, ATrustedAddressRuleOfTheServerClosesAll) {
  import(server("allow 10.0.0.0/8; deny all; location / { proxy_pass http://127.0.0.1:1; }"));
  EXPECT_FALSE(import_.serves);
  EXPECT_EQ(import_.findings.exit_code(), ExitCode::untranslated);
}

TEST_F(NginxTranslation, PlainHttpBecomesARedirect) {
  for (const char* const redirect :
       {"return 301 https://$host$request_uri;", "return 302 https://a.test$request_uri;",
        "rewrite ^ https://$host$request_uri? permanent;",
        "location / { return 301 https://$server_name$request_uri; }",
        "if ($host = a.test) { return 301 https://$host$request_uri; } return 404;"}) {
    import(std::string("server { listen 80; server_name a.test; ") + redirect + " }\n" +
           server("location / { proxy_pass http://127.0.0.1:1; }"));
    EXPECT_THAT(lost(), IsEmpty()) << redirect;
    ASSERT_EQ(config_.listeners.size(), 2U) << redirect;
    EXPECT_EQ(config_.listeners[1].redirect_to_https, 443) << redirect;
  }
}

TEST_F(NginxTranslation, ARedirectToAnotherNameIsTold) {
  import(
      "server { listen 80; server_name a.test b.test; return 301 https://a.test$request_uri; }\n" +
      server("location / { proxy_pass http://127.0.0.1:1; }"));
  ASSERT_EQ(config_.listeners.size(), 2U);
  EXPECT_EQ(config_.listeners[1].redirect_to_https, 443);
  EXPECT_THAT(lost(), ElementsAre("return 301 https://a.test$request_uri",
                                  "server_name a.test b.test"));  // b.test has no host
}

TEST_F(NginxTranslation, WhatIsNoFileLeadsToTheNamedLocation) {
  import(
      server("location / { root /srv; try_files $uri @app; } "
             "location @app { proxy_pass http://127.0.0.1:1; } "
             "location /kept/ { try_files $uri @kept; } "
             "location @kept { deny all; proxy_pass http://127.0.0.1:2; }"));
  EXPECT_THAT(routes(), ElementsAre("/kept/ not-carried-over", "/ 127.0.0.1-1"));
  EXPECT_THAT(lost(), testing::Contains("try_files $uri @app"));
  EXPECT_THAT(lost(), testing::Contains("location /kept/"));
  import(server("root /srv; try_files $uri @app; location @app { proxy_pass http://[::1]:1; }"));
  EXPECT_THAT(routes(), ElementsAre("/ 1-1"));
  EXPECT_THAT(lost(), testing::Contains("try_files $uri @app"));
}

TEST_F(NginxTranslation, FilesThatNothingLeadsToAreNoLoss) {
  import(server("root /srv; index index.html; location / { proxy_pass http://127.0.0.1:1; }"));
  EXPECT_THAT(lost(), IsEmpty());
  import(server("root /srv; location /a/ { proxy_pass http://127.0.0.1:1; }"));
  EXPECT_THAT(lost(), ElementsAre("root /srv"));
}

TEST_F(NginxTranslation, ExpressionsThatArePrefixesAreRoutes) {
  import(
      server("location ~ ^/(api|socket.io)/ { proxy_pass http://127.0.0.1:1; } "
             "location ~ ^/(?:a|b\\.c)(/|$) { proxy_pass http://127.0.0.1:2; } "
             "location ~ ^(/_matrix|/_client) { proxy_pass http://127.0.0.1:3; }"));
  EXPECT_THAT(lost(), IsEmpty());
  EXPECT_THAT(routes(),
              testing::UnorderedElementsAre("/socket.io/ 127.0.0.1-1", "/_matrix 127.0.0.1-3",
                                            "/_client 127.0.0.1-3", "/api/ 127.0.0.1-1",
                                            "/b.c 127.0.0.1-2", "/a 127.0.0.1-2"));
  for (const char* const other :
       {"~ ^/a[0-9]", "~ ^/(a|b)?/", "~ /a/", "~* ^/a/", "~ ^/a.*b", "~ ^/(a|(b))/", "~ ^/a$"}) {
    import(server("location / { proxy_pass http://127.0.0.1:1; } location " + std::string(other) +
                  " { proxy_pass http://127.0.0.1:2; }"));
    EXPECT_THAT(routes(), ElementsAre("/ 127.0.0.1-1")) << other;
    EXPECT_EQ(lost().size(), 1U) << other;
  }
}

TEST_F(NginxTranslation, AnExpressionThatLeadsWhereAllRoutesDoIsNoLoss) {
  const std::string expression =
      "location ~ /v[0-9]+/ws$ { proxy_pass http://127.0.0.1:1; proxy_hide_header X; }";
  import(server("location / { proxy_pass http://127.0.0.1:1; } " + expression));
  EXPECT_THAT(lost(), ElementsAre("proxy_hide_header X"));
  import(server("location / { proxy_pass http://127.0.0.1:2; } " + expression));
  EXPECT_THAT(lost(), ElementsAre("location ~ /v[0-9]+/ws$"));
  import(server("location /a/ { proxy_pass http://127.0.0.1:1; } " + expression));
  EXPECT_THAT(lost(), ElementsAre("location ~ /v[0-9]+/ws$"));  // or it would get 404
}

TEST_F(NginxTranslation, WhatAnExpressionKeptClientsOutOfIsClosed) {
  import(
      server("location / { proxy_pass http://127.0.0.1:1; } "
             "location /a/b/ { proxy_pass http://127.0.0.1:2; } "
             "location ^~ /a/c/ { proxy_pass http://127.0.0.1:2; } "
             "location ~ ^/a/ { deny all; } "
             "location /d { proxy_pass http://127.0.0.1:2; } "
             "location = /d { deny all; }"));
  EXPECT_THAT(routes(),
              ElementsAre("/a/b/ not-carried-over", "/a/c/ 127.0.0.1-2", "/a/ not-carried-over",
                          "/d not-carried-over", "/ 127.0.0.1-1"));
}

TEST_F(NginxTranslation, WhatIsNotFoundNeedsNoRoute) {
  import(server("location /a/ { proxy_pass http://127.0.0.1:1; } location / { return 404; }"));
  EXPECT_THAT(lost(), IsEmpty());
  EXPECT_THAT(routes(), ElementsAre("/a/ 127.0.0.1-1"));
}

TEST_F(NginxTranslation, AGuardIsToldOnce) {
  import(
      server("location / { proxy_pass http://127.0.0.1:1; } location /a/ { satisfy any; allow "
             "10.0.0.0/8; deny all; auth_basic x; auth_basic_user_file y; proxy_pass "
             "http://127.0.0.1:1; }"));
  EXPECT_THAT(lost(), ElementsAre("location /a/"));
}

TEST_F(NginxTranslation, PlainHttpThatIsServedIsTold) {
  import(
      "server { listen 80; server_name a.test; location / { proxy_pass http://127.0.0.1:1; } }\n" +
      server("location / { proxy_pass http://127.0.0.1:1; }"));
  EXPECT_THAT(lost(), ElementsAre("server"));
  EXPECT_EQ(config_.listeners.size(), 1U);
}

TEST_F(NginxTranslation, BackendsWithTlsKeepTheirTerms) {
  import(
      server("location / { proxy_pass https://127.0.0.1:1; } location /v/ { proxy_pass "
             "https://127.0.0.1:1; proxy_ssl_verify on; proxy_ssl_name b.test; "
             "proxy_ssl_trusted_certificate ca.pem; }"));
  EXPECT_THAT(lost(), IsEmpty());
  ASSERT_EQ(config_.upstreams.size(), 2U);
  ASSERT_TRUE(config_.upstreams[0].tls);
  EXPECT_FALSE(config_.upstreams[0].tls->verify);
  ASSERT_TRUE(config_.upstreams[1].tls);
  EXPECT_TRUE(config_.upstreams[1].tls->verify);
  EXPECT_EQ(config_.upstreams[1].tls->server_name.value, "b.test");
  EXPECT_EQ(config_.upstreams[1].tls->ca.value, "/etc/nginx/ca.pem");
}

TEST_F(NginxTranslation, ACertificateTowardsTheBackendIsKeptOrTold) {
  const std::string pass = "location / { proxy_pass https://127.0.0.1:1; proxy_ssl_certificate ";
  import(server(pass + "own.pem; proxy_ssl_certificate_key own.key; }"));
  EXPECT_THAT(lost(), IsEmpty());
  ASSERT_TRUE(config_.upstreams.at(0).tls->certificate);
  EXPECT_EQ(config_.upstreams.at(0).tls->certificate->chain.value, "/etc/nginx/own.pem");
  import(server(pass + "$own; proxy_ssl_certificate_key own.key; }"));
  EXPECT_THAT(lost(), ElementsAre("proxy_ssl_certificate $own"));
  import(server(pass + "own.pem; }"));
  EXPECT_THAT(lost(), ElementsAre("proxy_ssl_certificate own.pem"));
}

TEST_F(NginxTranslation, OptionsOfSocketsAreTold) {
  std::string text = server("location / { proxy_pass http://127.0.0.1:1; }");
  text.replace(text.find("443 ssl"), 7, "443 ssl reuseport backlog=9");
  import(text);
  EXPECT_THAT(lost(), IsEmpty());
  EXPECT_THAT(notes(), testing::Contains("listen 443 ssl reuseport backlog=9"));
}

TEST_F(NginxTranslation, StreamBecomesPassthrough) {
  import("http { " + server("location / { proxy_pass http://127.0.0.1:1; }") +
         "}\nstream { map $ssl_preread_server_name $b { b.test 127.0.0.1:2; default x; }\n"
         "upstream x { server 127.0.0.1:443; }\n"
         "server { listen 8443; ssl_preread on; proxy_pass $b; proxy_protocol on; } }\n");
  EXPECT_THAT(lost(), IsEmpty());
  ASSERT_EQ(config_.hosts.size(), 2U);
  EXPECT_EQ(config_.hosts[1].names[0].value.text(), "b.test");
  EXPECT_EQ(config_.hosts[1].passthrough.value, "127.0.0.1-2");
  EXPECT_EQ(config_.upstreams[1].proxy_protocol, config::ProxyHeader::v1);
  EXPECT_EQ(config_.listeners.size(), 2U);
}

TEST_F(NginxTranslation, APatternThatMatchesNothingIsTold) {
  import("include none/*.conf;\n" + server("location / { proxy_pass http://127.0.0.1:1; }"));
  EXPECT_THAT(lost(), IsEmpty());
  EXPECT_THAT(notes(), testing::Contains("include none/*.conf"));
}

TEST_F(NginxTranslation, ADefaultOfStreamThatLeadsElsewhereIsTold) {
  import(
      "stream { map $ssl_preread_server_name $b { b.test 127.0.0.1:2; default 127.0.0.1:3; }\n"
      "server { listen 443; ssl_preread on; proxy_pass $b; } }\n");
  EXPECT_THAT(lost(), ElementsAre("default 127.0.0.1:3"));
}

TEST_F(NginxTranslation, HostsKeepTheirTerms) {
  import(
      server("ssl_client_certificate ca.pem; ssl_verify_client optional; ssl_stapling_file s.der; "
             "add_header Strict-Transport-Security \"max-age=63072000; includeSubDomains; "
             "preload\" always; client_max_body_size 0; proxy_read_timeout 90; "
             "location / { proxy_pass http://127.0.0.1:1; }"));
  EXPECT_THAT(lost(), IsEmpty());
  const config::Host& host = config_.hosts.at(0);
  ASSERT_TRUE(host.client_certificates);
  EXPECT_EQ(host.client_certificates->mode, config::ClientCertificateRule::optional);
  ASSERT_TRUE(host.hsts);
  EXPECT_EQ(host.hsts->field_value(), "max-age=63072000; includeSubDomains; preload");
  EXPECT_EQ(host.certificate->staple.value, "/etc/nginx/s.der");
  EXPECT_EQ(config_.limits.request_body, 0U);
  EXPECT_EQ(config_.timeouts.idle_http, Duration(90'000));
}

TEST_F(NginxTranslation, HoursOfSilenceAreMeantForWebSockets) {
  const std::string upgrade =
      "proxy_http_version 1.1; proxy_set_header Host $host; proxy_set_header Upgrade "
      "$http_upgrade; proxy_set_header Connection upgrade; ";
  const std::string pass = "location / { proxy_pass http://127.0.0.1:1; proxy_read_timeout ";
  import(server(pass + "1d; " + upgrade + "}"));
  EXPECT_EQ(config_.timeouts.idle_http, Duration(60'000));
  import(server(pass + "5m; " + upgrade + "}"));
  EXPECT_EQ(config_.timeouts.idle_http, Duration(300'000));
  import(server(pass + "1d; }"));
  EXPECT_EQ(config_.timeouts.idle_http, Duration(86'400'000));
}

TEST_F(NginxTranslation, NothingIsLeftOutSilently) {
  import(
      server("location / { proxy_pass http://127.0.0.1:1; } frobnicate 1; gzip on; "
             "add_header X-Frame-Options DENY; if ($http_x) { return 418; }"));
  EXPECT_THAT(lost(), testing::IsSupersetOf({"frobnicate 1", "gzip on",
                                             "add_header X-Frame-Options DENY", "if ($http_x)"}));
}

TEST_F(NginxTranslation, TheBackendsHostIsTold) {
  import(
      "server { listen 443 ssl; server_name a.test; ssl_certificate /c.pem; ssl_certificate_key "
      "/k.pem; ssl_protocols TLSv1.3; location / { proxy_pass http://127.0.0.1:1; } }");
  EXPECT_THAT(lost(), ElementsAre("proxy_pass http://127.0.0.1:1"));
  ASSERT_TRUE(config_.hosts.at(0).tls);
}

TEST_F(NginxTranslation, AServerForAPrivateAddressIsTold) {
  import(server("location / { proxy_pass http://127.0.0.1:1; }") +
         "server { listen 127.0.0.1:9443 ssl; server_name b.test; ssl_certificate /c.pem; "
         "ssl_certificate_key /k.pem; ssl_protocols TLSv1.3; location / { proxy_set_header Host "
         "$host; proxy_pass http://127.0.0.1:2; } }\n");
  EXPECT_THAT(lost(), ElementsAre("listen 443 ssl", "listen 127.0.0.1:9443 ssl"));
}

TEST_F(NginxTranslation, WhoAnswersToEveryNameGetsWhatIsLeft) {
  import(
      "server { listen 443 ssl default_server; server_name _; ssl_certificate /c.pem; "
      "ssl_certificate_key /k.pem; ssl_protocols TLSv1.3; location / { proxy_set_header Host "
      "$host; proxy_pass http://127.0.0.1:2; } }\n" +
      server("location / { proxy_pass http://127.0.0.1:1; }"));
  EXPECT_THAT(lost(), IsEmpty());
  ASSERT_EQ(config_.hosts.size(), 2U);
  EXPECT_THAT(routes(), ElementsAre("/ 127.0.0.1-1"));
  ASSERT_EQ(config_.hosts[1].names.size(), 1U);
  EXPECT_EQ(config_.hosts[1].names[0].value.text(), "b.test");
}

TEST_F(NginxTranslation, WhatIsLeftOutIsNotServedByAWildcard) {
  const auto named = [](const std::string& name, const std::string& more) {
    return "server { listen 443 ssl; server_name " + name +
           "; ssl_certificate /c.pem; ssl_certificate_key /k.pem; ssl_protocols TLSv1.3; "
           "proxy_set_header Host $host; " +
           more + " }\n";
  };
  const std::string pass = "location / { proxy_pass http://127.0.0.1:1; }";
  for (const std::string& kept : {"auth_basic x; " + pass, std::string("return 444;"),
                                  std::string("root /srv;"), "ssl_reject_handshake on; " + pass}) {
    import(named("*.a.test", pass) + named("dead.a.test", kept));
    ASSERT_EQ(config_.hosts.size(), 2U) << kept;
    EXPECT_EQ(config_.hosts[1].names[0].value.text(), "dead.a.test");
    ASSERT_EQ(config_.hosts[1].routes.size(), 1U) << kept;
    EXPECT_EQ(config_.hosts[1].routes[0].path, "/");
    EXPECT_EQ(config_.hosts[1].routes[0].upstream.value, "not-carried-over");
    EXPECT_EQ(import_.findings.exit_code(), ExitCode::untranslated);
    import(named("a.test", pass) + named("dead.a.test", kept));
    EXPECT_EQ(config_.hosts.size(), 1U) << kept;  // its names get an alert
    EXPECT_EQ(import_.findings.exit_code(), ExitCode::untranslated);
  }
  // A later server does not get the name either.
  import(named("a.test", pass) + named("dead.a.test", "deny all; " + pass) +
         named("dead.a.test", pass));
  EXPECT_EQ(config_.hosts.size(), 1U);
}

TEST_F(NginxTranslation, AnExpressionForNamesIsNoCatchAll) {
  std::string text = server("location / { proxy_pass http://127.0.0.1:1; }");
  text.replace(text.find("a.test;"), 6, "~^api\\d+\\.a\\.test$");
  import(text);
  EXPECT_FALSE(import_.serves);
  EXPECT_THAT(lost(), testing::Contains(HasSubstr("server_name ~^api")));
  // Nor is one that serves nothing passed over: another host may take its names.
  std::string refusing = server("return 444;");
  refusing.replace(refusing.find("a.test;"), 6, "~^api\\d+\\.a\\.test$");
  import(refusing + server("location / { proxy_pass http://127.0.0.1:1; }"));
  EXPECT_THAT(lost(), testing::Contains(HasSubstr("server_name ~^api")));
}

TEST_F(NginxTranslation, ClientsNeedACertificateOfSomeCa) {
  const std::string pass = "location / { proxy_pass http://127.0.0.1:1; }";
  import(server("ssl_verify_client on; ssl_trusted_certificate t.pem; " + pass));
  EXPECT_TRUE(config_.hosts.at(0).client_certificates);
  EXPECT_THAT(routes(), ElementsAre("/ 127.0.0.1-1"));
  import(server("ssl_verify_client on; " + pass));
  EXPECT_THAT(routes(), ElementsAre("/ not-carried-over"));
  EXPECT_THAT(lost(), ElementsAre("ssl_verify_client on"));
}

TEST_F(NginxTranslation, WhatKeepsClientsOutClosesTheRoute) {
  for (const char* const guard :
       {"access_by_lua_block { ngx.exit(403) }", "rewrite_by_lua_file x.lua;", "auth_pam x;",
        "js_access x.y;", "modsecurity on;", "if ($cookie_session = \"\") { return 302 /login; }",
        "if ($blocked) { return 503; }", "if ($http_x_token != a) { rewrite ^ /login; }",
        "if (!-f /allowed/$remote_addr) { return 403; }"}) {
    import(server("location / { proxy_pass http://127.0.0.1:1; } location /g/ { " +
                  std::string(guard) + " proxy_pass http://127.0.0.1:1; }"));
    EXPECT_THAT(routes(), ElementsAre("/g/ not-carried-over", "/ 127.0.0.1-1")) << guard;
    EXPECT_EQ(import_.findings.exit_code(), ExitCode::untranslated);
  }
  for (const char* const other :
       {"auth_pam off;", "auth_basic off;", "auth_basic_user_file f;",
        "if ($scheme = http) { return 301 https://$host$request_uri; }",
        "if (-f /srv/maintenance) { return 503; }", "if ($bad_bot) { return 444; }"}) {
    import("map $http_user_agent $bad_bot { default 0; ~bot 1; }\n" +
           server("location / { proxy_pass http://127.0.0.1:1; " + std::string(other) + " }"));
    EXPECT_THAT(routes(), ElementsAre("/ 127.0.0.1-1")) << other;
  }
}

TEST_F(NginxTranslation, AnExpressionThatIsNotAllClosedIsShouted) {
  const auto shouts = [&](const std::string& location) {
    import(server("location / { proxy_pass http://127.0.0.1:1; } location " + location +
                  " { return 403; }"));
    for (const Finding& finding : import_.findings.all()) {
      if (finding.why.find("WHAT THIS KEPT AWAY") != std::string::npos) return true;
    }
    return false;
  };
  EXPECT_TRUE(shouts("~* ^/admin"));
  EXPECT_THAT(routes(), ElementsAre("/admin not-carried-over", "/ 127.0.0.1-1"));
  EXPECT_TRUE(shouts("~ ^/internal/|^/secret/"));
  EXPECT_TRUE(shouts("~ ^/ab*"));
  EXPECT_FALSE(shouts("~ ^/a/bc?x"));
  EXPECT_THAT(routes(), ElementsAre("/a/ not-carried-over", "/ 127.0.0.1-1"));
  EXPECT_FALSE(shouts("~ ^/ops/?$"));
  EXPECT_THAT(routes(), ElementsAre("/ops not-carried-over", "/ 127.0.0.1-1"));
  EXPECT_FALSE(shouts("~ ^/ops/(a|b)$"));
  EXPECT_THAT(routes(), testing::Contains("/ 127.0.0.1-1"));
  EXPECT_TRUE(shouts("\"/sp ace/\""));
  EXPECT_TRUE(shouts("= /"));
  EXPECT_THAT(routes(), ElementsAre("/ 127.0.0.1-1"));
  for (const std::string& each : lost()) EXPECT_EQ(each, "location = /");
}

TEST_F(NginxTranslation, WhatStreamLeadsNobodyToIsClosed) {
  const auto conf = [](const std::string& entries, const std::string& more) {
    return "http { server { listen 127.0.0.1:8443 ssl; server_name a.test b.test; ssl_certificate "
           "/c.pem; ssl_certificate_key /k.pem; ssl_protocols TLSv1.3; proxy_set_header Host "
           "$host; "
           "location / { proxy_pass http://127.0.0.1:1; } } }\n"
           "stream { map $ssl_preread_server_name $b { " +
           entries + " }\nserver { listen 443; ssl_preread on; proxy_pass $b; " + more + " } }\n";
  };
  const auto names_of = [&](std::size_t host) {
    std::vector<std::string> names;
    for (const auto& name : config_.hosts.at(host).names) names.push_back(name.value.text());
    return names;
  };
  import(conf("a.test 127.0.0.1:8443;", ""));
  ASSERT_EQ(config_.hosts.size(), 2U);
  EXPECT_THAT(names_of(0), ElementsAre("a.test"));
  EXPECT_THAT(routes(), ElementsAre("/ 127.0.0.1-1"));
  EXPECT_THAT(names_of(1), ElementsAre("b.test"));
  ASSERT_EQ(config_.hosts[1].routes.size(), 1U);
  EXPECT_EQ(config_.hosts[1].routes[0].upstream.value, "not-carried-over");
  EXPECT_THAT(lost(), ElementsAre("server_name a.test b.test"));
  for (const char* const all :
       {"default 127.0.0.1:8443;", "a.test [::1]:9; default 127.0.0.1:8443;",
        "a.test 127.0.0.1:8443; b.test 127.0.0.1:8443;"}) {
    import(conf(all, ""));
    EXPECT_EQ(config_.hosts.size(), 1U) << all;
    EXPECT_THAT(routes(), ElementsAre("/ 127.0.0.1-1")) << all;
  }
  import(conf("default 127.0.0.1:8443; c.test 127.0.0.1:9;", "deny all;"));
  EXPECT_THAT(lost(), testing::Contains("deny all"));
  for (const config::Host& host : config_.hosts) {
    if (host.passthrough.value.empty()) {
      EXPECT_EQ(host.routes.at(0).upstream.value, "not-carried-over");
    } else {
      EXPECT_EQ(host.passthrough.value, "not-carried-over");
    }
  }
}

TEST_F(NginxTranslation, ASecondMapForANameIsTold) {
  import(
      "stream { map $ssl_preread_server_name $b { b.test 127.0.0.1:2; }\n"
      "map $ssl_preread_server_name $c { b.test 127.0.0.1:3; }\n"
      "server { listen 443; ssl_preread on; proxy_pass $b; }\n"
      "server { listen 444; ssl_preread on; proxy_pass $b; }\n"
      "server { listen 445; ssl_preread on; proxy_pass $c; } }\n");
  EXPECT_THAT(lost(), ElementsAre("b.test 127.0.0.1:3"));
}

TEST_F(NginxTranslation, FieldsThatSayWhoAsksAreNotLeftToClients) {
  for (const char* const field :
       {"X-DN $ssl_client_s_dn", "X-U $remote_user", "X-Forwarded-User \"\"", "X-Role admin"}) {
    import(
        server("location / { proxy_pass http://127.0.0.1:1; } location /i/ { proxy_set_header "
               "Host $host; proxy_pass http://127.0.0.1:1; proxy_set_header " +
               std::string(field) + "; }"));
    EXPECT_THAT(routes(), ElementsAre("/i/ not-carried-over", "/ 127.0.0.1-1")) << field;
  }
  import(
      server("location / { proxy_pass http://127.0.0.1:1; proxy_set_header Host $host; "
             "proxy_set_header X-NginX-Proxy true; proxy_set_header Accept-Encoding \"\"; }"));
  EXPECT_THAT(routes(), ElementsAre("/ 127.0.0.1-1"));
  std::vector<std::string> shouted;
  for (const Finding& finding : import_.findings.all()) {
    if (finding.why.find("CLIENTS CAN NOW WRITE") != std::string::npos) {
      shouted.push_back(finding.directive);
    }
  }
  EXPECT_THAT(shouted, ElementsAre("proxy_set_header X-NginX-Proxy true"));
}

TEST_F(NginxTranslation, KeysAndSecretsAreNotRepeated) {
  import(
      server("location / { proxy_pass https://127.0.0.1:1; proxy_ssl_certificate own.pem; "
             "proxy_ssl_certificate_key data:-----HUSH; proxy_set_header Host $host; "
             "proxy_set_header X-Api-Key HUSH; if ($http_x_auth = HUSH) { return 403; } "
             "secure_link_md5 HUSH$uri; }"));
  EXPECT_THAT(import_.yaml, Not(HasSubstr("HUSH")));
  for (const Finding& finding : import_.findings.all()) {
    EXPECT_THAT(finding.directive + finding.what + finding.why, Not(HasSubstr("HUSH")));
  }
  import(
      server("location / { proxy_pass https://127.0.0.1:1; proxy_ssl_certificate own.pem; "
             "proxy_ssl_certificate_key $key; }"));
  EXPECT_THAT(lost(), ElementsAre("proxy_ssl_certificate own.pem"));
}

TEST_F(NginxTranslation, WhatIsReturnedGoesBeforeTheBackend) {
  import(
      server("location / { proxy_pass http://127.0.0.1:1; } "
             "location /off/ { return 403; proxy_pass http://127.0.0.1:1; } "
             "location ~ ^/r/ { proxy_pass http://127.0.0.1:1; return 403; }"));
  EXPECT_THAT(routes(),
              ElementsAre("/off/ not-carried-over", "/r/ not-carried-over", "/ 127.0.0.1-1"));
}

TEST_F(NginxTranslation, TheLastSetCounts) {
  import(
      server("set $b http://127.0.0.1:1; set $b http://127.0.0.1:2; location / { proxy_pass $b; "
             "}"));
  EXPECT_THAT(routes(), ElementsAre("/ 127.0.0.1-2"));
  import(
      server("set $b http://127.0.0.1:1; if ($host = b.test) { set $b http://127.0.0.1:2; } "
             "location / { proxy_pass $b; } location /a/ { proxy_pass http://127.0.0.1:3; }"));
  EXPECT_THAT(routes(), ElementsAre("/a/ 127.0.0.1-3", "/ not-carried-over"));
}

TEST_F(NginxTranslation, AWeightThatIsCutIsTold) {
  import("upstream x { server 127.0.0.1:1 weight=5000; server 127.0.0.1:2; }\n" +
         server("location / { proxy_pass http://x; }"));
  EXPECT_EQ(config_.upstreams.at(0).endpoints.at(0).weight, 1000U);
  EXPECT_THAT(lost(), ElementsAre("server 127.0.0.1:1 weight=5000"));
}

TEST_F(NginxTranslation, HstsOfSomePathsIsTold) {
  const std::string field = "add_header Strict-Transport-Security max-age=31536000; ";
  import(server("location / { proxy_pass http://127.0.0.1:1; } location /h/ { " + field +
                "proxy_pass http://127.0.0.1:1; }"));
  EXPECT_FALSE(config_.hosts.at(0).hsts);
  EXPECT_THAT(lost(), ElementsAre("add_header Strict-Transport-Security max-age=31536000"));
  import(server(field + "location / { proxy_pass http://127.0.0.1:1; add_header X-A b; }"));
  EXPECT_TRUE(config_.hosts.at(0).hsts);
  EXPECT_THAT(lost(), testing::Contains(HasSubstr("Strict-Transport-Security")));
}

TEST_F(NginxTranslation, ARedirectToTheFirstPageIsARedirect) {
  import("server { listen 80; server_name a.test; return 301 https://$server_name/; }\n" +
         server("location / { proxy_pass http://127.0.0.1:1; }"));
  EXPECT_EQ(config_.listeners.at(1).redirect_to_https, 443);
  EXPECT_THAT(lost(), ElementsAre("return 301 https://$server_name/"));
}

TEST_F(NginxTranslation, APartOfAConfigurationIsToldToBeOne) {
  const std::string text = server("location / { proxy_pass http://127.0.0.1:1; }");
  const MemorySources sources = in_memory({{"/n/sites-enabled/a", text}, {"/n/nginx.conf", ""}});
  const auto read = [](const std::string&, const std::string&) { return facts_for({"a.test"}); };
  Report report;
  const Import part = import_file("/n/sites-enabled/a", sources, read, {}, report);
  EXPECT_TRUE(part.serves);
  EXPECT_EQ(part.findings.exit_code(), ExitCode::untranslated);
  EXPECT_THAT(part.findings.all().front().why, HasSubstr("/n/nginx.conf"));
}

TEST_F(NginxTranslation, TheSameTextEachTime) {
  const std::string text = server("location / { proxy_pass http://127.0.0.1:1; }");
  import(text);
  const std::string first = import_.yaml;
  import(text);
  EXPECT_EQ(import_.yaml, first);
}

TEST(NginxDraft, ScalarsAreReadAsTheyAre) {
  EXPECT_EQ(yaml_scalar("/etc/a.pem"), "/etc/a.pem");
  EXPECT_EQ(yaml_scalar("*.a.test"), "\"*.a.test\"");
  EXPECT_EQ(yaml_scalar("127.0.0.1:80"), "\"127.0.0.1:80\"");
  EXPECT_EQ(yaml_scalar("1.2"), "\"1.2\"");
  EXPECT_EQ(yaml_scalar("off"), "\"off\"");
  EXPECT_EQ(yaml_scalar(""), "\"\"");
  EXPECT_EQ(yaml_scalar("a\"b\\c\n"), "\"a\\\"b\\\\c\\x0A\"");
  EXPECT_EQ(yaml_scalar("${HOME}"), "\"$${HOME}\"");
}

}  // namespace
}  // namespace wssgate::nginx
