// A listener with redirect_to_https answers plain HTTP with the way to https, and does nothing
// else.

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "control/server.h"
#include "support/backend.h"
#include "support/clients.h"
#include "support/http_text.h"
#include "support/running_gateway.h"

namespace wssgate::test {
namespace {

using namespace std::string_literals;

class Redirect : public testing::Test {
 protected:
  explicit Redirect(const std::string& how = "true")
      : gateway_({{"test.example"}}, one_host("127.0.0.1:9",
                                              "listeners: [{address: \"127.0.0.1:0\"}, "
                                              "{address: \"127.0.0.1:0\", redirect_to_https: " +
                                                  how + "}]\n")) {}

  std::string answer(const std::string& request) {
    RawClient client(gateway_.server().addresses().at(1));
    client.write(request);
    return client.read_all();
  }

  RunningGateway gateway_;
};

std::string get(const std::string& target, const std::string& host) {
  return "GET " + target + " HTTP/1.1\r\nHost: " + host + "\r\n\r\n";
}

TEST_F(Redirect, LeadsToTheSamePathAndEndsTheConnection) {
  const std::string response = answer(get("/a/b%20c?d=e&f", "Test.Example:80"));
  EXPECT_EQ(response.substr(0, 34), "HTTP/1.1 308 Permanent Redirect\r\nL");
  EXPECT_NE(response.find("\r\nLocation: https://test.example/a/b%20c?d=e&f\r\n"),
            std::string::npos)
      << response;
  EXPECT_NE(response.find("\r\nConnection: close\r\n"), std::string::npos);
  const auto line = gateway_.access_lines(1).front();
  EXPECT_EQ(line["status"], 308);
  EXPECT_EQ(line["path"], "/a/b%20c");
  EXPECT_EQ(line["host"], "test.example");
}

TEST_F(Redirect, AnswersHaveARequestIdThatIsInTheLine) {
  std::vector<std::string> ids;
  for (const std::string& text :
       {"GET / HTTP/1.1\r\nHost: test.example\r\nX-Request-ID: the-clients\r\n\r\n"s,
        get("/", "evil.example"), "GET / HTTP/1.1\r\n\r\n"s}) {
    ids.push_back(field_of(answer(text), "X-Request-ID").value_or(""));
    EXPECT_NE(ids.back(), "") << text;
    EXPECT_EQ(gateway_.access_lines(ids.size()).back()["request_id"], ids.back());
  }
  EXPECT_EQ(ids[0], "the-clients");
}

TEST_F(Redirect, KeepsTheMethodAndTakesNoBody) {
  const std::string response =
      answer("POST /x HTTP/1.1\r\nHost: test.example\r\nContent-Length: 3\r\n\r\nabc");
  EXPECT_EQ(response.substr(0, 12), "HTTP/1.1 308");
  const std::string head = answer("HEAD /x HTTP/1.1\r\nHost: test.example\r\n\r\n");
  EXPECT_EQ(head.substr(head.size() - 4), "\r\n\r\n");
}

TEST_F(Redirect, SendsNobodyToNamesThatAreNotServed) {
  for (const char* host : {"evil.example", "127.0.0.1", "a.test.example"}) {
    const std::string response = answer(get("/", host));
    EXPECT_EQ(response.substr(0, 12), "HTTP/1.1 421") << host;
    EXPECT_EQ(response.find("Location"), std::string::npos);
    EXPECT_EQ(response.find(host), std::string::npos);
  }
}

TEST_F(Redirect, RefusesWhatIsNoRequest) {
  EXPECT_EQ(answer("GET / HTTP/1.1\r\n\r\n").substr(0, 12), "HTTP/1.1 400");
  EXPECT_EQ(answer("\x16\x03\x01\x00\x05\r\n\r\n").substr(0, 12), "HTTP/1.1 400");
}

TEST_F(Redirect, TellsAnHttp10ClientWithoutAHostNothing) {
  EXPECT_EQ(answer("GET / HTTP/1.0\r\n\r\n").substr(0, 12), "HTTP/1.1 421");
}

TEST_F(Redirect, IsNoTls) {
  EXPECT_ANY_THROW(TlsClient(gateway_.server().addresses().at(1), "test.example"));
  EXPECT_NO_THROW(TlsClient(gateway_.server().addresses().at(0), "test.example"));
}

class RedirectToAPort : public Redirect {
 protected:
  RedirectToAPort() : Redirect("8443") {}
};

TEST_F(RedirectToAPort, NamesIt) {
  const std::string response = answer(get("/", "test.example"));
  EXPECT_NE(response.find("\r\nLocation: https://test.example:8443/\r\n"), std::string::npos);
}

}  // namespace
}  // namespace wssgate::test
