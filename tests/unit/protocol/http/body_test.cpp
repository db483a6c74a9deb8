#include "protocol/http/body.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace wssgate::http {
namespace {

constexpr Framing kChunked{Framing::Kind::chunked, 0};

struct Decoded {
  std::string payload;
  std::string outcome;  ///< "done", "more", or a reason's label
  std::size_t taken = 0;

  bool operator==(const Decoded&) const = default;
};

Decoded decode(std::string_view bytes, std::size_t step, Framing framing = kChunked,
               Side side = Side::client) {
  BodyDecoder decoder(framing, side);
  Decoded out;
  while (out.taken < bytes.size() && !decoder.done()) {
    const std::string_view piece = bytes.substr(out.taken, step);
    const auto taken =
        decoder.decode(piece, [&](std::string_view payload) { out.payload += payload; });
    if (!taken) {
      out.outcome = reason_label(taken.error().reason);
      out.taken = 0;  // says nothing after an error
      return out;
    }
    out.taken += *taken;
  }
  out.outcome = decoder.done() ? "done" : "more";
  return out;
}

TEST(ChunkedBody, IsDecoded) {
  const std::string body = "4\r\nWiki\r\n0A;x=y;z=\"a b\"\r\npedia in\r\n\r\n0\r\nX: y\r\n\r\n";
  const Decoded whole = decode(body + "GET /", 1000);
  EXPECT_EQ(whole.payload, "Wikipedia in\r\n");
  EXPECT_EQ(whole.outcome, "done");
  EXPECT_EQ(whole.taken, body.size());
  for (std::size_t step = 1; step < body.size(); ++step) {
    EXPECT_EQ(decode(body + "GET /", step), whole) << step;
  }
  for (std::size_t cut = 0; cut < body.size(); ++cut) {
    EXPECT_EQ(decode(body.substr(0, cut), 1000).outcome, "more") << cut;
  }
}

TEST(ChunkedBody, RefusesWhatCanBeReadInTwoWays) {
  for (const std::string& body : {
           std::string("\r\n"),
           std::string("3\nabc\r\n0\r\n\r\n"),
           std::string("3\rabc\r\n"),
           std::string("3\r\r\nabc\r\n"),
           std::string("0x3\r\nabc\r\n0\r\n\r\n"),
           std::string("+3\r\nabc\r\n"),
           std::string("-3\r\nabc\r\n"),
           std::string(" 3\r\nabc\r\n"),
           std::string("3 \r\nabc\r\n"),
           std::string("3\t\r\nabc\r\n"),
           std::string("3h\r\nabc\r\n"),
           std::string("g\r\n"),
           std::string("3,3\r\nabc\r\n"),
           std::string("3.0\r\nabc\r\n"),
           std::string("10000000000000000\r\n"),
           std::string("00000000000000003\r\nabc\r\n"),
           std::string("3\r\nabcd\r\n"),
           std::string("3\r\nabc0\r\n\r\n"),
           std::string("3\r\nabc\n0\r\n\r\n"),
           std::string("3\r\nabc\rX"),
           std::string("3\r\nab\r\n0\r\n\r\n"),
           std::string("3\r\nabc\r\n\r\n0\r\n\r\n"),
           std::string("3;\r\nabc\r\n"),
           std::string("3;;\r\nabc\r\n"),
           std::string("3;a=\r\nabc\r\n"),
           std::string("3;a=b;\r\nabc\r\n"),
           std::string("3;a=\"b\r\nabc\r\n"),
           std::string("3;a=\"b\"c\r\nabc\r\n"),
           std::string("3; a\r\nabc\r\n"),
           std::string("3;a\nabc\r\n"),
           std::string("3;a\x01\r\nabc\r\n"),
           std::string("3;a b\r\nabc\r\n"),
           std::string("3;=b\r\nabc\r\n"),
           std::string("3\0\r\nabc\r\n", 9),
           std::string("0\r\n\n"),
           std::string("0\r\n\rX"),
           std::string("0\n\r\n"),
           std::string("0\r\nX: y\n\r\n"),
           std::string("0\r\nX: y\r\n z\r\n\r\n"),
           std::string("0\r\n X: y\r\n\r\n"),
           std::string("0\r\nX : y\r\n\r\n"),
           std::string("0\r\n: y\r\n\r\n"),
           std::string("0\r\nX y\r\n\r\n"),
           std::string("0\r\nX: \x01\r\n\r\n"),
           std::string("0\r\nX: y\rz\r\n\r\n"),
           std::string("0\r\nGET / HTTP/1.1\r\n\r\n"),
           std::string("0\r\nContent-Length: 4\r\n\r\n"),
           std::string("0\r\nTransfer-Encoding: chunked\r\n\r\n"),
           std::string("0\r\ncontent_length: 4\r\n\r\n"),
       }) {
    const Decoded whole = decode(body, 1000);
    EXPECT_EQ(whole.outcome, "malformed_request") << body;
    EXPECT_EQ(decode(body, 1).payload, whole.payload) << body;
    EXPECT_EQ(decode(body, 1).outcome, "malformed_request") << body;
    EXPECT_EQ(decode(body, 1000, kChunked, Side::upstream).outcome, "malformed_response") << body;
  }
}

TEST(ChunkedBody, BoundsItsLines) {
  EXPECT_EQ(decode("1;" + std::string(8000, 'a'), 1000).outcome, "more");
  EXPECT_EQ(decode("1;" + std::string(9000, 'a'), 1000).outcome, "malformed_request");
  EXPECT_EQ(decode("1;" + std::string(9000, 'a') + "\r\n", 100000).outcome, "malformed_request");
  std::string many = "0\r\n";
  for (int i = 0; i < 300; ++i) many += "X: y\r\n";
  EXPECT_EQ(decode(many, 1000).outcome, "malformed_request");
  std::string dropped = "0\r\n";  // trailers that are not kept count, too
  for (int i = 0; i < 2000; ++i) dropped += "Host: abc\r\n";
  EXPECT_EQ(decode(dropped, 1000).outcome, "malformed_request");
}

TEST(ChunkedBody, KeepsTrailersThatMayBeThere) {
  BodyDecoder decoder(kChunked, Side::upstream);
  const auto ignore = [](std::string_view) {};
  const auto taken = decoder.decode(
      "0\r\nGrpc-Status:  0 \r\nHost: evil\r\nX_Forwarded_For: evil\r\nConnection: x\r\n"
      "Authorization: x\r\nSet-Cookie: x\r\nEmpty:\r\nX_Request-Id: evil\r\n"
      "traceparent: x\r\nTraceState: x\r\n\r\n",
      ignore);
  ASSERT_TRUE(taken) << taken.error().context;
  ASSERT_TRUE(decoder.done());
  const std::vector<std::pair<std::string, std::string>> expected = {{"Grpc-Status", "0"},
                                                                     {"Empty", ""}};
  EXPECT_EQ(decoder.trailers(), expected);
}

TEST(ChunkedBody, StaysRefusedOnceRefused) {
  BodyDecoder decoder(kChunked, Side::client);
  const auto never = [](std::string_view) { FAIL() << "payload after an error"; };
  EXPECT_FALSE(decoder.decode("x\r\n", never));
  EXPECT_FALSE(decoder.decode("3\r\nabc\r\n0\r\n\r\n", never));
  EXPECT_FALSE(decoder.done());

  BodyDecoder longer(kChunked, Side::client);
  EXPECT_FALSE(longer.decode("1\r\nab", [](std::string_view) {}));
  EXPECT_FALSE(longer.decode("\r\n0\r\n\r\n", never));
}

TEST(ChunkedBody, SurvivesAMove) {
  BodyDecoder first(kChunked, Side::client);
  std::string payload;
  const auto sink = [&](std::string_view piece) { payload += piece; };
  ASSERT_TRUE(first.decode("3\r\na", sink));
  BodyDecoder second = std::move(first);
  ASSERT_TRUE(second.decode("bc\r\n0\r\n\r\n", sink));
  EXPECT_TRUE(second.done());
  EXPECT_EQ(payload, "abc");
}

TEST(ChunkedBody, RoundTrips) {
  std::string wire;
  append_chunk(wire, "hello");
  append_chunk(wire, "");
  append_chunk(wire, std::string(300, 'x'));
  append_last_chunk(wire, {{"X", "y"}});
  EXPECT_EQ(wire, "5\r\nhello\r\n12c\r\n" + std::string(300, 'x') + "\r\n0\r\nX: y\r\n\r\n");
  const Decoded decoded = decode(wire, 7);
  EXPECT_EQ(decoded.payload, "hello" + std::string(300, 'x'));
  EXPECT_EQ(decoded.outcome, "done");
}

TEST(ChunkedBody, PassesPayloadWithoutHoldingIt) {
  BodyDecoder decoder(kChunked, Side::client);
  const std::string bytes = "ffffffffffffffff\r\nabc";
  const char* at = nullptr;
  ASSERT_TRUE(decoder.decode(bytes, [&](std::string_view piece) { at = piece.data(); }));
  EXPECT_EQ(at, bytes.data() + 18);
}

TEST(LengthBody, EndsWhereItSays) {
  const Framing five{Framing::Kind::length, 5};
  const Decoded whole = decode("helloGET", 1000, five);
  EXPECT_EQ(whole, (Decoded{"hello", "done", 5}));
  EXPECT_EQ(decode("helloGET", 2, five), whole);
  EXPECT_EQ(decode("hell", 1000, five).outcome, "more");
  EXPECT_TRUE(BodyDecoder({Framing::Kind::length, 0}, Side::client).done());
  EXPECT_TRUE(BodyDecoder({Framing::Kind::none, 0}, Side::client).done());
}

TEST(BodyEnd, IsJudgedByTheFraming) {
  const auto ignore = [](std::string_view) {};
  BodyDecoder until_close({Framing::Kind::until_close, 0}, Side::upstream);
  EXPECT_EQ(*until_close.decode("abc", ignore), 3u);
  EXPECT_FALSE(until_close.done());
  EXPECT_TRUE(until_close.finish());
  EXPECT_TRUE(until_close.done());

  BodyDecoder response({Framing::Kind::length, 5}, Side::upstream);
  ASSERT_TRUE(response.decode("abc", ignore));
  const auto cut = response.finish();
  ASSERT_FALSE(cut);
  EXPECT_EQ(cut.error().reason, Reason::upstream_truncated);
  EXPECT_EQ(cut.error().side, Side::upstream);

  BodyDecoder request(kChunked, Side::client);
  ASSERT_TRUE(request.decode("3\r\nabc\r\n0\r\n", ignore));
  const auto left = request.finish();
  ASSERT_FALSE(left);
  EXPECT_EQ(left.error().reason, Reason::client_closed);
  ASSERT_TRUE(request.decode("\r\n", ignore));
  EXPECT_TRUE(request.finish());
}

}  // namespace
}  // namespace wssgate::http
