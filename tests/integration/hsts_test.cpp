// Strict-Transport-Security, where a host has it: in every final response, ours and its upstreams'.

#include <gtest/gtest.h>

#include "support/backend.h"
#include "support/clients.h"
#include "support/running_gateway.h"

namespace wssgate::test {
namespace {

const std::string kField = "Strict-Transport-Security: ";

std::string two_hosts(const std::string& endpoint) {
  return "hosts:\n"
         "  - names: [with.example]\n"
         "    hsts: {max_age: 180d, include_subdomains: true}\n"
         "    routes: [{path: /up, upstream: backend}]\n"
         "  - names: [without.example]\n"
         "    routes: [{path: /up, upstream: backend}]\n"
         "upstreams: {backend: {endpoints: [\"" +
         endpoint + "\"]}}\n";
}

/// Answers everything, with a rule of its own.
std::string own_rule(const std::string&) {
  return "HTTP/1.1 200 OK\r\nstrict-transport-security: max-age=1\r\nContent-Length: 0\r\n\r\n";
}

std::string ask(RunningGateway& gateway, const std::string& name, const std::string& path,
                const std::string& host) {
  TlsClient client(gateway.address(), name);
  client.write("GET " + path + " HTTP/1.1\r\nHost: " + host + "\r\n\r\n");
  return client.read_message();
}

class Hsts : public testing::Test {
 protected:
  Backend backend_{answering(own_rule)};
  RunningGateway gateway_{{{"with.example", "without.example"}}, two_hosts(backend_.endpoint())};
};

TEST_F(Hsts, ReplacesTheUpstreams) {
  const std::string response = ask(gateway_, "with.example", "/up", "with.example");
  EXPECT_NE(response.find(kField + "max-age=15552000; includeSubDomains\r\n"), std::string::npos)
      << response;
  EXPECT_EQ(response.find("max-age=1\r\n"), std::string::npos);
}

TEST_F(Hsts, LeavesTheUpstreamsWhereAHostHasNone) {
  const std::string response = ask(gateway_, "without.example", "/up", "without.example");
  EXPECT_NE(response.find("strict-transport-security: max-age=1\r\n"), std::string::npos);
}

TEST_F(Hsts, IsInOurOwnAnswers) {
  const std::string missing = ask(gateway_, "with.example", "/nowhere", "with.example");
  EXPECT_EQ(missing.substr(0, 12), "HTTP/1.1 404");
  EXPECT_NE(missing.find(kField), std::string::npos);
}

TEST_F(Hsts, IsNotForAnotherHost) {
  const std::string misdirected = ask(gateway_, "with.example", "/up", "without.example");
  EXPECT_EQ(misdirected.substr(0, 12), "HTTP/1.1 421");
  EXPECT_EQ(misdirected.find(kField), std::string::npos);
}

}  // namespace
}  // namespace wssgate::test
