#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

#include "support/child_gateway.h"
#include "support/clients.h"

// What the log says of a client whose certificate does not let it in.
namespace wssgate::test {
namespace {

CertificateOptions client(const std::string& name) {
  CertificateOptions options;
  options.common_name = name;
  options.extended_key_usage = "clientAuth";
  return options;
}

class ClientCertificateLog : public testing::TestWithParam<int> {
 protected:
  /// The line of the refusal that this client meets.
  nlohmann::json refusal_of(const TestCertificate* certificate) {
    try {
      TlsClient client(gateway_.address(), TlsOptions{.server_name = "test.example",
                                                      .min_version = GetParam(),
                                                      .max_version = GetParam(),
                                                      .certificate = certificate});
      client.write("GET / HTTP/1.1\r\nHost: test.example\r\n\r\n");
      client.read_message();
      ADD_FAILURE() << "served";
    } catch (const TlsRefused&) {
    } catch (const TlsAlert&) {
    }
    gateway_.await_event("connection_refused");
    std::istringstream log(gateway_.process().error_output());
    for (std::string line; std::getline(log, line);) {
      auto parsed = nlohmann::json::parse(line, nullptr, false);
      if (parsed.value("event", "") == "connection_refused") return parsed;
    }
    return {};
  }

  TempFolder folder_;
  TestCertificate root_ = TestCertificate::root("Client Root");
  ChildGateway gateway_{
      "hosts: [{names: [test.example], routes: [{upstream: u}], client_certificates: {ca: \"" +
      folder_.write("clients.pem", root_.pem()) +
      "\"}}]\nupstreams: {u: {endpoints: [\"127.0.0.1:9\"]}}\n"};
};

INSTANTIATE_TEST_SUITE_P(Versions, ClientCertificateLog,
                         testing::Values(TLS1_2_VERSION, TLS1_3_VERSION), [](const auto& version) {
                           return version.param == TLS1_2_VERSION ? "Tls12" : "Tls13";
                         });

TEST_P(ClientCertificateLog, SaysThatThereIsNone) {
  const auto line = refusal_of(nullptr);
  EXPECT_EQ(line["level"], "info");
  EXPECT_EQ(line["reason"], "client_certificate_missing");
  EXPECT_EQ(line["message"], "the client sent no certificate, and the host requires one");
  EXPECT_EQ(line["server_name"], "test.example");
  EXPECT_EQ(line["ended_by"], "client");
}

TEST_P(ClientCertificateLog, SaysWhoseIsRefusedAndWhy) {
  CertificateOptions ended = client("alice");
  ended.not_after = day(2021, 1, 1);
  const auto certificate = root_.issue(ended);
  const auto line = refusal_of(&certificate);
  EXPECT_EQ(line["reason"], "client_certificate_refused");
  EXPECT_EQ(line["message"],
            "the client's certificate 'alice' is refused: certificate has expired");
}

// Its own words, which whoever makes a certificate chooses.
TEST_P(ClientCertificateLog, StaysPrintable) {
  const auto certificate = TestCertificate::self_signed(client("a\n\x1b[2J"));
  const auto line = refusal_of(&certificate);
  EXPECT_EQ(line["message"],
            "the client's certificate 'a\\x0a\\x1b[2J' is refused: self-signed certificate");
}

// A forged signature is found by the signature's check, whose errors OpenSSL queues first.
TEST_P(ClientCertificateLog, TellsAForgedCertificateFromABrokenHandshake) {
  const auto impostor = TestCertificate::root("Client Root");
  const auto certificate = impostor.issue(client("mallory"));
  EXPECT_EQ(refusal_of(&certificate)["reason"], "client_certificate_refused");
}

}  // namespace
}  // namespace wssgate::test
