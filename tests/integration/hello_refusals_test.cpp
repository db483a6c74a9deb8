#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/hello.h"
#include "support/running_gateway.h"

// What comes to the TLS port and is no complete ClientHello: who gets an answer, and that each
// connection ends.
namespace wssgate::test {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

const std::string kDecodeError("\x15\x03\x03\x00\x02\x02\x32", 7);
const std::string kUnrecognizedName("\x15\x03\x03\x00\x02\x02\x70", 7);

class HelloRefusals : public testing::Test {
 protected:
  RunningGateway gateway_{{{"test.example"}},
                          one_host("127.0.0.1:9", "timeouts: {client_hello: 300ms}\n")};
  std::string hello_ = captured_hello({.server_name = "test.example"});
};

TEST_F(HelloRefusals, PlainHttpIsToldSoInPlainText) {
  for (const char* request :
       {"GET / HTTP/1.1\r\nHost: test.example\r\n\r\n", "HEAD / HTTP/1.0\r\n\r\n",
        "POST /a HTTP/1.1\r\nHost: test.example\r\nContent-Length: 5\r\n\r\nhello",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"}) {
    RawClient client(gateway_.address());
    client.write(request);
    const std::string answer = client.read_all();
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 400 Bad Request\r\n")) << request;
    EXPECT_THAT(answer, HasSubstr("Content-Type: text/plain")) << request;
    EXPECT_THAT(answer, HasSubstr("Connection: close\r\n")) << request;
    EXPECT_THAT(answer, HasSubstr("https://")) << request;
  }
}

TEST_F(HelloRefusals, PlainHttpOneByteAtATimeIsToldSoToo) {
  RawClient client(gateway_.address());
  for (const std::string& byte : pieces("GET ", 1)) client.write(byte);
  EXPECT_THAT(client.read_all(), StartsWith("HTTP/1.1 400 "));
}

// The answer would be lost to a reset if the body were left unread.
TEST_F(HelloRefusals, PlainHttpWithAnUnreadBodyStillReadsItsAnswer) {
  RawClient client(gateway_.address());
  client.write("POST / HTTP/1.1\r\nHost: test.example\r\nContent-Length: 500000\r\n\r\n" +
               std::string(500'000, 'x'));
  EXPECT_THAT(client.read_all(), StartsWith("HTTP/1.1 400 "));
}

TEST_F(HelloRefusals, RubbishIsCutWithoutAnAnswer) {
  const std::string noise[] = {std::string(1, '\0'),
                               std::string("\0\0\0\0", 4),
                               "SSH-2.0-OpenSSH_9.2\r\n",
                               "\x17\x03\x03\x00\x05hello",
                               std::string(100'000, '\xff'),
                               "\x16\x02",
                               std::string("\x15\x03\x01\x00\x02\x02\x28", 7)};
  for (const std::string& bytes : noise) {
    RawClient client(gateway_.address());
    client.write(bytes);
    EXPECT_TRUE(client.ends()) << bytes.substr(0, 16);
  }
}

TEST_F(HelloRefusals, AnSslv2HelloIsRefusedByAnAlert) {
  RawClient client(gateway_.address());
  client.write(std::string("\x80\x2e\x01\x03\x01\x00\x15\x00\x00\x00\x10", 11) +
               std::string(37, 'x'));
  EXPECT_EQ(client.read_all(), kDecodeError);
}

TEST_F(HelloRefusals, BrokenFramingIsRefusedByAnAlert) {
  std::string cut_list = hello_;
  cut_list[5 + 4 + 2 + 32] = '\x7f';  // a session id of 127 bytes
  std::string grown = hello_;
  grown[8] = static_cast<char>(grown[8] - 1);  // the message ends before its record does
  std::string empty_record("\x16\x03\x01\x00\x00", 5);
  std::string huge_record("\x16\x03\x01\x40\x01\x01", 6);
  std::string other_message("\x16\x03\x01\x00\x04\x02\x00\x00\x00", 9);
  for (const std::string& bytes : {cut_list, grown, empty_record, huge_record, other_message}) {
    RawClient client(gateway_.address());
    client.write(bytes);
    EXPECT_EQ(client.read_all(), kDecodeError) << ::testing::PrintToString(bytes.substr(0, 9));
  }
}

TEST_F(HelloRefusals, NothingAtAllEndsAtTheDeadline) {
  RawClient client(gateway_.address());
  EXPECT_TRUE(client.ends());
}

TEST_F(HelloRefusals, HalfAHelloThenSilenceEndsAtTheDeadline) {
  RawClient client(gateway_.address());
  client.write(hello_.substr(0, hello_.size() / 2));
  EXPECT_TRUE(client.ends());
}

TEST_F(HelloRefusals, EveryLengthOfHalfAHelloThenAnEndIsLetGo) {
  for (std::size_t size = 0; size < hello_.size(); size += 7) {
    RawClient client(gateway_.address());
    client.write(hello_.substr(0, size));
    client.end_writing();
    EXPECT_TRUE(client.ends()) << size;
  }
}

TEST_F(HelloRefusals, AResetInTheMiddleCostsOnlyItself) {
  for (int i = 0; i < 20; ++i) {
    RawClient client(gateway_.address());
    client.write(hello_.substr(0, 40));
    client.reset();
  }
  const TlsClient next(gateway_.address(), "test.example");
  EXPECT_THAT(next.leaf_names(), testing::ElementsAre("test.example"));
}

// A whole hello counts although its sender has closed for writing: it may still read.
TEST_F(HelloRefusals, AWholeHelloBeforeAnEndIsJudgedByItsName) {
  RawClient client(gateway_.address());
  client.write(captured_hello({.server_name = "other.example"}));
  client.end_writing();
  EXPECT_EQ(client.read_all(), kUnrecognizedName);
}

TEST_F(HelloRefusals, TheAlertArrivesAlthoughMoreThanTheHelloWasSent) {
  RawClient client(gateway_.address());
  const std::string record = std::string("\x17\x03\x03\x40\x00", 5) + std::string(16'384, 'e');
  std::string early = captured_hello({.server_name = "other.example"});
  for (int i = 0; i < 8; ++i) early += record;
  client.write(early);
  EXPECT_EQ(client.read_all(), kUnrecognizedName);
  EXPECT_FALSE(client.was_reset());
}

// Early data is not accepted, but it is no error to send some: it is skipped (RFC 8446 §4.2.10).
TEST_F(HelloRefusals, EarlyDataBehindAKnownNameIsNotTakenForTheHello) {
  RawClient client(gateway_.address());
  client.write(hello_ + std::string("\x17\x03\x03\x00\x20", 5) + std::string(32, 'e'));
  const std::string answer = client.read_exactly(5);
  EXPECT_EQ(answer.substr(0, 3), "\x16\x03\x03");  // a ServerHello
}

}  // namespace
}  // namespace wssgate::test
