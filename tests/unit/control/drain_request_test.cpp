#include "control/drain_request.h"

#include <gtest/gtest.h>

namespace wssgate::control {
namespace {

using Kind = gateway::DrainTarget::Kind;

TEST(DrainRequest, NamesWhatToDrain) {
  EXPECT_EQ(parse_drain_request("")->target.kind, Kind::everything);
  const auto host = parse_drain_request("host=%2A.a.example");
  EXPECT_EQ(host->target, (gateway::DrainTarget{Kind::host, "*.a.example"}));
  EXPECT_FALSE(host->undo);
  const auto endpoint = parse_drain_request("endpoint=unix:%2Frun%2Fchat.sock&undo=1");
  EXPECT_EQ(endpoint->target, (gateway::DrainTarget{Kind::endpoint, "unix:/run/chat.sock"}));
  EXPECT_TRUE(endpoint->undo);
}

// A misspelt one must not become a drain of everything.
TEST(DrainRequest, RefusesEverythingElse) {
  for (const char* query : {"hosts=a.example", "host=", "host", "host=a&endpoint=b",
                            "host=a&host=b", "undo=0", "undo", "&", "host=a&"}) {
    EXPECT_FALSE(parse_drain_request(query)) << query;
  }
}

}  // namespace
}  // namespace wssgate::control
