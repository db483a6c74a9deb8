#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <numeric>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/log.h"
#include "support/temp_folder.h"

/// Which writer has which log.
namespace wssgate {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string content(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

void write_a_line_to_each() {
  const log::Field field{"text", "x"};
  log::error("an_error", "of the process");
  log::access("a_request", &field, 1);
}

/// What each writer has, by the counts of lost lines.
std::vector<std::string> writers() {
  std::vector<std::string> all;
  for (const log::Dropped& dropped : log::dropped()) all.emplace_back(dropped.log);
  return all;
}

class LogOutputs : public testing::Test {
 protected:
  void configure(const std::string& output, const std::string& access) {
    log::Settings settings;
    settings.output = output;
    settings.access = access;
    log::configure(settings);
    configured_ = true;
  }
  void end() {
    if (!std::exchange(configured_, false)) return;
    EXPECT_TRUE(log::shutdown());
  }
  void TearDown() override { end(); }

  const test::TempFolder folder_;
  const std::string file_ = folder_.path() + "/log";
  bool configured_ = false;
};

TEST_F(LogOutputs, OfOneFileByOtherNamesHaveOneWriter) {
  std::filesystem::create_directory(folder_.path() + "/a");
  folder_.write("log", "");
  std::filesystem::create_symlink(file_, folder_.path() + "/symlink");
  std::filesystem::create_hard_link(file_, folder_.path() + "/hardlink");
  for (const char* const name : {"/log", "/a/../log", "/symlink", "/hardlink"}) {
    configure(file_, folder_.path() + name);
    EXPECT_THAT(writers(), ElementsAre("both")) << name;
    end();
  }
  configure(file_, folder_.path() + "/other");
  EXPECT_THAT(writers(), ElementsAre("operational", "access"));
}

TEST_F(LogOutputs, OfAFileThatIsNotYetThereHaveOneWriter) {
  std::filesystem::create_symlink(file_, folder_.path() + "/symlink");
  configure(folder_.path() + "/symlink", file_);
  EXPECT_THAT(writers(), ElementsAre("both"));
}

TEST_F(LogOutputs, OfOneFifoHaveOneWriter) {
  ASSERT_EQ(::mkfifo(file_.c_str(), 0600), 0);
  configure(file_, folder_.path() + "/./log");
  EXPECT_THAT(writers(), ElementsAre("both"));
}

TEST_F(LogOutputs, OfOneFileFollowTheNameOfTheLogOfTheProcess) {
  folder_.write("log", "");
  std::filesystem::create_hard_link(file_, folder_.path() + "/access");
  configure(file_, folder_.path() + "/access");
  std::filesystem::rename(file_, file_ + ".1");
  log::reopen();
  write_a_line_to_each();
  end();
  EXPECT_THAT(content(file_), HasSubstr("an_error"));
  EXPECT_THAT(content(file_), HasSubstr("a_request"));
  EXPECT_EQ(content(folder_.path() + "/access"), "");
}

/// wssgate run 2>>FILE, and log.access: FILE.
TEST_F(LogOutputs, OfAFileThatIsAlsoADescriptorFollowItsName) {
  const int error = ::dup(STDERR_FILENO);
  const int file = ::open(file_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  ::dup2(file, STDERR_FILENO);
  configure("stderr", file_);
  EXPECT_THAT(writers(), ElementsAre("both"));
  std::filesystem::rename(file_, file_ + ".1");
  log::reopen();
  write_a_line_to_each();
  end();
  ::dup2(error, STDERR_FILENO);
  ::close(error);
  ::close(file);
  EXPECT_THAT(content(file_), HasSubstr("an_error"));
  EXPECT_THAT(content(file_), HasSubstr("a_request"));
}

/// Lines of an access log, by their numbers.
std::vector<int> numbers_in(const std::string& lines) {
  std::vector<int> numbers;
  std::istringstream all(lines);
  for (std::string line; std::getline(all, line);) {
    const auto parsed = nlohmann::json::parse(line, nullptr, false);
    if (parsed.is_discarded()) {
      ADD_FAILURE() << "no whole line: " << line;
    } else if (parsed["event"] == "numbered") {
      numbers.push_back(parsed["number"].get<int>());
    }
  }
  return numbers;
}

/// What workers do while others configure: a line after the other, but not so many that a slow disk
/// would rightly cost some.
class Worker {
 public:
  Worker() = default;
  ~Worker() { end(); }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  void end() {
    ends_ = true;
    if (thread_.joinable()) thread_.join();
  }
  int lines() const { return lines_; }

 private:
  void run() {
    while (!ends_) {
      const log::Field field{"number", std::int64_t{lines_}};
      log::access("numbered", &field, 1);
      log::error("an_error", "of the process");
      if (++lines_ % 20 == 0) std::this_thread::sleep_for(std::chrono::microseconds(500));
    }
  }

  std::atomic<bool> ends_ = false;
  std::atomic<int> lines_ = 0;
  std::thread thread_{[this] { run(); }};
};

TEST_F(LogOutputs, MayChangeWhileOthersWriteAndNoLineIsLost) {
  configure(file_, folder_.path() + "/0");
  Worker worker;
  constexpr int kTurns = 200;
  for (int i = 1; i < kTurns; ++i) {
    const int before = worker.lines();
    while (worker.lines() == before) std::this_thread::yield();
    // Alone and with the other, off and on again.
    const std::string own = folder_.path() + "/" + std::to_string(i % 7);
    configure(i % 3 == 0 ? own : file_, own);
    EXPECT_THAT(log::dropped(), testing::Each(testing::Field(&log::Dropped::lines, 0)));
  }
  worker.end();
  end();
  std::vector<int> all = numbers_in(content(file_));
  for (int i = 0; i < 7; ++i) {
    const auto more = numbers_in(content(folder_.path() + "/" + std::to_string(i)));
    all.insert(all.end(), more.begin(), more.end());
  }
  std::sort(all.begin(), all.end());
  ASSERT_EQ(all.size(), static_cast<std::size_t>(worker.lines()));
  for (std::size_t i = 0; i < all.size(); ++i) ASSERT_EQ(all[i], static_cast<int>(i));
}

/// Who comes after a writer to the same place waits for its last line.
TEST_F(LogOutputs, OfOnePipeStayWholeLinesInOrderWhenTheyPart) {
  ASSERT_EQ(::mkfifo(file_.c_str(), 0600), 0);
  const int reader = ::open(file_.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  ::fcntl(reader, F_SETFL, 0);
  configure("off", file_);
  const std::string filling(1000, 'x');
  int written = 0;
  for (const char* const output : {"off", "other", "off"}) {  // file_ twice, alone and not alone
    configure(output == std::string("off") ? "off" : file_, file_);
    for (int i = 0; i < 300; ++i) {  // more than a pipe takes
      const log::Field fields[] = {{"number", std::int64_t{written++}}, {"filling", filling}};
      log::access("numbered", fields, 2);
    }
  }
  std::string all;
  std::thread ending([this] { end(); });
  std::array<char, 65536> bytes{};
  for (ssize_t got = 0; (got = ::read(reader, bytes.data(), bytes.size())) > 0;) {
    all.append(bytes.data(), static_cast<std::size_t>(got));
  }
  ending.join();
  ::close(reader);
  std::vector<int> expected(static_cast<std::size_t>(written));
  std::iota(expected.begin(), expected.end(), 0);
  EXPECT_EQ(numbers_in(all), expected);
}

TEST_F(LogOutputs, ThatNobodyReadsHoldUpNoOther) {
  ASSERT_EQ(::mkfifo(file_.c_str(), 0600), 0);
  configure("off", file_);
  const std::string filling(60'000, 'x');
  const log::Field field{"filling", filling};
  for (int i = 0; i < 10; ++i) log::access("stuck", &field, 1);
  const std::string other = folder_.path() + "/other";
  configure("off", other);
  log::access("flows", &field, 1);
  for (int i = 0; i < 1000 && content(other).empty(); ++i) ::usleep(10'000);
  EXPECT_THAT(content(other), HasSubstr("flows"));
  const int reader = ::open(file_.c_str(), O_RDONLY | O_CLOEXEC);
  std::thread ending([this] { end(); });
  std::string all(65536, ' ');
  while (::read(reader, all.data(), all.size()) > 0) continue;
  ending.join();
  ::close(reader);
}

TEST_F(LogOutputs, StayAsTheyAreWhereNewOnesCannotBeOpened) {
  configure(file_, "off");
  log::Settings settings;
  settings.output = folder_.path();
  EXPECT_ANY_THROW(log::configure(settings));
  log::error("an_error", "of the process");
  end();
  EXPECT_THAT(content(file_), HasSubstr("an_error"));
}

TEST_F(LogOutputs, KeepTheLevelThatWasSetMeanwhile) {
  configure(file_, "off");
  log::set_level(log::Level::error);
  configure(folder_.path() + "/other", "off");
  EXPECT_FALSE(log::enabled(log::Level::info));
  log::Settings settings;
  settings.level = log::Level::debug;
  log::configure(settings);
  EXPECT_TRUE(log::enabled(log::Level::debug));
}

TEST_F(LogOutputs, CountLostLinesOfThoseBeforeToo) {
  configure(file_, "/dev/full");
  const log::Field field{"text", "x"};
  log::access("lost", &field, 1);
  configure(file_, folder_.path() + "/other");
  const auto lost = [] { return log::dropped().at(1); };
  for (int i = 0; i < 1000 && lost().lines == 0; ++i) ::usleep(10'000);
  EXPECT_EQ(lost().log, "access");
  EXPECT_EQ(lost().lines, 1U);
  configure(file_, file_);
  EXPECT_THAT(writers(), ElementsAre("access", "both"));
}

}  // namespace
}  // namespace wssgate
