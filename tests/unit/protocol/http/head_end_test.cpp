#include <gtest/gtest.h>

#include <string>

#include "protocol/http/head.h"

namespace wssgate::http {
namespace {

const std::string kHead = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

std::string outcome(const Result<std::size_t>& result) {
  return result ? std::to_string(*result) : std::string(reason_label(result.error().reason));
}

/// As a connection does it: more bytes each time, scanning from where the last scan stopped.
std::string dripped(std::string_view bytes, std::size_t limit, std::size_t step) {
  std::size_t seen = 0;
  std::string last = "0";
  while (seen < bytes.size()) {
    const std::size_t now = std::min(bytes.size(), seen + step);
    last = outcome(find_head_end(bytes.substr(0, now), limit, seen));
    if (last != "0") return last;
    seen = now;
  }
  return last;
}

TEST(HeadEnd, IsFoundAndNothingBehindItIsRead) {
  EXPECT_EQ(outcome(find_head_end(kHead, 1000)), std::to_string(kHead.size()));
  EXPECT_EQ(outcome(find_head_end(kHead + "\x01\r\rbody", 1000)), std::to_string(kHead.size()));
  EXPECT_EQ(outcome(find_head_end("\r\n" + kHead, 1000)), std::to_string(kHead.size() + 2));
  EXPECT_EQ(outcome(find_head_end("", 1000)), "0");
}

TEST(HeadEnd, DoesNotDependOnHowBytesDripIn) {
  for (const std::string& bytes :
       {kHead, "\r\n" + kHead, kHead + kHead, std::string("\r\n\r\n"), std::string("GET / HTTP\n"),
        std::string("GET / HTTP/1.1\r\nX: \r\r\n\r\n"), std::string("GET\x01 / HTTP/1.1\r\n\r\n"),
        std::string("GET / HTTP/1.1\r\nX: y\r\n\rZ"), std::string(100, 'a'),
        std::string(29, 'a') + "\n"}) {
    for (const std::size_t limit : {std::size_t{1000}, kHead.size(), kHead.size() - 1}) {
      const std::string whole = outcome(find_head_end(bytes, limit));
      for (std::size_t step = 1; step <= bytes.size(); ++step) {
        EXPECT_EQ(dripped(bytes, limit, step), whole) << bytes << " by " << step;
      }
    }
  }
}

TEST(HeadEnd, HoldsTheLimit) {
  EXPECT_EQ(outcome(find_head_end(kHead, kHead.size())), std::to_string(kHead.size()));
  EXPECT_EQ(outcome(find_head_end(kHead, kHead.size() - 1)), "request_head_too_large");
  EXPECT_EQ(outcome(find_head_end(kHead.substr(0, 10), 11)), "0");
  EXPECT_EQ(outcome(find_head_end(kHead.substr(0, 10), 10)), "request_head_too_large");
}

TEST(HeadEnd, RefusesControlCharactersAsSoonAsTheyCome) {
  for (int c = 0; c < 256; ++c) {
    const std::string bytes = std::string("GET /") + static_cast<char>(c);
    const bool good = (c >= 0x20 && c != 0x7f) || c == '\t' || c == '\r';
    EXPECT_EQ(outcome(find_head_end(bytes, 1000)), good ? "0" : "malformed_request") << c;
  }
}

TEST(HeadEnd, NamesTheUpstreamWhereItIsTheSender) {
  const auto bare = find_head_end("HTTP/1.1 200 OK\n", 1000, 0, Side::upstream);
  ASSERT_FALSE(bare);
  EXPECT_EQ(bare.error().reason, Reason::malformed_response);
  EXPECT_EQ(bare.error().side, Side::upstream);
  const auto large = find_head_end("HTTP/1.1 200 OK\r\n", 4, 0, Side::upstream);
  ASSERT_FALSE(large);
  EXPECT_EQ(large.error().reason, Reason::malformed_response);
}

}  // namespace
}  // namespace wssgate::http
