#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "support/eventually.h"
#include "support/http_text.h"
#include "support/live_gateway.h"

/// Logs in files that are rotated, and whose reader is gone.
namespace wssgate::test {
namespace {

std::string content(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::size_t lines_in(const std::string& path) {
  const std::string all = content(path);
  return static_cast<std::size_t>(std::count(all.begin(), all.end(), '\n'));
}

class LogOutput : public testing::Test {
 protected:
  /// The configuration with these keys of `log`. Nothing is behind the route but one path.
  static std::string configured(LiveGateway& gateway, const std::string& log) {
    std::string text = gateway.configuration(
        "hosts: [{names: [test.example], routes: [{path: /api/, upstream: web}]}]\n"
        "upstreams: {web: {endpoints: [\"127.0.0.1:1\"]}}\n");
    const std::string fixed = "access: off}";
    text.replace(text.find(fixed), fixed.size(), log + "}");
    gateway.install("test.example", gateway.mint({"test.example"}));
    return text;
  }

  static void ask(const LiveGateway& gateway, const std::string& path = "/") {
    TlsClient client(gateway.address(), "test.example");
    client.write(test::get(path));
    EXPECT_EQ(status_of(client.read_message()), 404);
  }
};

TEST_F(LogOutput, AFileThatWasRenamedIsOpenedAnewAtTheSignal) {
  LiveGateway gateway([](LiveGateway& g) { return configured(g, "access: logs/access.log"); });
  const std::string file = gateway.path("logs/access.log");
  ask(gateway);
  EXPECT_TRUE(eventually([&] { return lines_in(file) == 1; }));

  std::filesystem::rename(file, file + ".1");
  gateway.process().signal(SIGUSR1);
  EXPECT_TRUE(eventually([&] { return std::filesystem::exists(file); }))
      << "without a line to be written";
  ask(gateway);
  EXPECT_TRUE(eventually([&] { return lines_in(file) == 1; }));
  EXPECT_EQ(lines_in(file + ".1"), 1U);
}

TEST_F(LogOutput, TheOldFileGoesOnWhereTheFolderIsGone) {
  LiveGateway gateway([](LiveGateway& g) { return configured(g, "access: logs/access.log"); });
  std::filesystem::rename(gateway.path("logs"), gateway.path("gone"));
  gateway.process().signal(SIGUSR1);
  const auto told = gateway.await_events("log_reopen_failed").at(0);
  EXPECT_EQ(told["level"], "error");
  EXPECT_EQ(told["error"], gateway.path("logs/access.log") + ": No such file or directory");
  ask(gateway);
  EXPECT_TRUE(eventually([&] { return lines_in(gateway.path("gone/access.log")) == 1; }));

  std::filesystem::create_directory(gateway.path("logs"));
  gateway.process().signal(SIGUSR1);
  EXPECT_TRUE(eventually([&] { return std::filesystem::exists(gateway.path("logs/access.log")); }));
}

TEST_F(LogOutput, AReaderThatDoesNotReadHoldsUpNobodyAndCostsLines) {
  LiveGateway gateway([](LiveGateway& g) {
    EXPECT_EQ(::mkfifo(g.path("access.fifo").c_str(), 0600), 0);
    return configured(g, "access: ./access.fifo");
  });
  const auto dropped = [&] {
    return gateway.status().at("log_lines_dropped").at("access").get<std::uint64_t>();
  };
  EXPECT_EQ(dropped(), 0U);
  // Lines of some 1.3 KB; more than 16 MiB of them.
  constexpr int kBatch = 100;
  TlsClient client(gateway.address(), "test.example");
  std::string requests;
  for (int i = 0; i < kBatch; ++i) requests += test::get("/" + std::string(1023, 'x'));
  int asked = 0;
  while (dropped() == 0 && asked < 60'000) {
    client.write(requests);
    for (int i = 0; i < kBatch; ++i) ASSERT_EQ(status_of(client.read_message()), 404);
    asked += kBatch;
  }
  EXPECT_GT(dropped(), 0U);
  EXPECT_EQ(gateway.await_events("log_lines_dropped").at(0)["log"], "access")
      << "while it is stuck";

  const int reader = ::open(gateway.path("access.fifo").c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  ASSERT_GE(reader, 0);
  std::int64_t lost = 0;
  EXPECT_TRUE(eventually([&] {
    std::array<char, 65536> bytes{};
    while (::read(reader, bytes.data(), bytes.size()) > 0) continue;
    lost = 0;
    for (const auto& told : gateway.events("log_lines_dropped")) {
      EXPECT_EQ(told["log"], "access");
      lost += told["lines"].get<std::int64_t>();
    }
    return lost > 0 && lost == static_cast<std::int64_t>(dropped());
  })) << lost
      << " told of";
  ::close(reader);
}

TEST_F(LogOutput, BothLogsInOneFileAreWholeLines) {
  LiveGateway gateway([](LiveGateway& g) { return configured(g, "access: stderr"); });
  for (int i = 0; i < 20; ++i) {
    ask(gateway);
    gateway.process().signal(SIGUSR1);  // nothing that has a name
  }
  EXPECT_EQ(gateway.await_events("request", 20).size(), 20U);
}

}  // namespace
}  // namespace wssgate::test
