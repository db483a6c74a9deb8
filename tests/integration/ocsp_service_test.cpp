// Staples in the running process: there on the first handshake, and what happens without.

#include <gtest/gtest.h>

#include <csignal>
#include <nlohmann/json.hpp>
#include <thread>

#include "support/eventually.h"
#include "support/live_gateway.h"
#include "support/ocsp_responder.h"

namespace wssgate::test {
namespace {

using namespace std::chrono_literals;

class OcspService : public testing::Test {
 protected:
  /// A certificate that names the responder; with must-staple if so wished.
  TestCertificate mint(const LiveGateway& gateway, const std::string& tls_feature = "") const {
    CertificateOptions options;
    options.common_name = "a.test";
    options.names = {"a.test"};
    options.authority_info_access = "OCSP;URI:" + responder_.url();
    options.tls_feature = tls_feature;
    return gateway.ca().intermediate.issue(options);
  }

  static std::string good(const LiveGateway& gateway, const TestCertificate& leaf) {
    return ocsp_response(leaf, gateway.ca().intermediate, StapledCertificate::lasting(1h));
  }

  static std::string host(const std::string& mode) {
    return "hosts: [{names: [a.test], ocsp: " + mode +
           ", routes: [{upstream: u}]}]\n"
           "upstreams: {u: {endpoints: [\"127.0.0.1:9\"]}}\n";
  }

  /// Serves a.test with `leaf`, whose responder answers with `response`.
  LiveGateway::Fill serving(const std::string& mode, const std::string& tls_feature = "") {
    return [this, mode, tls_feature](LiveGateway& gateway) {
      first_ = mint(gateway, tls_feature);
      gateway.install("a", *first_);
      if (responds_) responder_.answers(good(gateway, *first_));
      return gateway.configuration(host(mode));
    };
  }

  static TlsClient connect(const LiveGateway& gateway, int version = TLS1_3_VERSION) {
    return TlsClient(gateway.address(), TlsOptions{.server_name = "a.test",
                                                   .min_version = version,
                                                   .max_version = version,
                                                   .status_request = true});
  }

  static int refusal(const LiveGateway& gateway) {
    try {
      connect(gateway);
    } catch (const TlsRefused& refused) {
      return refused.alert;
    }
    return 0;
  }

  ScriptedResponder responder_;
  bool responds_ = true;
  std::optional<TestCertificate> first_;
};

TEST_F(OcspService, RequiredStaplesAreThereOnTheFirstHandshake) {
  const LiveGateway gateway(serving("required"));
  EXPECT_FALSE(connect(gateway, TLS1_2_VERSION).staple().empty());
  EXPECT_FALSE(connect(gateway, TLS1_3_VERSION).staple().empty());
  EXPECT_EQ(gateway.status()["certificates"][0]["served"]["ocsp"]["state"], "good");
}

/// When it was, by the second.
std::string last_reload(const LiveGateway& gateway) {
  return gateway.status()["last_reload"]["at"];
}

// A staple that has come leads to one rebuild, not to one after the other.
TEST_F(OcspService, AllIsQuietOnceTheStapleIsThere) {
  const LiveGateway gateway(serving("required"));
  EXPECT_TRUE(eventually([&] {
    const std::string before = last_reload(gateway);
    std::this_thread::sleep_for(1500ms);  // its times are whole seconds
    return last_reload(gateway) == before;
  }));
}

TEST_F(OcspService, OthersAreFetchedInTheBackgroundAtOnce) {
  const LiveGateway gateway(serving("auto"));
  EXPECT_TRUE(eventually([&] { return !connect(gateway).staple().empty(); }));
}

TEST_F(OcspService, OffStaplesNothing) {
  const LiveGateway gateway(serving("off"));
  EXPECT_TRUE(connect(gateway).staple().empty());
  EXPECT_EQ(responder_.connections(), 0);
}

TEST_F(OcspService, RequiredWithoutOneRefusesUntilItHasCome) {
  responds_ = false;
  const LiveGateway gateway(serving("required"));
  EXPECT_EQ(refusal(gateway), SSL_AD_INTERNAL_ERROR);
  EXPECT_EQ(gateway.await_events("connection_refused").front()["reason"], "staple_unavailable");
}

TEST_F(OcspService, MustStapleWithoutOneRefuses) {
  responds_ = false;
  const LiveGateway gateway(serving("auto", "status_request"));
  EXPECT_EQ(refusal(gateway), SSL_AD_INTERNAL_ERROR);
}

TEST_F(OcspService, MustStapleWithOneServes) {
  const LiveGateway gateway(serving("auto", "status_request"));
  EXPECT_FALSE(connect(gateway).staple().empty());
}

TEST_F(OcspService, ARevokedCertificateThatMustBeStapledServesNoMore) {
  const LiveGateway::Fill fill = [this](LiveGateway& gateway) {
    first_ = mint(gateway);
    gateway.install("a", *first_);
    OcspAnswer answer = StapledCertificate::lasting(1h);
    answer.status = V_OCSP_CERTSTATUS_REVOKED;
    responder_.answers(ocsp_response(*first_, gateway.ca().intermediate, answer));
    return gateway.configuration(host("required"));
  };
  const LiveGateway gateway(fill);
  EXPECT_EQ(refusal(gateway), SSL_AD_INTERNAL_ERROR);
  EXPECT_EQ(gateway.await_events("certificate_revoked").front()["level"], "error");
  EXPECT_EQ(gateway.await_events("connection_refused").front()["message"],
            "the CA has revoked the certificate");
  EXPECT_EQ(gateway.status()["certificates"][0]["served"]["ocsp"]["state"], "revoked");
}

TEST_F(OcspService, ARenewedCertificateWaitsForItsStaple) {
  const LiveGateway gateway(serving("required"));
  const std::string before = gateway.presented("a.test");
  responder_.does([](RawClient&, int) {});  // closes without an answer
  const TestCertificate renewed = mint(gateway);

  gateway.install("a", renewed);
  gateway.reload();
  EXPECT_EQ(gateway.presented("a.test"), before);
  EXPECT_FALSE(connect(gateway).staple().empty());
  const auto waiting = gateway.status()["certificates"][0];
  EXPECT_EQ(waiting["on_disk"], "waiting");
  EXPECT_EQ(waiting["served"]["fingerprint"], before);
  EXPECT_EQ(waiting["served"]["hosts"][0], "a.test");

  // As a file: the responder is asked again in a minute only.
  gateway.write("certs/a/ocsp.der", good(gateway, renewed));
  gateway.await_presented("a.test", fingerprint_of(renewed));
  EXPECT_FALSE(connect(gateway).staple().empty());
}

TEST_F(OcspService, WhatServesMeanwhileEndsWithItsDates) {
  const LiveGateway::Fill fill = [this](LiveGateway& gateway) {
    CertificateOptions options;
    options.common_name = "a.test";
    options.names = {"a.test"};
    options.authority_info_access = "OCSP;URI:" + responder_.url();
    options.not_after = std::chrono::system_clock::now() + 4s;
    first_ = gateway.ca().intermediate.issue(options);
    gateway.install("a", *first_);
    responder_.answers(good(gateway, *first_));
    return gateway.configuration(host("required"));
  };
  const LiveGateway gateway(fill);
  responder_.does([](RawClient&, int) {});
  gateway.install("a", mint(gateway));
  gateway.reload();
  EXPECT_TRUE(eventually([&] { return refusal(gateway) == SSL_AD_INTERNAL_ERROR; }));
  EXPECT_EQ(gateway.status()["hosts_without_certificate"][0], "a.test");
}

TEST_F(OcspService, ATwinWithoutItsStapleLeavesTheOtherServing) {
  const LiveGateway::Fill fill = [this](LiveGateway& gateway) {
    CertificateOptions options;
    options.common_name = "a.test";
    options.names = {"a.test"};
    options.authority_info_access = "OCSP;URI:" + responder_.url();
    options.key = TestKey::rsa2048;
    const TestCertificate rsa = gateway.ca().intermediate.issue(options);
    first_ = mint(gateway);
    gateway.install("ecdsa", *first_);
    gateway.install("rsa", rsa);
    responder_.answers(good(gateway, rsa));  // which is no answer for the other
    return gateway.configuration(host("required"));
  };
  const LiveGateway gateway(fill);
  EXPECT_TRUE(eventually([&] {
    try {
      return !connect(gateway).staple().empty();
    } catch (const TlsRefused&) {
      return false;
    }
  }));
}

TEST_F(OcspService, SignalsAreHeededWhileItStarts) {
  responder_.does([](RawClient& client, int) { client.read_all(); });  // never answers
  TempFolder folder;
  const TestCa ca;
  CertificateOptions options;
  options.common_name = "a.test";
  options.names = {"a.test"};
  options.authority_info_access = "OCSP;URI:" + responder_.url();
  const TestCertificate leaf = ca.intermediate.issue(options);
  folder.write("root.pem", ca.root.pem());
  folder.write("certs/a/fullchain.pem", ca.chain(leaf));
  folder.write("certs/a/privkey.pem", leaf.key_pem());
  Process process({"run", "-c",
                   folder.write("wssgate.yaml",
                                "listeners: [{address: \"127.0.0.1:0\"}]\n"
                                "admin: {address: \"off\"}\n"
                                "stapling: {cache: \"off\"}\n"
                                "certificates: {folders: [certs], roots: [root.pem]}\n" +
                                    host("required"))});
  ASSERT_TRUE(eventually([&] { return responder_.connections() > 0; }));
  process.signal(SIGHUP);
  process.wait_for_error("serving");
  process.signal(SIGTERM);
  EXPECT_EQ(process.wait(), 0);
}

TEST_F(OcspService, ARenewedCertificateServesAsSoonAsItsStapleHasCome) {
  const LiveGateway gateway(serving("required"));
  const TestCertificate renewed = mint(gateway);
  responder_.answers(good(gateway, renewed));

  gateway.install("a", renewed);

  gateway.await_presented("a.test", fingerprint_of(renewed));
  EXPECT_FALSE(connect(gateway).staple().empty());
}

TEST_F(OcspService, AWrongStapleFileIsWarnedOfAndNotServed) {
  const LiveGateway::Fill fill = [this](LiveGateway& gateway) {
    first_ = gateway.mint({"a.test"});
    gateway.install("a", *first_);
    gateway.write("certs/a/ocsp.der", "junk");
    return gateway.configuration(host("auto"));
  };
  const LiveGateway gateway(fill);
  EXPECT_TRUE(connect(gateway).staple().empty());
  const std::string told = gateway.await_events("configuration_warning").front()["message"];
  EXPECT_NE(told.find("not stapled"), std::string::npos) << told;
}

}  // namespace
}  // namespace wssgate::test
