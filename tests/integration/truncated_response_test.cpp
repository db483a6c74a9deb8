#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "support/backend.h"
#include "support/http_text.h"
#include "support/running_gateway.h"

/// A response whose upstream breaks off must never look complete to the client.
namespace wssgate::test {
namespace {

struct Break {
  const char* name;
  const char* sent;
  const char* then;  ///< nothing: a reset
  const char* reason;
};

class TruncatedResponse : public testing::TestWithParam<Break> {};

TEST_P(TruncatedResponse, IsSeenByTheClient) {
  Journal go;
  Backend backend([&go](RawClient& proxy, int) {
    proxy.read_message();
    proxy.write(GetParam().sent);
    go.wait_for(1);
    if (GetParam().then == nullptr) {
      proxy.reset();
    } else {
      proxy.write(GetParam().then);
    }
  });
  RunningGateway gateway({{"test.example"}}, one_host(backend.endpoint()));
  TlsClient client(gateway.address(), "test.example");
  client.write(get("/"));
  EXPECT_EQ(status_of(client.read_until("part")), 200);
  go.add("go");
  EXPECT_THROW(client.read_all(), std::exception) << "a broken connection, no end";
  const auto line = gateway.access_lines(1).at(0);
  EXPECT_EQ(line["status"], 200);
  EXPECT_EQ(line["reason"], GetParam().reason);
  EXPECT_EQ(line["ended_by"], "upstream");
  EXPECT_EQ(line["bytes_sent"], 4);
}

INSTANTIATE_TEST_SUITE_P(
    Kinds, TruncatedResponse,
    testing::Values(
        Break{"Length", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\npart", "",
              "upstream_truncated"},
        Break{"Chunked", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npart\r\n", "",
              "upstream_truncated"},
        Break{"WithinAChunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\npart", "",
              "upstream_truncated"},
        Break{"WithinTheTrailers",
              "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npart\r\n", "0\r\nX: y\r\n",
              "upstream_truncated"},
        Break{"BadChunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npart\r\n",
              "zz\r\n", "malformed_response"},
        Break{"ResetInPlaceOfAnEnd", "HTTP/1.1 200 OK\r\n\r\npart", nullptr, "upstream_reset"}),
    [](const auto& row) { return row.param.name; });

TEST(TruncatedResponse, AnUpstreamThatStallsWithinABody) {
  Backend backend([](RawClient& proxy, int) {
    proxy.read_message();
    proxy.write("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\npart");
    proxy.ends();
  });
  RunningGateway gateway({{"test.example"}},
                         one_host(backend.endpoint(), "timeouts: {idle_http: 300ms}\n"));
  TlsClient client(gateway.address(), "test.example");
  client.write(get("/"));
  client.read_until("part");
  EXPECT_THROW(client.read_all(), std::exception);
  EXPECT_EQ(gateway.access_lines(1).at(0)["reason"], "upstream_timeout");
}

}  // namespace
}  // namespace wssgate::test
