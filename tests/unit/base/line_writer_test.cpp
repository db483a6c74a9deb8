#include "base/line_writer.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>

namespace wssgate::log {
namespace {

/// A writer into a pipe, and what is read at its other end.
class LineWriterTest : public testing::Test {
 protected:
  void SetUp() override {
    std::array<int, 2> ends{};
    ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    read_end_ = ends[0];
    ::fcntl(ends[1], F_SETFL, O_NONBLOCK);  // as a program that shares the pipe may do
    writer_.emplace(
        descriptor_sink(ends[1]), std::chrono::milliseconds(10),
        [this](std::uint64_t lines) { told_ += lines; }, LineWriter::Stuck::told);
    writer_->start();
  }
  void TearDown() override { ::close(read_end_); }

  /// All that comes until the writer is gone.
  std::string read_to_the_end() {
    std::string all;
    std::array<char, 65536> bytes{};
    for (ssize_t got = 0; (got = ::read(read_end_, bytes.data(), bytes.size())) > 0;) {
      all.append(bytes.data(), static_cast<std::size_t>(got));
    }
    return all;
  }

  int read_end_ = -1;
  std::atomic<std::uint64_t> told_ = 0;
  std::optional<LineWriter> writer_;
};

TEST_F(LineWriterTest, WritesEachLineInOrder) {
  std::string expected;
  for (int i = 0; i < 500; ++i) {
    writer_->add(std::to_string(i));
    expected += std::to_string(i) + "\n";
  }
  writer_.reset();
  EXPECT_EQ(read_to_the_end(), expected);
}

TEST_F(LineWriterTest, TakesEachLineThatItWritesAndNoOther) {
  EXPECT_TRUE(writer_->add("taken"));
  writer_->finish();
  EXPECT_FALSE(writer_->add("not taken"));
  writer_.reset();
  EXPECT_EQ(read_to_the_end(), "taken\n");
}

TEST_F(LineWriterTest, WritesWithoutBeingEnded) {
  writer_->add("now");
  std::array<char, 16> bytes{};
  ASSERT_EQ(::read(read_end_, bytes.data(), bytes.size()), 4);
  EXPECT_EQ(std::string(bytes.data(), 4), "now\n");
}

TEST_F(LineWriterTest, OldestLinesGiveWayWhereNobodyReads) {
  const std::string line(1023, 'x');
  for (int i = 0; i < 40 * 1024; ++i) writer_->add(line);  // 40 MiB
  writer_->add("the last");
  EXPECT_GT(writer_->lost(), std::uint64_t{20} * 1024);
  EXPECT_GT(told_, 0U) << "while nobody reads";
  std::thread ending([this] { writer_.reset(); });
  const std::string all = read_to_the_end();
  ending.join();
  EXPECT_LT(all.size(), std::size_t{18} << 20U);
  EXPECT_EQ(all.substr(all.size() - 9), "the last\n");
  const auto came = static_cast<std::uint64_t>(std::count(all.begin(), all.end(), '\n'));
  EXPECT_EQ(came + told_, std::uint64_t{40} * 1024 + 1);
}

/// Slower than lines come: with each write there is one more.
class SlowSink final : public LineSink {
 public:
  static constexpr int kMost = 1000;

  explicit SlowSink(std::optional<int>& reopened) : reopened_(reopened) {}
  std::uint64_t write(std::string_view lines) override {
    ++writes_;
    if (writes_ == 1) writer_->reopen();
    if (writes_ < kMost && !reopened_) writer_->add(lines.substr(0, lines.size() - 1));
    return 0;
  }
  void reopen() override { reopened_ = writes_; }

  LineWriter* writer_ = nullptr;

 private:
  int writes_ = 0;
  std::optional<int>& reopened_;  // after so many writes
};

TEST(LineWriter, ReopensThoughLinesComeFasterThanTheyAreWritten) {
  std::optional<int> reopened;
  auto owned = std::make_unique<SlowSink>(reopened);
  SlowSink& sink = *owned;
  LineWriter writer(std::move(owned), std::chrono::milliseconds(0));
  sink.writer_ = &writer;
  writer.start();
  writer.add("line");
  writer.finish();
  ASSERT_TRUE(reopened);
  EXPECT_LT(*reopened, SlowSink::kMost);
}

/// Says in its writer's thread that lines have come.
class TellingSink final : public LineSink {
 public:
  explicit TellingSink(std::promise<void>& written) : written_(written) {}
  std::uint64_t write(std::string_view) override {
    written_.set_value();
    return 0;
  }

 private:
  std::promise<void>& written_;
};

TEST(LineWriter, ALineInAHurryWaitsForNoOthers) {
  std::promise<void> written;
  auto gathers_for_ever = std::chrono::hours(1);
  LineWriter writer(std::make_unique<TellingSink>(written), gathers_for_ever);
  writer.start();
  writer.add("line");
  writer.add("in a hurry", LineWriter::Hurry::at_once);
  EXPECT_EQ(written.get_future().wait_for(std::chrono::seconds(20)), std::future_status::ready);
}

}  // namespace
}  // namespace wssgate::log
