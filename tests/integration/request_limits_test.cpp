// limits.header_fields and limits.request_body.

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "support/backend.h"
#include "support/http_text.h"
#include "support/running_gateway.h"

namespace wssgate::test {
namespace {

std::string post(const std::string& framing, const std::string& body) {
  return "POST / HTTP/1.1\r\nHost: test.example\r\n" + framing + "\r\n" + body;
}

class RequestLimits : public testing::Test {
 protected:
  Backend backend_{answering([](const std::string&) { return ok("served"); })};
  RunningGateway gateway_{
      {{"test.example"}},
      one_host(backend_.endpoint(), "limits: {header_fields: 10, request_body: 16B}\n")};
  TlsClient client_{gateway_.address(), "test.example"};
};

TEST_F(RequestLimits, CountHeaderFields) {
  std::string fields;
  for (int i = 0; i < 9; ++i) fields += "X-" + std::to_string(i) + ": y\r\n";
  client_.write("GET / HTTP/1.1\r\nHost: test.example\r\n" + fields + "\r\n");
  EXPECT_EQ(status_of(client_.read_message()), 200);
  client_.write("GET / HTTP/1.1\r\nHost: test.example\r\nOne-More: z\r\n" + fields + "\r\n");
  EXPECT_EQ(status_of(client_.read_message()), 431);
  EXPECT_EQ(backend_.connections(), 1);
}

TEST_F(RequestLimits, RefuseADeclaredLengthBeforeTheUpstreamSeesIt) {
  client_.write(post("Content-Length: 16\r\n", "0123456789abcdef"));
  EXPECT_EQ(status_of(client_.read_message()), 200);
  client_.write(post("Content-Length: 17\r\n", ""));
  EXPECT_EQ(status_of(client_.read_all()), 413);
  EXPECT_EQ(gateway_.access_lines(2).at(1)["reason"], "request_body_too_large");
}

TEST_F(RequestLimits, CutAChunkedBodyThatGrowsTooLarge) {
  client_.write(post("Transfer-Encoding: chunked\r\n", "10\r\n0123456789abcdef\r\n0\r\n\r\n"));
  EXPECT_EQ(status_of(client_.read_message()), 200);
  client_.write(post("Transfer-Encoding: chunked\r\n", "11\r\n0123456789abcdefg\r\n"));
  EXPECT_EQ(status_of(client_.read_all()), 413);
  EXPECT_EQ(gateway_.access_lines(2).at(1)["reason"], "request_body_too_large");
}

}  // namespace
}  // namespace wssgate::test
