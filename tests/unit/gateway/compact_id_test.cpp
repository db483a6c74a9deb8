#include "gateway/compact_id.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>

namespace wssgate::gateway {
namespace {

TEST(CompactId, KeepsEachIdAsItWas) {
  for (const std::string_view text :
       {"", "a", "0af7651916cd43dd8448eb211c80319c", "0AF7651916CD43DD8448EB211C80319C",
        "0af7651916cd43dd8448eb211c80319", "0af7651916cd43dd8448eb211c80319c0",
        "00000000000000000000000000000000", "0af7651916cd43dd8448eb211c80319g"}) {
    EXPECT_EQ(RequestId(text).text(), text);
  }
  EXPECT_EQ(RequestId().text(), "");
  EXPECT_EQ(RequestId(std::string(128, 'x')).text(), std::string(128, 'x'));
}

TEST(CompactId, OfHexadecimalDigitsAlone) {
  const std::string_view id = "0123456789abcdeffedcba9876543210";
  ASSERT_TRUE(HexId::of(id));
  EXPECT_EQ(HexId::of(id)->text(), id);
  EXPECT_FALSE(HexId::of(""));
  EXPECT_FALSE(HexId::of("0123456789ABCDEFFEDCBA9876543210"));
}

// Each open tunnel has a record.
TEST(CompactId, TakesLittleOfARecord) {
  struct Neither {
    bool passthrough;
    bool tunnel;
  };
  struct Traced : Neither {
    std::optional<HexId> trace_id;
  };
  EXPECT_LE(sizeof(RequestId), 24U);
  EXPECT_LE(sizeof(Traced), 24U) << "where 8 bytes are taken without one";
}

}  // namespace
}  // namespace wssgate::gateway
