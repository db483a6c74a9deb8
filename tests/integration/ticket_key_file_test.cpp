#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "support/backend.h"
#include "support/clients.h"
#include "support/process.h"
#include "support/temp_folder.h"
#include "support/test_ca.h"

// Nodes with one configuration: with a file of ticket keys each resumes the others' sessions.
namespace wssgate::test {
namespace {

using SessionPtr = std::unique_ptr<SSL_SESSION, pki::OpensslDeleter<SSL_SESSION_free>>;

constexpr const char* kKeys =
    "# of this test\n"
    "c2VjcmV0cyBvZiB0ZXN0cyBhcmUgbm8gc2VjcmV0cyBhdCBhbGwsIGFuZCBsb25n\n";

class TicketKeyFile : public testing::TestWithParam<int> {
 protected:
  TicketKeyFile() {
    const TestCertificate leaf = ca_.intermediate.leaf({"a.example"});
    folder_.write("root.pem", ca_.root.pem());
    folder_.write("certs/a/fullchain.pem", ca_.chain(leaf));
    folder_.write("certs/a/privkey.pem", leaf.key_pem());
    folder_.write("keys.txt", kKeys);
  }

  /// A node that serves with these lines besides.
  class Node {
   public:
    Node(const TempFolder& folder, const std::string& backend, const std::string& more)
        : process_({"run", "-c",
                    folder.write("wssgate.yaml",
                                 "listeners: [{address: \"127.0.0.1:0\"}]\n"
                                 "admin: {address: \"off\"}\n"
                                 "certificates: {folders: [certs], roots: [root.pem]}\n"
                                 "hosts: [{names: [a.example], routes: [{upstream: u}]}]\n"
                                 "upstreams: {u: {endpoints: [\"" +
                                     backend + "\"]}}\nlog: {access: off}\n" + more)}) {
      const std::string log = process_.wait_for_error("listeners");
      const auto at = log.find("127.0.0.1:");
      address_ = SocketAddress::parse(log.substr(at, log.find_first_of(" \"", at) - at));
    }
    const SocketAddress& address() const { return *address_; }

   private:
    Process process_;
    std::optional<SocketAddress> address_;
  };

  SessionPtr session_of(const Node& node) const {
    TlsClient client(node.address(), options());
    client.write("GET / HTTP/1.1\r\nHost: a.example\r\n\r\n");
    client.read_message();
    SessionPtr session(SSL_get1_session(client.ssl()));
    client.end_writing();
    EXPECT_EQ(SSL_SESSION_has_ticket(session.get()), 1);
    return session;
  }

  bool resumes(const Node& node, const SessionPtr& session) const {
    TlsClient client(node.address(), options(session.get()));
    client.write("GET / HTTP/1.1\r\nHost: a.example\r\n\r\n");
    EXPECT_THAT(client.read_message(), testing::HasSubstr("served"));
    return SSL_session_reused(client.ssl()) == 1;
  }

  static TlsOptions options(SSL_SESSION* session = nullptr) {
    return {.server_name = "a.example",
            .min_version = GetParam(),
            .max_version = GetParam(),
            .session = session};
  }

  Backend backend_{answering([](const std::string&) { return ok("served"); })};
  TestCa ca_;
  TempFolder folder_;
};

TEST_P(TicketKeyFile, LetsNodesResumeEachOthersSessions) {
  const Node one(folder_, backend_.endpoint(), "tickets: {keys: keys.txt}\n");
  const Node two(folder_, backend_.endpoint(), "tickets: {keys: keys.txt}\n");
  EXPECT_TRUE(resumes(two, session_of(one)));
  EXPECT_TRUE(resumes(one, session_of(two)));
}

TEST_P(TicketKeyFile, IsWhatNodesNeedForThat) {
  const Node one(folder_, backend_.endpoint(), "");
  const Node two(folder_, backend_.endpoint(), "");
  const SessionPtr session = session_of(one);
  EXPECT_FALSE(resumes(two, session));
  EXPECT_TRUE(resumes(one, session));
}

TEST_P(TicketKeyFile, KeepsANodeFromServingWhileItIsWrong) {
  folder_.write("keys.txt", "too short\n");
  const std::string file =
      folder_.write("wssgate.yaml",
                    "listeners: [{address: \"127.0.0.1:0\"}]\n"
                    "certificates: {folders: [certs], roots: [root.pem]}\n"
                    "hosts: [{names: [a.example], routes: [{upstream: u}]}]\n"
                    "upstreams: {u: {endpoints: [\"127.0.0.1:9\"]}}\ntickets: {keys: keys.txt}\n");
  const Ended ended = run_wssgate({"check", "-c", file});
  EXPECT_EQ(ended.exit_code, 1);
  EXPECT_THAT(ended.error_output, testing::HasSubstr("keys.txt:1:1: this is no base64 text."));
}

INSTANTIATE_TEST_SUITE_P(Versions, TicketKeyFile, testing::Values(TLS1_2_VERSION, TLS1_3_VERSION),
                         [](const auto& version) {
                           return version.param == TLS1_2_VERSION ? "Tls12" : "Tls13";
                         });

}  // namespace
}  // namespace wssgate::test
