#include "base/line_sink.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "support/temp_folder.h"

namespace wssgate::log {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;

std::string content(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

class FileSinkTest : public testing::Test {
 protected:
  std::unique_ptr<LineSink> open() {
    return file_sink(path_, [this](std::string_view what) { told_.emplace_back(what); });
  }

  const test::TempFolder folder_;
  const std::string path_ = folder_.path() + "/logs/wssgate.log";
  std::vector<std::string> told_;
};

TEST_F(FileSinkTest, AppendsToAFileThatOthersCannotRead) {
  ::umask(022);
  EXPECT_EQ(open()->write("one\n"), 0U);
  EXPECT_EQ(open()->write("two\n"), 0U);
  EXPECT_EQ(content(path_), "one\ntwo\n");
  const auto mode = std::filesystem::status(path_).permissions();
  EXPECT_EQ(mode, std::filesystem::perms(0640));
  const auto folder = std::filesystem::path(path_).parent_path();
  EXPECT_EQ(std::filesystem::status(folder).permissions(), std::filesystem::perms(0750));
}

TEST_F(FileSinkTest, OpensAnewWhatWasRenamed) {
  const auto sink = open();
  sink->write("old\n");
  std::filesystem::rename(path_, path_ + ".1");
  sink->reopen();
  sink->write("new\n");
  EXPECT_EQ(content(path_ + ".1"), "old\n");
  EXPECT_EQ(content(path_), "new\n");
  EXPECT_THAT(told_, ElementsAre());
}

TEST_F(FileSinkTest, NoticesByItselfThatItWasRenamed) {
  const auto sink = open();
  std::filesystem::rename(path_, path_ + ".1");
  for (int i = 0; i < 1000 && !std::filesystem::exists(path_); ++i) {
    sink->write("line\n");
    ::usleep(10'000);
  }
  EXPECT_THAT(content(path_), HasSubstr("line\n"));
}

// As a file is that its server has removed.
TEST_F(FileSinkTest, OpensAnewWhatCannotBeLookedAt) {
  const int before = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  const int its = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  ::close(its);
  const auto sink = open();
  ::close(its);
  ::close(before);  // the number of the one that is opened anew
  for (int i = 0; i < 1000 && content(path_).empty(); ++i) {
    sink->write("line\n");
    ::usleep(10'000);
  }
  EXPECT_THAT(content(path_), HasSubstr("line\n"));
}

TEST_F(FileSinkTest, WritesOnWhereItsFileWasTruncated) {
  const auto sink = open();
  sink->write("old\n");
  std::filesystem::resize_file(path_, 0);  // logrotate's copytruncate
  sink->write("new\n");
  EXPECT_EQ(content(path_), "new\n");
}

TEST_F(FileSinkTest, KeepsTheOldFileWhereANewOneCannotBeOpened) {
  const auto sink = open();
  std::filesystem::rename(folder_.path() + "/logs", folder_.path() + "/gone");
  sink->reopen();
  sink->write("goes on\n");
  EXPECT_EQ(content(folder_.path() + "/gone/wssgate.log"), "goes on\n");
  EXPECT_THAT(told_, ElementsAre(path_ + ": No such file or directory"));
  std::filesystem::create_directory(folder_.path() + "/logs");
  sink->reopen();
  sink->write("and here\n");
  EXPECT_EQ(content(path_), "and here\n");
}

TEST_F(FileSinkTest, AFifoWithoutAReaderHoldsUpNobody) {
  std::filesystem::create_directory(folder_.path() + "/logs");
  ASSERT_EQ(::mkfifo(path_.c_str(), 0600), 0);
  const auto sink = open();
  EXPECT_EQ(sink->write("line\n"), 0U);
  const int reader = ::open(path_.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  std::array<char, 16> bytes{};
  EXPECT_EQ(::read(reader, bytes.data(), bytes.size()), 5);
  ::close(reader);
}

TEST(DescriptorSink, CountsWhatAFullDiskTakesNot) {
  const auto sink = descriptor_sink(::open("/dev/full", O_WRONLY | O_CLOEXEC));
  EXPECT_EQ(sink->write("one\ntwo\nthree\n"), 3U);
}

/// What listens where syslog or journald would.
class DatagramSinkTest : public testing::Test {
 protected:
  void SetUp() override { listen(); }
  void TearDown() override { ::close(fd_); }

  void listen() {
    fd_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path_.copy(std::begin(address.sun_path), sizeof(address.sun_path) - 1);
    ASSERT_EQ(::bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  }
  void end() const {
    ::close(fd_);
    ::unlink(path_.c_str());
  }
  std::string next() const {
    std::array<char, 1024> bytes{};
    const ssize_t got = ::recv(fd_, bytes.data(), bytes.size(), 0);
    return got < 0 ? "nothing" : std::string(bytes.data(), static_cast<std::size_t>(got));
  }

  const test::TempFolder folder_;
  const std::string path_ = folder_.path() + "/log";
  int fd_ = -1;
};

TEST_F(DatagramSinkTest, SyslogGetsEachLineWithItsSeverity) {
  const auto sink = datagram_sink(path_, syslog_datagram);
  EXPECT_EQ(sink->write("<3>an error\nan access line\n<7>\n"), 0U);
  const std::string after = "[A-Z][a-z][a-z] [ 1-3][0-9] [0-9:]* wssgate.[0-9]*.: ";
  EXPECT_THAT(next(), MatchesRegex("<27>" + after + "an error"));
  EXPECT_THAT(next(), MatchesRegex("<30>" + after + "an access line"));
  EXPECT_THAT(next(), MatchesRegex("<31>" + after));
  EXPECT_EQ(next(), "nothing");
}

TEST_F(DatagramSinkTest, TheJournalGetsFields) {
  const auto sink = datagram_sink(path_, journal_datagram);
  EXPECT_EQ(sink->write("<4>beware=x\n"), 0U);
  EXPECT_EQ(next(), "PRIORITY=4\nSYSLOG_IDENTIFIER=wssgate\nMESSAGE=beware=x\n");
}

TEST_F(DatagramSinkTest, ConnectsAnewToAReaderThatWasStartedAgain) {
  const auto sink = datagram_sink(path_, journal_datagram);
  EXPECT_EQ(sink->write("a\n"), 0U);
  end();
  EXPECT_EQ(sink->write("b\nc\n"), 2U) << "lost, and counted";
  listen();
  EXPECT_EQ(sink->write("d\n"), 0U);
  EXPECT_THAT(next(), HasSubstr("MESSAGE=d\n"));
}

TEST_F(DatagramSinkTest, AReaderThatHasLeftIsKnownByItsSocket) {
  EXPECT_EQ(datagram_fault(path_), 0);
  EXPECT_EQ(next(), "nothing") << "asking sends nothing";
  ::close(fd_);
  EXPECT_EQ(datagram_fault(path_), ECONNREFUSED);
  ::unlink(path_.c_str());
  EXPECT_EQ(datagram_fault(path_), ENOENT);
  EXPECT_EQ(datagram_fault("/" + std::string(200, 'x')), ENAMETOOLONG);
  listen();
}

TEST(Severity, OnlyAPrefixOfOursIsOne) {
  for (const auto& [text, severity, rest] :
       std::vector<std::tuple<std::string_view, int, std::string_view>>{
           {"<0>x", 0, "x"}, {"<7>", 7, ""}, {"<8>x", 6, "<8>x"}, {"<1x", 6, "<1x"}, {"", 6, ""}}) {
    std::string_view line = text;
    EXPECT_EQ(take_severity(line), severity) << text;
    EXPECT_EQ(line, rest);
  }
  EXPECT_EQ(severity_prefix(3), "<3>");
}

TEST(Descriptors, OfOnePipeLeadToTheSame) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  const int again = ::dup(ends[1]);
  const int other = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  EXPECT_TRUE(lead_to_the_same(ends[1], again));
  EXPECT_FALSE(lead_to_the_same(ends[1], other));
  EXPECT_FALSE(lead_to_the_same(-1, -1));
  for (const int fd : {ends[0], ends[1], again, other}) ::close(fd);
}

TEST(Journal, IsKnownByItsStream) {
  struct stat open {};
  ASSERT_EQ(::fstat(STDERR_FILENO, &open), 0);
  const std::string stream = std::to_string(open.st_dev) + ":" + std::to_string(open.st_ino);
  ::setenv("JOURNAL_STREAM", stream.c_str(), 1);
  EXPECT_TRUE(leads_to_journal(STDERR_FILENO));
  ::setenv("JOURNAL_STREAM", (stream + "1").c_str(), 1);
  EXPECT_FALSE(leads_to_journal(STDERR_FILENO));
  ::unsetenv("JOURNAL_STREAM");
  EXPECT_FALSE(leads_to_journal(STDERR_FILENO));
}

}  // namespace
}  // namespace wssgate::log
