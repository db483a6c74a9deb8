#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <nlohmann/json.hpp>

#include "support/http_text.h"
#include "support/running_gateway.h"
#include "support/temp_folder.h"
#include "support/tls_backend.h"

/// Each way in which an upstream may fail to be what it has to be: no byte of a request reaches it,
/// the client gets 502, and the log says which check it was.
namespace wssgate::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class UpstreamTlsRefusals : public testing::Test {
 protected:
  TlsScript serving() {
    return [this](TlsServer& proxy, int) {
      for (;;) {
        requests_.add(proxy.read_message());
        proxy.write(ok("served"));
      }
    };
  }
  TlsBackendOptions showing(const TestCertificate& leaf) const {
    return {.leaf = &leaf, .intermediates = {&ca_.intermediate}};
  }
  TestCertificate leaf(const std::function<void(CertificateOptions&)>& change) const {
    CertificateOptions options;
    options.common_name = "app.internal";
    options.names = {"app.internal"};
    change(options);
    return ca_.intermediate.issue(options);
  }

  /// The access line of a request that such a backend refuses or is refused.
  nlohmann::json refusal(Backend& backend, int status = 502, const std::string& more = "") {
    RunningGateway gateway({{"test.example"}}, tls_host({backend.endpoint()}, tls_, more));
    TlsClient client(gateway.address(), "test.example");
    client.write(get("/"));
    const std::string answer = client.read_message();
    EXPECT_EQ(status_of(answer), status) << answer;
    EXPECT_THAT(body_of(answer), testing::Not(HasSubstr("internal"))) << "clients learn nothing";
    auto line = gateway.access_lines(1).front();
    EXPECT_EQ(line["ended_by"], "upstream");
    return line;
  }
  nlohmann::json refusal(const TlsBackendOptions& options) {
    Backend backend(over_tls(options, serving()));
    auto line = refusal(backend);
    EXPECT_TRUE(requests_.entries().empty());
    return line;
  }

  TempFolder folder_;
  TestCa ca_;
  Journal requests_;
  std::string tls_ =
      "{server_name: app.internal, ca: \"" + folder_.write("ca.pem", ca_.root.pem()) + "\"}";
};

TEST_F(UpstreamTlsRefusals, AnotherName) {
  const auto line = refusal(showing(ca_.intermediate.leaf({"a.internal", "b.internal", "::1"})));
  EXPECT_EQ(line["reason"], "upstream_certificate_name");
  EXPECT_THAT(line["detail"].get<std::string>(),
              AllOf(HasSubstr("'app.internal'"), HasSubstr("a.internal, b.internal, ::1")));
}

TEST_F(UpstreamTlsRefusals, TheCommonNameAlone) {
  const TestCertificate nameless = leaf([](CertificateOptions& options) { options.names.clear(); });
  const auto line = refusal(showing(nameless));
  EXPECT_EQ(line["reason"], "upstream_certificate_name");
  EXPECT_THAT(line["detail"].get<std::string>(), HasSubstr("common name does not count"));
}

TEST_F(UpstreamTlsRefusals, AnotherAddress) {
  tls_ = "{ca: \"" + folder_.path() + "/ca.pem\"}";
  const auto line = refusal(showing(ca_.intermediate.leaf({"localhost", "127.0.0.2"})));
  EXPECT_EQ(line["reason"], "upstream_certificate_name");
  EXPECT_THAT(line["detail"].get<std::string>(),
              AllOf(HasSubstr("'127.0.0.1'"), HasSubstr("127.0.0.2")));
}

TEST_F(UpstreamTlsRefusals, AnotherCa) {
  const TestCertificate stranger = TestCertificate::root("Stranger CA").leaf({"app.internal"});
  const auto line = refusal({.leaf = &stranger});
  EXPECT_EQ(line["reason"], "upstream_certificate_untrusted");
  EXPECT_THAT(line["detail"].get<std::string>(), HasSubstr("'Stranger CA'"));
}

TEST_F(UpstreamTlsRefusals, AnotherCaThatIsSentAlong) {
  const TestCertificate root = TestCertificate::root("Stranger CA");
  const TestCertificate stranger = root.leaf({"app.internal"});
  const auto line = refusal({.leaf = &stranger, .intermediates = {&root}});
  EXPECT_EQ(line["reason"], "upstream_certificate_untrusted");
  EXPECT_THAT(line["detail"].get<std::string>(), HasSubstr("root 'Stranger CA'"));
}

TEST_F(UpstreamTlsRefusals, AMissingIntermediate) {
  const TestCertificate leaf = ca_.intermediate.leaf({"app.internal"});
  const auto line = refusal({.leaf = &leaf});
  EXPECT_EQ(line["reason"], "upstream_certificate_untrusted");
  EXPECT_THAT(line["detail"].get<std::string>(),
              AllOf(HasSubstr("'Test Intermediate'"), HasSubstr("send the intermediates")));
}

TEST_F(UpstreamTlsRefusals, ASelfSignedCertificate) {
  CertificateOptions options;
  options.common_name = "app.internal";
  options.names = {"app.internal"};
  const TestCertificate own = TestCertificate::self_signed(options);
  EXPECT_EQ(refusal({.leaf = &own})["reason"], "upstream_certificate_self_signed");
}

TEST_F(UpstreamTlsRefusals, AnExpiredCertificate) {
  const auto line =
      refusal(showing(leaf([](CertificateOptions& o) { o.not_after = day(2021, 3, 4); })));
  EXPECT_EQ(line["reason"], "upstream_certificate_dates");
  EXPECT_THAT(line["detail"].get<std::string>(), HasSubstr("expired at 2021-03-04"));
}

TEST_F(UpstreamTlsRefusals, ACertificateOfTheFuture) {
  const auto line =
      refusal(showing(leaf([](CertificateOptions& o) { o.not_before = day(2047, 3, 4); })));
  EXPECT_EQ(line["reason"], "upstream_certificate_dates");
  EXPECT_THAT(line["detail"].get<std::string>(), HasSubstr("not valid before 2047-03-04"));
}

TEST_F(UpstreamTlsRefusals, ACertificateThatIsNotForServers) {
  const auto line =
      refusal(showing(leaf([](CertificateOptions& o) { o.extended_key_usage = "clientAuth"; })));
  EXPECT_EQ(line["reason"], "upstream_certificate_refused");
  EXPECT_THAT(line["detail"].get<std::string>(), HasSubstr("purpose"));
}

TEST_F(UpstreamTlsRefusals, AWeakKey) {
  const auto line = refusal(showing(leaf([](CertificateOptions& o) { o.key = TestKey::rsa1024; })));
  EXPECT_EQ(line["reason"], "upstream_certificate_refused");
  EXPECT_THAT(line["detail"].get<std::string>(), HasSubstr("key too weak"));
}

TEST_F(UpstreamTlsRefusals, NoCommonVersion) {
  Backend backend([](RawClient& proxy, int) {
    proxy.read_some();
    const std::string protocol_version("\x15\x03\x01\x00\x02\x02\x46", 7);
    proxy.write(protocol_version);
    proxy.ends();
  });
  EXPECT_EQ(refusal(backend)["reason"], "upstream_tls_version");
}

TEST_F(UpstreamTlsRefusals, AServerOfOldVersionsOnly) {
  const TestCertificate leaf = ca_.intermediate.leaf({"app.internal"});
  TlsBackendOptions old = showing(leaf);
  old.min_version = TLS1_VERSION;
  old.max_version = TLS1_1_VERSION;
  EXPECT_EQ(refusal(old)["reason"], "upstream_tls_version");
}

TEST_F(UpstreamTlsRefusals, AClientCertificateThatIsNotThere) {
  const TestCertificate leaf = ca_.intermediate.leaf({"app.internal"});
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    TlsBackendOptions asking = showing(leaf);
    asking.client_ca = &ca_.root;
    asking.max_version = version;
    const auto line = refusal(asking);
    EXPECT_EQ(line["reason"], "upstream_tls_alert") << line;
    EXPECT_THAT(line["detail"].get<std::string>(), HasSubstr("tls.certificate"));
  }
}

TEST_F(UpstreamTlsRefusals, PlainHttp) {
  Backend backend([](RawClient& proxy, int) {
    proxy.read_some();
    proxy.write("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
    proxy.ends();
  });
  EXPECT_EQ(refusal(backend)["reason"], "upstream_not_tls");
}

TEST_F(UpstreamTlsRefusals, AnEndInTheHandshake) {
  Backend backend([](RawClient& proxy, int) { proxy.read_some(); });
  const auto line = refusal(backend);
  EXPECT_EQ(line["reason"], "upstream_closed");
  EXPECT_THAT(line["detail"].get<std::string>(), HasSubstr("TLS handshake"));
}

TEST_F(UpstreamTlsRefusals, AHandshakeThatDoesNotEnd) {
  Backend backend([](RawClient& proxy, int) { proxy.ends(); });
  const auto line = refusal(backend, 504, "timeouts: {connect: 300ms}\n");
  EXPECT_EQ(line["reason"], "upstream_handshake_timeout");
}

TEST_F(UpstreamTlsRefusals, TheNextEndpointIsTriedAndTheRequestSentOnce) {
  const TestCertificate wrong = ca_.intermediate.leaf({"other.internal"});
  const TestCertificate right = ca_.intermediate.leaf({"app.internal"});
  Backend bad(over_tls(showing(wrong), serving()));
  Backend good(over_tls(showing(right), serving()));
  RunningGateway gateway({{"test.example"}}, tls_host({bad.endpoint(), good.endpoint()}, tls_));
  TlsClient client(gateway.address(), "test.example");
  for (int i = 0; i < 4; ++i) {
    client.write(post("/", "once"));
    EXPECT_EQ(body_of(client.read_message()), "served");
  }
  EXPECT_EQ(requests_.entries().size(), 4U);
  for (const auto& line : gateway.access_lines(4)) EXPECT_EQ(line["endpoint"], good.endpoint());
  EXPECT_GE(bad.connections(), 1);
}

TEST_F(UpstreamTlsRefusals, NothingIsVerifiedOnlyWhereThatIsSaid) {
  tls_ = "{verify: off}";
  const TestCertificate stranger = TestCertificate::root("Stranger CA").leaf({"other.internal"});
  Backend backend(over_tls({.leaf = &stranger}, serving()));
  RunningGateway gateway({{"test.example"}}, tls_host({backend.endpoint()}, tls_));
  TlsClient client(gateway.address(), "test.example");
  client.write(get("/"));
  EXPECT_EQ(body_of(client.read_message()), "served");
}

}  // namespace
}  // namespace wssgate::test
