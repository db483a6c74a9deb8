#include "pki/tls_peer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>

#include "support/temp_folder.h"
#include "support/test_ca.h"

namespace wssgate::pki {
namespace {

using test::CertificateOptions;
using test::TestCertificate;
using ::testing::HasSubstr;

/// An upstream's side of handshakes, joined to ours by memory.
class Server {
 public:
  explicit Server(const TestCertificate& leaf, int version = TLS1_3_VERSION)
      : context_(SSL_CTX_new(TLS_server_method()), SSL_CTX_free) {
    SSL_CTX_set_min_proto_version(context_.get(), version);
    SSL_CTX_set_max_proto_version(context_.get(), version);
    SSL_CTX_use_certificate(context_.get(), leaf.certificate());
    SSL_CTX_use_PrivateKey(context_.get(), leaf.key());
  }

  struct Outcome {
    bool done = false;
    bool resumed = false;
    std::optional<Error> fault;
  };
  /// A whole connection of ours.
  Outcome meet(TlsPeer& peer) const {
    const SslPtr client = peer.begin();
    const SslPtr server(SSL_new(context_.get()));
    SSL_set_accept_state(server.get());
    BIO* to_server = BIO_new(BIO_s_mem());
    BIO* to_client = BIO_new(BIO_s_mem());
    for (BIO* bio : {to_server, to_client}) {
      BIO_up_ref(bio);
      BIO_set_mem_eof_return(bio, -1);
    }
    SSL_set_bio(client.get(), to_client, to_server);
    SSL_set_bio(server.get(), to_server, to_client);
    for (int i = 0; i < 10; ++i) {
      SSL_do_handshake(client.get());
      SSL_do_handshake(server.get());
    }
    char none = 0;
    SSL_read(client.get(), &none, 0);
    SSL_read(client.get(), &none, 1);  // the tickets of TLS 1.3
    return {SSL_is_init_finished(client.get()) == 1, SSL_session_reused(client.get()) == 1,
            peer_certificate_fault(client.get())};
  }

 private:
  std::shared_ptr<SSL_CTX> context_;
};

class TlsPeerTest : public testing::Test {
 protected:
  UpstreamTrust trust_in(const TestCertificate& root) {
    Report report;
    auto trust = UpstreamTrust::load({folder_.write("ca.pem", root.pem()), {}},
                                     std::chrono::system_clock::now(), report);
    EXPECT_TRUE(trust) << report.text();
    return *std::move(trust);
  }
  std::shared_ptr<TlsPeer> peer(const std::string& name = "app.test",
                                const std::string& upstream = "app") {
    const UpstreamTrust trust = trust_in(root_);
    return std::make_shared<TlsPeer>(*make_peer_terms(upstream, "", &trust, nullptr), name);
  }

  test::TempFolder folder_;
  TestCertificate root_ = TestCertificate::root("App CA");
  TestCertificate leaf_ = root_.leaf({"app.test", "10.0.0.1"});
};

TEST_F(TlsPeerTest, TakesTheNameItWants) {
  const Server server(leaf_);
  EXPECT_TRUE(server.meet(*peer()).done);
  EXPECT_TRUE(server.meet(*peer("10.0.0.1")).done);
  const auto other = server.meet(*peer("other.test"));
  EXPECT_FALSE(other.done);
  ASSERT_TRUE(other.fault);
  EXPECT_EQ(other.fault->reason, Reason::upstream_certificate_name);
  EXPECT_EQ(server.meet(*peer("10.0.0.2")).fault->reason, Reason::upstream_certificate_name);
}

TEST_F(TlsPeerTest, AnAddressIsNoDnsName) {
  const TestCertificate leaf = root_.leaf({"DNS:10.0.0.1"});
  EXPECT_EQ(Server(leaf).meet(*peer("10.0.0.1")).fault->reason, Reason::upstream_certificate_name);
}

TEST_F(TlsPeerTest, AWildcardIsOneWholeLabel) {
  const TestCertificate wildcard = root_.leaf({"*.app.test"});
  EXPECT_TRUE(Server(wildcard).meet(*peer("a.app.test")).done);
  EXPECT_FALSE(Server(wildcard).meet(*peer("a.b.app.test")).done);
  EXPECT_FALSE(Server(wildcard).meet(*peer("app.test")).done);
  EXPECT_FALSE(Server(root_.leaf({"a*.app.test"})).meet(*peer("ab.app.test")).done);
}

class TlsPeerSessions : public TlsPeerTest, public testing::WithParamInterface<int> {};

TEST_P(TlsPeerSessions, AreResumedAndBounded) {
  const Server server(leaf_, GetParam());
  const auto ours = peer();
  EXPECT_FALSE(server.meet(*ours).resumed);
  for (int i = 0; i < 30; ++i) EXPECT_TRUE(server.meet(*ours).resumed);
  EXPECT_LE(ours->sessions(), 8U);
  EXPECT_GE(ours->sessions(), 1U);
}

TEST_P(TlsPeerSessions, BelongToTheirPeer) {
  const Server server(leaf_, GetParam());
  EXPECT_FALSE(server.meet(*peer()).resumed);
  EXPECT_FALSE(server.meet(*peer()).resumed);
}

TEST_P(TlsPeerSessions, EndWithTheCertificateTheyRestOn) {
  CertificateOptions options;
  options.common_name = "app.test";
  options.names = {"app.test"};
  options.not_after = test::day(2021, 1, 1);
  const TestCertificate ended = root_.issue(options);
  const Server server(ended, GetParam());
  const auto unverified =
      std::make_shared<TlsPeer>(*make_peer_terms("app", "", nullptr, nullptr), "app.test");
  EXPECT_TRUE(server.meet(*unverified).done);
  EXPECT_FALSE(server.meet(*unverified).resumed);
}

INSTANTIATE_TEST_SUITE_P(Versions, TlsPeerSessions, testing::Values(TLS1_2_VERSION, TLS1_3_VERSION),
                         [](const auto& version) {
                           return version.param == TLS1_2_VERSION ? "Tls12" : "Tls13";
                         });

TEST_F(TlsPeerTest, TermsAreToldApartByAllThatTheyAre) {
  const UpstreamTrust trust = trust_in(root_);
  const UpstreamTrust other = trust_in(TestCertificate::root("App CA"));
  const std::string digest = peer_terms_digest("app", "a.test", &trust, nullptr);
  EXPECT_EQ((*make_peer_terms("app", "a.test", &trust, nullptr))->digest, digest);
  EXPECT_NE(peer_terms_digest("web", "a.test", &trust, nullptr), digest);
  EXPECT_NE(peer_terms_digest("app", "b.test", &trust, nullptr), digest);
  EXPECT_NE(peer_terms_digest("app", "a.test", &other, nullptr), digest);
  EXPECT_NE(peer_terms_digest("app", "a.test", nullptr, nullptr), digest);
}

TEST_F(TlsPeerTest, IsToldOfOnceASecond) {
  const auto ours = peer();
  EXPECT_TRUE(ours->may_be_told_of());
  int more = 0;
  for (int i = 0; i < 1000; ++i) more += ours->may_be_told_of() ? 1 : 0;
  EXPECT_LE(more, 20);
}

TEST(UpstreamTrustFile, RefusesWhatIsNoCa) {
  const test::TempFolder folder;
  const test::TestCa ca;
  Report report;
  const auto load = [&](const std::string& text) {
    report = {};
    return UpstreamTrust::load({folder.write("ca.pem", text), {"c.yaml", 3, 9}},
                               test::day(2026, 1, 1), report);
  };
  EXPECT_TRUE(load(ca.root.pem()));
  EXPECT_FALSE(load(ca.root.leaf({"app.test"}).pem()));
  EXPECT_THAT(report.text(), HasSubstr("'app.test' is no CA"));
  EXPECT_FALSE(load("nothing"));
  EXPECT_THAT(report.text(), HasSubstr("CAs that issue to the upstream"));
}

}  // namespace
}  // namespace wssgate::pki
