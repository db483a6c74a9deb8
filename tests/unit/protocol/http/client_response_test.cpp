#include <gtest/gtest.h>

#include <string>

#include "protocol/http/forward.h"

namespace wssgate::http {
namespace {

using Kind = Framing::Kind;

RequestHead request(const std::string& method, int minor, const std::string& connection = {}) {
  std::string head = method + " / HTTP/1." + std::to_string(minor) + "\r\nHost: a\r\n";
  if (!connection.empty()) head += "Connection: " + connection + "\r\n";
  return std::move(parse_request_head(head + "\r\n")).value();
}

struct TravelRow {
  const char* name;
  Kind from;
  int client_minor;
  Kind to;
  bool keep_alive;
};

TEST(Travel, FramingTowardsTheClient) {
  for (const TravelRow& row : {
           TravelRow{"no body", Kind::none, 1, Kind::none, true},
           TravelRow{"no body, 1.0", Kind::none, 0, Kind::none, true},
           TravelRow{"length", Kind::length, 1, Kind::length, true},
           TravelRow{"length, 1.0", Kind::length, 0, Kind::length, true},
           TravelRow{"chunked", Kind::chunked, 1, Kind::chunked, true},
           TravelRow{"chunked, 1.0", Kind::chunked, 0, Kind::until_close, false},
           TravelRow{"until close", Kind::until_close, 1, Kind::chunked, true},
           TravelRow{"until close, 1.0", Kind::until_close, 0, Kind::until_close, false},
       }) {
    ResponseHead response{HeadText("")};
    response.framing = {row.from, 9};
    const RequestHead asked = request("GET", row.client_minor, "keep-alive");
    const ResponseTravel travel = travel_for(response, asked, true);
    EXPECT_EQ(travel.framing.kind, row.to) << row.name;
    EXPECT_EQ(travel.framing.length, 9u) << row.name;
    EXPECT_EQ(travel.keep_alive, row.keep_alive) << row.name;
    EXPECT_EQ(travel.client_minor_version, row.client_minor) << row.name;
    EXPECT_FALSE(travel_for(response, asked, false).keep_alive) << row.name;
  }
  ResponseHead response{HeadText("")};
  EXPECT_FALSE(travel_for(response, request("GET", 1, "close"), true).keep_alive);
}

struct Row {
  const char* name;
  const char* method;
  std::string from;
  std::string to;
  int client_minor = 1;
  bool keep_alive = true;
};

TEST(ClientResponse, Table) {
  const std::string ok = "HTTP/1.1 200 OK\r\n";
  for (const Row& row : {
           Row{"length", "GET", ok + "A: b\r\ncontent-length: 07\r\n",
               ok + "A: b\r\nContent-Length: 7\r\n"},
           Row{"chunked", "GET", ok + "Transfer-Encoding: chunked\r\nTrailer: X\r\n",
               ok + "Trailer: X\r\nTransfer-Encoding: chunked\r\n"},
           Row{"until close becomes chunked", "GET", ok + "Connection: close\r\n",
               ok + "Transfer-Encoding: chunked\r\n"},
           Row{"until close for an old client", "GET", ok, ok + "Connection: close\r\n", 0},
           Row{"an old client is told that the connection lasts", "GET",
               ok + "Content-Length: 7\r\n", ok + "Connection: keep-alive\r\nContent-Length: 7\r\n",
               0},
           Row{"the connection ends", "GET", ok + "Content-Length: 7\r\n",
               ok + "Connection: close\r\nContent-Length: 7\r\n", 1, false},
           Row{"hop-by-hop fields and what Connection names go", "GET",
               ok + "Connection: keep-alive, X-Hop\r\nKeep-Alive: timeout=5\r\nX-Hop: y\r\n"
                    "Upgrade: h2c\r\nProxy-Connection: x\r\nContent-Length: 0\r\n",
               ok + "Content-Length: 0\r\n"},
           Row{"HEAD keeps the length that GET would have", "HEAD", ok + "Content-Length: 7\r\n",
               ok + "Content-Length: 7\r\n"},
           Row{"HEAD of a chunked body", "HEAD", ok + "Transfer-Encoding: chunked\r\nA: b\r\n",
               ok + "A: b\r\n"},
           Row{"304 keeps the length", "GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n",
               "HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n"},
           Row{"204 has none", "GET", "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n",
               "HTTP/1.1 204 No Content\r\n"},
           Row{"interim answers say nothing of the connection", "GET",
               "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n",
               "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n", 1, false},
           Row{"HTTP/1.0 upstream", "GET", "HTTP/1.0 200 OK\r\nContent-Length: 7\r\n",
               ok + "Content-Length: 7\r\n"},
           Row{"no phrase", "GET", "HTTP/1.1 200\r\nContent-Length: 7\r\n",
               "HTTP/1.1 200 \r\nContent-Length: 7\r\n"},
           Row{"cookies stay apart", "GET",
               ok + "Set-Cookie: a\r\nSet-Cookie: b\r\nContent-Length: 7\r\n",
               ok + "Set-Cookie: a\r\nSet-Cookie: b\r\nContent-Length: 7\r\n"},
           Row{"101 keeps the upgrade", "GET",
               "HTTP/1.1 101 Switching Protocols\r\nupgrade: WebSocket\r\nconnection: upgrade, "
               "x\r\n"
               "Sec-WebSocket-Accept: a\r\nSec-WebSocket-Protocol: p\r\nContent-Length: 0\r\n",
               "HTTP/1.1 101 Switching Protocols\r\nupgrade: WebSocket\r\n"
               "Sec-WebSocket-Accept: a\r\nSec-WebSocket-Protocol: p\r\nConnection: Upgrade\r\n"},
           Row{"426 keeps what it asks for", "GET",
               "HTTP/1.1 426 Upgrade Required\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
               "Content-Length: 0\r\n",
               "HTTP/1.1 426 Upgrade Required\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
               "Content-Length: 0\r\n"},
       }) {
    const auto response = parse_response_head(row.from + "\r\n", row.method);
    ASSERT_TRUE(response) << row.name << ": " << response.error().context;
    const RequestHead asked = request(row.method, row.client_minor, "keep-alive");
    const ResponseTravel travel = travel_for(*response, asked, row.keep_alive);
    EXPECT_EQ(client_response_head(*response, travel), row.to + "\r\n") << row.name;
  }
}

TEST(ClientResponse, TheRequestIdReplacesTheUpstreams) {
  const auto response = parse_response_head(
      "HTTP/1.1 204 No Content\r\nx-request-id: theirs\r\nX_Request_ID: too\r\nA: b\r\n\r\n",
      "GET");
  ASSERT_TRUE(response.ok());
  ResponseTravel travel;
  EXPECT_EQ(client_response_head(*response, travel),
            "HTTP/1.1 204 No Content\r\nx-request-id: theirs\r\nX_Request_ID: too\r\nA: b\r\n\r\n");
  travel.request_id = "ours";
  EXPECT_EQ(client_response_head(*response, travel),
            "HTTP/1.1 204 No Content\r\nA: b\r\nX-Request-ID: ours\r\n\r\n");
  const auto hints = parse_response_head(
      "HTTP/1.1 103 Early Hints\r\nX-Request-ID: theirs\r\nA: b\r\n\r\n", "GET");
  ASSERT_TRUE(hints.ok());
  EXPECT_EQ(client_response_head(*hints, travel), "HTTP/1.1 103 Early Hints\r\nA: b\r\n\r\n");
}

}  // namespace
}  // namespace wssgate::http
