#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "support/backend.h"
#include "support/http_text.h"
#include "support/running_gateway.h"

/// A client that goes away within a request takes the upstream's connection with it, so that the
/// upstream can stop working for nobody.
namespace wssgate::test {
namespace {

// The tickets that TLS 1.3 sends after its handshake would lie unread, and closing a socket with
// unread bytes is a reset.
const TlsOptions kWithoutTickets{.server_name = "test.example", .max_version = TLS1_2_VERSION};

struct Leaving {
  const char* name;
  void (*leave)(TlsClient& client);
  const char* reason;
};

class ClientGone : public testing::TestWithParam<Leaving> {
 protected:
  /// A backend that notes the end of its connection after `until` came (and `sent` went).
  Backend::Script watching(const std::string& until, const std::string& sent) {
    return [this, until, sent](RawClient& proxy, int) {
      proxy.read_until(until);
      if (!sent.empty()) proxy.write(sent);
      reached.add("reached");
      if (proxy.ends()) ended.add("ended");
    };
  }

  void expect_ended(RunningGateway& gateway, int status) {
    ended.wait_for(1);
    const auto line = gateway.access_lines(1).at(0);
    EXPECT_EQ(line["reason"], GetParam().reason);
    EXPECT_EQ(line["ended_by"], "client");
    EXPECT_EQ(line["status"], status);
  }

  Journal reached;
  Journal ended;
};

TEST_P(ClientGone, WhileTheUpstreamThinks) {
  Backend backend(watching("\r\n\r\n", ""));
  RunningGateway gateway({{"test.example"}}, one_host(backend.endpoint()));
  TlsClient client(gateway.address(), kWithoutTickets);
  client.write(get("/"));
  reached.wait_for(1);
  GetParam().leave(client);
  expect_ended(gateway, 0);
}

TEST_P(ClientGone, WithinItsBody) {
  Backend backend(watching("half", ""));
  RunningGateway gateway({{"test.example"}}, one_host(backend.endpoint()));
  TlsClient client(gateway.address(), kWithoutTickets);
  client.write(get("/", "Content-Length: 8\r\n") + "half");
  reached.wait_for(1);
  GetParam().leave(client);
  expect_ended(gateway, 0);
}

TEST_P(ClientGone, WithinTheResponse) {
  Backend backend(watching("\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\npart"));
  RunningGateway gateway({{"test.example"}}, one_host(backend.endpoint()));
  TlsClient client(gateway.address(), kWithoutTickets);
  client.write(get("/"));
  client.read_until("part");
  GetParam().leave(client);
  expect_ended(gateway, 200);
}

INSTANTIATE_TEST_SUITE_P(
    Ways, ClientGone,
    testing::Values(Leaving{"Closes", [](TlsClient& client) { client.close(); }, "client_closed"},
                    Leaving{"EndsTls",
                            [](TlsClient& client) {
                              client.end_writing();
                              client.close();
                            },
                            "client_closed"},
                    Leaving{"Resets", [](TlsClient& client) { client.reset(); }, "client_reset"}),
    [](const auto& row) { return row.param.name; });

TEST(ClientGone, WithinAHead) {
  Backend backend(answering([](const std::string&) { return ok("answer"); }));
  RunningGateway gateway({{"test.example"}}, one_host(backend.endpoint()));
  {
    TlsClient client(gateway.address(), "test.example");
    client.write("GET / HTTP/1.1\r\nHost: te");
  }
  TlsClient other(gateway.address(), "test.example");
  other.write(get("/"));
  EXPECT_EQ(body_of(other.read_message()), "answer");
  EXPECT_EQ(backend.connections(), 1);
}

}  // namespace
}  // namespace wssgate::test
