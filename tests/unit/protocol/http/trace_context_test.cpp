#include "protocol/http/trace_context.h"

#include <gtest/gtest.h>

#include <string>

namespace wssgate::http {
namespace {

const std::string kTrace = "0af7651916cd43dd8448eb211c80319c";
const std::string kGood = "00-" + kTrace + "-b7ad6b7169203331-01";

TEST(TraceContext, TheTraceIdOfAWellFormedTraceparent) {
  EXPECT_EQ(trace_id_of(kGood), kTrace);
  EXPECT_EQ(trace_id_of("cc-" + kTrace + "-b7ad6b7169203331-00"), kTrace);
  EXPECT_EQ(trace_id_of("01-" + kTrace + "-b7ad6b7169203331-ff-more"), kTrace);
}

TEST(TraceContext, NoneOfAMalformedOne) {
  for (const std::string& bad :
       {std::string(), std::string("00"), kGood.substr(0, kGood.size() - 1), kGood + "-more",
        kGood + " ", "ff" + kGood.substr(2), "0x" + kGood.substr(2), "0A" + kGood.substr(2),
        "01" + kGood.substr(2) + "x", "00-" + std::string(32, '0') + "-b7ad6b7169203331-01",
        "00-" + kTrace + "-0000000000000000-01", "00-" + kTrace + "-b7ad6b716920333g-01",
        std::string("00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01"),
        "00-" + kTrace + "_b7ad6b7169203331-01", "00-" + kTrace + "-b7ad6b7169203331_01",
        "00_" + kTrace + "-b7ad6b7169203331-01", "00-" + kTrace + "-b7ad6b7169203331-0G"}) {
    EXPECT_EQ(trace_id_of(bad), "") << bad;
  }
}

TEST(TraceContext, NoneWhereThereAreSeveral) {
  Headers headers;
  EXPECT_EQ(trace_id(headers), "");
  headers.add("TraceParent", kGood);
  headers.add("tracestate", "a=b");
  EXPECT_EQ(trace_id(headers), kTrace);
  headers.add("traceparent", kGood);
  EXPECT_EQ(trace_id(headers), "");
}

}  // namespace
}  // namespace wssgate::http
