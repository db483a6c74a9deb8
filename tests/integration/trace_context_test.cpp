#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "support/backend.h"
#include "support/http_text.h"
#include "support/running_gateway.h"

/// W3C traces go on through wssgate, and its access lines can be joined to them.
namespace wssgate::test {
namespace {

constexpr const char* kTrace = "0af7651916cd43dd8448eb211c80319c";
constexpr const char* kParent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

TEST(TraceContext, PassesAndItsIdIsInTheLine) {
  Journal heads;
  Backend backend(answering([&](const std::string& head) {
    heads.add(head);
    return ok("");
  }));
  RunningGateway gateway({{"test.example"}}, one_host(backend.endpoint()));
  TlsClient client(gateway.address(), "test.example");
  const std::string good =
      std::string("traceparent: ") + kParent + "\r\ntracestate: rojo=00f067aa0ba902b7\r\n";
  const std::string malformed = "traceparent: 00-nothing\r\n";
  const std::string twice = good + "TraceParent: " + kParent + "\r\n";
  for (const std::string& fields : {good, malformed, twice, std::string()}) {
    client.write(get("/", fields));
    EXPECT_EQ(status_of(client.read_message()), 200);
    EXPECT_NE(heads.entries().back().find(fields), std::string::npos) << heads.entries().back();
  }
  const auto lines = gateway.access_lines(4);
  EXPECT_EQ(lines[0]["trace_id"], kTrace);
  for (std::size_t i = 1; i < 4; ++i) EXPECT_FALSE(lines[i].contains("trace_id")) << lines[i];
}

}  // namespace
}  // namespace wssgate::test
