#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/types.h>

#include <atomic>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "support/eventually.h"
#include "support/http_text.h"
#include "support/live_gateway.h"

/// `log:` is as the configuration says after each reload, and nothing that was asked is missing.
namespace wssgate::test {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;

class LogReload : public testing::Test {
 protected:
  static std::string configured(const LiveGateway& gateway, const std::string& log) {
    std::string text = gateway.configuration(
        "hosts: [{names: [test.example], routes: [{path: /api/, upstream: web}]}]\n"
        "upstreams: {web: {endpoints: [\"127.0.0.1:1\"]}}\n");
    const auto at = text.find("log: {");
    return text.replace(at, text.find('}', at) + 1 - at, "log: " + log);
  }

  LogReload()
      : gateway_([](LiveGateway& gateway) {
          gateway.install("test.example", gateway.mint({"test.example"}));
          return configured(gateway, "{access: off}");
        }) {}

  nlohmann::json reload(const std::string& log) {
    gateway_.write("wssgate.yaml", configured(gateway_, log));
    return gateway_.reload();
  }

  void ask(const std::string& path) const {
    TlsClient client(gateway_.address(), "test.example");
    client.write(test::get(path));
    EXPECT_EQ(status_of(client.read_message()), 404);
  }

  std::string content(const std::string& name) const {
    std::ifstream file(gateway_.path(name));
    return {std::istreambuf_iterator<char>(file), {}};
  }

  bool comes(const std::string& name, const std::string& what) const {
    return eventually([&] { return content(name).find(what) != std::string::npos; });
  }

  LiveGateway gateway_;
};

TEST_F(LogReload, BringsOtherOutputsFormatAndLevel) {
  ask("/to-nowhere");
  const auto answer = reload("{output: new/log, access: new/access, format: text, level: debug}");
  EXPECT_EQ(answer["ok"], true);
  EXPECT_THAT(answer["warnings"], IsEmpty());
  const auto told = gateway_.await_events("log_changed").at(0);  // where it was until then
  EXPECT_EQ(told["output"], gateway_.path("new/log"));
  EXPECT_EQ(told["access"], gateway_.path("new/access"));
  EXPECT_TRUE(comes("new/log", " reloaded: "));
  ask("/asked");
  EXPECT_TRUE(comes("new/access", " path=/asked "));
  EXPECT_THAT(content("new/access"), Not(HasSubstr("to-nowhere")));

  std::filesystem::rename(gateway_.path("new/access"), gateway_.path("new/access.1"));
  gateway_.process().signal(SIGUSR1);
  EXPECT_TRUE(eventually([&] { return std::filesystem::exists(gateway_.path("new/access")); }));

  reload("{access: off, level: error}");
  EXPECT_TRUE(comes("new/log", " log_changed: "));
  ask("/to-nowhere");
  gateway_.process().signal(SIGTERM);  // its last lines are written
  EXPECT_EQ(gateway_.process().wait(), 0);
  EXPECT_THAT(content("new/access"), Not(HasSubstr("to-nowhere")));
}

/// Of the threads that there are: a reload is made by one that yields to all others.
std::set<int> niceness(pid_t pid) {
  std::set<int> found;
  for (const auto& task :
       std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/task")) {
    std::ifstream file(task.path() / "stat");
    const std::string stat{std::istreambuf_iterator<char>(file), {}};
    if (stat.empty()) continue;  // it has just ended
    std::istringstream fields(stat.substr(stat.rfind(')') + 2));
    std::string field;
    for (int i = 3; i <= 19; ++i) fields >> field;  // proc_pid_stat(5)
    found.insert(std::stoi(field));
  }
  return found;
}

TEST_F(LogReload, LeavesWritersAsUrgentAsAllElse) {
  reload("{output: new/log, access: new/access}");
  EXPECT_TRUE(comes("new/log", "reloaded"));
  ask("/asked");
  EXPECT_TRUE(comes("new/access", "/asked"));
  // Once the thread of the last reload has ended.
  EXPECT_TRUE(eventually([&] { return niceness(gateway_.process().pid()).size() == 1; }));
}

TEST_F(LogReload, IsRefusedWithAnOutputThatCannotBeOpened) {
  reload("{access: ./access}");
  std::filesystem::create_directory(gateway_.path("folder"));
  const auto answer = reload("{access: ./folder, format: text}");
  EXPECT_EQ(answer["ok"], false);
  ASSERT_THAT(answer["refused"], SizeIs(1));
  EXPECT_THAT(answer["refused"][0]["message"].get<std::string>(),
              StartsWith("log.access: cannot write '" + gateway_.path("./folder") + "': "));
  ask("/asked");
  EXPECT_TRUE(comes("access", "{\"time\":")) << "as before";
  EXPECT_TRUE(comes("access", "/asked"));
}

TEST_F(LogReload, OfAFileWhoseFolderIsGoneHoldsUpNothingElse) {
  reload("{access: gone/access}");
  std::filesystem::rename(gateway_.path("gone"), gateway_.path("away"));
  std::ofstream(gateway_.path("gone")) << "no folder";
  EXPECT_EQ(gateway_.reload()["ok"], true);
  ask("/asked");
  EXPECT_TRUE(comes("away/access", "/asked"));
}

TEST_F(LogReload, LosesNoLine) {
  reload("{access: access.0}");
  std::atomic<bool> ends = false;
  std::vector<std::thread> clients;
  std::vector<int> asked(3);
  for (std::size_t i = 0; i < asked.size(); ++i) {
    clients.emplace_back([&, i] {
      TlsClient client(gateway_.address(), "test.example");
      for (; !ends; ++asked[i]) {
        client.write(test::get("/" + std::to_string(i) + "-" + std::to_string(asked[i]) + "-"));
        EXPECT_EQ(status_of(client.read_message()), 404);
      }
    });
  }
  constexpr int kTurns = 12;
  for (int i = 1; i <= kTurns; ++i) {
    // Every third time the log of the process is in the same file.
    const std::string access = "access." + std::to_string(i % 5);
    EXPECT_EQ(reload("{access: " + access + (i % 3 == 0 ? ", output: " + access : "") + "}")["ok"],
              true);
  }
  ends = true;
  for (std::thread& client : clients) client.join();

  std::multiset<std::string> wanted;
  for (std::size_t i = 0; i < asked.size(); ++i) {
    for (int number = 0; number < asked[i]; ++number) {
      wanted.insert("/" + std::to_string(i) + "-" + std::to_string(number) + "-");
    }
  }
  const auto found = [&] {
    std::multiset<std::string> paths;
    for (int i = 0; i < 5; ++i) {
      std::istringstream lines(content("access." + std::to_string(i)));
      for (std::string line; std::getline(lines, line);) {
        const auto parsed = nlohmann::json::parse(line, nullptr, false);
        if (!parsed.is_discarded() && parsed["event"] == "request") paths.insert(parsed["path"]);
      }
    }
    return paths;
  };
  EXPECT_TRUE(eventually([&] { return found().size() >= wanted.size(); }));
  EXPECT_EQ(found(), wanted);
}

}  // namespace
}  // namespace wssgate::test
