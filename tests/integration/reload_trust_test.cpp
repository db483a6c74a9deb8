// What handshakes rest on besides certificates, changed while wssgate serves: ticket keys, client
// CAs.

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "support/live_gateway.h"

namespace wssgate::test {
namespace {

using SessionPtr = std::unique_ptr<SSL_SESSION, pki::OpensslDeleter<SSL_SESSION_free>>;

const std::string kOld = "c2VjcmV0cyBvZiB0ZXN0cyBhcmUgbm8gc2VjcmV0cyBhdCBhbGwsIGFuZCBsb25n\n";
const std::string kNew =
    "YW5vdGhlciBzZWNyZXQgdGhhdCBpcyBub25lIGJ1dCBsb25nIGVub3VnaCBmb3IgYSB0ZXN0\n";

SessionPtr session_of(TlsClient& client) {
  get(client, "a.test");  // TLS 1.3 sends its tickets after the handshake
  SessionPtr session(SSL_get1_session(client.ssl()));
  client.end_writing();  // OpenSSL does not resume a session that ended otherwise
  return session;
}

class ReloadTickets : public testing::Test {
 protected:
  SessionPtr new_session() {
    TlsClient client(gateway_.address(), "a.test");
    return session_of(client);
  }
  bool resumes(const SessionPtr& session) {
    TlsClient client(gateway_.address(),
                     TlsOptions{.server_name = "a.test", .session = session.get()});
    get(client, "a.test");
    return SSL_session_reused(client.ssl()) == 1;
  }

  Backend backend_{serving_and_echoing()};
  LiveGateway gateway_{[this](LiveGateway& gateway) {
    gateway.renew("a.test");
    gateway.write("keys.txt", kOld);
    return gateway.configuration(hosts_for({"a.test"}, backend_.endpoint()) +
                                 "tickets: {keys: keys.txt}\n");
  }};
};

TEST_F(ReloadTickets, AnAddedKeySealsAndTheOldOneStillOpens) {
  const SessionPtr before = new_session();
  gateway_.write("keys.txt", kNew + kOld);
  EXPECT_TRUE(gateway_.reload()["ok"]);
  EXPECT_TRUE(resumes(before));
  const SessionPtr after = new_session();

  gateway_.write("keys.txt", kNew);
  EXPECT_TRUE(gateway_.reload()["ok"]);
  EXPECT_FALSE(resumes(before));
  EXPECT_TRUE(resumes(after));
}

TEST_F(ReloadTickets, ABadFileKeepsTheKeys) {
  const SessionPtr before = new_session();
  gateway_.write("keys.txt", "c2hvcnQ=\n");
  const auto answer = gateway_.reload();
  EXPECT_FALSE(answer["ok"]);
  EXPECT_NE(answer.dump().find("keys.txt"), std::string::npos) << answer;
  EXPECT_EQ(answer.dump().find("c2hvcnQ"), std::string::npos);
  EXPECT_TRUE(resumes(before));
}

TEST(ReloadClientCertificates, ABadCaFileKeepsTheRule) {
  Backend backend(serving_and_echoing());
  CertificateOptions options;
  options.common_name = "device";
  options.extended_key_usage = "clientAuth";
  const TestCertificate root = TestCertificate::root("Devices");
  const TestCertificate device = root.issue(options);
  const LiveGateway gateway([&](LiveGateway& made) {
    made.renew("a.test");
    made.write("devices.pem", root.pem());
    return made.configuration(
        "hosts: [{names: [a.test], client_certificates: {ca: devices.pem}, routes: [{upstream: "
        "u}]}]\n"
        "upstreams: {u: {endpoints: [\"" +
        backend.endpoint() + "\"]}}\n");
  });
  gateway.write("devices.pem", "junk");
  const auto answer = gateway.reload();
  EXPECT_FALSE(answer["ok"]);
  EXPECT_NE(answer.dump().find("devices.pem"), std::string::npos) << answer;

  TlsClient known(gateway.address(), TlsOptions{.server_name = "a.test", .certificate = &device});
  EXPECT_NE(get(known, "a.test").find("200"), std::string::npos);
  EXPECT_ANY_THROW({
    TlsClient stranger(gateway.address(), "a.test");
    get(stranger, "a.test");
  });
}

TEST(ReloadClientCertificates, AnotherCaTakesOver) {
  Backend backend(serving_and_echoing());
  CertificateOptions options;
  options.common_name = "device";
  options.extended_key_usage = "clientAuth";
  const TestCertificate old_root = TestCertificate::root("Old");
  const TestCertificate new_root = TestCertificate::root("New");
  const TestCertificate old_device = old_root.issue(options);
  const TestCertificate new_device = new_root.issue(options);
  const LiveGateway gateway([&](LiveGateway& made) {
    made.renew("a.test");
    made.write("devices.pem", old_root.pem());
    return made.configuration(
        "hosts: [{names: [a.test], client_certificates: {ca: devices.pem}, routes: [{upstream: "
        "u}]}]\n"
        "upstreams: {u: {endpoints: [\"" +
        backend.endpoint() + "\"]}}\n");
  });
  gateway.write("devices.pem", new_root.pem());
  EXPECT_TRUE(gateway.reload()["ok"]);

  TlsClient known(gateway.address(),
                  TlsOptions{.server_name = "a.test", .certificate = &new_device});
  EXPECT_NE(get(known, "a.test").find("200"), std::string::npos);
  EXPECT_ANY_THROW({
    TlsClient stranger(gateway.address(),
                       TlsOptions{.server_name = "a.test", .certificate = &old_device});
    get(stranger, "a.test");
  });
}

}  // namespace
}  // namespace wssgate::test
