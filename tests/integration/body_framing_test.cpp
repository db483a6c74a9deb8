#include <gtest/gtest.h>

#include "support/backend.h"
#include "support/http_text.h"
#include "support/running_gateway.h"

/// How messages end: lengths, chunks, trailers, no body at all, the end of the connection; for
/// clients and upstreams of HTTP/1.1 and HTTP/1.0.
namespace wssgate::test {
namespace {

const std::string kHttp10 = "Host: test.example\r\n";

TEST(BodyFraming, TrailersPassBothWays) {
  Journal seen;
  Backend backend([&](RawClient& proxy, int) {
    seen.add(proxy.read_message());
    proxy.write(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n"
        "3\r\nabc\r\n0\r\nX-Sum: 42\r\nSet-Cookie: a=b\r\n\r\n");
    proxy.ends();
  });
  RunningGateway gateway({{"test.example"}}, one_host(backend.endpoint()));
  TlsClient client(gateway.address(), "test.example");
  client.write(request("POST / HTTP/1.1",
                       "Host: test.example\r\nTransfer-Encoding: chunked\r\nTE: trailers\r\n") +
               "4;a=\"b\"\r\nbody\r\n0\r\nX-Check: ok\r\nHost: evil\r\n\r\n");
  EXPECT_EQ(body_of(client.read_message()), "3\r\nabc\r\n0\r\nX-Sum: 42\r\n\r\n");
  const std::string request = seen.entries().at(0);
  EXPECT_EQ(body_of(request), "4\r\nbody\r\n0\r\nX-Check: ok\r\n\r\n");
  EXPECT_EQ(field_of(request, "TE"), "trailers");
}

struct Bodyless {
  const char* method;
  const char* response;
  int status;
};

class NoBody : public testing::TestWithParam<Bodyless> {};

TEST_P(NoBody, FramingStaysInStep) {
  Backend backend(answering([](const std::string& request) {
    if (start_line_of(request) == "GET /next HTTP/1.1") return ok("next");
    return std::string(GetParam().response);
  }));
  RunningGateway gateway({{"test.example"}}, one_host(backend.endpoint()));
  TlsClient client(gateway.address(), "test.example");
  client.write(request(std::string(GetParam().method) + " / HTTP/1.1", "Host: test.example\r\n"));
  const std::string response = client.read_message(true);
  EXPECT_EQ(status_of(response), GetParam().status);
  EXPECT_EQ(field_of(response, "Transfer-Encoding"), std::nullopt);
  client.write(get("/next"));
  EXPECT_EQ(body_of(client.read_message()), "next");
  EXPECT_EQ(backend.connections(), 1);
}

INSTANTIATE_TEST_SUITE_P(
    Responses, NoBody,
    testing::Values(Bodyless{"HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n\r\n", 200},
                    Bodyless{"HEAD", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", 200},
                    Bodyless{"HEAD", "HTTP/1.1 404 Not Found\r\n\r\n", 404},
                    Bodyless{"GET", "HTTP/1.1 204 No Content\r\n\r\n", 204},
                    Bodyless{"DELETE", "HTTP/1.1 204 No Content\r\n\r\n", 204},
                    Bodyless{"GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\n\r\n", 304},
                    Bodyless{"GET", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 200}));

TEST(BodyFraming, AHeadResponseKeepsTheLengthOfWhatGetWouldHave) {
  Backend backend(answering(
      [](const std::string&) { return "HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n\r\n"; }));
  RunningGateway gateway({{"test.example"}}, one_host(backend.endpoint()));
  TlsClient client(gateway.address(), "test.example");
  client.write(request("HEAD / HTTP/1.1", "Host: test.example\r\n"));
  EXPECT_EQ(field_of(client.read_message(true), "Content-Length"), "1234");
}

TEST(BodyFraming, ABodyThatEndsWithTheUpstreamsConnectionIsChunked) {
  Backend backend([](RawClient& proxy, int) {
    proxy.read_message();
    proxy.write("HTTP/1.1 200 OK\r\n\r\nuntil the end");
  });
  RunningGateway gateway({{"test.example"}}, one_host(backend.endpoint()));
  TlsClient client(gateway.address(), "test.example");
  for (int i = 0; i < 2; ++i) {
    client.write(get("/"));
    EXPECT_EQ(dechunked(client.read_message()), "until the end");
  }
  EXPECT_EQ(backend.connections(), 2);
}

TEST(BodyFraming, AnHttp10UpstreamsLengthKeepsTheClientsConnection) {
  Backend backend([](RawClient& proxy, int) {
    proxy.read_message();
    proxy.write("HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nold");
    proxy.ends();
  });
  RunningGateway gateway({{"test.example"}}, one_host(backend.endpoint()));
  TlsClient client(gateway.address(), "test.example");
  for (int i = 0; i < 2; ++i) {
    client.write(get("/"));
    const std::string response = client.read_message();
    EXPECT_EQ(start_line_of(response), "HTTP/1.1 200 OK");
    EXPECT_EQ(body_of(response), "old");
  }
  EXPECT_EQ(backend.connections(), 2) << "HTTP/1.0 without keep-alive";
}

TEST(BodyFraming, AnHttp10UpstreamThatSaysKeepAliveIsKept) {
  Backend backend(answering([](const std::string&) {
    return "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 3\r\n\r\nold";
  }));
  RunningGateway gateway({{"test.example"}}, one_host(backend.endpoint()));
  TlsClient client(gateway.address(), "test.example");
  for (int i = 0; i < 2; ++i) {
    client.write(get("/"));
    EXPECT_EQ(body_of(client.read_message()), "old");
  }
  EXPECT_EQ(backend.connections(), 1);
}

TEST(BodyFraming, AnHttp10ClientReadsToTheEnd) {
  Backend backend(answering([](const std::string&) { return ok("length"); }));
  RunningGateway gateway({{"test.example"}}, one_host(backend.endpoint()));
  TlsClient client(gateway.address(), "test.example");
  client.write(request("GET / HTTP/1.0", kHttp10));
  EXPECT_EQ(body_of(client.read_all()), "length");
}

TEST(BodyFraming, AnHttp10ClientIsSentNoChunks) {
  Backend backend(answering([](const std::string&) {
    return "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\nX: "
           "y\r\n"
           "\r\n";
  }));
  RunningGateway gateway({{"test.example"}}, one_host(backend.endpoint()));
  TlsClient client(gateway.address(), "test.example");
  client.write(request("GET / HTTP/1.0", kHttp10 + "Connection: keep-alive\r\n"));
  const std::string response = client.read_all();
  EXPECT_EQ(field_of(response, "Transfer-Encoding"), std::nullopt);
  EXPECT_EQ(field_of(response, "Connection"), "close");
  EXPECT_EQ(body_of(response), "abcde");
}

TEST(BodyFraming, AnHttp10ClientMayKeepItsConnection) {
  Backend backend(answering([](const std::string&) { return ok("length"); }));
  RunningGateway gateway({{"test.example"}}, one_host(backend.endpoint()));
  TlsClient client(gateway.address(), "test.example");
  for (int i = 0; i < 2; ++i) {
    client.write(request("GET / HTTP/1.0", kHttp10 + "Connection: keep-alive\r\n"));
    const std::string response = client.read_message();
    EXPECT_EQ(field_of(response, "Connection"), "keep-alive");
    EXPECT_EQ(body_of(response), "length");
  }
}

TEST(BodyFraming, AnHttp10ClientWithoutHostIsServedByItsServerName) {
  Journal seen;
  Backend backend(answering([&](const std::string& request) {
    seen.add(field_of(request, "Host").value_or("none"));
    return ok("answer");
  }));
  RunningGateway gateway({{"test.example"}}, one_host(backend.endpoint()));
  TlsClient client(gateway.address(), "test.example");
  client.write("GET / HTTP/1.0\r\n\r\n");
  EXPECT_EQ(body_of(client.read_all()), "answer");
  EXPECT_EQ(seen.entries().at(0), "test.example");
}

// An HTTP/1.0 client takes an answer without a promise for one that ends with the connection.
TEST(BodyFraming, ARefusalEndsAnHttp10ClientsConnection) {
  Backend backend(answering([](const std::string&) { return ok("answer"); }));
  RunningGateway gateway({{"test.example"}}, one_host(backend.endpoint()));
  TlsClient client(gateway.address(), "test.example");
  client.write(request("GET / HTTP/1.0", "Host: other.example\r\nConnection: keep-alive\r\n"));
  const std::string response = client.read_all();
  EXPECT_EQ(status_of(response), 421);
  EXPECT_EQ(field_of(response, "Connection"), "close");
}

}  // namespace
}  // namespace wssgate::test
