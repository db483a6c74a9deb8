// Responders that are slow, dead or lying: no staple, and the reason is told.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <nlohmann/json.hpp>
#include <thread>
#include <vector>

#include "control/ocsp_stapler.h"
#include "support/eventually.h"
#include "support/ocsp_responder.h"

namespace wssgate {
namespace {

using namespace std::chrono_literals;
using control::OcspStapler;
using control::StapleState;
using test::ok;
using test::RawClient;
using test::ScriptedResponder;
using test::StapledCertificate;

OcspStapler::Settings settings(Duration timeout = 10s) {
  return {.cache_folder = {}, .fetch = {.http_proxy = {}, .timeout = timeout}};
}

struct OcspFailure : testing::Test {
  ScriptedResponder responder;
  StapledCertificate certificate{{responder.url()}};

  /// Why there is no staple after the first attempt.
  std::string why(Duration timeout = 10s) {
    OcspStapler stapler(settings(timeout), nullptr);
    stapler.adopt({{certificate.certificate, certificate.slot, true}});
    EXPECT_TRUE(stapler.await_first_attempts(20s));
    const auto status = stapler.status().at(0);
    EXPECT_EQ(status.state, StapleState::failing);
    EXPECT_TRUE(status.since);
    EXPECT_TRUE(status.next_attempt);
    EXPECT_FALSE(certificate.staple());
    const std::string prefix = responder.url() + ": ";
    EXPECT_THAT(status.why, testing::StartsWith(prefix));
    return status.why.substr(prefix.size());
  }
  /// The same when every request is answered so.
  std::string why_with(const std::string& answer) {
    responder.does([answer](RawClient& client, int) {
      client.read_message();
      client.write(answer);
    });
    return why();
  }
};

TEST_F(OcspFailure, Silent) {
  responder.does([](RawClient& client, int) { client.read_all(); });
  EXPECT_EQ(why(200ms), "no whole answer within 200ms");
}

TEST_F(OcspFailure, DrippingForEver) {
  responder.does([](RawClient& client, int) {
    client.read_message();
    client.write("HTTP/1.0 200 OK\r\nX: ");
    while (!client.was_reset()) {
      client.write("x");
      std::this_thread::sleep_for(10ms);
    }
  });
  EXPECT_EQ(why(300ms), "no whole answer within 300ms");
}

TEST_F(OcspFailure, Dead) {
  std::string gone;
  {
    const ScriptedResponder closed;
    gone = closed.url();
  }
  StapledCertificate dead({gone});
  OcspStapler stapler(settings(), nullptr);
  stapler.adopt({{dead.certificate, dead.slot, true}});
  ASSERT_TRUE(stapler.await_first_attempts(20s));
  EXPECT_EQ(stapler.status().at(0).why, gone + ": cannot connect: Connection refused");
}

TEST_F(OcspFailure, ClosingWithoutAWord) {
  responder.does([](RawClient& client, int) { client.read_message(); });
  EXPECT_EQ(why(), "it closed the connection before its answer was whole");
}

TEST_F(OcspFailure, ClosingInTheMiddle) {
  const std::string der = certificate.response();
  EXPECT_EQ(why_with(ok(der).substr(0, ok(der).size() - 10)),
            "it closed the connection before its answer was whole");
}

TEST_F(OcspFailure, ServerError) {
  EXPECT_THAT(why_with("HTTP/1.0 500 Internal Error\r\nContent-Length: 0\r\n\r\n"),
              testing::HasSubstr("500"));
}

TEST_F(OcspFailure, Redirecting) {
  EXPECT_THAT(why_with("HTTP/1.0 302 Found\r\nLocation: http://127.0.0.1:1/\r\n\r\n"),
              testing::AnyOf(testing::HasSubstr("302"), testing::HasSubstr("redirection")));
  EXPECT_EQ(responder.connections(), 1);
}

TEST_F(OcspFailure, NotHttp) {
  EXPECT_NE(why_with("220 mail.test ESMTP\r\n"), "");
  EXPECT_NE(why_with(std::string(5000, 'x')), "");
}

TEST_F(OcspFailure, WhatItWroteIsPrintable) {
  const std::string told = why_with("HTTP/1.0 500 \x1b[31mred\r\n\r\n");
  EXPECT_EQ(told.find('\x1b'), std::string::npos) << told;
}

TEST_F(OcspFailure, AWebsiteInstead) {
  EXPECT_NE(why_with(ok("<html>Welcome to the hotel's wifi</html>")), "");
}

TEST_F(OcspFailure, ForAnotherCertificate) {
  const auto other = certificate.ca.intermediate.leaf({"b.test"});
  EXPECT_EQ(why_with(ok(test::ocsp_response(other, certificate.ca.intermediate,
                                            StapledCertificate::lasting(1h)))),
            "it is about another certificate, not this one");
}

TEST_F(OcspFailure, Expired) {
  EXPECT_EQ(why_with(ok(certificate.response(test::OcspAnswer{
                .this_update = test::day(2020, 1, 1), .next_update = test::day(2020, 1, 8)}))),
            "it expired at 2020-01-08T00:00:00Z");
}

TEST_F(OcspFailure, TryLater) {
  EXPECT_EQ(why_with(ok(test::ocsp_refusal(OCSP_RESPONSE_STATUS_TRYLATER))),
            "the responder refused the request with 'trylater'");
}

TEST_F(OcspFailure, TooLarge) {
  const std::string claim("\x30\x83\x10\x00\x00", 5);  // a SEQUENCE of a megabyte
  EXPECT_NE(why_with(ok(claim + std::string(1 << 20, 'x'))), "");
}

// All that OpenSSL would read of it is a head without an end.
TEST_F(OcspFailure, EndlessHead) {
  responder.does([](RawClient& client, int) {
    client.read_message();
    client.write("HTTP/1.0 200 OK\r\n");
    for (int i = 0; i < 100'000; ++i) client.write("X-Line: another line of this head\r\n");
  });
  EXPECT_EQ(why(), "its answer is larger than 64 KiB");
}

TEST_F(OcspFailure, OfOneResponderIsMadeUpForByTheNext) {
  ScriptedResponder second;
  StapledCertificate both({responder.url(), second.url()});
  responder.answers(test::ocsp_refusal(OCSP_RESPONSE_STATUS_INTERNALERROR));
  second.answers(both.response());
  OcspStapler stapler(settings(), nullptr);
  stapler.adopt({{both.certificate, both.slot, true}});
  ASSERT_TRUE(stapler.await_first_attempts(20s));
  EXPECT_TRUE(both.staple());
  EXPECT_EQ(responder.connections(), 1);
}

TEST_F(OcspFailure, OfAllIsToldOfEach) {
  ScriptedResponder second;
  StapledCertificate both({responder.url(), second.url()});
  for (auto* each : {&responder, &second}) {
    each->answers(test::ocsp_refusal(OCSP_RESPONSE_STATUS_TRYLATER));
  }
  OcspStapler stapler(settings(), nullptr);
  stapler.adopt({{both.certificate, both.slot, true}});
  ASSERT_TRUE(stapler.await_first_attempts(20s));
  EXPECT_EQ(stapler.status().at(0).why,
            responder.url() + ": the responder refused the request with 'trylater'; " +
                second.url() + ": the responder refused the request with 'trylater'");
}

// The good one is asked while more of the other's certificates wait than there are threads.
TEST_F(OcspFailure, OfACaThatHangsDoesNotKeepTheOthersWaiting) {
  std::atomic<bool> hangs{true};
  responder.does([&](RawClient& client, int) {
    client.read_message();
    while (hangs) std::this_thread::sleep_for(1ms);
    client.write(ok("no response"));
  });
  std::vector<std::unique_ptr<StapledCertificate>> hanging;
  std::vector<control::StapleWish> wishes;
  for (int i = 0; i < 20; ++i) {
    hanging.push_back(
        std::make_unique<StapledCertificate>(std::vector<std::string>{responder.url()}));
    wishes.push_back({hanging.back()->certificate, hanging.back()->slot, false});
  }
  ScriptedResponder well;
  StapledCertificate good({well.url()});
  well.answers(good.response());
  OcspStapler stapler(settings(24h), nullptr);
  stapler.adopt(wishes);
  EXPECT_TRUE(test::eventually([&] { return responder.connections() == 2; }));
  wishes.push_back({good.certificate, good.slot, false});
  stapler.adopt(wishes);
  EXPECT_TRUE(test::eventually([&] { return good.staple() != nullptr; }));
  EXPECT_EQ(responder.connections(), 2) << "at once";
  hangs = false;
  EXPECT_TRUE(test::eventually([&] { return responder.connections() == 20; })) << "in the end";
}

// A fetch that waits for a responder does not hold up the end: this one would wait for a day.
TEST_F(OcspFailure, DoesNotHoldUpTheEnd) {
  responder.does([](RawClient& client, int) { client.read_all(); });
  OcspStapler stapler(settings(24h), nullptr);
  stapler.adopt({{certificate.certificate, certificate.slot, true}});
  EXPECT_TRUE(test::eventually([&] { return responder.connections() == 1; }));
  EXPECT_FALSE(stapler.await_first_attempts(1ms));
}

}  // namespace
}  // namespace wssgate
