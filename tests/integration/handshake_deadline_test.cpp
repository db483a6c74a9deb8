#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/hello.h"
#include "support/running_gateway.h"

// timeouts.handshake: a client that stops in the middle of its handshake is let go.
namespace wssgate::test {
namespace {

class HandshakeDeadline : public testing::Test {
 protected:
  RunningGateway gateway_{{{"test.example"}},
                          one_host("127.0.0.1:9", "timeouts: {handshake: 300ms}\n")};
};

TEST_F(HandshakeDeadline, EndsAClientThatFallsSilent) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    RawClient client(gateway_.address());
    client.write(captured_hello({.server_name = "test.example", .max_version = version}));
    EXPECT_EQ(client.read_exactly(3), "\x16\x03\x03");  // the ServerHello came
    EXPECT_TRUE(client.ends());
  }
}

TEST_F(HandshakeDeadline, LetsOneGoThatLeaves) {
  RawClient client(gateway_.address());
  client.write(captured_hello({.server_name = "test.example"}));
  client.read_exactly(3);
  client.end_writing();
  EXPECT_TRUE(client.ends());
}

TEST_F(HandshakeDeadline, AnswersRubbishInMidHandshakeByAnAlert) {
  RawClient client(gateway_.address());
  client.write(captured_hello({.server_name = "test.example", .max_version = TLS1_2_VERSION}));
  client.read_exactly(3);
  client.write(std::string("\x17\x03\x03\x00\x05hello", 10) + std::string(100'000, 'x'));
  const std::string answer = client.read_all();  // throws at a reset
  ASSERT_GE(answer.size(), 7U);
  EXPECT_EQ(answer.substr(answer.size() - 7, 6), std::string("\x15\x03\x03\x00\x02\x02", 6));
}

}  // namespace
}  // namespace wssgate::test
