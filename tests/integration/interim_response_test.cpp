#include <gtest/gtest.h>

#include "support/backend.h"
#include "support/http_text.h"
#include "support/running_gateway.h"

/// 1xx responses pass to whoever can read them, as many as there are.
namespace wssgate::test {
namespace {

constexpr const char* kEarlyHints = "HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n";

TEST(InterimResponse, PassesBeforeTheFinalOne) {
  Journal go;
  Backend backend([&](RawClient& proxy, int) {
    proxy.read_message();
    proxy.write(kEarlyHints);
    go.wait_for(1);
    proxy.write("HTTP/1.1 102 Processing\r\n\r\n" + ok("done"));
    proxy.ends();
  });
  RunningGateway gateway({{"test.example"}}, one_host(backend.endpoint()));
  TlsClient client(gateway.address(), "test.example");
  client.write(get("/"));
  const std::string hints = client.read_message();
  EXPECT_EQ(status_of(hints), 103);
  EXPECT_EQ(field_of(hints, "Link"), "</style.css>");
  go.add("go");
  EXPECT_EQ(status_of(client.read_message()), 102);
  EXPECT_EQ(body_of(client.read_message()), "done");
}

TEST(InterimResponse, IsNoneOfAnHttp10ClientsBusiness) {
  Backend backend(answering([](const std::string&) { return kEarlyHints + ok("done"); }));
  RunningGateway gateway({{"test.example"}}, one_host(backend.endpoint()));
  TlsClient client(gateway.address(), "test.example");
  client.write(request("GET / HTTP/1.0", "Host: test.example\r\n"));
  const std::string response = client.read_all();
  EXPECT_EQ(status_of(response), 200);
  EXPECT_EQ(body_of(response), "done");
}

TEST(InterimResponse, TheBodyWaitsForTheUpstreamsContinue) {
  Journal seen;
  Backend backend([&](RawClient& proxy, int) {
    const std::string head = proxy.read_message(true);
    seen.add(field_of(head, "Expect").value_or("none"));
    proxy.write("HTTP/1.1 100 Continue\r\n\r\n");
    proxy.write(ok("got " + proxy.read_exactly(4)));
    proxy.ends();
  });
  RunningGateway gateway({{"test.example"}}, one_host(backend.endpoint()));
  TlsClient client(gateway.address(), "test.example");
  client.write(request("POST / HTTP/1.1",
                       "Host: test.example\r\nContent-Length: 4\r\nExpect: 100-continue\r\n"));
  EXPECT_EQ(status_of(client.read_message()), 100);
  client.write("body");
  EXPECT_EQ(body_of(client.read_message()), "got body");
  EXPECT_EQ(seen.entries().at(0), "100-continue");
}

TEST(InterimResponse, AFinalAnswerInPlaceOfContinueEndsTheConnection) {
  Backend backend([&](RawClient& proxy, int) {
    proxy.read_message(true);
    proxy.write("HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n");
    proxy.ends();
  });
  RunningGateway gateway({{"test.example"}}, one_host(backend.endpoint()));
  TlsClient client(gateway.address(), "test.example");
  client.write(request("POST / HTTP/1.1",
                       "Host: test.example\r\nContent-Length: 4\r\nExpect: 100-continue\r\n"));
  EXPECT_EQ(status_of(client.read_message()), 417);
  EXPECT_EQ(client.read_all(), "") << "whether the body still comes is not known";
}

TEST(InterimResponse, AnUnlimitedNumberOfThemIsNotKeptForAClientThatDoesNotRead) {
  constexpr std::size_t kMost = 16U << 20U;  // more than the kernel's buffers take
  Journal gave_up;
  Backend backend([&](RawClient& proxy, int) {
    proxy.read_message();
    const timeval patience{.tv_sec = 0, .tv_usec = 500'000};
    setsockopt(proxy.fd(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    std::string many;
    for (int i = 0; i < 1000; ++i) many += kEarlyHints;
    std::size_t written = 0;
    try {
      while (written < kMost) {
        proxy.write(many);
        written += many.size();
      }
    } catch (const std::exception&) {  // the gateway takes no more
    }
    gave_up.add(written < kMost ? "stopped" : "took all");
  });
  RunningGateway gateway({{"test.example"}}, one_host(backend.endpoint()));
  TlsClient client(gateway.address(), "test.example");
  client.receive_buffer(4096);
  client.write(get("/"));
  EXPECT_EQ(gave_up.wait_for(1).at(0), "stopped");
}

}  // namespace
}  // namespace wssgate::test
