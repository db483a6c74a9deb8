#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>

#include <optional>
#include <string>
#include <vector>

#include "support/backend.h"
#include "support/http_text.h"
#include "support/running_gateway.h"

// Hosts that ask their clients for certificates: who passes, and what the backend is told.
namespace wssgate::test {
namespace {

using testing::HasSubstr;
using testing::Not;

using SessionPtr = std::unique_ptr<SSL_SESSION, pki::OpensslDeleter<SSL_SESSION_free>>;

CertificateOptions client(const std::string& name) {
  CertificateOptions options;
  options.common_name = name;
  options.extended_key_usage = "clientAuth";
  return options;
}

/// ":base64:" of RFC 9440.
std::string byte_sequence(const std::string& der) {
  std::string text((der.size() + 2) / 3 * 4 + 1, '\0');
  text.resize(static_cast<std::size_t>(EVP_EncodeBlock(
      reinterpret_cast<unsigned char*>(text.data()),
      reinterpret_cast<const unsigned char*>(der.data()), static_cast<int>(der.size()))));
  return ":" + text + ":";
}

class ClientCertificates : public testing::TestWithParam<int> {
 protected:
  ClientCertificates() {
    folder_.write("clients.pem", root_.pem());
    const std::string ca = folder_.path() + "/clients.pem";
    gateway_.emplace(std::vector<std::vector<std::string>>{{"open.example", "required.example",
                                                            "optional.example"}},
                     "hosts:\n"
                     "  - {names: [open.example], routes: [{path: /, upstream: u}]}\n"
                     "  - {names: [required.example], routes: [{path: /, upstream: u}],\n"
                     "     client_certificates: {ca: " +
                         ca +
                         "}}\n"
                         "  - {names: [optional.example], routes: [{path: /, upstream: u}],\n"
                         "     client_certificates: {ca: " +
                         ca +
                         ", mode: optional}}\n"
                         "trusted_proxies: [127.0.0.0/8]\n"
                         "upstreams: {u: {endpoints: [\"" +
                         backend_.endpoint() + "\"]}}\n");
  }

  TlsOptions options(const std::string& name, const TestCertificate* certificate = nullptr,
                     std::vector<const TestCertificate*> intermediates = {}) const {
    return {.server_name = name,
            .min_version = GetParam(),
            .max_version = GetParam(),
            .certificate = certificate,
            .intermediates = std::move(intermediates)};
  }

  static std::string get_of(const std::string& host, const std::string& extra = "") {
    return "GET / HTTP/1.1\r\nHost: " + host + "\r\n" + extra + "\r\n";
  }

  /// The alert that the client gets; -1 when it is served.
  int alert_for(const TlsOptions& options) const {
    try {
      TlsClient client(gateway_->address(), options);
      client.write(get_of(*options.server_name));
      client.read_message();
      return -1;
    } catch (const TlsRefused& refused) {
      return refused.alert;
    } catch (const TlsAlert& alert) {  // TLS 1.3: the client is done before the server is
      return alert.description;
    }
  }

  /// The head that the backend gets for this request.
  std::string head_for(const TlsOptions& options, const std::string& extra = "") {
    TlsClient client(gateway_->address(), options);
    client.write(get_of(*options.server_name, extra));
    EXPECT_EQ(status_of(client.read_message()), 200);
    return heads_.entries().back();
  }

  Journal heads_;
  Backend backend_{[this](RawClient& proxy, int) {
    for (;;) {
      const std::string head = proxy.read_message();
      heads_.add(head);
      const bool upgrade = field_of(head, "Upgrade").has_value();
      proxy.write(upgrade ? upgrade_response() : ok("served"));
      if (upgrade) return;
    }
  }};
  TempFolder folder_;
  TestCertificate root_ = TestCertificate::root("Client Root");
  TestCertificate ca_ = root_.intermediate("Client CA");
  TestCertificate alice_ = ca_.issue(client("alice"));
  TestCertificate direct_ = root_.issue(client("direct"));
  std::optional<RunningGateway> gateway_;
};

INSTANTIATE_TEST_SUITE_P(Versions, ClientCertificates,
                         testing::Values(TLS1_2_VERSION, TLS1_3_VERSION), [](const auto& version) {
                           return version.param == TLS1_2_VERSION ? "Tls12" : "Tls13";
                         });

TEST_P(ClientCertificates, OfTheHostsCaPass) {
  for (const char* host : {"required.example", "optional.example"}) {
    EXPECT_EQ(alert_for(options(host, &alice_, {&ca_})), -1) << host;
    EXPECT_EQ(alert_for(options(host, &direct_)), -1) << host;
  }
}

TEST_P(ClientCertificates, MayBeMissingWhereTheyAreOptional) {
  EXPECT_EQ(alert_for(options("optional.example")), -1);
  EXPECT_EQ(alert_for(options("open.example")), -1);
  EXPECT_EQ(alert_for(options("required.example")),
            GetParam() == TLS1_3_VERSION ? SSL_AD_CERTIFICATE_REQUIRED : SSL_AD_HANDSHAKE_FAILURE);
}

TEST_P(ClientCertificates, ThatAreBadAreRefusedEverywhere) {
  CertificateOptions ended = client("ended");
  ended.not_after = day(2021, 1, 1);
  CertificateOptions server = client("server");
  server.extended_key_usage = "serverAuth";
  const auto other = TestCertificate::root("Other Root");
  const struct {
    const char* what;
    TestCertificate certificate;
    int alert;
  } rows[] = {
      {"expired", root_.issue(ended), SSL_AD_CERTIFICATE_EXPIRED},
      {"of another CA", other.issue(client("mallory")), SSL_AD_UNKNOWN_CA},
      {"of the CA of the server's certificates", gateway_->ca().root.issue(client("mallory")),
       SSL_AD_UNKNOWN_CA},
      {"self-signed", TestCertificate::self_signed(client("mallory")), SSL_AD_UNKNOWN_CA},
      {"without its intermediate", ca_.issue(client("alice")), SSL_AD_UNKNOWN_CA},
      {"a server's", root_.issue(server), SSL_AD_UNSUPPORTED_CERTIFICATE},
  };
  for (const auto& row : rows) {
    for (const char* host : {"required.example", "optional.example"}) {
      EXPECT_EQ(alert_for(options(host, &row.certificate)), row.alert) << row.what << " " << host;
    }
    EXPECT_EQ(alert_for(options("open.example", &row.certificate)), -1) << row.what;
  }
  EXPECT_EQ(heads_.entries().size(), std::size(rows)) << "refused clients got through";
}

TEST_P(ClientCertificates, AreToldToTheBackend) {
  const std::string head = head_for(options("required.example", &alice_, {&ca_}));
  EXPECT_EQ(field_of(head, "Client-Cert"), byte_sequence(alice_.der()));
  EXPECT_EQ(field_of(head, "Client-Cert-Chain"), byte_sequence(ca_.der()));
}

TEST_P(ClientCertificates, WithoutIntermediatesHaveNoChain) {
  const std::string head = head_for(options("optional.example", &direct_));
  EXPECT_EQ(field_of(head, "Client-Cert"), byte_sequence(direct_.der()));
  EXPECT_EQ(field_of(head, "Client-Cert-Chain"), std::nullopt);
}

TEST_P(ClientCertificates, WithSeveralIntermediatesAreAListInOrder) {
  const auto inner = ca_.intermediate("Inner CA");
  const auto bob = inner.issue(client("bob"));
  // Sent the wrong way round, with one that has nothing to do with it: what was verified counts.
  const auto stray = TestCertificate::root("Stray");
  const std::string head =
      head_for(options("required.example", &bob, {&ca_, &stray, &inner, &root_}));
  EXPECT_EQ(field_of(head, "Client-Cert"), byte_sequence(bob.der()));
  EXPECT_EQ(field_of(head, "Client-Cert-Chain"),
            byte_sequence(inner.der()) + ", " + byte_sequence(ca_.der()));
}

TEST_P(ClientCertificates, AreToldWithEveryRequestOfAConnection) {
  TlsClient client(gateway_->address(), options("required.example", &direct_));
  for (int i = 0; i < 3; ++i) {
    client.write(get_of("required.example"));
    client.read_message();
  }
  for (const std::string& head : heads_.wait_for(3)) {
    EXPECT_EQ(field_of(head, "Client-Cert"), byte_sequence(direct_.der()));
  }
}

TEST_P(ClientCertificates, AreToldWithUpgrades) {
  TlsClient client(gateway_->address(), options("required.example", &alice_, {&ca_}));
  client.write(upgrade_request("required.example", "/", "Client-Cert: :AAAA:\r\n"));
  EXPECT_EQ(status_of(client.read_message()), 101);
  const std::string head = heads_.wait_for(1).at(0);
  EXPECT_EQ(field_of(head, "Upgrade"), "websocket");
  EXPECT_EQ(field_of(head, "Client-Cert"), byte_sequence(alice_.der()));
  EXPECT_EQ(field_of(head, "Client-Cert-Chain"), byte_sequence(ca_.der()));
}

// One connection to the backend serves clients with and without certificates.
TEST_P(ClientCertificates, OfOneClientAreNotToldForAnother) {
  head_for(options("required.example", &direct_));
  const std::string head = head_for(options("optional.example"));
  EXPECT_THAT(head, Not(HasSubstr("Client-Cert")));
}

// By a client of a trusted proxy's address too: what wssgate did not verify, it does not pass on.
TEST_P(ClientCertificates, AreNeverWhatAClientSays) {
  const std::string claims =
      "Client-Cert: :c3Bvb2Y=:\r\nclient-cert: :c3Bvb2Y=:\r\nCLIENT_CERT: :c3Bvb2Y=:\r\n"
      "Client_Cert: :c3Bvb2Y=:\r\nClient.Cert: :c3Bvb2Y=:\r\nClient-Cert-Chain: :c3Bvb2Y=:\r\n"
      "Client_Cert-Chain: :c3Bvb2Y=:\r\nclient_cert_chain: :c3Bvb2Y=:\r\n"
      "Connection: Client-Cert\r\n";
  for (const char* host : {"open.example", "optional.example"}) {
    EXPECT_THAT(head_for(options(host), claims), Not(HasSubstr("c3Bvb2Y"))) << host;
  }
  const std::string head = head_for(options("required.example", &direct_), claims);
  EXPECT_THAT(head, Not(HasSubstr("c3Bvb2Y")));
  EXPECT_EQ(field_of(head, "Client-Cert"), byte_sequence(direct_.der()));
}

TEST_P(ClientCertificates, AreAskedForInEveryHandshake) {
  TlsClient first(gateway_->address(), options("required.example", &direct_));
  first.write(get_of("required.example"));
  first.read_message();
  const SessionPtr session(SSL_get1_session(first.ssl()));
  first.end_writing();
  EXPECT_EQ(SSL_SESSION_has_ticket(session.get()), 0);
  TlsOptions again = options("required.example");
  again.session = session.get();
  EXPECT_NE(alert_for(again), -1);
  again.certificate = &direct_;
  const TlsClient second(gateway_->address(), again);
  EXPECT_EQ(SSL_session_reused(second.ssl()), 0);
}

// nginx's CVE-2025-23419: a ticket of a host that asks for nothing, at one that requires a
// certificate. Both are served with the same certificate here.
TEST_P(ClientCertificates, AreNotPassedByATicketOfAnotherHost) {
  TlsClient first(gateway_->address(), options("open.example"));
  first.write(get_of("open.example"));
  first.read_message();
  const SessionPtr session(SSL_get1_session(first.ssl()));
  first.end_writing();
  ASSERT_EQ(SSL_SESSION_has_ticket(session.get()), 1);

  // OpenSSL forgets a session whose connection fails: each attempt gets a copy.
  std::vector<SessionPtr> copies;
  const auto with_ticket = [&](const std::string& host, const TestCertificate* certificate) {
    TlsOptions made = options(host, certificate);
    made.session = copies.emplace_back(SSL_SESSION_dup(session.get())).get();
    return made;
  };
  EXPECT_NE(alert_for(with_ticket("required.example", nullptr)), -1);
  const TlsClient known(gateway_->address(), with_ticket("required.example", &direct_));
  EXPECT_EQ(SSL_session_reused(known.ssl()), 0) << "a full handshake, with the certificate";

  // The same name in the handshake as in the ticket, and the other host in the request.
  TlsClient switched(gateway_->address(), with_ticket("open.example", nullptr));
  ASSERT_EQ(SSL_session_reused(switched.ssl()), 1);
  switched.write(get_of("required.example"));
  EXPECT_EQ(status_of(switched.read_message()), 421);
}

}  // namespace
}  // namespace wssgate::test
