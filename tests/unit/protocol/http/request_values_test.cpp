#include "protocol/http/request_values.h"

#include <gtest/gtest.h>

namespace wssgate::http {
namespace {

using namespace std::string_view_literals;

TEST(Cookie, IsFoundByItsName) {
  Headers headers;
  headers.add("cookie", "a=1; session=x=y;  b=2");
  headers.add("Cookie", "late=3; a=4");
  EXPECT_EQ(cookie(headers, "session"), "x=y"sv);
  EXPECT_EQ(cookie(headers, "a"), "1"sv) << "the first";
  EXPECT_EQ(cookie(headers, "b"), "2"sv);
  EXPECT_EQ(cookie(headers, "late"), "3"sv);
  EXPECT_EQ(cookie(headers, "Session"), std::nullopt);
  EXPECT_EQ(cookie(headers, "sess"), std::nullopt);
  EXPECT_EQ(cookie({}, "a"), std::nullopt);
}

TEST(QueryParameter, IsFoundByItsName) {
  EXPECT_EQ(query_parameter("/?a=1&room=x%20y&room=z", "room"), "x%20y"sv);
  EXPECT_EQ(query_parameter("/?room", "room"), ""sv);
  EXPECT_EQ(query_parameter("/?broom=1", "room"), std::nullopt);
  EXPECT_EQ(query_parameter("/room=1", "room"), std::nullopt);
  EXPECT_EQ(query_parameter("/?", "room"), std::nullopt);
}

}  // namespace
}  // namespace wssgate::http
