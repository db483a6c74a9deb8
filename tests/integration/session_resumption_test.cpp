#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/backend.h"
#include "support/clients.h"
#include "support/running_gateway.h"

// A session resumes at the name it was made for, and nowhere else.
namespace wssgate::test {
namespace {

using SessionPtr = std::unique_ptr<SSL_SESSION, pki::OpensslDeleter<SSL_SESSION_free>>;

class SessionResumption : public testing::TestWithParam<int> {
 protected:
  TlsOptions options(const std::string& name, SSL_SESSION* session = nullptr) const {
    return {.server_name = name,
            .min_version = GetParam(),
            .max_version = GetParam(),
            .session = session};
  }

  /// The session of a finished request: TLS 1.3 sends its ticket after the handshake.
  SessionPtr session_of(const std::string& name) {
    TlsClient client(gateway_.address(), options(name));
    EXPECT_EQ(SSL_session_reused(client.ssl()), 0);
    client.write("GET / HTTP/1.1\r\nHost: " + name + "\r\n\r\n");
    client.read_message();
    SessionPtr session(SSL_get1_session(client.ssl()));
    EXPECT_EQ(SSL_SESSION_has_ticket(session.get()), 1);
    client.end_writing();  // OpenSSL forgets the sessions of connections that break off
    return session;
  }

  Backend backend_{answering([](const std::string&) { return ok("served"); })};
  // a and b are one host and one certificate; c shares their certificate, but is another host;
  // d has its own; the two below the wildcard are one name in the configuration.
  RunningGateway gateway_{
      {{"a.example", "b.example", "c.example", "*.w.example"}, {"d.example"}},
      "hosts:\n"
      "  - {names: [a.example, b.example, \"*.w.example\"], routes: [{path: /, upstream: u}]}\n"
      "  - {names: [c.example], routes: [{path: /, upstream: u}]}\n"
      "  - {names: [d.example], routes: [{path: /, upstream: u}]}\n"
      "upstreams: {u: {endpoints: [\"" +
          backend_.endpoint() + "\"]}}\n"};
};

TEST_P(SessionResumption, ResumesAtTheSameName) {
  const SessionPtr session = session_of("a.example");
  TlsClient client(gateway_.address(), options("a.example", session.get()));
  EXPECT_EQ(SSL_session_reused(client.ssl()), 1);
  client.write("GET / HTTP/1.1\r\nHost: a.example\r\n\r\n");
  EXPECT_THAT(client.read_message(), testing::HasSubstr("served"));
}

TEST_P(SessionResumption, ResumesAtTheSameNameWrittenOtherwise) {
  const SessionPtr session = session_of("a.example");
  // The client's own check of the name is off: OpenSSL compares what it is told.
  const TlsClient client(gateway_.address(), options("A.Example.", session.get()));
  EXPECT_EQ(SSL_session_reused(client.ssl()), 1);
}

TEST_P(SessionResumption, IsAFullHandshakeAtAnyOtherName) {
  const SessionPtr session = session_of("a.example");
  for (const char* name : {"b.example", "c.example", "d.example", "x.w.example"}) {
    TlsClient client(gateway_.address(), options(name, session.get()));
    EXPECT_EQ(SSL_session_reused(client.ssl()), 0) << name;
    EXPECT_FALSE(client.leaf_names().empty()) << name;
    client.write("GET / HTTP/1.1\r\nHost: " + std::string(name) + "\r\n\r\n");
    EXPECT_THAT(client.read_message(), testing::HasSubstr("served")) << name;
  }
}

TEST_P(SessionResumption, IsAFullHandshakeAtAnotherNameOfOneWildcard) {
  const SessionPtr session = session_of("x.w.example");
  EXPECT_EQ(SSL_session_reused(
                TlsClient(gateway_.address(), options("y.w.example", session.get())).ssl()),
            0);
  EXPECT_EQ(SSL_session_reused(
                TlsClient(gateway_.address(), options("x.w.example", session.get())).ssl()),
            1);
}

TEST_P(SessionResumption, DoesNotGetAnUnknownNameIn) {
  const SessionPtr session = session_of("a.example");
  try {
    const TlsClient client(gateway_.address(), options("unknown.example", session.get()));
    FAIL() << "accepted";
  } catch (const TlsRefused& refused) {
    EXPECT_EQ(refused.alert, SSL_AD_UNRECOGNIZED_NAME);
  }
}

TEST_P(SessionResumption, DoesNotGetAMissingNameIn) {
  const SessionPtr session = session_of("a.example");
  TlsOptions nameless = options("", session.get());
  nameless.server_name.reset();
  EXPECT_THROW(TlsClient(gateway_.address(), nameless), TlsRefused);
}

INSTANTIATE_TEST_SUITE_P(Versions, SessionResumption,
                         testing::Values(TLS1_2_VERSION, TLS1_3_VERSION), [](const auto& version) {
                           return version.param == TLS1_2_VERSION ? "Tls12" : "Tls13";
                         });

}  // namespace
}  // namespace wssgate::test
