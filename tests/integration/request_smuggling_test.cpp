#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "support/backend.h"
#include "support/http_text.h"
#include "support/running_gateway.h"

/// A request that two parsers could read differently is answered 400, ends its connection, and no
/// byte of it or of what follows reaches an upstream.
namespace wssgate::test {
namespace {

using namespace std::string_literals;

struct Ambiguity {
  const char* name;
  std::string request;
};

std::string with(const std::string& fields) {
  return "POST / HTTP/1.1\r\nHost: test.example\r\n" + fields + "\r\n";
}

class RequestSmuggling : public testing::TestWithParam<Ambiguity> {};

TEST_P(RequestSmuggling, NothingReachesTheUpstream) {
  Journal seen;
  Backend backend([&](RawClient& proxy, int) { seen.add(proxy.read_some()); });
  RunningGateway gateway({{"test.example"}}, one_host(backend.endpoint()));
  TlsClient client(gateway.address(), "test.example");
  client.write(GetParam().request + get("/smuggled"));
  const std::string response = client.read_all();
  EXPECT_EQ(status_of(response), 400);
  EXPECT_EQ(field_of(response, "Connection"), "close");
  EXPECT_EQ(response.find("HTTP/1.1", 1), std::string::npos) << "one answer only: " << response;
  EXPECT_EQ(backend.connections(), 0);
  EXPECT_TRUE(seen.entries().empty());
  const auto lines = gateway.access_lines(1);
  EXPECT_EQ(lines.size(), 1U);
  EXPECT_EQ(lines.at(0)["reason"], "malformed_request");
  EXPECT_EQ(lines.at(0)["ended_by"], "client");
  EXPECT_FALSE(lines.at(0)["detail"].empty());
}

INSTANTIATE_TEST_SUITE_P(
    Rows, RequestSmuggling,
    testing::Values(
        Ambiguity{"BothLengths",
                  with("Content-Length: 6\r\nTransfer-Encoding: chunked\r\n") + "0\r\n\r\nG"},
        Ambiguity{"DifferentLengths", with("Content-Length: 1\r\nContent-Length: 2\r\n") + "ab"},
        Ambiguity{"LengthList", with("Content-Length: 1, 2\r\n") + "ab"},
        Ambiguity{"NegativeLength", with("Content-Length: -1\r\n")},
        Ambiguity{"SignedLength", with("Content-Length: +1\r\n") + "a"},
        Ambiguity{"HexLength", with("Content-Length: 0x1\r\n") + "a"},
        Ambiguity{"HugeLength", with("Content-Length: 18446744073709551617\r\n") + "a"},
        Ambiguity{"EmptyLength", with("Content-Length: \r\n")},
        Ambiguity{"TwoCodings", with("Transfer-Encoding: gzip, chunked\r\n") + "0\r\n\r\n"},
        Ambiguity{
            "ChunkedTwice",
            with("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n") + "0\r\n\r\n"},
        Ambiguity{"Identity", with("Transfer-Encoding: identity\r\n")},
        Ambiguity{"UnknownCoding", with("Transfer-Encoding: xchunked\r\n")},
        Ambiguity{"TabBeforeCoding", with("Transfer-Encoding: \vchunked\r\n")},
        Ambiguity{"ChunkedInHttp10",
                  "POST / HTTP/1.0\r\nHost: test.example\r\nTransfer-Encoding: chunked\r\n\r\n"
                  "0\r\n\r\n"},
        Ambiguity{"SpaceBeforeColon", with("Content-Length : 1\r\n") + "a"},
        Ambiguity{"ObsFold", with("X: a\r\n b\r\n")},
        Ambiguity{"ObsFoldOfLength", with("Content-Length:\r\n 1\r\n") + "a"},
        Ambiguity{"LeadingSpace", "POST / HTTP/1.1\r\n Host: test.example\r\n\r\n"},
        Ambiguity{"BareLf", "GET / HTTP/1.1\nHost: test.example\n\n"},
        Ambiguity{"BareLfInAField", with("X: a\nContent-Length: 1\r\n")},
        Ambiguity{"BareCr", with("X: a\rContent-Length: 1\r\n")},
        Ambiguity{"Nul", with("X: a\0b\r\n"s)}, Ambiguity{"ControlCharacter", with("X: a\x01\r\n")},
        Ambiguity{"NoColon", with("X\r\n")}, Ambiguity{"EmptyName", with(": x\r\n")},
        Ambiguity{"NoHost", "GET / HTTP/1.1\r\n\r\n"},
        Ambiguity{"TwoHosts", with("Host: test.example\r\n")},
        Ambiguity{"OtherAbsoluteHost",
                  "GET https://other.example/ HTTP/1.1\r\nHost: test.example\r\n\r\n"},
        Ambiguity{"UserInfo", "GET https://a@test.example/ HTTP/1.1\r\nHost: test.example\r\n\r\n"},
        Ambiguity{"TwoSpaces", "GET  / HTTP/1.1\r\nHost: test.example\r\n\r\n"},
        Ambiguity{"NoVersion", "GET /\r\nHost: test.example\r\n\r\n"},
        Ambiguity{"DotSegments", get("/a/../b")},
        Ambiguity{"EncodedDotSegments", get("/a/%2e%2E/b")}, Ambiguity{"BadEncoding", get("/%zz")},
        Ambiguity{"EncodedNul", get("/%00")}, Ambiguity{"Fragment", get("/a#b")}),
    [](const auto& row) { return row.param.name; });

/// The head is sound, so it has gone; the body is not, and must end the request short.
class BadRequestBody : public testing::TestWithParam<Ambiguity> {};

TEST_P(BadRequestBody, EndsBothConnections) {
  Journal seen;
  Backend backend([&](RawClient& proxy, int) {
    proxy.read_until("\r\n\r\n");
    try {
      seen.add(proxy.read_all());
    } catch (const std::exception&) {
      seen.add("reset");
    }
  });
  RunningGateway gateway({{"test.example"}}, one_host(backend.endpoint()));
  TlsClient client(gateway.address(), "test.example");
  client.write(with("Transfer-Encoding: chunked\r\n") + GetParam().request + get("/smuggled"));
  const std::string response = client.read_all();
  EXPECT_EQ(status_of(response), 400);
  EXPECT_EQ(response.find("HTTP/1.1", 1), std::string::npos) << "one answer only: " << response;
  const std::string body = seen.wait_for(1).at(0);
  EXPECT_EQ(body.find("smuggled"), std::string::npos) << body;
  EXPECT_EQ(body.find("0\r\n\r\n"), std::string::npos) << "must not look complete: " << body;
  EXPECT_EQ(backend.connections(), 1);
}

INSTANTIATE_TEST_SUITE_P(
    Rows, BadRequestBody,
    testing::Values(Ambiguity{"NoSize", "\r\n0\r\n\r\n"}, Ambiguity{"HexPrefix", "0x1\r\na\r\n"},
                    Ambiguity{"Sign", "+1\r\na\r\n"}, Ambiguity{"Space", "1 \r\na\r\n"},
                    Ambiguity{"Overflow", "10000000000000001\r\na\r\n"},
                    Ambiguity{"BareLf", "1\na\n0\n\n"},
                    Ambiguity{"LongerThanSaid", "1\r\nab\r\n0\r\n\r\n"},
                    Ambiguity{"BareLfAtTheEnd", "1\r\na\r\n0\r\n\n"},
                    Ambiguity{"FoldedTrailer", "0\r\nX: a\r\n b\r\n\r\n"},
                    Ambiguity{"LengthInTrailers", "0\r\nContent-Length: 5\r\n\r\n"}),
    [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace wssgate::test
