#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "support/clients.h"
#include "support/http_text.h"
#include "support/process.h"
#include "support/test_ca.h"

// The log line of a refusal: what was asked for, what was probably meant, and why it was refused.
namespace wssgate::test {
namespace {

class RefusalLog : public testing::Test {
 protected:
  explicit RefusalLog(const std::string& format = "json", const std::string& more = "") {
    const TestCertificate leaf = ca_.intermediate.leaf({"chat.example.com", "*.w.example.com"});
    folder_.write("root.pem", ca_.root.pem());
    folder_.write("certs/a/fullchain.pem", ca_.chain(leaf));
    folder_.write("certs/a/privkey.pem", leaf.key_pem());
    const std::string file = folder_.write("wssgate.yaml",
                                           "listeners: [{address: \"127.0.0.1:0\"}]\n"
                                           "admin: {address: \"off\"}\n"
                                           "certificates: {folders: [certs], roots: [root.pem]}\n"
                                           "hosts:\n"
                                           "  - names: [chat.example.com, \"*.w.example.com\"]\n"
                                           "    routes: [{path: /, upstream: u}]\n"
                                           "upstreams: {u: {endpoints: [\"127.0.0.1:9\"]}}\n"
                                           "timeouts: {client_hello: 200ms}\n" +
                                               more);
    running_.emplace(std::vector<std::string>{"run", "-c", file, "--log-format", format});
    const std::string log = running_->wait_for_error("listeners");
    const auto at = log.find("127.0.0.1:");
    address_ = SocketAddress::parse(log.substr(at, log.find_first_of(" \"", at) - at));
  }

  void ask_for(const TlsOptions& options) const {
    EXPECT_THROW(TlsClient(*address_, options), TlsRefused);
  }

  /// The first refusal in the log.
  nlohmann::json refusal() {
    std::istringstream log(running_->wait_for_error("connection_refused"));
    for (std::string line; std::getline(log, line);) {
      auto parsed = nlohmann::json::parse(line);
      if (parsed["event"] == "connection_refused") return parsed;
    }
    return {};
  }

  TempFolder folder_;
  TestCa ca_;
  std::optional<Process> running_;
  std::optional<SocketAddress> address_;
};

TEST_F(RefusalLog, HasTheNameThatWasAskedForAndTheNearest) {
  ask_for({.server_name = "chta.example.com"});
  const auto line = refusal();
  EXPECT_EQ(line["level"], "info");
  EXPECT_EQ(line["reason"], "unknown_server_name");
  EXPECT_EQ(line["server_name"], "chta.example.com");
  EXPECT_EQ(line["nearest"], "chat.example.com");
  EXPECT_EQ(line["ended_by"], "client");
  EXPECT_THAT(line["client"].get<std::string>(), testing::StartsWith("127.0.0.1:"));
  EXPECT_NE(line["message"], "");
}

TEST_F(RefusalLog, HasTheNearestWildcard) {
  ask_for({.server_name = "a.ww.example.com"});
  EXPECT_EQ(refusal()["nearest"], "*.w.example.com");
}

TEST_F(RefusalLog, HasNoNearestWhereNothingIsAlike) {
  ask_for({.server_name = "zzzzzzzz.test"});
  EXPECT_EQ(refusal().value("nearest", ""), "");
}

TEST_F(RefusalLog, EscapesWhatATerminalWouldObey) {
  ask_for({.server_name = "\x1b[2J\nchat.example.com\""});
  EXPECT_EQ(refusal()["server_name"], "\\x1b[2J\\x0achat.example.com\"");
}

TEST_F(RefusalLog, TellsAMissingName) {
  ask_for({});
  EXPECT_EQ(refusal()["reason"], "missing_server_name");
}

TEST_F(RefusalLog, TellsWhyAHandshakeFailed) {
  ask_for({.server_name = "chat.example.com", .alpn = {"h2"}});
  const auto line = refusal();
  EXPECT_EQ(line["reason"], "handshake_failed");
  EXPECT_EQ(line["server_name"], "chat.example.com");
  EXPECT_THAT(line["message"].get<std::string>(), testing::HasSubstr("application protocol"));
}

TEST_F(RefusalLog, TellsADeadline) {
  RawClient client(*address_);
  client.write("\x16\x03");
  EXPECT_TRUE(client.ends());
  EXPECT_EQ(refusal()["reason"], "client_hello_timeout");
}

std::string plain_http(const SocketAddress& address) {
  RawClient client(address);
  client.write("GET / HTTP/1.1\r\nHost: chat.example.com\r\nX-Request-ID: the-clients\r\n\r\n");
  return client.read_all();
}

TEST_F(RefusalLog, HasTheRequestIdThatPlainHttpIsAnsweredWith) {
  const std::string answer = plain_http(*address_);
  EXPECT_EQ(status_of(answer), 400);
  const std::string id = field_of(answer, "X-Request-ID").value_or("");
  EXPECT_THAT(id, testing::MatchesRegex("[0-9a-f]{32}")) << "nothing of the request is read";
  const auto line = refusal();
  EXPECT_EQ(line["reason"], "plain_http");
  EXPECT_EQ(line["request_id"], id);
}

TEST_F(RefusalLog, HasNoRequestIdWhereTlsIsRefused) {
  ask_for({});
  EXPECT_EQ(refusal()["request_id"], "");
}

class RefusalLogWithoutIds : public RefusalLog {
 protected:
  RefusalLogWithoutIds() : RefusalLog("json", "request_id: off\n") {}
};

TEST_F(RefusalLogWithoutIds, PlainHttpHasNone) {
  EXPECT_EQ(field_of(plain_http(*address_), "X-Request-ID").value_or(""), "");
  EXPECT_EQ(refusal()["request_id"], "");
}

class RefusalLogAsText : public RefusalLog {
 protected:
  RefusalLogAsText() : RefusalLog("text") {}
};

TEST_F(RefusalLogAsText, StaysOnOneLineOfPrintableCharacters) {
  ask_for({.server_name = "a\n\x1b[2Jlevel=error"});
  const std::string log = running_->wait_for_error("connection_refused");
  for (const char c : log) EXPECT_TRUE(c == '\n' || (c >= ' ' && c < 0x7f)) << int{c};
  EXPECT_THAT(log, testing::Not(testing::HasSubstr("\nlevel=")));
}

}  // namespace
}  // namespace wssgate::test
