#include "pki/client_trust.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "support/temp_folder.h"
#include "unit/pki/memory_handshake.h"
#include "unit/pki/twins.h"

namespace wssgate::pki {
namespace {

using test::CertificateOptions;
using test::ClientWish;
using test::day;
using test::MemoryHandshake;
using test::TestCertificate;

CertificateOptions client(const std::string& name) {
  CertificateOptions options;
  options.common_name = name;
  options.extended_key_usage = "clientAuth";
  return options;
}

class ClientTrustFile : public testing::Test {
 protected:
  std::shared_ptr<const ClientTrust> load(const std::string& text,
                                          ClientRule rule = ClientRule::required) {
    return load_path(folder_.write("ca.pem", text, 0644), rule);
  }
  std::shared_ptr<const ClientTrust> load_path(const std::string& path, ClientRule rule) {
    Report report;
    auto trust = ClientTrust::load({path, {"c.yaml", 7, 32}}, rule, day(2026, 1, 1), report);
    problems_ = report.text();
    for (auto at = problems_.find(folder_.path()); at != std::string::npos;
         at = problems_.find(folder_.path())) {
      problems_.erase(at, folder_.path().size() + 1);
    }
    return trust;
  }
  TestCertificate ca_until(const std::string& name,
                           std::chrono::system_clock::time_point end) const {
    CertificateOptions options = client(name);
    options.is_ca = true;
    options.extended_key_usage.clear();
    options.key_usage = "critical,keyCertSign,cRLSign";
    options.not_after = end;
    return TestCertificate::self_signed(options);
  }

  test::TempFolder folder_;
  TestCertificate root_ = TestCertificate::root("Client Root");
  std::string problems_;
};

TEST_F(ClientTrustFile, HoldsCas) {
  const auto other = TestCertificate::root("Other Root");
  const auto trust = load("# two\n" + root_.pem() + other.pem());
  ASSERT_TRUE(trust) << problems_;
  EXPECT_EQ(trust->authorities().size(), 2U);
  EXPECT_EQ(problems_, "");
}

TEST_F(ClientTrustFile, IsTheSameTrustInAnyOrder) {
  const auto other = TestCertificate::root("Other Root");
  const std::string both = load(root_.pem() + other.pem())->digest_text();
  EXPECT_EQ(load(other.pem() + root_.pem())->digest_text(), both);
  EXPECT_NE(load(root_.pem())->digest_text(), both);
  EXPECT_NE(load(root_.pem() + other.pem(), ClientRule::optional)->digest_text(), both);
}

TEST_F(ClientTrustFile, HasToBeThere) {
  EXPECT_FALSE(load_path(folder_.path() + "/none.pem", ClientRule::required));
  EXPECT_EQ(
      problems_,
      "c.yaml:7:32: cannot read the clients' CA 'none.pem': No such file or directory. name a "
      "PEM file that wssgate's user may read.\n");
}

TEST_F(ClientTrustFile, HasToHoldACertificate) {
  EXPECT_FALSE(load("hello"));
  EXPECT_EQ(
      problems_,
      "ca.pem: there is no PEM certificate in this file. give the PEM certificates of the CAs "
      "that issue to your clients.\n");
}

TEST_F(ClientTrustFile, HasToHoldCas) {
  EXPECT_FALSE(load("# mine\n" + root_.issue(client("alice")).pem()));
  EXPECT_EQ(problems_,
            "ca.pem:2:1: 'alice' is no CA, and issues to nobody. name its CA 'Client Root' in its "
            "place.\n");
}

TEST_F(ClientTrustFile, HasToDecode) {
  EXPECT_FALSE(load("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"));
  EXPECT_EQ(problems_,
            "ca.pem:1:1: the certificate is damaged: its PEM block does not decode. copy the whole "
            "file again.\n");
}

TEST_F(ClientTrustFile, NeedsACaThatHolds) {
  const auto ended = ca_until("Old CA", day(2025, 1, 1));
  EXPECT_FALSE(load(ended.pem()));
  EXPECT_EQ(
      problems_,
      "ca.pem:1:1: 'Old CA' expired at 2025-01-01T00:00:00Z: no client's certificate below it "
      "passes. put its successor here.\n");
  EXPECT_TRUE(load(ended.pem() + root_.pem()));
  EXPECT_EQ(
      problems_,
      "ca.pem:1:1: warning: 'Old CA' expired at 2025-01-01T00:00:00Z: no client's certificate "
      "below it passes. put its successor here.\n");
}

class ClientTrustHandshake : public ClientTrustFile, public testing::WithParamInterface<int> {
 protected:
  SslContextPtr context(std::shared_ptr<const ClientTrust> trust) const {
    ServerTerms terms = twins_.terms();
    terms.client_trust = std::move(trust);
    return test::Twins::context(terms);
  }
  ClientWish wish(const TestCertificate* certificate,
                  const TestCertificate* intermediate = nullptr) const {
    ClientWish wish;
    wish.version = GetParam();
    wish.certificate = certificate;
    wish.intermediate = intermediate;
    return wish;
  }
  test::Twins twins_;
};

INSTANTIATE_TEST_SUITE_P(All, ClientTrustHandshake, testing::Values(TLS1_2_VERSION, TLS1_3_VERSION),
                         test::version_name);

TEST_P(ClientTrustHandshake, NamesTheCasToTheClient) {
  const auto intermediate = root_.intermediate("Client CA");
  const auto alice = intermediate.issue(client("alice"));
  const auto context = this->context(load(root_.pem() + intermediate.pem()));
  const MemoryHandshake handshake(context.get(), wish(&alice));
  ASSERT_TRUE(handshake.done());
  const STACK_OF(X509_NAME)* const names = SSL_get0_peer_CA_list(handshake.client());
  ASSERT_EQ(sk_X509_NAME_num(names), 2);
  EXPECT_EQ(X509_NAME_cmp(sk_X509_NAME_value(names, 1),
                          X509_get_subject_name(intermediate.certificate())),
            0);
}

TEST_P(ClientTrustHandshake, AsksNobodyWithoutIt) {
  const auto alice = root_.issue(client("alice"));
  const auto context = this->context(nullptr);
  const MemoryHandshake handshake(context.get(), wish(&alice));
  ASSERT_TRUE(handshake.done());
  EXPECT_TRUE(verified_client_chain(handshake.server()).empty());
}

TEST_P(ClientTrustHandshake, VerifiesToTheRootAndLeavesItOut) {
  const auto intermediate = root_.intermediate("Client CA");
  const auto alice = intermediate.issue(client("alice"));
  const auto context = this->context(load(root_.pem()));
  const MemoryHandshake handshake(context.get(), wish(&alice, &intermediate));
  ASSERT_TRUE(handshake.done());
  EXPECT_THAT(verified_client_chain(handshake.server()),
              testing::ElementsAre(alice.der(), intermediate.der()));
  EXPECT_EQ(client_certificate_fault(handshake.server()), "");
}

TEST_P(ClientTrustHandshake, TrustsAnIntermediateThatIsNamedAlone) {
  const auto intermediate = root_.intermediate("Client CA");
  const auto sibling = root_.intermediate("Other CA");
  const auto alice = intermediate.issue(client("alice"));
  const auto mallory = sibling.issue(client("mallory"));
  const auto context = this->context(load(intermediate.pem()));
  const MemoryHandshake good(context.get(), wish(&alice));
  ASSERT_TRUE(good.done());
  EXPECT_THAT(verified_client_chain(good.server()), testing::ElementsAre(alice.der()));
  const MemoryHandshake bad(context.get(), wish(&mallory, &sibling));
  EXPECT_FALSE(bad.done());
  EXPECT_EQ(bad.alert(), SSL_AD_UNKNOWN_CA);
}

TEST_P(ClientTrustHandshake, SaysWhoWasRefusedAndWhy) {
  CertificateOptions weak = client("weak\n");
  weak.key = test::TestKey::rsa1024;
  CertificateOptions ended = client("ended");
  ended.not_after = day(2021, 1, 1);
  CertificateOptions server = client("server");
  server.extended_key_usage = "serverAuth";
  const auto other = TestCertificate::root("Other Root");
  const struct {
    TestCertificate certificate;
    int alert;
    std::string fault;
  } rows[] = {
      {root_.issue(ended), SSL_AD_CERTIFICATE_EXPIRED,
       "the client's certificate 'ended' is refused: certificate has expired"},
      {root_.issue(server), SSL_AD_UNSUPPORTED_CERTIFICATE,
       "the client's certificate 'server' is refused: unsuitable certificate purpose"},
      {other.issue(client("stranger")), SSL_AD_UNKNOWN_CA,
       "the client's certificate 'stranger' is refused: unable to get local issuer certificate"},
      {TestCertificate::self_signed(client("self")), SSL_AD_UNKNOWN_CA,
       "the client's certificate 'self' is refused: self-signed certificate"},
      {root_.issue(weak), SSL_AD_BAD_CERTIFICATE,
       "the client's certificate 'weak\\x0a' is refused: EE certificate key too weak"},
  };
  for (const ClientRule rule : {ClientRule::required, ClientRule::optional}) {
    const auto context = this->context(load(root_.pem(), rule));
    for (const auto& row : rows) {
      const MemoryHandshake handshake(context.get(), wish(&row.certificate));
      EXPECT_FALSE(handshake.done()) << row.fault;
      EXPECT_EQ(client_certificate_fault(handshake.server()), row.fault);
      EXPECT_EQ(handshake.alert(), row.alert) << row.fault;
      EXPECT_TRUE(verified_client_chain(handshake.server()).empty());
    }
  }
}

TEST_P(ClientTrustHandshake, GivesNoTickets) {
  const auto alice = root_.issue(client("alice"));
  for (const ClientRule rule : {ClientRule::required, ClientRule::optional}) {
    const auto context = this->context(load(root_.pem(), rule));
    const MemoryHandshake handshake(context.get(), wish(&alice));
    ASSERT_TRUE(handshake.done());
    const auto session = handshake.session();
    EXPECT_EQ(SSL_SESSION_has_ticket(session.get()), 0);
    ClientWish again = wish(&alice);
    again.session = session.get();
    EXPECT_FALSE(MemoryHandshake(context.get(), again).resumed());
  }
}

// CVE-2025-23419, as near as it gets: the same host entry and certificates, other rules.
TEST_P(ClientTrustHandshake, IsNotPassedByATicketFromWithoutIt) {
  const auto open = this->context(nullptr);
  const MemoryHandshake before(open.get(), wish(nullptr));
  const auto session = before.session();
  ASSERT_EQ(SSL_SESSION_has_ticket(session.get()), 1);
  ClientWish again = wish(nullptr);
  again.session = session.get();
  EXPECT_TRUE(MemoryHandshake(open.get(), again).resumed());
  for (const ClientRule rule : {ClientRule::required, ClientRule::optional}) {
    const auto closed = this->context(load(root_.pem(), rule));
    const MemoryHandshake handshake(closed.get(), again);
    EXPECT_FALSE(handshake.resumed());
    EXPECT_EQ(handshake.done(), rule == ClientRule::optional);
  }
}

}  // namespace
}  // namespace wssgate::pki
