#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/http_text.h"
#include "support/running_gateway.h"
#include "support/temp_folder.h"
#include "support/tls_backend.h"
#include "support/websocket.h"

/// What goes on with an upstream that is reached over TLS and is what it has to be.
namespace wssgate::test {
namespace {

using ::testing::ElementsAre;

class UpstreamTls : public testing::Test {
 protected:
  std::string trusting(const std::string& more = "") const {
    return "{ca: \"" + ca_file_ + "\"" + more + "}";
  }
  TlsBackendOptions served(int version = TLS1_3_VERSION) const {
    return {.leaf = &leaf_,
            .intermediates = {&ca_.intermediate},
            .min_version = version,
            .max_version = version};
  }
  /// Serves requests, and notes how its connection came to be.
  TlsScript noting(Journal& journal) const {
    return [&journal](TlsServer& proxy, int) {
      journal.add(proxy.server_name() + "/" + proxy.alpn() + "/" + proxy.client_name() +
                  (proxy.resumed() ? "/resumed" : "/full"));
      serving_requests(proxy);
    };
  }
  static void serving_requests(TlsServer& proxy) {
    for (;;) proxy.write(ok(start_line_of(proxy.read_message())));
  }
  static int ask(const RunningGateway& gateway, const std::string& request = get("/")) {
    TlsClient client(gateway.address(), "test.example");
    client.write(request);
    return status_of(client.read_message());
  }

  TempFolder folder_;
  TestCa ca_;
  TestCertificate leaf_ = ca_.intermediate.leaf({"localhost", "app.internal", "127.0.0.1"});
  std::string ca_file_ = folder_.write("ca.pem", ca_.root.pem());
};

TEST_F(UpstreamTls, AsksForTheEndpointsNameAndHttp11) {
  Journal journal;
  Backend backend(over_tls(served(), noting(journal)));
  RunningGateway gateway({{"test.example"}}, tls_host({by_name(backend)}, trusting()));
  EXPECT_EQ(ask(gateway), 200);
  EXPECT_THAT(journal.wait_for(1), ElementsAre("localhost/http/1.1//full"));
}

TEST_F(UpstreamTls, VerifiesAnAddressByItsOwnKindOfNameAndDoesNotAskForIt) {
  Journal journal;
  Backend backend(over_tls(served(), noting(journal)));
  RunningGateway gateway({{"test.example"}}, tls_host({backend.endpoint()}, trusting()));
  EXPECT_EQ(ask(gateway), 200);
  EXPECT_THAT(journal.wait_for(1), ElementsAre("/http/1.1//full"));
}

TEST_F(UpstreamTls, AsksForTheConfiguredName) {
  Journal journal;
  Backend backend(over_tls(served(), noting(journal)));
  RunningGateway gateway({{"test.example"}},
                         tls_host({backend.endpoint()}, trusting(", server_name: APP.internal")));
  EXPECT_EQ(ask(gateway), 200);
  EXPECT_THAT(journal.wait_for(1), ElementsAre("app.internal/http/1.1//full"));
}

TEST_F(UpstreamTls, GoesThroughAUnixSocket) {
  Journal journal;
  Backend backend(over_tls(served(), noting(journal)), "unix:" + folder_.path() + "/app.sock");
  RunningGateway gateway({{"test.example"}},
                         tls_host({backend.endpoint()}, trusting(", server_name: app.internal")));
  EXPECT_EQ(ask(gateway), 200);
}

TEST_F(UpstreamTls, ANamedIntermediateIsTrustedWithoutItsRoot) {
  const std::string file = folder_.write("intermediate.pem", ca_.intermediate.pem());
  Journal journal;
  Backend backend(over_tls({.leaf = &leaf_}, noting(journal)));
  RunningGateway gateway({{"test.example"}},
                         tls_host({backend.endpoint()}, "{ca: \"" + file + "\"}"));
  EXPECT_EQ(ask(gateway), 200);
}

TEST_F(UpstreamTls, ANamedSelfSignedCertificateIsTakenForItself) {
  CertificateOptions options;
  options.common_name = "pinned";
  options.names = {"127.0.0.1"};
  const TestCertificate pinned = TestCertificate::self_signed(options);
  const std::string file = folder_.write("pinned.pem", pinned.pem());
  Journal journal;
  Backend backend(over_tls({.leaf = &pinned}, noting(journal)));
  RunningGateway gateway({{"test.example"}},
                         tls_host({backend.endpoint()}, "{ca: \"" + file + "\"}"));
  EXPECT_EQ(ask(gateway), 200);
}

TEST_F(UpstreamTls, RequestsOfOneClientShareAConnection) {
  Journal journal;
  Backend backend(over_tls(served(), noting(journal)));
  RunningGateway gateway({{"test.example"}}, tls_host({backend.endpoint()}, trusting()));
  TlsClient client(gateway.address(), "test.example");
  for (const char* path : {"/1", "/2", "/3"}) {
    client.write(get(path));
    EXPECT_EQ(body_of(client.read_message()), std::string("GET ") + path + " HTTP/1.1");
  }
  client.write(post("/4", noise(100'000)));
  EXPECT_EQ(status_of(client.read_message()), 200);
  EXPECT_EQ(backend.connections(), 1);
}

TEST_F(UpstreamTls, ShowsItsClientCertificateWithTheIntermediates) {
  CertificateOptions options;
  options.common_name = "wssgate";
  options.extended_key_usage = "clientAuth";
  const TestCa clients;
  const TestCertificate own = clients.intermediate.issue(options);
  const std::string chain = folder_.write("own/chain.pem", clients.chain(own));
  const std::string key = folder_.write("own/key.pem", own.key_pem());
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    TlsBackendOptions asking = served(version);
    asking.client_ca = &clients.root;
    Journal journal;
    Backend backend(over_tls(asking, noting(journal)));
    RunningGateway gateway(
        {{"test.example"}},
        tls_host({backend.endpoint()},
                 trusting(", certificate: {chain: \"" + chain + "\", key: \"" + key + "\"}")));
    EXPECT_EQ(ask(gateway), 200);
    EXPECT_THAT(journal.wait_for(1), ElementsAre("/http/1.1/wssgate/full"));
  }
}

class UpstreamSessions : public UpstreamTls, public testing::WithParamInterface<int> {
 protected:
  /// Each tunnel has a connection of its own.
  static void open_and_close(const RunningGateway& gateway, const std::string& name) {
    TlsClient client(gateway.address(), name);
    client.write(upgrade_request(name));
    EXPECT_EQ(status_of(client.read_message()), 101);
    client.write("ping");
    EXPECT_EQ(client.read_exactly(4), "ping");
  }
  TlsScript echoing_and_noting(Journal& journal) const {
    return [&journal](TlsServer& proxy, int number) {
      journal.add(proxy.resumed() ? "resumed" : "full");
      echoing()(proxy, number);
    };
  }
};

TEST_P(UpstreamSessions, AreResumed) {
  Journal journal;
  Backend backend(over_tls(served(GetParam()), echoing_and_noting(journal)));
  RunningGateway gateway({{"test.example"}}, tls_host({backend.endpoint()}, trusting()));
  for (int i = 0; i < 4; ++i) open_and_close(gateway, "test.example");
  EXPECT_THAT(journal.wait_for(4), ElementsAre("full", "resumed", "resumed", "resumed"));
}

TEST_P(UpstreamSessions, AreNotResumedForAnotherUpstream) {
  Journal journal;
  Backend backend(over_tls(served(GetParam()), echoing_and_noting(journal)));
  const std::string upstream =
      "{endpoints: [\"" + backend.endpoint() + "\"], tls: " + trusting() + "}";
  RunningGateway gateway({{"a.example", "b.example"}},
                         "hosts:\n"
                         "  - {names: [a.example], routes: [{upstream: a}]}\n"
                         "  - {names: [b.example], routes: [{upstream: b}]}\n"
                         "upstreams: {a: " +
                             upstream + ", b: " + upstream + "}\n");
  for (const char* name : {"a.example", "b.example", "a.example"}) open_and_close(gateway, name);
  EXPECT_THAT(journal.wait_for(3), ElementsAre("full", "full", "resumed"));
}

INSTANTIATE_TEST_SUITE_P(Versions, UpstreamSessions,
                         testing::Values(TLS1_2_VERSION, TLS1_3_VERSION), [](const auto& version) {
                           return version.param == TLS1_2_VERSION ? "Tls12" : "Tls13";
                         });

TEST_F(UpstreamTls, ATunnelCarriesBigMessagesBothWaysAtOnce) {
  constexpr std::size_t size = std::size_t{24} << 20U;
  Backend backend(plainly_over_tls(served(), echoing()));
  RunningGateway gateway({{"test.example"}}, tls_host({backend.endpoint()}, trusting()));
  TlsClient client(gateway.address(), "test.example");
  client.write(upgrade_request("test.example"));
  EXPECT_EQ(status_of(client.read_message()), 101);
  const std::string message = client_frame(kBinary, noise(size));
  std::string back;
  pump(client, message, back, message.size());
  EXPECT_TRUE(back == message);
}

TEST_F(UpstreamTls, AHalfCloseOfATunnelIsPassedOn) {
  Backend backend(plainly_over_tls(served(), [](RawClient& proxy, int) {
    proxy.read_message();
    proxy.write(upgrade_response());
    proxy.write(proxy.read_all());  // which the client's end ends
  }));
  RunningGateway gateway({{"test.example"}}, tls_host({backend.endpoint()}, trusting()));
  TlsClient client(gateway.address(), "test.example");
  client.write(upgrade_request("test.example"));
  EXPECT_EQ(status_of(client.read_message()), 101);
  client.write("the last words");
  client.end_writing();
  EXPECT_EQ(client.read_all(), "the last words");
  EXPECT_TRUE(backend.failures().empty());
}

}  // namespace
}  // namespace wssgate::test
