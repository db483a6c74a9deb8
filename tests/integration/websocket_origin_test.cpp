// allowed_origins: pages of other websites open no WebSockets here (cross-site hijacking).

#include <gtest/gtest.h>

#include "support/websocket.h"

namespace wssgate::test {
namespace {

struct Case {
  std::string name;
  std::string fields;
  int status;
};

class Origin : public testing::TestWithParam<Case> {};

TEST_P(Origin, IsJudged) {
  const Backend backend(echoing());
  RunningGateway gateway({{"test.example"}},
                         "hosts:\n  - names: [test.example]\n    routes:\n"
                         "      - {path: /, upstream: backend, allowed_origins: [same-host, "
                         "\"https://app.example.com\", \"https://*.pages.example\"]}\n"
                         "upstreams: {backend: {endpoints: [\"" +
                             backend.endpoint() + "\"]}}\n");
  TlsClient client(gateway.address(), "test.example");

  client.write(upgrade_request("test.example", "/", GetParam().fields));

  EXPECT_EQ(client.read_message().substr(9, 3), std::to_string(GetParam().status));
  EXPECT_EQ(backend.connections(), GetParam().status == 101 ? 1 : 0);
}

INSTANTIATE_TEST_SUITE_P(
    All, Origin,
    testing::Values(
        Case{"none", "", 101},  // no browser
        Case{"same_host", "Origin: https://test.example\r\n", 101},
        Case{"same_host_with_port", "Origin: https://TEST.example:443\r\n", 101},
        Case{"same_host_plain", "Origin: http://test.example\r\n", 403},
        Case{"same_host_other_port", "Origin: https://test.example:8443\r\n", 403},
        Case{"exact", "Origin: https://app.example.com\r\n", 101},
        Case{"prefix_of_exact", "Origin: https://app.example.com.evil.example\r\n", 403},
        Case{"wildcard", "Origin: https://a.pages.example\r\n", 101},
        Case{"wildcard_two_labels", "Origin: https://a.b.pages.example\r\n", 403},
        Case{"wildcard_parent", "Origin: https://pages.example\r\n", 403},
        Case{"other", "Origin: https://evil.example\r\n", 403},
        Case{"null", "Origin: null\r\n", 403}, Case{"empty", "Origin:\r\n", 403},
        Case{"two", "Origin: https://app.example.com\r\nOrigin: https://evil.example\r\n", 400}),
    [](const auto& c) { return c.param.name; });

}  // namespace
}  // namespace wssgate::test
