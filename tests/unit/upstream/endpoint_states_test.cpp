#include "upstream/endpoint_states.h"

#include <gtest/gtest.h>

namespace wssgate::upstream {
namespace {

TEST(EndpointStates, RemembersThoseInUse) {
  EndpointStates states;
  auto state = states.of("web", "127.0.0.1:1");
  state->connections = 2;
  EXPECT_EQ(states.of("web", "127.0.0.1:1"), state);
  EXPECT_NE(states.of("web", "127.0.0.1:2"), state);
  EXPECT_NE(states.of("other", "127.0.0.1:1"), state);
  state.reset();
  EXPECT_EQ(states.of("web", "127.0.0.1:1")->connections, 0U);
}

}  // namespace
}  // namespace wssgate::upstream
