#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/hello.h"
#include "support/relay.h"
#include "support/running_gateway.h"

// However a ClientHello is cut on its way, the handshake completes and the request behind it is
// answered: looking at the hello takes nothing from the socket.
namespace wssgate::test {
namespace {

constexpr std::size_t kLimit = std::size_t{64} * 1024;  // limits.client_hello's default

class HelloDelivery : public testing::Test {
 protected:
  /// A handshake and a request, with the hello sent as `recut` says.
  std::string answer(const TlsOptions& options,
                     const std::function<std::vector<std::string>(const std::string&)>& recut) {
    const Relay relay(gateway_.address(), [&](const std::string& bytes, int flight) {
      return flight == 0 ? recut(bytes) : std::vector{bytes};
    });
    TlsClient client(relay.address(), options);
    client.write("GET / HTTP/1.1\r\nHost: test.example\r\n\r\n");
    return client.read_message();
  }

  Backend backend_{answering([](const std::string&) { return ok("served"); })};
  RunningGateway gateway_{{{"test.example"}}, one_host(backend_.endpoint())};
};

const TlsOptions kPlain{.server_name = "test.example"};

TEST_F(HelloDelivery, ArrivesOneByteAtATime) {
  EXPECT_THAT(answer(kPlain, [](const std::string& hello) { return pieces(hello, 1); }),
              testing::HasSubstr("served"));
}

TEST_F(HelloDelivery, ArrivesOneByteAtATimeUnderTls12) {
  TlsOptions options = kPlain;
  options.max_version = TLS1_2_VERSION;
  EXPECT_THAT(answer(options, [](const std::string& hello) { return pieces(hello, 1); }),
              testing::HasSubstr("served"));
}

TEST_F(HelloDelivery, ArrivesInRecordsOfAnySize) {
  for (const std::size_t most : {1, 2, 3, 5, 64, 100}) {
    EXPECT_THAT(
        answer(kPlain,
               [&](const std::string& hello) { return std::vector{re_record(hello, most)}; }),
        testing::HasSubstr("served"))
        << most << " bytes a record";
  }
}

TEST_F(HelloDelivery, ArrivesInOneByteRecordsOneByteAtATime) {
  EXPECT_THAT(
      answer(kPlain, [](const std::string& hello) { return pieces(re_record(hello, 1), 1); }),
      testing::HasSubstr("served"));
}

// Each segment ends somewhere else in a record: within its header, its payload, and between two.
TEST_F(HelloDelivery, ArrivesInSegmentsThatCutRecordsAnywhere) {
  for (const std::size_t segment : {3, 4, 5, 6, 7, 11, 37}) {
    EXPECT_THAT(
        answer(kPlain,
               [&](const std::string& hello) { return pieces(re_record(hello, 6), segment); }),
        testing::HasSubstr("served"))
        << segment << " bytes a segment";
  }
}

TEST_F(HelloDelivery, MayBeAsLargeAsPostQuantumKeySharesMakeIt) {
  const TlsOptions options = options_for_hello_of(1'800, "test.example");
  EXPECT_THAT(answer(options, [](const std::string& hello) { return pieces(hello, 1'460); }),
              testing::HasSubstr("served"));
}

TEST_F(HelloDelivery, MayTakeTheWholeLimit) {
  const TlsOptions options = options_for_hello_of(kLimit, "test.example");
  EXPECT_THAT(answer(options,
                     [](const std::string& hello) {
                       EXPECT_EQ(hello.size(), kLimit);
                       return std::vector{hello};
                     }),
              testing::HasSubstr("served"));
  EXPECT_THAT(answer(options, [](const std::string& hello) { return pieces(hello, 1'460); }),
              testing::HasSubstr("served"));
}

// The kernel keeps each one-byte segment in a buffer of its own, so this is what could fill a
// socket's memory before all of the hello is there.
TEST_F(HelloDelivery, MayTakeTheWholeLimitOneByteAtATime) {
  const TlsOptions options = options_for_hello_of(kLimit, "test.example");
  EXPECT_THAT(answer(options, [](const std::string& hello) { return pieces(hello, 1); }),
              testing::HasSubstr("served"));
}

TEST_F(HelloDelivery, IsRefusedOneByteOverTheLimit) {
  const TlsOptions options = options_for_hello_of(kLimit + 1, "test.example");
  try {
    const TlsClient client(gateway_.address(), options);
    FAIL() << "accepted";
  } catch (const TlsRefused& refused) {
    EXPECT_EQ(refused.alert, SSL_AD_DECODE_ERROR);
  }
}

// The alert comes once the length is known, while the client is still sending.
TEST_F(HelloDelivery, IsRefusedBeforeAllOfItHasArrived) {
  const std::string hello = captured_hello_of(kLimit + 1, "test.example");
  RawClient client(gateway_.address());
  client.write(hello.substr(0, 9));
  EXPECT_EQ(client.read_exactly(7), std::string("\x15\x03\x03\x00\x02\x02\x32", 7));
}

}  // namespace
}  // namespace wssgate::test
