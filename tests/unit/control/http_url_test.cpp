#include "control/http_url.h"

#include <gtest/gtest.h>

namespace wssgate::control {
namespace {

TEST(HttpUrl, IsTakenApart) {
  const struct {
    const char* text;
    const char* host;
    const char* authority;
    const char* path;
  } rows[] = {
      {"http://ocsp.test", "ocsp.test", "ocsp.test:80", "/"},
      {"http://ocsp.test/", "ocsp.test", "ocsp.test:80", "/"},
      {"HTTP://ocsp.test:8080/a/b?c=d#e", "ocsp.test", "ocsp.test:8080", "/a/b?c=d"},
      {"http://ocsp.test?c=d", "ocsp.test", "ocsp.test:80", "/?c=d"},
      {"http://[::1]:8080/x", "::1", "[::1]:8080", "/x"},
      {"http://[::1]/x", "::1", "[::1]:80", "/x"},
  };
  for (const auto& row : rows) {
    const auto url = HttpUrl::parse(row.text);
    ASSERT_TRUE(url) << row.text;
    EXPECT_EQ(url->host, row.host) << row.text;
    EXPECT_EQ(url->authority, row.authority) << row.text;
    EXPECT_EQ(url->path, row.path) << row.text;
  }
}

TEST(HttpUrl, RefusesOthers) {
  for (const char* text :
       {"", "http://", "http:///x", "https://ocsp.test/", "ocsp.test", "http://me@ocsp.test/",
        "http://ocsp.test:0/", "http://ocsp.test:70000/", "http://ocsp.test/a b",
        "http://ocsp.test/\r\nX: y", "http://:80/", "http://a:b:c/"}) {
    EXPECT_FALSE(HttpUrl::parse(text)) << text;
  }
}

}  // namespace
}  // namespace wssgate::control
