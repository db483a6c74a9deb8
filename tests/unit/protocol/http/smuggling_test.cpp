// Every way known to us of making two parsers read one request differently, and what becomes of it.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "protocol/http/head.h"

namespace wssgate::http {
namespace {

struct Trick {
  const char* name;
  std::string bytes;
  Reason expected;
};

// A head around some fields.
std::string post(const std::string& fields) {
  return "POST / HTTP/1.1\r\nHost: a.example\r\n" + fields + "\r\n";
}
std::string nul(std::string text) {
  for (char& c : text) c = c == '@' ? '\0' : c;
  return text;
}

constexpr Reason kBad = Reason::malformed_request;

const std::vector<Trick>& tricks() {
  static const std::vector<Trick> all = {
      // lengths
      {"both lengths", post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"), kBad},
      {"both lengths, other order", post("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"),
       kBad},
      {"both, zero length", post("Content-Length: 0\r\nTransfer-Encoding: chunked\r\n"), kBad},
      {"two lengths", post("Content-Length: 5\r\nContent-Length: 6\r\n"), kBad},
      {"the same length twice", post("Content-Length: 5\r\nContent-Length: 5\r\n"), kBad},
      {"a length list", post("Content-Length: 5, 5\r\n"), kBad},
      {"a length list that differs", post("Content-Length: 5,6\r\n"), kBad},
      {"plus sign", post("Content-Length: +5\r\n"), kBad},
      {"minus sign", post("Content-Length: -5\r\n"), kBad},
      {"minus zero", post("Content-Length: -0\r\n"), kBad},
      {"empty length", post("Content-Length:\r\n"), kBad},
      {"blank length", post("Content-Length: \r\n"), kBad},
      {"space after length", post("Content-Length: 5 \r\n"), kBad},
      {"tab after length", post("Content-Length: 5\t\r\n"), kBad},
      {"space in length", post("Content-Length: 5 6\r\n"), kBad},
      {"hexadecimal length", post("Content-Length: 0x5\r\n"), kBad},
      {"length with a fraction", post("Content-Length: 5.0\r\n"), kBad},
      {"length with an exponent", post("Content-Length: 5e1\r\n"), kBad},
      {"quoted length", post("Content-Length: \"5\"\r\n"), kBad},
      {"length with a comment", post("Content-Length: 5;x\r\n"), kBad},
      {"length with underscores", post("Content-Length: 1_0\r\n"), kBad},
      {"length over 64 bits", post("Content-Length: 18446744073709551616\r\n"), kBad},
      {"length over 63 bits", post("Content-Length: 9223372036854775808\r\n"), kBad},
      {"length with many zeros", post("Content-Length: 00000000000000000000000005\r\n"), kBad},
      {"folded length", post("Content-Length: 5\r\n 6\r\n"), kBad},
      // transfer codings
      {"chunked twice in a list", post("Transfer-Encoding: chunked, chunked\r\n"), kBad},
      {"chunked twice", post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), kBad},
      {"chunked, then another field",
       post("Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n"), kBad},
      {"another field, then chunked",
       post("Transfer-Encoding: x\r\nTransfer-Encoding: chunked\r\n"), kBad},
      {"xchunked", post("Transfer-Encoding: xchunked\r\n"), kBad},
      {"chunkedx", post("Transfer-Encoding: chunkedx\r\n"), kBad},
      {"chunk", post("Transfer-Encoding: chunk\r\n"), kBad},
      {"chunked with a parameter", post("Transfer-Encoding: chunked;x\r\n"), kBad},
      {"chunked with an empty element", post("Transfer-Encoding: chunked,\r\n"), kBad},
      {"empty element before chunked", post("Transfer-Encoding: ,chunked\r\n"), kBad},
      {"identity", post("Transfer-Encoding: identity\r\n"), kBad},
      {"identity, chunked", post("Transfer-Encoding: identity, chunked\r\n"), kBad},
      {"chunked, identity", post("Transfer-Encoding: chunked, identity\r\n"), kBad},
      {"gzip, chunked", post("Transfer-Encoding: gzip, chunked\r\n"), kBad},
      {"gzip", post("Transfer-Encoding: gzip\r\n"), kBad},
      {"empty coding", post("Transfer-Encoding:\r\n"), kBad},
      {"empty coding and a length", post("Transfer-Encoding:\r\nContent-Length: 5\r\n"), kBad},
      {"quoted chunked", post("Transfer-Encoding: \"chunked\"\r\n"), kBad},
      {"space after chunked", post("Transfer-Encoding: chunked \r\n"), kBad},
      {"tab after chunked", post("Transfer-Encoding: chunked\t\r\n"), kBad},
      {"vertical tab before chunked",
       post("Transfer-Encoding: \x0b"
            "chunked\r\n"),
       kBad},
      {"form feed after chunked", post("Transfer-Encoding: chunked\x0c\r\n"), kBad},
      {"NUL after chunked", nul(post("Transfer-Encoding: chunked@\r\n")), kBad},
      {"no-break space before chunked",
       post("Transfer-Encoding: \xa0"
            "chunked\r\n"),
       kBad},
      {"folded chunked", post("Transfer-Encoding:\r\n chunked\r\n"), kBad},
      {"folded tab chunked", post("Transfer-Encoding:\r\n\tchunked\r\n"), kBad},
      {"chunked in HTTP/1.0", "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
       kBad},
      // field names
      {"space before the colon", post("Transfer-Encoding : chunked\r\n"), kBad},
      {"tab before the colon", post("Transfer-Encoding\t: chunked\r\n"), kBad},
      {"space within a name", post("Transfer Encoding: chunked\r\n"), kBad},
      {"space before a name", post(" Transfer-Encoding: chunked\r\n"), kBad},
      {"tab before a name", post("\tTransfer-Encoding: chunked\r\n"), kBad},
      {"empty name", post(": chunked\r\n"), kBad},
      {"no colon", post("Transfer-Encoding chunked\r\n"), kBad},
      {"NUL in a name", nul(post("Transfer-Enc@oding: chunked\r\n")), kBad},
      {"quote in a name", post("\"Transfer-Encoding\": chunked\r\n"), kBad},
      {"obs-text in a name", post("Transfer-Encoding\xa0: chunked\r\n"), kBad},
      {"brackets in a name", post("[x]: y\r\n"), kBad},
      {"a request line as a field", post("GET /admin HTTP/1.1\r\n"), kBad},
      // fields' values
      {"obs-fold", post("X: a\r\n b\r\n"), kBad},
      {"obs-fold with a tab", post("X: a\r\n\tb\r\n"), kBad},
      {"obs-fold that is blank", post("X: a\r\n \r\n"), kBad},
      {"obs-fold of the first field", "GET / HTTP/1.1\r\n X: y\r\nHost: a\r\n\r\n", kBad},
      {"bare CR in a value", post("X: a\rTransfer-Encoding: chunked\r\n"), kBad},
      {"bare LF in a value", post("X: a\nTransfer-Encoding: chunked\r\n"), kBad},
      {"CR CR LF", post("X: a\r\r\n"), kBad},
      {"CR after an empty value", post("X:\rTransfer-Encoding: chunked\r\n"), kBad},
      {"LF after an empty value", post("X:\nTransfer-Encoding: chunked\r\n"), kBad},
      {"NUL in a value", nul(post("X: a@b\r\n")), kBad},
      {"escape in a value", post("X: \x1b[2J\r\n"), kBad},
      {"DEL in a value", post("X: \x7f\r\n"), kBad},
      // ends of lines and of the head
      {"LF only", "GET / HTTP/1.1\nHost: a\n\n", kBad},
      {"LF after the request line", "GET / HTTP/1.1\nHost: a\r\n\r\n", kBad},
      {"LF at the end of the head", "GET / HTTP/1.1\r\nHost: a\r\n\n", kBad},
      {"CR at the end of the head", "GET / HTTP/1.1\r\nHost: a\r\n\rX", kBad},
      {"LF before the request line", "\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", kBad},
      {"CR before the request line", "\rGET / HTTP/1.1\r\nHost: a\r\n\r\n", kBad},
      {"two empty lines before", "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", kBad},
      {"space before the request line", " GET / HTTP/1.1\r\nHost: a\r\n\r\n", kBad},
      {"bytes after the head", "GET / HTTP/1.1\r\nHost: a\r\n\r\nX", kBad},
      {"no end", "GET / HTTP/1.1\r\nHost: a\r\n", kBad},
      {"nothing", "", kBad},
      // the request line
      {"two spaces after the method", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", kBad},
      {"two spaces before the version", "GET /  HTTP/1.1\r\nHost: a\r\n\r\n", kBad},
      {"a space in the target", "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", kBad},
      {"a space after the version", "GET / HTTP/1.1 \r\nHost: a\r\n\r\n", kBad},
      {"two versions", "GET / HTTP/1.1 HTTP/1.1\r\nHost: a\r\n\r\n", kBad},
      {"a tab after the method", "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", kBad},
      {"a tab before the version", "GET /\tHTTP/1.1\r\nHost: a\r\n\r\n", kBad},
      {"a tab in the target", "GET /a\tb HTTP/1.1\r\nHost: a\r\n\r\n", kBad},
      {"no target", "GET HTTP/1.1\r\nHost: a\r\n\r\n", kBad},
      {"an empty target", "GET  HTTP/1.1\r\nHost: a\r\n\r\n", kBad},
      {"no method", "/ HTTP/1.1\r\nHost: a\r\n\r\n", kBad},
      {"an empty method", " / HTTP/1.1\r\nHost: a\r\n\r\n", kBad},
      {"a method that is no token", "G(T / HTTP/1.1\r\nHost: a\r\n\r\n", kBad},
      {"HTTP/0.9", "GET /\r\n\r\n", kBad},
      {"no version", "GET / \r\nHost: a\r\n\r\n", kBad},
      {"a version in lower case", "GET / http/1.1\r\nHost: a\r\n\r\n", kBad},
      {"RTSP", "OPTIONS / RTSP/1.0\r\nHost: a\r\n\r\n", kBad},
      {"ICE", "SOURCE / ICE/1.0\r\nHost: a\r\n\r\n", kBad},
      {"HTTP/1.10", "GET / HTTP/1.10\r\nHost: a\r\n\r\n", kBad},
      {"HTTP/01.1", "GET / HTTP/01.1\r\nHost: a\r\n\r\n", kBad},
      {"HTTP/+1.1", "GET / HTTP/+1.1\r\nHost: a\r\n\r\n", kBad},
      {"HTTP/1,1", "GET / HTTP/1,1\r\nHost: a\r\n\r\n", kBad},
      {"HTTP/1.2", "GET / HTTP/1.2\r\nHost: a\r\n\r\n", Reason::http_version_refused},
      {"HTTP/0.9 spelt out", "GET / HTTP/0.9\r\nHost: a\r\n\r\n", Reason::http_version_refused},
      {"HTTP/2.0", "GET / HTTP/2.0\r\nHost: a\r\n\r\n", Reason::http_version_refused},
      {"the HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\n", Reason::http_version_refused},
      {"PRI", "PRI / HTTP/1.1\r\nHost: a\r\n\r\n", Reason::method_refused},
      {"CONNECT", "CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\n",
       Reason::method_refused},
      {"TRACE", "TRACE / HTTP/1.1\r\nHost: a\r\n\r\n", Reason::method_refused},
      {"an unknown method", "SMUGGLE / HTTP/1.1\r\nHost: a\r\n\r\n", Reason::method_refused},
      {"a method in lower case", "get / HTTP/1.1\r\nHost: a\r\n\r\n", Reason::method_refused},
      {"a method of RTSP", "DESCRIBE / HTTP/1.1\r\nHost: a\r\n\r\n", Reason::method_refused},
      {"a longer method", "GETS / HTTP/1.1\r\nHost: a\r\n\r\n", Reason::method_refused},
      // Host
      {"no Host", "GET / HTTP/1.1\r\nX: y\r\n\r\n", kBad},
      {"no fields", "GET / HTTP/1.1\r\n\r\n", kBad},
      {"two Hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", kBad},
      {"the same Host twice", "GET / HTTP/1.1\r\nHost: a\r\nhost: a\r\n\r\n", kBad},
      {"two Hosts in HTTP/1.0", "GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", kBad},
      {"a Host list", "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", kBad},
      {"a Host with user information", "GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", kBad},
      {"an absolute target for another host", "GET https://b/ HTTP/1.1\r\nHost: a\r\n\r\n", kBad},
  };
  return all;
}

TEST(Smuggling, EveryTrickIsRefusedWithItsReason) {
  for (const Trick& trick : tricks()) {
    const auto head = parse_request_head(trick.bytes);
    ASSERT_FALSE(head) << trick.name;
    EXPECT_EQ(reason_label(head.error().reason), reason_label(trick.expected)) << trick.name;
    EXPECT_EQ(head.error().side, Side::client) << trick.name;
    EXPECT_FALSE(head.error().context.empty()) << trick.name;
  }
}

TEST(Smuggling, TheHeadsAroundTheTricksAreGood) {
  // Otherwise the table above could pass for the wrong reason.
  for (const char* fields : {"", "Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n",
                             "Transfer-Encoding:\tchunked\r\n", "X: a\r\n", "X:\r\n",
                             "X: \xa0\xff\r\n", "Content-Length:  5\r\n"}) {
    const auto head = parse_request_head(post(fields));
    EXPECT_TRUE(head) << fields << ": " << head.error().context;
  }
}

TEST(Smuggling, NoContextHoldsAControlCharacter) {
  for (const Trick& trick : tricks()) {
    const auto head = parse_request_head(trick.bytes);
    ASSERT_FALSE(head);
    for (const char c : head.error().context) {
      EXPECT_TRUE(c >= 0x20 && c < 0x7f) << trick.name << ": " << head.error().context;
    }
  }
}

}  // namespace
}  // namespace wssgate::http
