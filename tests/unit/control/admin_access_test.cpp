#include "control/admin_access.h"

#include <gtest/gtest.h>

#include <string>

namespace wssgate::control {
namespace {

const std::string kToken = "0123456789abcdef";

/// The status that it is refused with; 0: it may.
int judged(const AdminAccess& access, const std::string& method, const std::string& target,
           const std::string& fields = "Host: localhost:9114\r\n") {
  const auto head =
      http::parse_request_head(method + " " + target + " HTTP/1.1\r\n" + fields + "\r\n");
  if (!head) return -1;
  const auto refusal = access.judge(*head);
  return refusal ? refusal->status : 0;
}

std::string local(const std::string& fields) { return "Host: localhost\r\n" + fields; }
std::string remote(const std::string& fields) { return "Host: gate.example:9114\r\n" + fields; }

const AdminAccess kLocal("", true);
const AdminAccess kLocalWithToken(kToken, true);
const AdminAccess kRemote(kToken, false);

TEST(AdminAccess, LoopbackReadsWithoutAToken) {
  EXPECT_EQ(judged(kLocal, "GET", "/metrics"), 0);
  EXPECT_EQ(judged(kLocal, "HEAD", "/status"), 0);
  EXPECT_EQ(judged(kLocalWithToken, "GET", "/metrics"), 0);
}

TEST(AdminAccess, NothingIsChangedWithoutAToken) {
  EXPECT_EQ(judged(kLocal, "POST", "/reload"), 403);
  EXPECT_EQ(judged(kLocal, "POST", "/reload", local("Authorization: Bearer \r\n")), 403);
  EXPECT_EQ(judged(kLocalWithToken, "POST", "/reload"), 401);
  EXPECT_EQ(judged(kLocalWithToken, "PUT", "/log-level?level=debug"), 401);
}

TEST(AdminAccess, OtherMachinesShowTheTokenForEverything) {
  EXPECT_EQ(judged(kRemote, "GET", "/metrics", remote("")), 401);
  EXPECT_EQ(judged(kRemote, "GET", "/metrics", local("")), 401);  // whatever they call this
  EXPECT_EQ(judged(kRemote, "GET", "/metrics", remote("Authorization: Bearer " + kToken + "\r\n")),
            0);
  EXPECT_EQ(judged(kRemote, "POST", "/drain", remote("authorization: bearer " + kToken + "\r\n")),
            0);
}

TEST(AdminAccess, HealthIsForEveryone) {
  EXPECT_EQ(judged(kRemote, "GET", "/healthz", remote("")), 0);
  EXPECT_EQ(judged(kRemote, "GET", "/readyz?verbose", remote("")), 0);
  EXPECT_EQ(judged(kRemote, "POST", "/healthz", remote("")), 401);
  EXPECT_EQ(judged(kRemote, "GET", "/healthz/../status", remote("")), -1);
}

TEST(AdminAccess, TheDashboardsFilesAreForEveryoneAndItsDataIsNot) {
  for (const char* const file : {"/", "/dashboard.css", "/dashboard.js"}) {
    EXPECT_EQ(judged(kRemote, "GET", file, remote("")), 0) << file;
    EXPECT_EQ(judged(kRemote, "POST", file, remote("")), 401) << file;
  }
  EXPECT_EQ(judged(kLocal, "GET", "/", local("Sec-Fetch-Site: cross-site\r\n")), 0);
  EXPECT_EQ(judged(kRemote, "GET", "/dashboard.json", remote("")), 401);
  EXPECT_EQ(judged(kLocal, "GET", "/dashboard.json", remote("")), 403);
  EXPECT_EQ(judged(kLocal, "GET", "/dashboard.json", local("Sec-Fetch-Site: cross-site\r\n")), 403);
}

TEST(AdminAccess, AWrongTokenIsNone) {
  for (const std::string wrong : {"0123456789abcdeX", "0123456789abcde", "0123456789abcdef0", ""}) {
    EXPECT_EQ(judged(kRemote, "GET", "/status", remote("Authorization: Bearer " + wrong + "\r\n")),
              401)
        << wrong;
  }
  EXPECT_EQ(judged(kRemote, "GET", "/status", remote("Authorization: " + kToken + "\r\n")), 401);
}

TEST(AdminAccess, BrowsersSendItAsAPassword) {
  // "any:0123456789abcdef" and ":0123456789abcdef", with and without padding.
  for (const char* const basic : {"YW55OjAxMjM0NTY3ODlhYmNkZWY=", "OjAxMjM0NTY3ODlhYmNkZWY="}) {
    EXPECT_EQ(judged(kRemote, "GET", "/status",
                     remote(std::string("Authorization: Basic ") + basic + "\r\n")),
              0)
        << basic;
  }
  for (const char* const wrong : {"", "=", "====", "YW55", "!!!!", "MDEyMzQ1Njc4OWFiY2RlZg=="}) {
    EXPECT_EQ(judged(kRemote, "GET", "/status",
                     remote(std::string("Authorization: Basic ") + wrong + "\r\n")),
              401)
        << wrong;
  }
}

TEST(AdminAccess, APageOfAnotherSiteGetsNothing) {
  const std::string bearer = "Authorization: Bearer " + kToken + "\r\n";
  for (const std::string fields :
       {"Origin: https://evil.example\r\n", "Origin: null\r\n", "Sec-Fetch-Site: cross-site\r\n",
        "Sec-Fetch-Site: same-site\r\n"}) {
    EXPECT_EQ(judged(kLocal, "GET", "/status", local(fields)), 403) << fields;
    EXPECT_EQ(judged(kRemote, "POST", "/drain", remote(bearer + fields)), 403) << fields;
  }
  EXPECT_EQ(judged(kRemote, "POST", "/drain",
                   remote(bearer +
                          "Origin: http://gate.example:9114\r\nSec-Fetch-Site: same-origin\r\n")),
            0);
  EXPECT_EQ(judged(kLocal, "GET", "/", local("Sec-Fetch-Site: none\r\n")), 0);
}

TEST(AdminAccess, NamesThatMerelyLeadHereAreNotLoopback) {
  for (const std::string host :
       {"evil.example", "127.0.0.1.evil.example", "127.evil", "unix", "unix:9114",
        "localhost.evil:9114", "192.0.2.1:9114", "[2001:db8::1]:9114"}) {
    EXPECT_EQ(judged(kLocal, "GET", "/status", "Host: " + host + "\r\n"), 403) << host;
  }
  for (const std::string host :
       {"localhost", "LocalHost:9114", "127.0.0.1:9114", "127.8.9.1", "[::1]", "[::1]:9114"}) {
    EXPECT_EQ(judged(kLocal, "GET", "/status", "Host: " + host + "\r\n"), 0) << host;
  }
}

}  // namespace
}  // namespace wssgate::control
