#include "cli/echo_backend.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "support/clients.h"

namespace wssgate {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr int kText = 0x1;
constexpr int kFinalText = 0x81;
constexpr int kFinalBinary = 0x82;
constexpr int kFinalContinuation = 0x80;
constexpr int kClose = 0x88;
constexpr int kPing = 0x89;
constexpr int kPong = 0x8a;

std::string big_endian(std::uint64_t value, unsigned bytes) {
  std::string out;
  while (bytes-- > 0) out += static_cast<char>(value >> (8U * bytes));
  return out;
}

std::string header(int first, std::uint64_t length, bool masked) {
  const unsigned mask_bit = masked ? 0x80U : 0U;
  std::string out(1, static_cast<char>(first));
  if (length < 126) {
    out += static_cast<char>(mask_bit | length);
  } else if (length <= 0xffff) {
    out += static_cast<char>(mask_bit | 126U);
    out += big_endian(length, 2);
  } else {
    out += static_cast<char>(mask_bit | 127U);
    out += big_endian(length, 8);
  }
  return out;
}

std::string from_client(int first, std::string payload) {
  constexpr std::string_view kMask = "\x12\x34\x56\x78";
  std::string out = header(first, payload.size(), true);
  out += kMask;
  for (std::size_t i = 0; i < payload.size(); ++i) payload[i] ^= kMask[i % 4];
  return out + payload;
}

std::string from_server(int first, const std::string& payload) {
  return header(first, payload.size(), false) + payload;
}

class EchoBackendTest : public testing::Test {
 protected:
  void open_websocket(const std::string& extra = "") {
    client_.write(test::upgrade_request("localhost", "/", extra));
    opened_ = client_.read_until("\r\n\r\n");
  }
  void expect_frame(int first, const std::string& payload) {
    const std::string expected = from_server(first, payload);
    EXPECT_EQ(client_.read_exactly(expected.size()), expected);
  }

  cli::EchoBackend backend_;
  test::RawClient client_{backend_.address()};
  std::string opened_;
};

TEST_F(EchoBackendTest, TellsWhatItSawOfEachRequestOnAConnection) {
  client_.write("GET /a?b=1 HTTP/1.1\r\nHost: localhost\r\nX-Seen: yes\r\n\r\n");
  const std::string first = client_.read_message();
  EXPECT_THAT(first, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(first, EndsWith("\r\n\r\nGET /a?b=1 HTTP/1.1\nHost: localhost\nX-Seen: yes\n"));

  client_.write("OPTIONS * HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(client_.read_message(), HasSubstr("\r\n\r\nOPTIONS * HTTP/1.1\n"));
  EXPECT_TRUE(client_.ends());
}

TEST_F(EchoBackendTest, AnswersHeadWithTheHeadAlone) {
  client_.write("HEAD / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  client_.write("HEAD / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\nhi");
  client_.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_THAT(client_.read_message(true), HasSubstr("Content-Length: 32\r\n"));
  EXPECT_THAT(client_.read_message(true), HasSubstr("Content-Length: 2\r\n"));
  EXPECT_THAT(client_.read_message(), StartsWith("HTTP/1.1 200 OK\r\n"));
}

TEST_F(EchoBackendTest, GivesABodyBackAsItIs) {
  client_.write(
      "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: a/b\r\nContent-Length: 5\r\n\r\nhe");
  client_.write("llo");
  const std::string answer = client_.read_message();
  EXPECT_THAT(answer, HasSubstr("Content-Type: a/b\r\n"));
  EXPECT_THAT(answer, EndsWith("\r\n\r\nhello"));
}

TEST_F(EchoBackendTest, AsksForABodyThatIsHeldBack) {
  client_.write(
      "PUT / HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  EXPECT_EQ(client_.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  client_.write("hi");
  EXPECT_THAT(client_.read_message(), EndsWith("\r\n\r\nhi"));
}

TEST_F(EchoBackendTest, GivesAChunkedBodyBackChunked) {
  client_.write(
      "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
      "3\r\nabc\r\n2\r\nde\r\n0\r\nX-Trailer: t\r\n\r\n"
      "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const std::string answer = client_.read_message();
  EXPECT_THAT(answer, HasSubstr("Transfer-Encoding: chunked\r\n"));
  EXPECT_THAT(answer, EndsWith("\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\nX-Trailer: t\r\n\r\n"));
  EXPECT_THAT(client_.read_message(), EndsWith("\r\n\r\nGET / HTTP/1.1\nHost: localhost\n"));
}

TEST_F(EchoBackendTest, RefusesWhatIsNoRequest) {
  client_.write("GET / HTTP/1.1\r\nHost : localhost\r\n\r\n");
  EXPECT_THAT(client_.read_message(), StartsWith("HTTP/1.1 400 "));
  EXPECT_TRUE(client_.ends());
}

TEST_F(EchoBackendTest, AnswersAnUpgradeWithTheKeysAcceptAndTheFirstSubprotocol) {
  open_websocket(
      "Sec-WebSocket-Protocol: chat, superchat\r\n"
      "Sec-WebSocket-Extensions: permessage-deflate\r\n");
  EXPECT_THAT(opened_, StartsWith("HTTP/1.1 101 "));
  EXPECT_THAT(opened_, HasSubstr("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"));
  EXPECT_THAT(opened_, HasSubstr("Sec-WebSocket-Protocol: chat\r\n"));
  EXPECT_THAT(opened_, Not(HasSubstr("Extensions")));
}

TEST_F(EchoBackendTest, RefusesAnUpgradeOfAnotherVersion) {
  client_.write(
      "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 8\r\n\r\n");
  const std::string answer = client_.read_message();
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 426 "));
  EXPECT_THAT(answer, HasSubstr("Sec-WebSocket-Version: 13\r\n"));
}

TEST_F(EchoBackendTest, EchoesMessagesOfEveryLengthForm) {
  open_websocket();
  for (const std::size_t length : {0, 1, 125, 126, 127, 65'535, 65'536, 200'000}) {
    const std::string payload(length, 'x');
    client_.write(from_client(kFinalBinary, payload));
    expect_frame(kFinalBinary, payload);
  }
}

TEST_F(EchoBackendTest, EchoesFramesThatComeWithTheUpgradeAndByteByByte) {
  client_.write(test::upgrade_request("localhost") + from_client(kFinalText, "early"));
  client_.read_until("\r\n\r\n");
  expect_frame(kFinalText, "early");
  for (const char byte : from_client(kFinalText, std::string(130, 'y'))) {
    client_.write({&byte, 1});
  }
  expect_frame(kFinalText, std::string(130, 'y'));
}

TEST_F(EchoBackendTest, KeepsFragmentsAndAnswersAPingBetweenThem) {
  open_websocket();
  client_.write(from_client(kText, "one"));
  client_.write(from_client(kPing, "are you there"));
  client_.write(from_client(kPong, "unasked"));
  client_.write(from_client(kFinalContinuation, "two"));
  expect_frame(kText, "one");
  expect_frame(kPong, "are you there");
  expect_frame(kFinalContinuation, "two");
}

TEST_F(EchoBackendTest, StreamsAMessageOf64MiB) {
  constexpr std::uint64_t kLength = std::uint64_t{64} << 20U;
  open_websocket();
  std::thread sender([&] {
    client_.write(header(kFinalBinary, kLength, true) + "abcd");
    std::string block(std::size_t{1} << 20U, '\0');  // becomes the mask, over and over
    for (std::uint64_t sent = 0; sent < kLength; sent += block.size()) client_.write(block);
  });
  EXPECT_EQ(client_.read_exactly(10), header(kFinalBinary, kLength, false));
  bool as_sent = true;
  for (std::uint64_t got = 0; got < kLength; got += 4096) {
    const std::string block = client_.read_exactly(4096);
    for (std::size_t i = 0; i < block.size(); i += 4) as_sent &= block.compare(i, 4, "abcd") == 0;
  }
  sender.join();
  EXPECT_TRUE(as_sent);
}

TEST_F(EchoBackendTest, ReadsNoMoreFromOneWhoDoesNotRead) {
  client_.receive_buffer(4096);
  open_websocket();
  const timeval soon{.tv_sec = 0, .tv_usec = 200'000};
  setsockopt(client_.fd(), SOL_SOCKET, SO_SNDTIMEO, &soon, sizeof soon);
  const std::string message = from_client(kFinalBinary, std::string(std::size_t{1} << 20U, 'z'));
  const auto send_all = [&] {
    for (int i = 0; i < 256; ++i) client_.write(message);
  };
  // The buffers of two sockets hold some megabytes; an echo that kept the rest would take it all.
  EXPECT_THROW(send_all(), std::system_error);
}

TEST_F(EchoBackendTest, AnswersACloseWithItsCodeAndEnds) {
  open_websocket();
  client_.write(from_client(kClose,
                            "\x0f\xa1"
                            "bye"));
  expect_frame(kClose, "\x0f\xa1");
  EXPECT_TRUE(client_.ends());
}

TEST_F(EchoBackendTest, AnswersACloseWithoutACode) {
  open_websocket();
  client_.write(from_client(kClose, ""));
  expect_frame(kClose, "");
  EXPECT_TRUE(client_.ends());
}

TEST_F(EchoBackendTest, EndsAWebSocketThatEndsWithoutAClose) {
  open_websocket();
  client_.write(from_client(kFinalText, "last"));
  client_.end_writing();
  EXPECT_EQ(client_.read_all(), from_server(kFinalText, "last"));
}

TEST_F(EchoBackendTest, EndsItsOpenConnectionsWithItself) {
  auto brief = std::make_unique<cli::EchoBackend>();
  test::RawClient client(brief->address());
  client.write(test::upgrade_request("localhost"));
  client.read_until("\r\n\r\n");
  brief.reset();
  EXPECT_TRUE(client.ends());
}

struct Violation {
  const char* name;
  std::string bytes;
};

class EchoBackendViolationTest : public EchoBackendTest,
                                 public testing::WithParamInterface<Violation> {};

TEST_P(EchoBackendViolationTest, IsClosedWith1002) {
  open_websocket();
  client_.write(GetParam().bytes);
  expect_frame(kClose, "\x03\xea");
  EXPECT_TRUE(client_.ends());
}

INSTANTIATE_TEST_SUITE_P(
    Each, EchoBackendViolationTest,
    testing::Values(Violation{"Unmasked", from_server(kFinalText, "a")},
                    Violation{"ReservedBit", from_client(0xc1, "a")},
                    Violation{"ReservedOpcode", from_client(0x83, "a")},
                    Violation{"ReservedControlOpcode", from_client(0x8b, "a")},
                    Violation{"FragmentedPing", from_client(0x09, "a")},
                    Violation{"LongPing", from_client(kPing, std::string(126, 'a'))},
                    Violation{"ContinuationOfNothing", from_client(kFinalContinuation, "a")},
                    Violation{"CloseOfOneByte", from_client(kClose, "a")},
                    Violation{"NegativeLength", std::string("\x82\xff\x80\0\0\0\0\0\0\0", 10)}),
    [](const auto& each) { return std::string(each.param.name); });

}  // namespace
}  // namespace wssgate
