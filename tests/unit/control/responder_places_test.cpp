#include "control/responder_places.h"

#include <gtest/gtest.h>

#include <vector>

namespace wssgate::control {
namespace {

TEST(ResponderPlaces, AreHandedOnInOrder) {
  ResponderPlaces places(2);
  std::vector<int> went;
  EXPECT_TRUE(places.enter("a:80", nullptr));
  EXPECT_TRUE(places.enter("a:80", nullptr));
  EXPECT_FALSE(places.enter("a:80", [&] { went.push_back(1); }));
  EXPECT_FALSE(places.enter("a:80", [&] { went.push_back(2); }));
  EXPECT_TRUE(places.enter("b:80", nullptr)) << "another responder";

  for (int i = 0; i < 2; ++i) {
    const auto next = places.leave("a:80");
    ASSERT_TRUE(next);
    next();
  }
  EXPECT_EQ(went, (std::vector<int>{1, 2}));
  EXPECT_FALSE(places.enter("a:80", [] {})) << "those two have the places now";
  EXPECT_TRUE(places.leave("a:80"));
  EXPECT_FALSE(places.leave("a:80"));
  EXPECT_FALSE(places.leave("a:80"));
  EXPECT_TRUE(places.enter("a:80", nullptr));
}

}  // namespace
}  // namespace wssgate::control
