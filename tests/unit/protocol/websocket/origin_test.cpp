#include <gtest/gtest.h>

#include <string>

#include "protocol/websocket/handshake.h"

namespace wssgate::websocket {
namespace {

struct Row {
  const char* origin;
  const char* authority;
  const char* pattern;
  bool allowed;
};

TEST(Origin, Table) {
  for (const Row& row : {
           // same-host
           Row{"https://a.example", "a.example", "same-host", true},
           Row{"https://A.Example", "a.example:443", "same-host", true},
           Row{"https://a.example:443", "A.EXAMPLE", "same-host", true},
           Row{"https://a.example:8443", "a.example:8443", "same-host", true},
           Row{"https://a.example:8443", "a.example", "same-host", false},
           Row{"https://a.example", "a.example:8443", "same-host", false},
           Row{"http://a.example", "a.example", "same-host", false},
           Row{"http://a.example:443", "a.example", "same-host", false},
           Row{"https://b.example", "a.example", "same-host", false},
           Row{"https://127.0.0.1:8443", "127.0.0.1:8443", "same-host", true},
           Row{"https://[::1]:8443", "[0:0::1]:8443", "same-host", true},
           Row{"https://a.example", "", "same-host", false},
           Row{"null", "null", "same-host", false},
           // exact
           Row{"https://app.example.com", "x", "https://app.example.com", true},
           Row{"https://app.example.com:443", "x", "https://app.example.com", true},
           Row{"HTTPS://APP.example.com", "x", "https://app.example.com", true},
           Row{"https://app.example.com", "x", "HTTPS://App.Example.com:443", true},
           Row{"http://app.example.com", "x", "http://app.example.com:80", true},
           Row{"http://app.example.com", "x", "https://app.example.com", false},
           Row{"https://app.example.com:444", "x", "https://app.example.com", false},
           Row{"https://app.example.com.evil.com", "x", "https://app.example.com", false},
           Row{"https://evilapp.example.com", "x", "https://app.example.com", false},
           Row{"https://app.example.com/", "x", "https://app.example.com", false},
           Row{"https://app.example.com@evil", "x", "https://app.example.com", false},
           Row{"https://evil https://app.example.com", "x", "https://app.example.com", false},
           Row{"https://evil, https://app.example.com", "x", "https://app.example.com", false},
           Row{"app.example.com", "x", "https://app.example.com", false},
           Row{"", "x", "https://app.example.com", false},
           Row{"null", "x", "https://null", false},
           Row{"chrome-extension://abcdefgh", "x", "chrome-extension://abcdefgh", true},
           Row{"chrome-extension://abcdefgi", "x", "chrome-extension://abcdefgh", false},
           // wildcard
           Row{"https://a.example.com", "x", "https://*.example.com", true},
           Row{"https://A.Example.com:443", "x", "https://*.example.com", true},
           Row{"https://a.example.com:8443", "x", "https://*.example.com:8443", true},
           Row{"https://a.example.com:8443", "x", "https://*.example.com", false},
           Row{"https://example.com", "x", "https://*.example.com", false},
           Row{"https://a.b.example.com", "x", "https://*.example.com", false},
           Row{"https://aexample.com", "x", "https://*.example.com", false},
           Row{"https://*.example.com", "x", "https://*.example.com", false},
           Row{"https://a.example.com.evil.com", "x", "https://*.example.com", false},
           Row{"http://a.example.com", "x", "https://*.example.com", false},
       }) {
    EXPECT_EQ(origin_allowed(row.origin, row.authority, {row.pattern}), row.allowed)
        << row.origin << " at " << row.authority << " by " << row.pattern;
  }
}

TEST(Origin, AnyOfTheAllowedOnesWill) {
  const std::vector<std::string> allowed = {"same-host", "https://*.b.example",
                                            "https://c.example"};
  EXPECT_TRUE(origin_allowed("https://a.example", "a.example", allowed));
  EXPECT_TRUE(origin_allowed("https://x.b.example", "a.example", allowed));
  EXPECT_TRUE(origin_allowed("https://c.example", "a.example", allowed));
  EXPECT_FALSE(origin_allowed("https://d.example", "a.example", allowed));
  EXPECT_FALSE(origin_allowed("https://a.example", "a.example", {}));
}

TEST(Origin, PatternsForTheConfiguration) {
  for (const char* text : {"same-host", "https://app.example.com", "http://localhost:3000",
                           "https://*.example.com", "https://*.example.com:8443",
                           "https://127.0.0.1", "https://[::1]:8443", "capacitor://localhost"}) {
    EXPECT_TRUE(is_origin_pattern(text)) << text;
  }
  for (const char* text : {"",
                           "*",
                           "null",
                           "Same-Host",
                           "app.example.com",
                           "https://",
                           "https://*",
                           "https://*.com",
                           "https://*.*.example.com",
                           "https://a.*.com",
                           "https://a*.example.com",
                           "https://app.example.com/",
                           "https://app.example.com/path",
                           "https://u@app.example.com",
                           "https://app.example.com:0",
                           "https://app.example.com:x",
                           "://a.example",
                           "1s://a.example",
                           "https://*.127.0.0.1",
                           "https:a.example",
                           " https://a.example"}) {
    EXPECT_FALSE(is_origin_pattern(text)) << text;
  }
}

}  // namespace
}  // namespace wssgate::websocket
