#include <fcntl.h>
#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "gateway/gateway.h"
#include "net/fd.h"

namespace wssgate::gateway {
namespace {

// What throws inside a session costs that connection and nothing else. A socket that epoll refuses
// is one: a file is none.
TEST(DroppedSession, LeavesTheWorkerRunning) {
  Admission admission;
  net::Worker worker;
  const auto snapshot = std::make_shared<Snapshot>();
  snapshot->listeners.push_back({.name = "here"});
  Gateway gateway(worker, snapshot, admission);
  bool went_on = false;
  worker.post([&] {
    gateway.accept(net::Fd(::open("/dev/zero", O_RDONLY | O_CLOEXEC)),
                   *SocketAddress::parse("127.0.0.1:1"), "here");
    worker.post([&] {
      went_on = true;
      worker.loop().stop();
    });
  });
  worker.start("worker-test");
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!worker.loop().stopped() && std::chrono::steady_clock::now() < give_up) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  worker.stop();
  EXPECT_TRUE(went_on);
  EXPECT_EQ(admission.connections.open(), 0U);
}

}  // namespace
}  // namespace wssgate::gateway
