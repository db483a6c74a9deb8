#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "support/backend.h"
#include "support/http_text.h"
#include "support/running_gateway.h"

/// One line a request, with all that the person who asks "what happened?" needs, and no secrets.
namespace wssgate::test {
namespace {

TEST(AccessLog, NothingOfABrokenRequestIsQuoted) {
  Backend backend(answering([](const std::string&) { return ok(""); }));
  RunningGateway gateway({{"test.example"}}, one_host(backend.endpoint()));
  for (const char* broken :
       {"Transfer-Encoding: chunked\r\n\r\nhunter2&card=4111\r\n",
        "Content-Length: hunter2\r\n\r\n", "Transfer-Encoding: hunter2\r\n\r\n",
        "Cookie session=hunter2 ; x: y\r\n\r\n"}) {
    TlsClient client(gateway.address(), "test.example");
    client.write(std::string("POST / HTTP/1.1\r\nHost: test.example\r\n") + broken);
    EXPECT_EQ(status_of(client.read_message()), 400) << broken;
  }
  for (const auto& line : gateway.access_lines(4)) {
    EXPECT_EQ(line.dump().find("hunter2"), std::string::npos) << line;
    EXPECT_NE(line["detail"], "");
  }
}

TEST(AccessLog, ALineTellsTheWholeRequest) {
  Backend backend(answering([](const std::string&) { return ok("four"); }));
  RunningGateway gateway({{"*.test.example"}},
                         "hosts: [{names: [\"*.test.example\"], routes: [{path: /, upstream: web},"
                         " {path: /api/, upstream: backend}]}]\n"
                         "upstreams: {web: {endpoints: [127.0.0.1:1]}, backend: {endpoints: [\"" +
                             backend.endpoint() + "\"]}}\n");
  TlsClient client(gateway.address(), "a.test.example");
  client.write(request("POST /api/login?token=secret HTTP/1.1",
                       "Host: a.test.example\r\nCookie: session=secret\r\n"
                       "Authorization: secret\r\nContent-Length: 11\r\n") +
               "body secret");
  EXPECT_EQ(body_of(client.read_message()), "four");
  const auto line = gateway.access_lines(1).at(0);
  EXPECT_EQ(line["event"], "request");
  EXPECT_EQ(line["host"], "*.test.example");
  EXPECT_EQ(line["server_name"], "a.test.example");
  EXPECT_EQ(line["method"], "POST");
  EXPECT_EQ(line["path"], "/api/login");
  EXPECT_EQ(line["route"], "/api/");
  EXPECT_EQ(line["upstream"], "backend");
  EXPECT_EQ(line["endpoint"], backend.endpoint());
  EXPECT_EQ(line["client"].get<std::string>().substr(0, 10), "127.0.0.1:");
  EXPECT_EQ(line["status"], 200);
  EXPECT_EQ(line["bytes_received"], 11);
  EXPECT_EQ(line["bytes_sent"], 4);
  EXPECT_EQ(line["tls"], "TLSv1.3");
  EXPECT_TRUE(line["conn"].is_number_integer());
  for (const char* duration : {"duration_ms", "connect_ms", "upstream_ms"}) {
    ASSERT_TRUE(line[duration].is_number()) << duration;
    EXPECT_GE(line[duration].get<double>(), 0) << duration;
  }
  EXPECT_FALSE(line.contains("reason"));
  EXPECT_FALSE(line.contains("ended_by"));
  EXPECT_EQ(line.dump().find("secret"), std::string::npos);
}

TEST(AccessLog, ALineForEachRequestOfAConnection) {
  Backend backend(answering([](const std::string&) { return ok("answer"); }));
  RunningGateway gateway({{"test.example"}}, one_host(backend.endpoint()));
  TlsClient client(gateway.address(), "test.example");
  client.write(get("/1") + get("/2") + request("GET /3 HTTP/1.1", "Host: other.example\r\n"));
  for (int i = 0; i < 3; ++i) client.read_message();
  const auto lines = gateway.access_lines(3);
  EXPECT_EQ(lines.size(), 3U);
  EXPECT_EQ(lines[0]["path"], "/1");
  EXPECT_EQ(lines[1]["path"], "/2");
  EXPECT_EQ(lines[2]["path"], "/3");
  EXPECT_EQ(lines[0]["conn"], lines[2]["conn"]);
  EXPECT_TRUE(lines[0].contains("connect_ms"));
  EXPECT_FALSE(lines[1].contains("connect_ms")) << "the upstream's connection was kept";
  EXPECT_FALSE(lines[2].contains("endpoint"));
  EXPECT_EQ(lines[2]["status"], 421);
  EXPECT_GT(lines[2]["bytes_sent"], 0) << "the explanation";
}

TEST(AccessLog, OlderTlsIsNamed) {
  Backend backend(answering([](const std::string&) { return ok("answer"); }));
  RunningGateway gateway({{"test.example"}}, one_host(backend.endpoint()));
  TlsClient client(gateway.address(),
                   TlsOptions{.server_name = "test.example", .max_version = TLS1_2_VERSION});
  client.write(get("/"));
  client.read_message();
  EXPECT_EQ(gateway.access_lines(1).at(0)["tls"], "TLSv1.2");
}

TEST(AccessLog, WhatAClientSentIsEscapedAndCut) {
  Backend backend(answering([](const std::string&) { return ok("answer"); }));
  RunningGateway gateway({{"test.example"}}, one_host(backend.endpoint()));
  {
    TlsClient client(gateway.address(), "test.example");
    client.write("GET / HTTP/1.1\r\nHost: test.example\r\n\x1b[31m\xff: x\r\n\r\n");
    EXPECT_EQ(status_of(client.read_message()), 400);
  }
  {
    TlsClient client(gateway.address(), "test.example");
    client.write(get("/" + std::string(20'000, 'x')));
    EXPECT_EQ(status_of(client.read_message()), 200);
  }
  const auto lines = gateway.access_lines(2);
  for (const auto& line : lines) {
    for (const char c : line.dump()) ASSERT_GE(c, ' ');
    EXPECT_LT(line.dump().size(), 2000U);
  }
}

}  // namespace
}  // namespace wssgate::test
