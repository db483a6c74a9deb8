#include <gtest/gtest.h>

#include <string>

#include "protocol/http/forward.h"

namespace wssgate::http {
namespace {

const ForwardingFacts kClient{"203.0.113.7", "a.example", false};

std::string forwarded(std::string_view head, ForwardingFacts facts = kClient,
                      bool websocket = false) {
  const auto request = parse_request_head(head);
  if (!request) return "refused: " + request.error().context;
  return upstream_request_head(*request, facts, websocket);
}

std::string get(const std::string& fields) {
  return "GET /x?y HTTP/1.1\r\nHost: a.example\r\n" + fields + "\r\n";
}

// What wssgate adds for kClient and Host a.example.
const std::string kAdded =
    "X-Forwarded-For: 203.0.113.7\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: a.example\r\n"
    "Forwarded: for=203.0.113.7;host=a.example;proto=https\r\n";

TEST(UpstreamRequest, KeepsEndToEndFieldsInOrder) {
  EXPECT_EQ(forwarded("GET /x?y HTTP/1.1\r\nAccept: a\r\nHost: a.example\r\nCookie: b\r\n"
                      "accept: c\r\nTrailer: d\r\nEmpty:\r\n\r\n"),
            "GET /x?y HTTP/1.1\r\nHost: a.example\r\nAccept: a\r\nCookie: b\r\naccept: c\r\n"
            "Trailer: d\r\nEmpty: \r\n" +
                kAdded + "\r\n");
}

struct Row {
  const char* name;
  std::string fields;
  std::string kept;
};

TEST(UpstreamRequest, FieldsTable) {
  for (const Row& row : {
           Row{"hop-by-hop fields go",
               "Keep-Alive: x\r\nProxy-Connection: x\r\nProxy-Authorization: x\r\n", ""},
           Row{"h2c is not upgraded to",
               "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: "
               "AAMAAABk\r\n",
               ""},
           Row{"a WebSocket upgrade that the gateway does not make goes",
               "Connection: Upgrade\r\nUpgrade: websocket\r\nX: y\r\n", "X: y\r\n"},
           Row{"what Connection names goes",
               "Connection: x, Secret\r\nX: y\r\nsecret: z\r\nZ: a\r\n", "Z: a\r\n"},
           Row{"other gzip of TE goes", "TE: gzip\r\nConnection: TE\r\n", ""},
           Row{"a client's forwarding fields are replaced",
               "X-Forwarded-For: evil\r\nx-forwarded-proto: http\r\nX-FORWARDED-HOST: evil\r\n"
               "Forwarded: for=evil\r\n",
               ""},
           Row{"spellings that fold to them go",
               "X_Forwarded_For: evil\r\nX-Forwarded_Proto: http\r\nx_forwarded-host: evil\r\n"
               "X.Forwarded.For: evil\r\nX_Real_IP: evil\r\nx_forwarded_port: 1\r\n"
               "Transfer_Encoding: chunked\r\n",
               ""},
           Row{"spellings that fold to framing fields go",
               "Content_Length: 5\r\nTransfer_Encoding: chunked\r\n", ""},
           Row{"other underscores stay", "X_Custom: y\r\n", "X_Custom: y\r\n"},
           Row{"a trace stays, even named",
               "Connection: traceparent, Tracestate\r\nTraceparent: t\r\ntracestate: s\r\n",
               "Traceparent: t\r\ntracestate: s\r\n"},
           Row{"Expect stays, even named", "Connection: expect\r\nExpect: 100-continue\r\n",
               "Expect: 100-continue\r\n"},
       }) {
    EXPECT_EQ(forwarded(get(row.fields)),
              "GET /x?y HTTP/1.1\r\nHost: a.example\r\n" + row.kept + kAdded + "\r\n")
        << row.name;
  }
}

TEST(UpstreamRequest, NoClientRemovesWhatWssgateWrites) {
  EXPECT_EQ(
      forwarded("POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 5\r\nConnection: host, "
                "content-length, x-forwarded-for, x-forwarded-proto, x-forwarded-host, "
                "forwarded, connection\r\n\r\n"),
      "POST / HTTP/1.1\r\nHost: a.example\r\n" + kAdded + "Content-Length: 5\r\n\r\n");
  EXPECT_EQ(
      forwarded("POST / HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n"
                "Connection: transfer-encoding\r\n\r\n"),
      "POST / HTTP/1.1\r\nHost: a.example\r\n" + kAdded + "Transfer-Encoding: chunked\r\n\r\n");
}

TEST(UpstreamRequest, OneCanonicalFramingField) {
  EXPECT_EQ(forwarded("POST / HTTP/1.1\r\nHost: a.example\r\ncontent-length:\t0005\r\n\r\n"),
            "POST / HTTP/1.1\r\nHost: a.example\r\n" + kAdded + "Content-Length: 5\r\n\r\n");
  EXPECT_EQ(forwarded("POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 0\r\n\r\n"),
            "POST / HTTP/1.1\r\nHost: a.example\r\n" + kAdded + "Content-Length: 0\r\n\r\n");
  EXPECT_EQ(
      forwarded("POST / HTTP/1.1\r\nHost: a.example\r\ntransfer-encoding: CHUNKED\r\n\r\n"),
      "POST / HTTP/1.1\r\nHost: a.example\r\n" + kAdded + "Transfer-Encoding: chunked\r\n\r\n");
}

TEST(UpstreamRequest, KeepsTheWishForTrailers) {
  EXPECT_EQ(forwarded(get("TE: gzip, trailers\r\nConnection: TE\r\n")),
            "GET /x?y HTTP/1.1\r\nHost: a.example\r\n" + kAdded +
                "Connection: TE\r\nTE: trailers\r\n\r\n");
}

TEST(UpstreamRequest, PassesAWebSocketUpgradeOn) {
  EXPECT_EQ(forwarded(get("Connection: keep-alive, upgrade\r\nUpgrade: h2c, WebSocket\r\n"
                          "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: k\r\n"
                          "Sec-WebSocket-Protocol: a, b\r\n"
                          "Sec-WebSocket-Extensions: permessage-deflate\r\nCookie: c\r\n"),
                      kClient, true),
            "GET /x?y HTTP/1.1\r\nHost: a.example\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: k\r\nSec-WebSocket-Protocol: a, b\r\n"
            "Sec-WebSocket-Extensions: permessage-deflate\r\nCookie: c\r\n" +
                kAdded + "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
}

TEST(UpstreamRequest, SpeaksHttp11ForAnOldClient) {
  EXPECT_EQ(forwarded("GET / HTTP/1.0\r\nExpect: 100-continue\r\nTE: trailers\r\n\r\n"),
            "GET / HTTP/1.1\r\nHost: a.example\r\n" + kAdded + "\r\n");
}

TEST(UpstreamRequest, WritesTheOriginFormAndTheHostAsSent) {
  EXPECT_EQ(forwarded("GET https://a.example/p HTTP/1.1\r\nHost: A.example:443\r\n\r\n"),
            "GET /p HTTP/1.1\r\nHost: A.example:443\r\nX-Forwarded-For: 203.0.113.7\r\n"
            "X-Forwarded-Proto: https\r\nX-Forwarded-Host: A.example:443\r\n"
            "Forwarded: for=203.0.113.7;host=\"A.example:443\";proto=https\r\n\r\n");
}

TEST(UpstreamRequest, QuotesAddressesAsRfc7239Says) {
  EXPECT_EQ(forwarded("GET / HTTP/1.1\r\nHost: [::1]:8443\r\n\r\n", {"2001:db8::7", "x", false}),
            "GET / HTTP/1.1\r\nHost: [::1]:8443\r\nX-Forwarded-For: 2001:db8::7\r\n"
            "X-Forwarded-Proto: https\r\nX-Forwarded-Host: [::1]:8443\r\n"
            "Forwarded: for=\"[2001:db8::7]\";host=\"[::1]:8443\";proto=https\r\n\r\n");
  EXPECT_EQ(forwarded("GET / HTTP/1.1\r\nHost: a\r\n\r\n", {"unix", "x", false}),
            "GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: unknown\r\nX-Forwarded-Proto: https\r\n"
            "X-Forwarded-Host: a\r\nForwarded: for=unknown;host=a;proto=https\r\n\r\n");
}

TEST(UpstreamRequest, TellsOfTheClientsCertificateAndPassesNoClaimOfOne) {
  const std::string claims =
      "Client-Cert: evil\r\nclient_cert: evil\r\nCLIENT.CERT: evil\r\nClient-Cert_Chain: evil\r\n"
      "Client-Certificate: mine\r\n";
  const std::string kept =
      "GET /x?y HTTP/1.1\r\nHost: a.example\r\nClient-Certificate: mine\r\n" + kAdded;
  for (const bool trusted : {false, true}) {
    EXPECT_EQ(forwarded(get(claims), {"203.0.113.7", "a.example", trusted}), kept + "\r\n");
  }
  const std::string fields = client_certificate_fields({"leaf", "inner", "outer!"});
  EXPECT_EQ(fields, "Client-Cert: :bGVhZg==:\r\nClient-Cert-Chain: :aW5uZXI=:, :b3V0ZXIh:\r\n");
  EXPECT_EQ(forwarded(get(claims), {"203.0.113.7", "a.example", false, fields}),
            kept + fields + "\r\n");
  EXPECT_EQ(
      forwarded(get("Connection: Client-Cert\r\n"),
                {"203.0.113.7", "a.example", false, client_certificate_fields({"leaf"})}),
      "GET /x?y HTTP/1.1\r\nHost: a.example\r\n" + kAdded + "Client-Cert: :bGVhZg==:\r\n\r\n");
  EXPECT_EQ(client_certificate_fields({}), "");
}

TEST(UpstreamRequest, ExtendsWhatATrustedProxySays) {
  const ForwardingFacts trusted{"10.0.0.1", "a.example", true};
  EXPECT_EQ(forwarded(get("X-Forwarded-For: 1.2.3.4\r\nX-Forwarded-For: 5.6.7.8\r\n"
                          "X-Forwarded-Proto: http\r\nX-Forwarded-Host: first.example\r\n"
                          "Forwarded: for=1.2.3.4\r\nX_Forwarded_For: evil\r\n"
                          "Connection: x-forwarded-for\r\n"),
                      trusted),
            "GET /x?y HTTP/1.1\r\nHost: a.example\r\n"
            "X-Forwarded-For: 1.2.3.4, 5.6.7.8, 10.0.0.1\r\nX-Forwarded-Proto: http\r\n"
            "X-Forwarded-Host: first.example\r\n"
            "Forwarded: for=1.2.3.4, for=10.0.0.1;host=a.example;proto=https\r\n\r\n");
  EXPECT_EQ(forwarded(get("X-Forwarded-For:\r\n"), trusted),
            "GET /x?y HTTP/1.1\r\nHost: a.example\r\nX-Forwarded-For: 10.0.0.1\r\n"
            "X-Forwarded-Proto: https\r\nX-Forwarded-Host: a.example\r\n"
            "Forwarded: for=10.0.0.1;host=a.example;proto=https\r\n\r\n");
}

TEST(UpstreamRequest, TheRequestIdReplacesTheClients) {
  const std::string claims = "X-Request-Id: a\r\nX_REQUEST_ID: b\r\nx-request-id: c\r\n";
  ForwardingFacts facts = kClient;
  facts.request_id = "ours";
  const std::string start = "GET /x?y HTTP/1.1\r\nHost: a.example\r\n";
  EXPECT_EQ(forwarded(get(claims), facts), start + kAdded + "X-Request-ID: ours\r\n\r\n");
  EXPECT_EQ(forwarded(get(claims)), start + claims + kAdded + "\r\n") << "where there is none";
}

TEST(UpstreamRequest, TheTraceContextPassesAsItIs) {
  const std::string trace =
      "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n"
      "tracestate: a=1,b=2\r\ntracestate: c=3\r\nTraceParent: no such thing\r\n";
  EXPECT_EQ(forwarded(get(trace)),
            "GET /x?y HTTP/1.1\r\nHost: a.example\r\n" + trace + kAdded + "\r\n");
}

}  // namespace
}  // namespace wssgate::http
