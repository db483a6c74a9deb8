#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "support/eventually.h"
#include "support/http_text.h"
#include "support/live_gateway.h"
#include "support/tls_backend.h"

// What TLS to upstreams rests on, while wssgate serves: files that are renewed, files that are bad,
// the roots of the system, and upstreams that are not verified.
namespace wssgate::test {
namespace {

using ::testing::HasSubstr;

std::string hosts(const Backend& backend, const std::string& tls) {
  return "hosts: [{names: [a.test], routes: [{upstream: app}]}]\n"
         "upstreams: {app: {endpoints: [\"" +
         backend.endpoint() + "\"], tls: " + tls + "}}\n";
}

TlsScript naming_its_client() {
  return [](TlsServer& proxy, int) {
    for (;;) {
      proxy.read_message();
      proxy.write(ok(proxy.client_name()));
    }
  };
}

int status_now(const LiveGateway& gateway) {
  TlsClient client(gateway.address(), "a.test");
  return status_of(get(client, "a.test"));
}

class UpstreamTlsReload : public testing::Test {
 protected:
  LiveGateway serving(const Backend& backend, const std::string& tls) {
    return LiveGateway([&](LiveGateway& gateway) {
      gateway.renew("a.test");
      gateway.write("app-ca.pem", root_.pem());
      return gateway.configuration(hosts(backend, tls));
    });
  }

  TestCertificate root_ = TestCertificate::root("App CA");
  TestCertificate leaf_ = root_.leaf({"127.0.0.1"});
  TestCertificate other_root_ = TestCertificate::root("Other CA");
  TestCertificate other_leaf_ = other_root_.leaf({"127.0.0.1"});
};

TEST_F(UpstreamTlsReload, ARenewedCaIsSeenByItself) {
  Backend backend(over_tls({.leaf = &other_leaf_}, naming_its_client()));
  const LiveGateway gateway = serving(backend, "{ca: app-ca.pem}");
  EXPECT_EQ(status_now(gateway), 502);
  const auto refused = gateway.await_events("upstream_tls_refused").front();
  EXPECT_EQ(refused["reason"], "upstream_certificate_untrusted");
  EXPECT_EQ(refused["upstream"], "app");
  EXPECT_EQ(refused["endpoint"], backend.endpoint());
  EXPECT_THAT(refused["message"].get<std::string>(), HasSubstr("'Other CA'"));

  gateway.write("app-ca.pem", other_root_.pem());
  EXPECT_TRUE(eventually([&] { return status_now(gateway) == 200; }));
}

TEST_F(UpstreamTlsReload, ACaThatIsTakenAwayEndsTheUseOfKeptConnections) {
  Backend backend(over_tls({.leaf = &leaf_}, naming_its_client()));
  const LiveGateway gateway = serving(backend, "{ca: app-ca.pem}");
  EXPECT_EQ(status_now(gateway), 200);
  gateway.write("app-ca.pem", other_root_.pem());
  EXPECT_TRUE(gateway.reload()["ok"]);
  EXPECT_EQ(status_now(gateway), 502);
}

TEST_F(UpstreamTlsReload, ABadCaKeepsTheOneBeforeAndIsTold) {
  Backend backend(over_tls({.leaf = &leaf_}, naming_its_client()));
  const LiveGateway gateway = serving(backend, "{ca: app-ca.pem}");
  gateway.write("app-ca.pem", "junk");
  const auto answer = gateway.reload();
  EXPECT_FALSE(answer["ok"]);
  EXPECT_THAT(answer.dump(), HasSubstr("app-ca.pem"));
  EXPECT_EQ(status_now(gateway), 200);
}

TEST_F(UpstreamTlsReload, KeptConnectionsGoOnWhereNothingOfItHasChanged) {
  Backend backend(over_tls({.leaf = &leaf_}, naming_its_client()));
  const LiveGateway gateway = serving(backend, "{ca: app-ca.pem}");
  TlsClient client(gateway.address(), "a.test");
  EXPECT_EQ(status_of(get(client, "a.test")), 200);
  gateway.configure(hosts(backend, "{ca: app-ca.pem}") + "limits: {connections: 1000}\n");
  EXPECT_TRUE(gateway.reload()["ok"]);
  EXPECT_EQ(status_of(get(client, "a.test")), 200);
  EXPECT_EQ(backend.connections(), 1);
}

TEST_F(UpstreamTlsReload, ARenewedClientCertificateIsShown) {
  CertificateOptions options;
  options.extended_key_usage = "clientAuth";
  options.common_name = "one";
  const TestCertificate one = root_.issue(options);
  options.common_name = "two";
  const TestCertificate two = root_.issue(options);
  Backend backend(over_tls({.leaf = &leaf_, .client_ca = &root_}, naming_its_client()));
  const LiveGateway gateway([&](LiveGateway& made) {
    made.renew("a.test");
    made.write("app-ca.pem", root_.pem());
    made.folder().write("own/chain.pem", one.pem());
    made.folder().write("own/key.pem", one.key_pem());
    return made.configuration(
        hosts(backend, "{ca: app-ca.pem, certificate: {chain: own/chain.pem, key: own/key.pem}}"));
  });
  const auto shown = [&] {
    TlsClient client(gateway.address(), "a.test");
    return body_of(get(client, "a.test"));
  };
  EXPECT_EQ(shown(), "one");
  gateway.write("own/key.pem", two.key_pem());
  const auto half = gateway.reload();
  EXPECT_FALSE(half["ok"]);
  EXPECT_THAT(half.dump(), HasSubstr("is not the key of 'one'"));
  EXPECT_EQ(shown(), "one");
  gateway.write("own/chain.pem", two.pem());
  EXPECT_TRUE(eventually([&] { return shown() == "two"; }));
}

TEST_F(UpstreamTlsReload, TheRootsOfTheSystemAndOfTheConfigurationCountByDefault) {
  std::optional<Backend> by_system;
  std::optional<Backend> by_configuration;
  std::optional<TestCertificate> below_ours;
  const LiveGateway gateway([&](LiveGateway& made) {
    made.renew("a.test");
    made.renew("b.test");
    made.write("no-roots.pem", root_.pem());  // where this process has the system's roots
    below_ours.emplace(made.ca().root.leaf({"127.0.0.1"}));
    by_system.emplace(over_tls({.leaf = &leaf_}, naming_its_client()));
    by_configuration.emplace(over_tls({.leaf = &*below_ours}, naming_its_client()));
    return made.configuration(
        "hosts:\n"
        "  - {names: [a.test], routes: [{upstream: a}]}\n"
        "  - {names: [b.test], routes: [{upstream: b}]}\n"
        "upstreams:\n"
        "  a: {endpoints: [\"" +
        by_system->endpoint() + "\"], tls: on}\n  b: {endpoints: [\"" +
        by_configuration->endpoint() + "\"], tls: on}\n");
  });
  for (const char* name : {"a.test", "b.test"}) {
    TlsClient client(gateway.address(), name);
    EXPECT_EQ(status_of(get(client, name)), 200) << name;
  }
}

TEST_F(UpstreamTlsReload, WhatIsNotVerifiedIsShoutedAtEveryReload) {
  Backend backend(over_tls({.leaf = &other_leaf_}, naming_its_client()));
  const LiveGateway gateway = serving(backend, "{verify: off}");
  EXPECT_EQ(status_now(gateway), 200);
  const auto shouted = gateway.await_events("upstream_not_verified").front();
  EXPECT_EQ(shouted["level"], "warn");
  EXPECT_EQ(shouted["upstream"], "app");
  EXPECT_THAT(gateway.await_events("configuration_warning").front()["message"].get<std::string>(),
              HasSubstr("NOT VERIFIED"));
  gateway.reload();
  gateway.await_events("upstream_not_verified", 2);
  EXPECT_EQ(gateway.status()["unverified_upstreams"], nlohmann::json::array({"app"}));
  EXPECT_THAT(run_wssgate({"status", "-c", gateway.path("wssgate.yaml")}).output,
              HasSubstr("NOT VERIFIED   the upstream 'app'"));

  gateway.configure(hosts(backend, "{ca: app-ca.pem}"));
  EXPECT_TRUE(gateway.reload()["ok"]);
  EXPECT_EQ(gateway.status()["unverified_upstreams"], nlohmann::json::array());
  EXPECT_EQ(status_now(gateway), 502) << "neither a kept connection nor a session goes on";
}

}  // namespace
}  // namespace wssgate::test
