// What is no ClientHello, or a broken one, and how early that is said.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "protocol/tls/client_hello.h"
#include "unit/protocol/tls/hello_bytes.h"

namespace wssgate::tls {
namespace {

using testing::BuiltHello;
using testing::Bytes;
using testing::bytes_of;
using testing::concat;
using testing::extension;
using ::testing::HasSubstr;
using testing::record;
using testing::server_name_extension;

constexpr std::size_t kLimit = 64 * 1024;

void expect_refused(const Bytes& bytes, Reason reason, std::string_view context) {
  const auto result = parse_client_hello(bytes, kLimit);
  const auto* error = std::get_if<Error>(&result);
  ASSERT_NE(error, nullptr) << context;
  EXPECT_EQ(error->reason, reason) << error->context;
  EXPECT_EQ(error->side, Side::client);
  EXPECT_THAT(error->context, HasSubstr(std::string(context)));
}

std::size_t more_after(const Bytes& bytes) {
  const auto result = parse_client_hello(bytes, kLimit);
  const auto* more = std::get_if<NeedMore>(&result);
  return more == nullptr ? 0 : more->total;
}

TEST(FirstBytes, PlainHttpIsRecognisedAtTheMethodsSpace) {
  for (const char* request :
       {"GET / HTTP/1.1\r\n", "HEAD /", "POST /", "PUT /", "DELETE /", "CONNECT a:443", "OPTIONS *",
        "TRACE /", "PATCH /", "PRI * HTTP/2.0\r\n"}) {
    const Bytes bytes = bytes_of(request);
    const std::size_t certain = std::string_view(request).find(' ') + 1;
    for (std::size_t size = 0; size < certain; ++size) {
      const std::size_t total = more_after(Bytes(bytes.begin(), bytes.begin() + long(size)));
      EXPECT_GT(total, size) << request;
      EXPECT_LE(total, certain) << request;
    }
    for (std::size_t size = certain; size <= bytes.size(); ++size) {
      expect_refused(Bytes(bytes.begin(), bytes.begin() + long(size)), Reason::plain_http, "HTTP");
    }
  }
}

TEST(FirstBytes, WaitsForNoMoreThanTheShortestMethodThatFits) {
  EXPECT_EQ(more_after({}), 1U);
  EXPECT_EQ(more_after(bytes_of("P")), 4U);  // PUT or PRI
  EXPECT_EQ(more_after(bytes_of("PO")), 5U);
  EXPECT_EQ(more_after(bytes_of("GET")), 4U);
  EXPECT_EQ(more_after({22}), 5U);
  EXPECT_EQ(more_after({22, 3, 1}), 5U);
  EXPECT_EQ(more_after({22, 3, 1, 0, 100}), 105U);
}

TEST(FirstBytes, RubbishIsNotTlsAtTheFirstByteThatShowsIt) {
  for (const Bytes& bytes :
       {Bytes{0}, bytes_of("SSH-2.0"), bytes_of("GEX"), bytes_of("GET\t"), bytes_of("get /"),
        bytes_of("\r\nGET /"), Bytes{0x80, 0x2e, 0x02}, Bytes{22, 2}, Bytes{22, 0xfe, 0xfd},
        Bytes{20, 3, 1}, Bytes{23, 3, 3}, Bytes{21}, Bytes{0xff, 0xff, 0xff}}) {
    expect_refused(bytes, Reason::not_tls, "");
  }
  expect_refused({21, 3, 1, 0, 2, 1, 0}, Reason::not_tls, "alert");
  expect_refused(bytes_of("SSH-2.0\r\n"), Reason::not_tls, "HTTP: SSH-");
}

TEST(FirstBytes, Sslv2HelloIsNamedAsSuch) {
  expect_refused({0x80, 0x2e, 0x01, 0x03, 0x01}, Reason::malformed_client_hello, "SSLv2");
  expect_refused({0x9f, 0xff, 0x01}, Reason::malformed_client_hello, "SSLv2");
  EXPECT_EQ(more_after({0x80}), 3U);
  EXPECT_EQ(more_after({0x80, 0x2e}), 3U);
}

TEST(Records, BrokenFramingIsMalformed) {
  const Bytes message = BuiltHello{}.message();
  const Bytes half(message.begin(), message.begin() + 20);
  const Bytes first = record(half);
  expect_refused({22, 3, 1, 0, 0}, Reason::malformed_client_hello, "without payload");
  expect_refused(concat(first, Bytes{22, 3, 1, 0, 0}), Reason::malformed_client_hello,
                 "without payload");
  expect_refused({22, 3, 1, 0x40, 1}, Reason::malformed_client_hello, "16385 bytes");
  EXPECT_EQ(more_after({22, 3, 1, 0x40, 0}), 5U + 16384U);
  expect_refused(concat(first, Bytes{21}), Reason::malformed_client_hello, "type 21");
  expect_refused(concat(first, Bytes{22, 4}), Reason::malformed_client_hello, "version 4");
  EXPECT_EQ(more_after(first), 5 + message.size() + 5);
  EXPECT_EQ(more_after(concat(first, Bytes{22, 0x03, 0xff})), 5 + message.size() + 5);
}

TEST(Records, BytesAfterTheHelloInItsRecordAreMalformedOnceItsHeaderIsThere) {
  const Bytes more = record(concat(BuiltHello{}.message(), Bytes{1}));
  for (std::size_t size = 9; size <= more.size(); ++size) {
    expect_refused(Bytes(more.begin(), more.begin() + long(size)), Reason::malformed_client_hello,
                   "in its own record");
  }
}

TEST(Records, AnotherHandshakeMessageIsMalformedAtItsFirstByte) {
  expect_refused({22, 3, 1, 0, 100, 2}, Reason::malformed_client_hello, "type 2");
  expect_refused(BuiltHello{.type = 0}.bytes(), Reason::malformed_client_hello, "type 0");
}

TEST(Records, LengthOverTheLimitIsTooLargeOnceItIsThere) {
  expect_refused({22, 3, 1, 0, 4, 1, 0x01, 0x00, 0x00}, Reason::client_hello_too_large, "65536");
  expect_refused({22, 3, 1, 0x40, 0, 1, 0xff, 0xff, 0xff}, Reason::client_hello_too_large, "limit");
  // 65536 in all would fit by itself, but not with the headers of the records it needs.
  expect_refused({22, 3, 1, 0, 4, 1, 0x00, 0xff, 0xfc}, Reason::client_hello_too_large, "limit");
}

TEST(Body, WithoutExtensionsItHasNoName) {
  for (const bool has_extensions : {false, true}) {
    const BuiltHello built{.has_extensions = has_extensions};
    const auto result = parse_client_hello(built.bytes(), kLimit);
    ASSERT_TRUE(std::holds_alternative<ClientHello>(result));
    const auto& hello = std::get<ClientHello>(result);
    EXPECT_FALSE(hello.server_name);
    EXPECT_TRUE(hello.alpn.empty());
    EXPECT_FALSE(hello.offers_tls13);
  }
}

TEST(Body, GreaseIsIgnored) {
  const BuiltHello built{.ciphers = {0x0a, 0x0a, 0x13, 0x01},
                         .extensions = {extension(0x1a1a, {}), server_name_extension("a.example"),
                                        extension(43, Bytes{4, 0x2a, 0x2a, 0x03, 0x04}),
                                        extension(16, Bytes{0, 6, 2, 0x3a, 0x3a, 2, 'h', '2'}),
                                        extension(0x4a4a, Bytes{0})}};
  const auto result = parse_client_hello(built.bytes(), kLimit);
  ASSERT_TRUE(std::holds_alternative<ClientHello>(result));
  const auto& hello = std::get<ClientHello>(result);
  EXPECT_EQ(hello.server_name, "a.example");
  EXPECT_TRUE(hello.offers_tls13);
  EXPECT_THAT(hello.alpn, ::testing::ElementsAre("::", "h2"));
}

TEST(Body, NameIsAsSentNotYetCanonical) {
  for (const std::string& name :
       {std::string("Chat.Example.COM."), std::string("127.0.0.1"), std::string(300, 'a'),
        std::string("a b\xff\n"), std::string("*.example.com")}) {
    const auto result =
        parse_client_hello(BuiltHello{.extensions = {server_name_extension(name)}}.bytes(), kLimit);
    ASSERT_TRUE(std::holds_alternative<ClientHello>(result));
    EXPECT_EQ(std::get<ClientHello>(result).server_name, name);
  }
}

TEST(Body, BrokenFieldsAreMalformed) {
  const struct {
    BuiltHello hello;
    std::string_view context;
  } cases[] = {
      {{.session_id = Bytes(33)}, "session id"},
      {{.ciphers = {}}, "cipher"},
      {{.ciphers = {0x13, 0x01, 0x13}}, "cipher"},
      {{.compression = {}}, "compression"},
      {{.has_extensions = false, .trailing = {0}}, "extensions is cut off"},
      {{.has_extensions = false, .trailing = {0, 1}}, "extensions is cut off"},
      {{.has_extensions = false, .trailing = {0, 0, 0}}, "follow the extensions"},
      {{.trailing = {0}}, "follow the extensions"},
      {{.extensions = {Bytes{0}}}, "extension is cut off"},
      {{.extensions = {Bytes{0, 9, 0, 1}}}, "extension is cut off"},
      {{.extensions = {extension(7, {}), extension(8, {}), extension(7, {})}}, "7 occurs twice"},
      {{.extensions = {server_name_extension("a.b"), server_name_extension("a.b")}},
       "0 occurs twice"},
      {{.extensions = {extension(0x1a1a, {}), extension(0x1a1a, {})}}, "occurs twice"},
  };
  for (const auto& [hello, context] : cases) {
    expect_refused(hello.bytes(), Reason::malformed_client_hello, context);
  }
}

TEST(Body, CutOffAtAnyByteIsMalformed) {
  const Bytes message = BuiltHello{.extensions = {server_name_extension("a.b")}}.message();
  for (std::size_t size = 4; size < message.size(); ++size) {
    if (size == 4 + 2 + 32 + 1 + 4 + 2) continue;  // the valid hello without extensions
    Bytes cut(message.begin(), message.begin() + long(size));
    cut[3] = static_cast<std::uint8_t>(size - 4);
    const auto result = parse_client_hello(record(cut), kLimit);
    ASSERT_TRUE(std::holds_alternative<Error>(result)) << size;
    EXPECT_EQ(std::get<Error>(result).reason, Reason::malformed_client_hello);
  }
}

TEST(Body, ServerNameThatIsNotExactlyOneHostNameIsMalformed) {
  const struct {
    Bytes body;
    std::string_view context;
  } cases[] = {
      {{}, "framed wrongly"},
      {{0, 0}, "exactly one"},
      {{0, 6, 0, 0, 3, 'a', '.', 'b', 0}, "framed wrongly"},  // a byte after the list
      {{0, 7, 0, 0, 3, 'a', '.', 'b'}, "framed wrongly"},     // the list is cut off
      {{0, 6, 1, 0, 3, 'a', '.', 'b'}, "exactly one"},        // of another type
      {{0, 6, 0, 0, 4, 'a', '.', 'b'}, "exactly one"},        // the name is cut off
      {{0, 6, 0, 0, 2, 'a', '.', 'b'}, "exactly one"},        // a byte after the name
      {{0, 8, 0, 0, 1, 'a', 0, 0, 1, 'b'}, "exactly one"},    // two names
      {{0, 3, 0, 0, 0}, "empty"},
      {{0, 6, 0, 0, 3, 'a', 0, 'b'}, "NUL"},
  };
  for (const auto& [body, context] : cases) {
    expect_refused(BuiltHello{.extensions = {extension(0, body)}}.bytes(),
                   Reason::malformed_client_hello, context);
  }
}

TEST(Body, BrokenAlpnAndVersionsAreMalformed) {
  for (const Bytes& body : {Bytes{}, Bytes{0, 0}, Bytes{0, 1, 0}, Bytes{0, 2, 2, 'h'},
                            Bytes{0, 3, 2, 'h', '2', 0}, Bytes{0, 4, 2, 'h', '2', 0}}) {
    expect_refused(BuiltHello{.extensions = {extension(16, body)}}.bytes(),
                   Reason::malformed_client_hello, "ALPN");
  }
  for (const Bytes& body :
       {Bytes{}, Bytes{0}, Bytes{1, 3}, Bytes{3, 3, 4, 3}, Bytes{4, 3, 4}, Bytes{2, 3, 4, 0}}) {
    expect_refused(BuiltHello{.extensions = {extension(43, body)}}.bytes(),
                   Reason::malformed_client_hello, "supported_versions");
  }
}

TEST(FatalAlert, IsOnePlaintextRecord) {
  EXPECT_THAT(fatal_alert_record(112), ::testing::ElementsAre(21, 3, 3, 0, 2, 2, 112));
}

}  // namespace
}  // namespace wssgate::tls
