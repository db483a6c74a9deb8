#include <gtest/gtest.h>

#include "protocol/http/head.h"

namespace wssgate::http {
namespace {

TEST(Headers, AreFoundWithoutCase) {
  Headers headers;
  headers.add("Set-Cookie", "a");
  headers.add("set-cookie", "b");
  EXPECT_EQ(headers.find("SET-COOKIE"), "a");
  EXPECT_EQ(headers.count("Set-Cookie"), 2u);
  EXPECT_EQ(headers.find("Cookie"), std::nullopt);
  EXPECT_EQ(headers.count("Cookie"), 0u);
}

TEST(Headers, HaveTokensInAnyFieldOfAName) {
  Headers headers;
  headers.add("Connection", "keep-alive,  Upgrade");
  headers.add("Connection", ", ,x\t,");
  EXPECT_TRUE(headers.has_token("connection", "upgrade"));
  EXPECT_TRUE(headers.has_token("Connection", "X"));
  EXPECT_TRUE(headers.has_token("Connection", "keep-alive"));
  EXPECT_FALSE(headers.has_token("Connection", "keep"));
  EXPECT_FALSE(headers.has_token("Connection", ""));
  EXPECT_FALSE(headers.has_token("Upgrade", "upgrade"));
}

TEST(RoutePath, DecodesAndMergesSlashes) {
  struct Row {
    const char* target;
    const char* path;
  };
  for (const Row& row :
       {Row{"/", "/"}, Row{"*", "/"}, Row{"/a?b=/c", "/a"}, Row{"/?x", "/"},
        Row{"//a///b/", "/a/b/"}, Row{"/a%2Fb", "/a/b"}, Row{"/%2F/a", "/a"},
        Row{"/%61%20%C3%A9", "/a \xc3\xa9"}, Row{"/a%2561", "/a%61"}, Row{"/a%", "/a%"},
        Row{"/a%4", "/a%4"}, Row{"/a%zz", "/a%zz"}, Row{"", "/"}, Row{"?", "/"}}) {
    EXPECT_EQ(route_path(row.target), row.path) << row.target;
  }
}

}  // namespace
}  // namespace wssgate::http
