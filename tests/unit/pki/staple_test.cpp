#include "pki/staple.h"

#include <gtest/gtest.h>

#include "support/test_ca.h"

namespace wssgate::pki {
namespace {

using test::day;

std::shared_ptr<const Staple> staple_until(std::chrono::system_clock::time_point end) {
  return std::make_shared<const Staple>(Staple{"response", day(2026, 1, 1), end});
}

TEST(StapleSlot, HasAStapleUntilItEnds) {
  StapleSlot slot;
  EXPECT_FALSE(slot.good(day(2026, 6, 1)));
  const auto staple = staple_until(day(2026, 6, 6));
  slot.set(staple);
  EXPECT_EQ(slot.good(day(2026, 6, 5)), staple);
  EXPECT_FALSE(slot.good(day(2026, 6, 6)));
}

TEST(StapleSlot, HasNoneOnceRevoked) {
  StapleSlot slot;
  slot.set(staple_until(day(2026, 6, 6)));
  slot.set_revoked();
  EXPECT_TRUE(slot.revoked());
  EXPECT_FALSE(slot.good(day(2026, 6, 1)));
  slot.set(staple_until(day(2026, 6, 6)));  // the CA had put the certificate on hold
  EXPECT_FALSE(slot.revoked());
  EXPECT_TRUE(slot.good(day(2026, 6, 1)));
}

TEST(StapleBook, KeepsASlotAsLongAsSomeoneUsesIt) {
  StapleBook book;
  auto slot = book.slot("aa");
  slot->set(staple_until(day(2026, 6, 6)));
  EXPECT_EQ(book.slot("aa"), slot);
  EXPECT_NE(book.slot("bb"), slot);
  for (int i = 0; i < 1000; ++i) book.slot(std::to_string(i));
  EXPECT_EQ(book.slot("aa"), slot);
  slot = nullptr;
  EXPECT_FALSE(book.slot("aa")->good(day(2026, 6, 1)));
}

}  // namespace
}  // namespace wssgate::pki
