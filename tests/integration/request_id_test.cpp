#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "support/backend.h"
#include "support/http_text.h"
#include "support/running_gateway.h"
#include "support/websocket.h"

/// One id a request, the same at the upstream, in the answer and in the access line.
namespace wssgate::test {
namespace {

using ::testing::MatchesRegex;

constexpr const char* kMade = "[0-9a-f]{32}";

struct Seen {
  std::string at_upstream;
  std::string in_answer;
  std::string in_line;
};

Seen seen_of(const std::string& fields, const std::string& yaml = "") {
  Journal heads;
  Backend backend(answering([&](const std::string& head) {
    heads.add(head);
    return "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX-Request-ID: the-upstreams\r\n\r\n";
  }));
  RunningGateway gateway({{"test.example"}}, one_host(backend.endpoint(), yaml));
  TlsClient client(gateway.address(), "test.example");
  client.write(get("/", fields));
  const std::string answer = client.read_message();
  EXPECT_EQ(status_of(answer), 200);
  return {field_of(heads.wait_for(1).at(0), "X-Request-ID").value_or(""),
          field_of(answer, "X-Request-ID").value_or(""),
          gateway.access_lines(1).at(0).value("request_id", "")};
}

void expect_same(const Seen& seen) {
  EXPECT_EQ(seen.at_upstream, seen.in_answer);
  EXPECT_EQ(seen.at_upstream, seen.in_line);
}

TEST(RequestId, OfAClientIsTakenOver) {
  const Seen seen = seen_of("x-request-id: from-the-client/1\r\n");
  EXPECT_EQ(seen.at_upstream, "from-the-client/1");
  expect_same(seen);
}

TEST(RequestId, IsMadeWhereThereIsNoneOrNoPlainOne) {
  for (const std::string& fields :
       {std::string(), "X-Request-ID: " + std::string(129, 'x') + "\r\n",
        std::string("X-Request-ID: a\" b\r\n"), std::string("X-Request-ID: \r\n"),
        std::string("X-Request-ID: a\r\nX-Request-ID: b\r\n")}) {
    const Seen seen = seen_of(fields);
    EXPECT_THAT(seen.at_upstream, MatchesRegex(kMade)) << fields;
    expect_same(seen);
  }
}

TEST(RequestId, OfAClientIsTakenOverByTheRule) {
  const std::string fields = "X-Request-ID: the-clients\r\n";
  EXPECT_THAT(seen_of(fields, "request_id: make\n").at_upstream, MatchesRegex(kMade));
  EXPECT_THAT(seen_of(fields, "request_id: trusted\n").at_upstream, MatchesRegex(kMade));
  EXPECT_EQ(seen_of(fields, "request_id: trusted\ntrusted_proxies: [127.0.0.0/8]\n").at_upstream,
            "the-clients");
  const Seen off = seen_of(fields, "request_id: off\n");
  EXPECT_EQ(off.at_upstream, "the-clients");
  EXPECT_EQ(off.in_answer, "the-upstreams");
  EXPECT_EQ(off.in_line, "");
}

TEST(RequestId, HasNoSecondOneAmongTrailers) {
  Journal requests;
  Backend backend([&](RawClient& proxy, int) {
    requests.add(proxy.read_message());
    proxy.write(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        "0\r\nX-Request-ID: the-upstreams\r\nX-Sum: 1\r\n\r\n");
    proxy.ends();
  });
  RunningGateway gateway({{"test.example"}}, one_host(backend.endpoint(), "request_id: make\n"));
  TlsClient client(gateway.address(), "test.example");
  client.write(
      "POST / HTTP/1.1\r\nHost: test.example\r\nTransfer-Encoding: chunked\r\n\r\n"
      "0\r\nX-Request-ID: the-clients\r\ntraceparent: t\r\nX-Sum: 2\r\n\r\n");
  EXPECT_EQ(body_of(client.read_message()), "0\r\nX-Sum: 1\r\n\r\n");
  EXPECT_EQ(body_of(requests.entries().at(0)), "0\r\nX-Sum: 2\r\n\r\n");
}

TEST(RequestId, AnswersOfOursHaveIt) {
  RunningGateway gateway({{"test.example"}}, one_host("127.0.0.1:1"));
  std::vector<std::string> ids;
  for (const std::string& text :
       {get("/", "X-Request-ID: the-clients\r\n"), get("/"), get("/", "Broken field\r\n")}) {
    TlsClient client(gateway.address(), "test.example");
    client.write(text);
    const std::string answer = client.read_message();
    EXPECT_GE(status_of(answer), 400);
    ids.push_back(field_of(answer, "X-Request-ID").value_or(""));
    EXPECT_EQ(gateway.access_lines(ids.size()).back()["request_id"], ids.back());
  }
  EXPECT_EQ(ids[0], "the-clients");
  EXPECT_THAT(ids[1], MatchesRegex(kMade));
  EXPECT_THAT(ids[2], MatchesRegex(kMade));
  EXPECT_NE(ids[1], ids[2]);
}

TEST(RequestId, IsTheSameWhenARequestIsTriedAgain) {
  Journal ids;
  Backend backend([&](RawClient& proxy, int number) {
    for (int i = 0;; ++i) {
      ids.add(field_of(proxy.read_message(), "X-Request-ID").value_or(""));
      if (number == 0 && i == 1) return;
      proxy.write(ok("answered"));
    }
  });
  RunningGateway gateway({{"test.example"}}, one_host(backend.endpoint()));
  TlsClient client(gateway.address(), "test.example");
  std::string last;
  for (int i = 0; i < 2; ++i) {
    client.write(get("/"));
    last = field_of(client.read_message(), "X-Request-ID").value_or("");
  }
  const auto seen = ids.wait_for(3);
  EXPECT_NE(seen[0], seen[1]);
  EXPECT_EQ(seen[1], seen[2]);
  EXPECT_EQ(seen[2], last);
}

TEST(RequestId, OfATunnelIsInItsAnswerAndItsLine) {
  Journal ids;
  Backend backend([&](RawClient& proxy, int) {
    ids.add(field_of(proxy.read_message(), "X-Request-ID").value_or(""));
    proxy.write(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n");
  });
  RunningGateway gateway({{"test.example"}}, one_host(backend.endpoint()));
  TlsClient client(gateway.address(), "test.example");
  client.write(get("/",
                   "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                   "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"));
  const std::string answer = client.read_message();
  EXPECT_EQ(status_of(answer), 101);
  const std::string id = field_of(answer, "X-Request-ID").value_or("");
  EXPECT_THAT(id, MatchesRegex(kMade));
  EXPECT_EQ(ids.wait_for(1).at(0), id);
  client.close();
  const auto line = gateway.access_lines(1).at(0);
  EXPECT_EQ(line["event"], "tunnel");
  EXPECT_EQ(line["request_id"], id);
}

}  // namespace
}  // namespace wssgate::test
