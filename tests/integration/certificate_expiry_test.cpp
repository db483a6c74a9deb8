// A certificate that ends while it serves is served no more.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "support/eventually.h"
#include "support/live_gateway.h"

namespace wssgate::test {
namespace {

using nlohmann::json;
using namespace std::chrono_literals;
using testing::HasSubstr;

constexpr int kInternalError = 80;

class CertificateExpiry : public testing::Test {
 protected:
  /// a.example serves one that ends in a moment.
  void let_end() {
    // On a machine that is busy for longer than it lasts it is refused as expired: once more.
    for (int attempt = 0; attempt < 5; ++attempt) {
      CertificateOptions options;
      options.names = {"a.example"};
      options.not_after = std::chrono::system_clock::now() + 3s;
      gateway_.install("a.example", gateway_.ca().intermediate.issue(options));
      if (gateway_.reload().at("ok") == true) return;
    }
    FAIL() << "this machine is too slow for certificates that last three seconds";
  }

  /// The alert that refuses it; nothing while it is served.
  std::optional<int> refusal(const std::string& name) const {
    try {
      gateway_.presented(name);
      return std::nullopt;
    } catch (const TlsRefused& refused) {
      return refused.alert;
    }
  }

  Backend backend_{serving_and_echoing()};
  LiveGateway gateway_{{"a.example", "b.example"},
                       hosts_for({"a.example", "b.example"}, backend_.endpoint())};
};

TEST_F(CertificateExpiry, EndsItsServiceAndNoOther) {
  let_end();
  TlsClient tunnel = open_websocket(gateway_.address(), "a.example");
  EXPECT_TRUE(eventually([&] { return refusal("a.example").has_value(); }));
  EXPECT_EQ(refusal("a.example"), kInternalError);
  EXPECT_EQ(refusal("b.example"), std::nullopt);
  EXPECT_TRUE(echoes(tunnel, "still there"));
}

TEST_F(CertificateExpiry, IsToldByName) {
  let_end();
  const json status_before = gateway_.status();
  EXPECT_TRUE(status_before.at("hosts_without_certificate").empty());
  ASSERT_TRUE(eventually([&] { return refusal("a.example").has_value(); }));

  const json status = gateway_.status();
  EXPECT_EQ(status.at("hosts_without_certificate"), json::array({"a.example"}));
  // The rebuild that sorts it out follows within a second.
  EXPECT_TRUE(eventually([&] { return gateway_.status().at("last_reload").at("ok") == false; }));
  const Ended shown = run_wssgate({"status", "--admin", gateway_.admin_address()});
  EXPECT_THAT(shown.output, HasSubstr("NOT SERVED     a.example: no certificate may serve it"));

  bool told = false;
  for (const json& line : gateway_.await_events("certificate_held_back")) {
    told = told || line.at("message").get<std::string>().find("'a.example'") != std::string::npos;
  }
  EXPECT_TRUE(told) << gateway_.process().error_output();
  EXPECT_THAT(gateway_.await_events("certificate_removed"), testing::SizeIs(1));
  EXPECT_EQ(gateway_.await_events("connection_refused").at(0).at("reason"),
            "certificate_unavailable");
}

TEST_F(CertificateExpiry, EndsWithARenewal) {
  let_end();
  ASSERT_TRUE(eventually([&] { return refusal("a.example").has_value(); }));
  gateway_.await_events("certificate_held_back");
  const std::string renewed = gateway_.renew("a.example");
  EXPECT_TRUE(eventually([&] { return !refusal("a.example"); }));
  EXPECT_EQ(gateway_.presented("a.example"), renewed);
  EXPECT_TRUE(gateway_.status().at("hosts_without_certificate").empty());
}

TEST_F(CertificateExpiry, HoldsBackNoConfiguration) {
  let_end();
  ASSERT_TRUE(eventually([&] { return refusal("a.example").has_value(); }));
  gateway_.configure(hosts_for({"a.example", "b.example", "c.example"}, backend_.endpoint()));
  gateway_.renew("c.example");
  const json answer = gateway_.reload();
  EXPECT_TRUE(answer.at("refused").empty()) << answer;
  EXPECT_EQ(refusal("c.example"), std::nullopt);
  EXPECT_EQ(refusal("a.example"), kInternalError);
}

}  // namespace
}  // namespace wssgate::test
