#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "protocol/http/forward.h"

namespace wssgate::http {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

std::string body_of(const std::string& response) {
  return response.substr(response.find("\r\n\r\n") + 4);
}

TEST(ErrorResponse, IsShortPlainAndHelpful) {
  EXPECT_EQ(error_response({Reason::no_route, Side::proxy, "internals"}, false, true),
            "HTTP/1.1 404 Not Found\r\nContent-Type: text/plain; charset=utf-8\r\n"
            "Content-Length: 50\r\n\r\n404 Not Found: Nothing is served under this path.\n");
}

TEST(ErrorResponse, HeadHasTheLengthButNoBody) {
  const Error error{Reason::misdirected_request, Side::client};
  const std::string get = error_response(error, false, false);
  const std::string head = error_response(error, true, false);
  EXPECT_EQ(get, head + body_of(get));
  EXPECT_THAT(head, EndsWith("\r\n\r\n"));
  EXPECT_THAT(head, HasSubstr("\r\nConnection: close\r\n"));
}

TEST(ErrorResponse, AddsWhatTheStatusDemands) {
  const auto answer = [](Reason reason) {
    return error_response({reason, Side::client}, false, true);
  };
  EXPECT_THAT(answer(Reason::websocket_required),
              HasSubstr("\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"));
  EXPECT_THAT(answer(Reason::websocket_required), Not(HasSubstr("Sec-WebSocket-Version")));
  EXPECT_THAT(answer(Reason::websocket_version), HasSubstr("\r\nSec-WebSocket-Version: 13\r\n"));
  EXPECT_THAT(answer(Reason::method_refused), HasSubstr("\r\nAllow: GET, HEAD, "));
  EXPECT_THAT(answer(Reason::no_route), Not(HasSubstr("Allow")));
}

TEST(ErrorResponse, EveryReasonHasAnAnswerWithoutInternals) {
  for (int i = 0; i <= static_cast<int>(Reason::internal_error); ++i) {
    const auto reason = static_cast<Reason>(i);
    const std::string answer =
        error_response({reason, Side::upstream, "10.0.0.1:3000 said secret"}, false, false);
    const int status = http_status(reason) == 0 ? 500 : http_status(reason);
    const std::string line = std::to_string(status) + " " + std::string(status_phrase(status));
    EXPECT_FALSE(status_phrase(status).empty()) << status;
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 " + line + "\r\n"));
    EXPECT_THAT(body_of(answer), StartsWith(line + ": "));
    EXPECT_THAT(body_of(answer), EndsWith(".\n"));
    EXPECT_THAT(answer, HasSubstr("\r\nContent-Length: " + std::to_string(body_of(answer).size()) +
                                  "\r\n"));
    EXPECT_THAT(answer, Not(HasSubstr("10.0.0.1")));
    EXPECT_THAT(answer, Not(HasSubstr("secret")));
    EXPECT_TRUE(
        parse_response_head(answer.substr(0, answer.size() - body_of(answer).size()), "GET"))
        << answer;
  }
}

TEST(ErrorResponse, OnlyInternalErrorsAreCalledThat) {
  for (int i = 0; i < static_cast<int>(Reason::internal_error); ++i) {
    const auto reason = static_cast<Reason>(i);
    if (http_status(reason) == 0) continue;
    EXPECT_THAT(error_response({reason, Side::proxy}, false, true),
                Not(HasSubstr("internal error")))
        << reason_label(reason);
  }
}

TEST(StatusPhrase, IsEmptyForUnknownOnes) {
  EXPECT_EQ(status_phrase(502), "Bad Gateway");
  EXPECT_EQ(status_phrase(299), "");
}

TEST(ErrorResponse, HasTheRequestId) {
  EXPECT_THAT(error_response({Reason::no_route, Side::proxy}, false, true, {}, "the-id"),
              HasSubstr("\r\nX-Request-ID: the-id\r\n"));
}

}  // namespace
}  // namespace wssgate::http
