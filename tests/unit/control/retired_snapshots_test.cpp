#include "control/retired_snapshots.h"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

namespace wssgate::control {
namespace {

using namespace std::chrono_literals;
using gateway::Snapshot;

TEST(RetiredSnapshots, AreDestroyedInTheLoopsThreadWhenNobodyHasThem) {
  asio::io_context loop;
  RetiredSnapshots retired(loop);
  std::thread::id destroyed_by;
  std::shared_ptr<const Snapshot> used(new Snapshot, [&](const Snapshot* snapshot) {
    destroyed_by = std::this_thread::get_id();
    delete snapshot;
  });
  retired.add(used);
  loop.run_for(1500ms);
  EXPECT_EQ(destroyed_by, std::thread::id()) << "it is in use";

  std::thread([last = std::move(used)]() mutable { last.reset(); }).join();
  EXPECT_EQ(destroyed_by, std::thread::id()) << "not by whoever lets go of it";
  loop.run();  // which ends when there is nothing to look at any more
  EXPECT_EQ(destroyed_by, std::this_thread::get_id());
}

}  // namespace
}  // namespace wssgate::control
