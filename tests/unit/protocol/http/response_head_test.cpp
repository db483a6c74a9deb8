#include <gtest/gtest.h>

#include <string>

#include "protocol/http/head.h"

namespace wssgate::http {
namespace {

using Kind = Framing::Kind;

TEST(ResponseHead, ReadsAnOrdinaryResponse) {
  const auto head = parse_response_head(
      "HTTP/1.1 404 Not  Found\r\nContent-Length: 12\r\nSet-Cookie: a\r\nSet-Cookie: b\r\n\r\n",
      "GET");
  ASSERT_TRUE(head) << head.error().context;
  EXPECT_EQ(head->status, 404);
  EXPECT_EQ(head->phrase, "Not  Found");
  EXPECT_EQ(head->minor_version, 1);
  EXPECT_EQ(head->headers.count("set-cookie"), 2u);
  EXPECT_EQ(head->framing.kind, Kind::length);
  EXPECT_EQ(head->framing.length, 12u);
  EXPECT_TRUE(head->keep_alive);
  EXPECT_FALSE(head->is_interim());
}

TEST(ResponseHead, PhrasesMayBeEmptyOrAbsent) {
  for (const char* line : {"HTTP/1.1 200", "HTTP/1.1 200 "}) {
    const auto head = parse_response_head(std::string(line) + "\r\n\r\n", "GET");
    ASSERT_TRUE(head) << line;
    EXPECT_EQ(head->status, 200);
    EXPECT_EQ(head->phrase, "");
  }
  EXPECT_TRUE(parse_response_head("HTTP/1.1 200 \xc3\xa9t\xc3\xa9\t!\r\n\r\n", "GET"));
}

struct Row {
  const char* start;
  const char* method;
  Kind kind;
  bool keep_alive;
};

TEST(ResponseHead, FramingFollowsRfc9112) {
  for (const Row& row : {
           Row{"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n", "GET", Kind::length, true},
           Row{"HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n", "GET", Kind::chunked, true},
           Row{"HTTP/1.1 200 OK\r\n", "GET", Kind::until_close, false},
           Row{"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n", "HEAD", Kind::none, true},
           Row{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n", "HEAD", Kind::none, true},
           Row{"HTTP/1.1 200 OK\r\n", "HEAD", Kind::none, true},
           Row{"HTTP/1.1 100 Continue\r\n", "POST", Kind::none, true},
           Row{"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n", "GET", Kind::none, true},
           Row{"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n",
               "GET", Kind::none, true},
           Row{"HTTP/1.1 204 No Content\r\nContent-Length: 7\r\n", "GET", Kind::none, true},
           Row{"HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n", "GET", Kind::none, true},
           Row{"HTTP/1.1 205 Reset Content\r\nContent-Length: 0\r\n", "GET", Kind::length, true},
           Row{"HTTP/1.1 200 OK\r\nContent-Length: 7\r\nConnection: close\r\n", "GET", Kind::length,
               false},
           Row{"HTTP/1.0 200 OK\r\nContent-Length: 7\r\n", "GET", Kind::length, false},
           Row{"HTTP/1.0 200 OK\r\nContent-Length: 7\r\nConnection: keep-alive\r\n", "GET",
               Kind::length, true},
           Row{"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n", "GET", Kind::until_close, false},
       }) {
    const auto head = parse_response_head(std::string(row.start) + "\r\n", row.method);
    ASSERT_TRUE(head) << row.start << head.error().context;
    EXPECT_EQ(head->framing.kind, row.kind) << row.method << ' ' << row.start;
    EXPECT_EQ(head->keep_alive, row.keep_alive) << row.method << ' ' << row.start;
  }
}

TEST(ResponseHead, InterimMeansAnotherOneFollows) {
  EXPECT_TRUE(parse_response_head("HTTP/1.1 100 Continue\r\n\r\n", "POST")->is_interim());
  EXPECT_TRUE(parse_response_head("HTTP/1.1 103 Early Hints\r\n\r\n", "GET")->is_interim());
  EXPECT_FALSE(parse_response_head("HTTP/1.1 101 Switching\r\n\r\n", "GET")->is_interim());
}

TEST(ResponseHead, RefusesWhatCanBeReadInTwoWays) {
  const std::string ok = "HTTP/1.1 200 OK\r\n";
  for (const std::string& bytes : {
           ok + "Content-Length: 7\r\nTransfer-Encoding: chunked\r\n\r\n",
           ok + "Content-Length: 7\r\nContent-Length: 8\r\n\r\n",
           ok + "Content-Length: 7, 7\r\n\r\n",
           ok + "Content-Length: -7\r\n\r\n",
           ok + "Content-Length: 7 \r\n\r\n",
           ok + "Transfer-Encoding: gzip\r\n\r\n",
           ok + "Transfer-Encoding: gzip, chunked\r\n\r\n",
           ok + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
           ok + "X: a\r\n b\r\n\r\n",
           ok + "X : a\r\n\r\n",
           ok + ": a\r\n\r\n",
           ok + "X: a\nY: b\r\n\r\n",
           ok + "X: a\rY: b\r\n\r\n",
           ok + "X: a\r\n\n",
           std::string("HTTP/1.1 200 OK\n\r\n"),
           std::string("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
           std::string("\r\nHTTP/1.1 200 OK\r\n\r\n"),
           std::string("HTTP/1.2 200 OK\r\n\r\n"),
           std::string("HTTP/2.0 200 OK\r\n\r\n"),
           std::string("HTTP/2 200\r\n\r\n"),
           std::string("http/1.1 200 OK\r\n\r\n"),
           std::string("ICY 200 OK\r\n\r\n"),
           std::string("HTTP/1.1  200 OK\r\n\r\n"),
           std::string("HTTP/1.1 20 OK\r\n\r\n"),
           std::string("HTTP/1.1 2000 OK\r\n\r\n"),
           std::string("HTTP/1.1 0200 OK\r\n\r\n"),
           std::string("HTTP/1.1 099 OK\r\n\r\n"),
           std::string("HTTP/1.1 2x0 OK\r\n\r\n"),
           std::string("HTTP/1.1 200\tOK\r\n\r\n"),
           std::string("HTTP/1.1 200 O\x01K\r\n\r\n"),
           std::string("HTTP/1.1\r\n\r\n"),
           std::string("<html>\r\n\r\n"),
           std::string(""),
       }) {
    for (const char* method : {"GET", "HEAD"}) {
      const auto head = parse_response_head(bytes, method);
      ASSERT_FALSE(head) << bytes;
      EXPECT_EQ(head.error().reason, Reason::malformed_response) << bytes;
      EXPECT_EQ(head.error().side, Side::upstream) << bytes;
    }
  }
}

TEST(ResponseHead, BoundsTheNumberOfFields) {
  std::string head = "HTTP/1.1 200 OK\r\n";
  for (int i = 0; i < 257; ++i) head += "X: y\r\n";
  const auto refused = parse_response_head(head + "\r\n", "GET");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, Reason::malformed_response);
}

}  // namespace
}  // namespace wssgate::http
