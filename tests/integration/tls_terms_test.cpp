#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/err.h>

#include "support/backend.h"
#include "support/clients.h"
#include "support/running_gateway.h"

// On what terms TLS is spoken: versions, suites, ALPN, and what is never granted.
namespace wssgate::test {
namespace {

class TlsTerms : public testing::Test {
 protected:
  int alert_for(const TlsOptions& options) const {
    try {
      const TlsClient client(gateway_.address(), options);
      return -1;
    } catch (const TlsRefused& refused) {
      return refused.alert;
    }
  }

  Backend backend_{answering([](const std::string&) { return ok("served"); })};
  RunningGateway gateway_{{{"test.example"}}, one_host(backend_.endpoint())};
  TlsOptions options_{.server_name = "test.example"};
};

TEST_F(TlsTerms, SpeaksTls12And13) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    options_.min_version = options_.max_version = version;
    const TlsClient client(gateway_.address(), options_);
    EXPECT_EQ(SSL_version(client.ssl()), version);
  }
}

TEST_F(TlsTerms, RefusesTls11) {
  options_.min_version = TLS1_VERSION;
  options_.max_version = TLS1_1_VERSION;
  options_.ciphers = "DEFAULT:@SECLEVEL=0";
  EXPECT_EQ(alert_for(options_), SSL_AD_PROTOCOL_VERSION);
}

TEST_F(TlsTerms, RefusesSuitesWithoutForwardSecrecyOrAead) {
  options_.max_version = TLS1_2_VERSION;
  for (const char* suite :
       {"ECDHE-ECDSA-AES128-SHA256", "ECDHE-ECDSA-AES256-SHA", "AES128-GCM-SHA256"}) {
    options_.ciphers = suite;
    EXPECT_EQ(alert_for(options_), SSL_AD_HANDSHAKE_FAILURE) << suite;
  }
  options_.ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256";
  EXPECT_EQ(alert_for(options_), -1);
}

TEST_F(TlsTerms, ChoosesHttp11ByAlpn) {
  for (const std::vector<std::string>& offered :
       {std::vector<std::string>{"http/1.1"}, {"h2", "http/1.1"}, {"http/1.1", "h2"}}) {
    options_.alpn = offered;
    const TlsClient client(gateway_.address(), options_);
    const unsigned char* chosen = nullptr;
    unsigned length = 0;
    SSL_get0_alpn_selected(client.ssl(), &chosen, &length);
    EXPECT_EQ(std::string(chosen, chosen + length), "http/1.1");
  }
}

TEST_F(TlsTerms, RefusesAClientWithoutHttp11InItsAlpn) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    options_.max_version = version;
    options_.alpn = {"h2"};
    EXPECT_EQ(alert_for(options_), SSL_AD_NO_APPLICATION_PROTOCOL);
    options_.alpn = {"h2", "http/0.9", "http/1.1x"};
    EXPECT_EQ(alert_for(options_), SSL_AD_NO_APPLICATION_PROTOCOL);
  }
}

TEST_F(TlsTerms, AsksForNoAlpn) {
  TlsClient client(gateway_.address(), options_);
  client.write("GET / HTTP/1.1\r\nHost: test.example\r\n\r\n");
  EXPECT_THAT(client.read_message(), testing::HasSubstr("served"));
}

TEST_F(TlsTerms, RefusesRenegotiation) {
  options_.max_version = TLS1_2_VERSION;
  const TlsClient client(gateway_.address(), options_);
  ERR_clear_error();
  ASSERT_EQ(SSL_renegotiate(client.ssl()), 1);
  EXPECT_NE(SSL_do_handshake(client.ssl()), 1);
  EXPECT_EQ(ERR_GET_REASON(ERR_peek_error()), SSL_R_NO_RENEGOTIATION);
  ERR_clear_error();
}

TEST_F(TlsTerms, UpdatesKeysInMidConnection) {
  TlsClient client(gateway_.address(), options_);
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(SSL_key_update(client.ssl(), SSL_KEY_UPDATE_REQUESTED), 1);
    client.write("GET / HTTP/1.1\r\nHost: test.example\r\n\r\n");
    EXPECT_THAT(client.read_message(), testing::HasSubstr("served"));
  }
}

TEST_F(TlsTerms, EndsWithCloseNotify) {
  TlsClient client(gateway_.address(), options_);
  client.write("GET / HTTP/1.1\r\nHost: test.example\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(client.read_all(), testing::HasSubstr("served"));  // throws at a bare TCP end
}

}  // namespace
}  // namespace wssgate::test
