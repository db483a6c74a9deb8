#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "wssbench/failure.h"
#include "wssbench/html_report.h"
#include "wssbench/json_report.h"
#include "wssbench/plot.h"
#include "wssbench/text_report.h"
#include "wssbench/verdict.h"

namespace wssgate::bench {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* kEvil = "closed <script>alert(1)</script> & \"more\"";

Results results() {
  Results all;
  all.started = "2026-01-02T03:04:05Z";
  all.address = "127.0.0.1:443";
  all.seconds = 2;
  all.tunnels_at_peak = 10;
  for (std::uint64_t i = 1; i <= 100; ++i) {
    all.totals.latency.record(i * 1'000);
    all.series[i % 2].latency.record(i * 1'000);
    ++all.series[i % 2].count;
  }
  all.totals.count = all.totals.messages = 100;
  all.totals.connect.record(1'000'000);
  all.totals.full = 1;
  all.totals.tls = {"TLSv1.3", "TLS_AES_128_GCM_SHA256", "x25519"};
  all.totals.errors[kEvil] = 3;
  ServerFigures server;
  server.pid = 7;
  server.cpu = std::chrono::milliseconds(1);
  server.pss_before = 1'000;
  server.pss_at_peak = 1'100;
  server.pss_after = 1'010;
  all.server = server;
  all.generator.threads = 1;
  return all;
}

Options options() {
  Options all;
  all.url = "wss://a.test/";
  all.connections = 10;
  all.threads = 1;
  all.size = 128;
  return all;
}

TEST(BenchJson, HasTheNamesThatOtherToolsReadAndMicroseconds) {
  const auto json = to_json(options(), results());
  EXPECT_EQ(json.at("mode"), "echo");
  EXPECT_EQ(json.at("work").at("unit"), "message");
  EXPECT_EQ(json.at("work").at("per_second"), 50);
  EXPECT_EQ(json.at("errors").at("total"), 3);
  EXPECT_EQ(json.at("errors").at("by_reason").at(kEvil), 3);
  const auto& latency = json.at("latency");
  EXPECT_EQ(latency.at("unit"), "us");
  EXPECT_EQ(latency.at("count"), 100);
  EXPECT_NEAR(latency.at("p50").get<double>(), 50, 0.1);
  EXPECT_NEAR(latency.at("p99").get<double>(), 99, 0.1);
  EXPECT_EQ(latency.at("max"), 100);
  for (const char* name : {"min", "mean", "stdev", "p90", "p99_9", "histogram"}) {
    EXPECT_TRUE(latency.contains(name)) << name;
    EXPECT_TRUE(json.at("connect").contains(name)) << name;
  }
  EXPECT_EQ(json.at("tls").at("full"), 1);
  ASSERT_EQ(json.at("series").size(), 2U);
  for (const char* name : {"at", "count", "errors", "p50", "p99", "max"}) {
    EXPECT_TRUE(json.at("series")[0].contains(name)) << name;
  }
  const auto& server = json.at("server");
  EXPECT_DOUBLE_EQ(server.at("cpu_us_per_unit"), 10);
  EXPECT_DOUBLE_EQ(server.at("pss_bytes_per_tunnel"), 10'240);
  for (const char* name :
       {"threads", "cpu_seconds", "busiest_thread", "late_us_p99", "limited", "notes"}) {
    EXPECT_TRUE(json.at("load_generator").contains(name)) << name;
  }
}

TEST(BenchJson, BytesHaveNanosecondsAndNoServerIsNull) {
  Options bulk = options();
  bulk.mode = Mode::bulk;
  Results all = results();
  EXPECT_DOUBLE_EQ(to_json(bulk, all).at("server").at("cpu_ns_per_unit"), 10'000);
  all.server.reset();
  EXPECT_TRUE(to_json(bulk, all).at("server").is_null());
}

TEST(BenchHtml, EscapesWhatTheServerSaidAndLoadsNothing) {
  const std::string html = to_html(options(), results());
  EXPECT_THAT(html, Not(HasSubstr("<script")));
  EXPECT_THAT(html, HasSubstr("closed &lt;script&gt;"));
  EXPECT_THAT(html, Not(HasSubstr("src=")));
  EXPECT_THAT(html, Not(HasSubstr("href=")));
  EXPECT_THAT(html, HasSubstr("default-src 'none'"));
  EXPECT_EQ(escape_html("<a href='x'>\"&"), "&lt;a href=&#39;x&#39;&gt;&quot;&amp;");
}

TEST(BenchHtml, StandsWithoutAnyFigures) {
  Results none;
  none.address = "127.0.0.1:443";
  EXPECT_THAT(to_html(options(), none), HasSubstr("</html>"));
  EXPECT_THAT(to_text(options(), none), HasSubstr("errors"));
}

TEST(BenchText, NamesWorkErrorsAndTheServer) {
  const std::string text = to_text(options(), results());
  EXPECT_THAT(text, HasSubstr("100 messages in 2.00 s: 50/s"));
  EXPECT_THAT(text, HasSubstr("10.00 µs a message"));
  EXPECT_THAT(text, HasSubstr("10.2 KB a connection"));
}

TEST(BenchText, UnitsFitTheirValues) {
  EXPECT_EQ(format_time(999), "999 ns");
  EXPECT_EQ(format_time(1'234), "1.23 µs");
  EXPECT_EQ(format_time(56'789'000), "56.8 ms");
  EXPECT_EQ(format_bytes(1.5e9), "1.50 GB");
  EXPECT_EQ(format_count(1'234'567), "1,234,567");
  EXPECT_EQ(format_count(0), "0");
}

TEST(BenchVerdict, ABusyThreadOrLateSendsAreSaid) {
  Options open = options();
  open.rate = 10;
  Results all = results();
  judge_generator(open, all);
  EXPECT_FALSE(all.generator.limited);
  all.generator.busiest_thread = 0.95;
  judge_generator(open, all);
  EXPECT_TRUE(all.generator.limited);
  Results late = results();
  late.totals.lateness.record(5'000'000);
  judge_generator(open, late);
  EXPECT_TRUE(late.generator.limited);
  ASSERT_EQ(late.generator.notes.size(), 1U);
}

TEST(BenchPlot, TicksAreRoundAndReachTheHighest) {
  EXPECT_EQ(round_ticks(10).back(), 10);
  EXPECT_EQ(round_ticks(0), (std::vector<double>{0, 1}));
  for (const double high : {0.3, 1.0, 7.0, 999.0, 123'456.0}) {
    const auto ticks = round_ticks(high);
    EXPECT_GE(ticks.back(), high * 0.999);
    EXPECT_LE(ticks.size(), 6U);
  }
}

TEST(BenchFailure, LabelsSayWhatHappened) {
  EXPECT_EQ(label_of(connect_failure(ECONNREFUSED)), "connect refused");
  EXPECT_EQ(label_of(Error(Reason::upstream_reset, Side::upstream, "any")), "connection reset");
  EXPECT_EQ(label_of(failure("upgrade status 403")), "upgrade status 403");
  EXPECT_TRUE(is_run_over(run_over()));
}

}  // namespace
}  // namespace wssgate::bench
