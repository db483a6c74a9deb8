#include "control/connection_request.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace wssgate::control {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

TEST(ConnectionRequest, MeansAllWhereNothingIsSaid) {
  const auto request = parse_connection_request("");
  ASSERT_TRUE(request);
  EXPECT_TRUE(request->names_none);
  EXPECT_EQ(request->code, 1001);
}

TEST(ConnectionRequest, ReadsEveryFilter) {
  const auto request =
      parse_connection_request("id=7&host=A.example&client=192.0.2.0%2F24&older_than=5m&code=4000");
  ASSERT_TRUE(request);
  EXPECT_EQ(request->filter.id, 7);
  EXPECT_EQ(request->filter.host, "a.example");
  EXPECT_TRUE(request->filter.client->contains(*SocketAddress::parse("192.0.2.9:1")));
  EXPECT_FALSE(request->filter.client->contains(*SocketAddress::parse("192.0.3.9:1")));
  EXPECT_EQ(request->filter.older_than, 5min);
  EXPECT_EQ(request->code, 4000);
  EXPECT_FALSE(request->names_none);
}

TEST(ConnectionRequest, ACodeAloneNamesNone) {
  const auto request = parse_connection_request("code=1012");
  ASSERT_TRUE(request);
  EXPECT_TRUE(request->names_none);
}

TEST(ConnectionRequest, SaysWhatIsWrong) {
  for (const auto& [query, said] :
       {std::pair{"id=seven", "'seven' is no connection's number"},
        std::pair{"id=", "is no connection's number"}, std::pair{"host=", "host= has no name"},
        std::pair{"client=example", "'example' is no address"},
        std::pair{"older_than=5", "'5' is no duration"}, std::pair{"hots=a", "there is no 'hots='"},
        std::pair{"&", "there is no '='"}, std::pair{"code=999", "'999' is no code"}}) {
    const auto request = parse_connection_request(query);
    ASSERT_FALSE(request) << query;
    EXPECT_THAT(std::string(request.error().text()), HasSubstr(said)) << query;
  }
}

TEST(ConnectionRequest, TakesTheCodesThatMayStandInACloseFrame) {
  for (const std::uint32_t code : {1000U, 1003U, 1007U, 1014U, 3000U, 4999U}) {
    EXPECT_TRUE(gateway::is_close_code(code)) << code;
  }
  for (const std::uint32_t code : {0U, 999U, 1004U, 1005U, 1006U, 1015U, 2999U, 5000U, 66536U}) {
    EXPECT_FALSE(gateway::is_close_code(code)) << code;
  }
}

}  // namespace
}  // namespace wssgate::control
