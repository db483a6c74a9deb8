// A thousand reloads while clients connect, ask and hold tunnels: nobody notices.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/hostname.h"
#include "support/live_gateway.h"

namespace wssgate::test {
namespace {

using testing::IsEmpty;

constexpr int kReloads = 1000;
constexpr int kTunnels = 20;
const std::vector<std::string> kNames = {"a.example", "b.example", "c.example", "x.w.example"};

/// Whether one of the leaf's names covers the name that was asked for.
bool covers(const TlsClient& client, const std::string& name) {
  for (const std::string& own : client.leaf_names()) {
    const auto pattern = HostPattern::parse(own);
    if (pattern && pattern->covers(*HostPattern::parse(name))) return true;
  }
  return false;
}

/// What went wrong in the threads of a test.
class Faults {
 public:
  void add(const std::string& fault) {
    const std::lock_guard lock(mutex_);
    if (faults_.size() < 20) faults_.push_back(fault);
  }
  std::vector<std::string> all() const {
    const std::lock_guard lock(mutex_);
    return faults_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> faults_;
};

/// Clients of all kinds, each kind in a thread of its own, until they are told to stop.
class Load {
 public:
  explicit Load(const SocketAddress& address) : address_(address) {
    start("handshakes", &Load::handshakes);
    start("requests", &Load::requests);
    start("tunnels", &Load::tunnels);
    start("short tunnels", &Load::short_tunnels);
  }
  ~Load() { stop(); }

  void stop() {
    stopping_ = true;
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }
  std::vector<std::string> faults() const { return faults_.all(); }
  int done(const std::string& kind) const { return done_.at(kind); }

 private:
  using Work = void (Load::*)(std::atomic<int>& done);

  void start(const std::string& kind, Work work) {
    std::atomic<int>& done = done_[kind];
    threads_.emplace_back([this, kind, work, &done] {
      try {
        (this->*work)(done);
      } catch (const std::exception& failure) {
        faults_.add(kind + ": " + failure.what());
      }
    });
  }

  /// Load, but not so much that the reloads wait for a processor.
  bool goes_on() const {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    return !stopping_;
  }

  TlsClient connect(const std::string& name) {
    TlsClient client(address_, name);
    if (!covers(client, name)) faults_.add("a leaf that does not cover " + name);
    return client;
  }

  void handshakes(std::atomic<int>& done) {
    for (std::size_t i = 0; goes_on(); ++i, ++done) connect(kNames[i % kNames.size()]);
  }

  void requests(std::atomic<int>& done) {
    TlsClient kept = connect("a.example");
    for (std::size_t i = 0; goes_on(); ++i, ++done) {
      const std::string& name = kNames[i % kNames.size()];
      TlsClient fresh = connect(name);
      for (const auto& answer : {get(kept, "a.example"), get(fresh, name)}) {
        if (answer.find("served") == std::string::npos) faults_.add("a request got " + answer);
      }
    }
  }

  void tunnels(std::atomic<int>& done) {
    std::vector<TlsClient> open;
    for (std::size_t i = 0; i < kTunnels; ++i) {
      open.push_back(open_websocket(address_, kNames[i % kNames.size()]));
    }
    for (std::size_t i = 0; goes_on(); ++i, ++done) {
      if (!echoes(open[i % kTunnels], "message " + std::to_string(i))) faults_.add("no echo");
    }
    for (TlsClient& tunnel : open) {
      if (!echoes(tunnel, "good bye")) faults_.add("no last echo");
    }
  }

  void short_tunnels(std::atomic<int>& done) {
    for (std::size_t i = 0; goes_on(); ++i, ++done) {
      TlsClient tunnel = open_websocket(address_, kNames[i % kNames.size()]);
      if (!echoes(tunnel, "hello")) faults_.add("no echo");
    }
  }

  SocketAddress address_;
  Faults faults_;
  std::atomic<bool> stopping_{false};
  std::map<std::string, std::atomic<int>> done_;
  std::vector<std::thread> threads_;
};

/// What happens to the files before each reload, good and bad in turn.
class Changes {
 public:
  Changes(const LiveGateway& gateway, std::string hosts)
      : gateway_(gateway), hosts_(std::move(hosts)) {
    for (const std::string name : {"a.example", "b.example", "c.example", "*.w.example"}) {
      for (int i = 0; i < 5; ++i) leaves_[name].push_back(gateway_.mint({name}));
    }
  }

  /// The fingerprint that a.example has to present afterwards.
  std::string make(int round) {
    // a and the wildcard are always good; what happens to b and c is good every other time.
    const std::string expected = gateway_.install("a.example", leaf("a.example", round));
    gateway_.install("wild", leaf("*.w.example", round));
    change_b(round);
    change_c(round);
    configure(round);
    return expected;
  }

 private:
  const TestCertificate& leaf(const std::string& name, int round) const {
    const auto& leaves = leaves_.at(name);
    return leaves[static_cast<std::size_t>(round) % leaves.size()];
  }

  void change_b(int round) const {
    const std::string chain = gateway_.ca().chain(leaf("b.example", round));
    switch (round % 6) {
      case 1:
        return gateway_.write("certs/b.example/fullchain.pem", "garbage");
      case 2:
        return gateway_.write("certs/b.example/privkey.pem",
                              leaf("b.example", round + 1).key_pem());
      case 3:
        gateway_.install("b.example", leaf("c.example", round));
        return;
      case 4:
        std::filesystem::remove_all(gateway_.path("certs/b.example"));
        return;
      default:
        gateway_.install("b.example", leaf("b.example", round));
    }
  }

  /// Not renamed into place: half of it lies there, then the whole.
  void change_c(int round) const {
    const std::string chain = gateway_.ca().chain(leaf("c.example", round));
    gateway_.folder().write("certs/c.example/privkey.pem", leaf("c.example", round).key_pem());
    const std::size_t length = round % 2 == 0 ? chain.size() : chain.size() / 2;
    gateway_.folder().write("certs/c.example/fullchain.pem", chain.substr(0, length));
  }

  void configure(int round) const {
    switch (round % 5) {
      case 1:
        return gateway_.configure(hosts_ + "limits: {connections: many}\n");
      case 2:
        return gateway_.configure(hosts_ +
                                  "limits: {connections: " + std::to_string(10000 + round) + "}\n");
      case 3:
        gateway_.folder().write("wssgate.yaml", gateway_.configuration(hosts_).substr(0, 150));
        return;
      default:
        return gateway_.configure(hosts_);
    }
  }

  const LiveGateway& gateway_;
  std::string hosts_;
  std::map<std::string, std::vector<TestCertificate>> leaves_;
};

TEST(ReloadUnderLoad, FailsNoHandshakeAndDropsNoTunnel) {
  Backend backend(serving_and_echoing());
  const std::string hosts =
      hosts_for({"a.example", "b.example", "c.example", "*.w.example"}, backend.endpoint());
  LiveGateway gateway([&](LiveGateway& made) {
    for (const std::string name : {"a.example", "b.example", "c.example"}) made.renew(name);
    made.install("wild", made.mint({"*.w.example"}));
    return made.configuration(hosts);
  });
  Changes changes(gateway, hosts);
  Load load(gateway.address());
  int good = 0;
  for (int round = 0; round < kReloads; ++round) {
    const std::string expected = changes.make(round);
    if (gateway.reload().at("ok") == true) ++good;
    ASSERT_EQ(gateway.presented("a.example"), expected) << "in round " << round;
    ASSERT_THAT(load.faults(), IsEmpty()) << "in round " << round;
  }
  load.stop();
  EXPECT_THAT(load.faults(), IsEmpty());
  EXPECT_GT(good, kReloads / 20);
  EXPECT_LT(good, kReloads / 2);
  for (const char* kind : {"handshakes", "requests", "tunnels", "short tunnels"}) {
    EXPECT_GT(load.done(kind), 20) << kind;
  }
}

}  // namespace
}  // namespace wssgate::test
