// limits.handshakes: who is in the middle of one has a place; the last ones are for clients that
// come back.

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "support/backend.h"
#include "support/clients.h"
#include "support/eventually.h"
#include "support/hello.h"
#include "support/http_text.h"
#include "support/live_gateway.h"
#include "support/running_gateway.h"

namespace wssgate::test {
namespace {

constexpr int kInternalError = 80;

/// A client that sends its hello and then nothing: its handshake stays in flight.
std::unique_ptr<RawClient> stalled(const SocketAddress& address) {
  auto client = std::make_unique<RawClient>(address);
  client->write(captured_hello({.server_name = "test.example"}));
  client->read_some();  // the server's flight
  return client;
}

class HandshakeLimit : public testing::Test {
 protected:
  Backend backend_{answering([](const std::string&) { return ok("served"); })};
  RunningGateway gateway_{
      {{"test.example"}},
      one_host(backend_.endpoint(), "limits: {handshakes: 4}\ntimeouts: {handshake: 10m}\n")};

  int refusal(SSL_SESSION* session = nullptr) {
    try {
      TlsClient(gateway_.address(), {.server_name = "test.example", .session = session});
      return -1;
    } catch (const TlsRefused& refused) {
      return refused.alert;
    }
  }
};

TEST_F(HandshakeLimit, RefusesFullHandshakesFromThreeQuartersOn) {
  std::vector<std::unique_ptr<RawClient>> crowd;
  for (int i = 0; i < 3; ++i) crowd.push_back(stalled(gateway_.address()));
  EXPECT_EQ(refusal(), kInternalError);

  crowd.clear();
  EXPECT_TRUE(eventually([&] { return refusal() == -1; })) << "they gave their places back";
}

TEST_F(HandshakeLimit, KeepsTheLastQuarterForThoseThatResume) {
  TlsClient before(gateway_.address(), "test.example");
  EXPECT_EQ(status_of(get(before, "test.example")), 200);
  const std::unique_ptr<SSL_SESSION, pki::OpensslDeleter<SSL_SESSION_free>> session(
      SSL_get1_session(before.ssl()));
  before.end_writing();
  std::vector<std::unique_ptr<RawClient>> crowd;
  for (int i = 0; i < 3; ++i) crowd.push_back(stalled(gateway_.address()));
  EXPECT_EQ(refusal(), kInternalError);
  EXPECT_EQ(refusal(session.get()), -1);
}

// Established connections are no handshakes in flight.
TEST_F(HandshakeLimit, CountsNobodyWhoseHandshakeIsDone) {
  std::vector<std::unique_ptr<TlsClient>> established;
  for (int i = 0; i < 10; ++i) {
    established.push_back(std::make_unique<TlsClient>(gateway_.address(), "test.example"));
    EXPECT_EQ(status_of(get(*established.back(), "test.example")), 200);
  }
}

// More at once than a turn of the loop takes.
TEST_F(HandshakeLimit, LetsACrowdInOneAfterTheOther) {
  const RunningGateway unlimited({{"test.example"}}, one_host(backend_.endpoint()));
  const std::string hello = captured_hello({.server_name = "test.example"});
  std::vector<std::unique_ptr<RawClient>> crowd;
  for (int i = 0; i < 100; ++i) {
    crowd.push_back(std::make_unique<RawClient>(unlimited.address()));
    crowd.back()->write(hello);
  }
  for (const auto& client : crowd) EXPECT_EQ(client->read_some().substr(0, 1), "\x16");
}

}  // namespace
}  // namespace wssgate::test
