#include "pki/ticket_keys.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "support/temp_folder.h"

namespace wssgate::pki {
namespace {

using namespace std::chrono_literals;
using Clock = TicketKeys::Clock;

std::string base64(char letter, std::size_t length) { return std::string(length, letter); }

// 48, 32, 33 and 31 bytes.
const std::string kFirst = base64('A', 64);
const std::string kSecond = base64('B', 43) + "=";
const std::string kThird = base64('C', 44);
const std::string kShort = base64('D', 42) + "==";

class TicketKeyFile : public testing::Test {
 protected:
  std::optional<TicketRing> load(const std::string& text, mode_t mode = 0600) {
    return load_path(folder_.write("keys.txt", text, mode));
  }
  std::optional<TicketRing> load_path(const std::string& path) {
    Report report;
    auto ring = TicketKeys::load_file({path, {"c.yaml", 3, 16}}, report);
    problems_ = report.text();
    for (auto at = problems_.find(folder_.path()); at != std::string::npos;
         at = problems_.find(folder_.path())) {
      problems_.erase(at, folder_.path().size() + 1);
    }
    return ring;
  }

  test::TempFolder folder_;
  std::string problems_;
};

TEST_F(TicketKeyFile, HasOneSecretALine) {
  const auto ring =
      load("# made in May\n\n" + kFirst + "\n  " + kSecond + "  # the next one\r\n" + kThird);
  ASSERT_TRUE(ring) << problems_;
  ASSERT_EQ(ring->size(), 3U);
  EXPECT_EQ((*ring)[0].bytes, SecretBytes(48, 0));
  EXPECT_EQ((*ring)[1].bytes.size(), 32U);
  EXPECT_EQ((*ring)[2].bytes.size(), 33U);
  EXPECT_NE((*ring)[0].name, (*ring)[1].name);
}

TEST_F(TicketKeyFile, NamesASecretAlikeOnEveryNode) {
  EXPECT_EQ(load(kFirst)->front().name, load("\n" + kFirst + "\n")->front().name);
}

TEST_F(TicketKeyFile, IsRefusedWithEveryProblem) {
  std::string seventeen;
  for (char letter = 'A'; letter <= 'Q'; ++letter) seventeen += base64(letter, 44) + "\n";
  const struct {
    std::string text;
    std::string problems;
  } rows[] = {
      {"",
       "keys.txt: there is no secret in this file. make one: openssl rand -base64 48 > "
       "keys.txt.\n"},
      {"# nothing\n\n",
       "keys.txt: there is no secret in this file. make one: openssl rand -base64 48 > "
       "keys.txt.\n"},
      {kFirst + "\nnot base64!\n" + kShort + "\n" + kFirst + "\n",
       "keys.txt:2:1: this is no base64 text. write one secret a line, as 'openssl rand -base64 "
       "48' "
       "prints it.\n"
       "keys.txt:3:1: the secret has 31 bytes, and 32 to 1024 are expected. write one secret a "
       "line, "
       "as 'openssl rand -base64 48' prints it.\n"
       "keys.txt:4:1: this is the secret of line 1 again. remove one of the two.\n"},
      {base64('A', 1368),
       "keys.txt:1:1: the secret has 1026 bytes, and 32 to 1024 are expected. write one secret a "
       "line, as 'openssl rand -base64 48' prints it.\n"},
      {seventeen,
       "keys.txt:17:1: there are more than 16 secrets. remove those that no node seals tickets "
       "with "
       "any more.\n"},
  };
  for (const auto& row : rows) {
    EXPECT_FALSE(load(row.text)) << row.text;
    EXPECT_EQ(problems_, row.problems);
  }
}

TEST_F(TicketKeyFile, TakesOnlyBase64) {
  for (const std::string& text :
       {kFirst.substr(1), "=" + kFirst.substr(1), kFirst.substr(4) + "A===",
        kFirst.substr(4) + "A=AA", kFirst.substr(4) + "A-_A", kFirst.substr(4) + "A AA",
        std::string("===="), kFirst.substr(4) + std::string("A\0AA", 4)}) {
    EXPECT_FALSE(load(text)) << text;
    EXPECT_THAT(problems_, testing::HasSubstr("keys.txt:1:1: this is no base64 text.")) << text;
  }
}

TEST_F(TicketKeyFile, ShowsNoSecretInAProblem) {
  EXPECT_FALSE(load(kFirst + "x\n" + kShort + "\n" + kThird + "\n" + kThird + "\n", 0644));
  for (const char letter : {'A', 'C', 'D'}) {
    EXPECT_EQ(problems_.find(base64(letter, 5)), std::string::npos) << problems_;
  }
}

TEST_F(TicketKeyFile, IsForItsOwnerAlone) {
  EXPECT_FALSE(load(kFirst, 0604));
  EXPECT_EQ(problems_,
            "keys.txt: the file of ticket keys is readable by every user (mode 0604). chmod 600 "
            "keys.txt.\n");
  EXPECT_TRUE(load(kFirst, 0640));
}

TEST_F(TicketKeyFile, HasToBeThere) {
  EXPECT_FALSE(load_path(folder_.path() + "/none.txt"));
  EXPECT_EQ(
      problems_,
      "c.yaml:3:16: cannot read the ticket keys 'none.txt': No such file or directory. name a "
      "file that wssgate's user may read.\n");
}

TEST(TicketKeys, RotateEveryTwelveHours) {
  const Clock::time_point start{1000h};
  TicketKeys keys(start);
  ASSERT_EQ(keys.ring().size(), 1U);
  EXPECT_EQ(keys.next_rotation(), start + 12h);
  const TicketSecret first = keys.ring().front();

  keys.rotate(start + 12h);
  ASSERT_EQ(keys.ring().size(), 2U);
  EXPECT_EQ(keys.next_rotation(), start + 24h);
  EXPECT_EQ(keys.ring()[1].name, first.name);
  EXPECT_EQ(keys.ring()[1].bytes, first.bytes);
  const auto second = keys.ring()[0].name;
  EXPECT_NE(second, first.name);

  keys.rotate(start + 24h);
  ASSERT_EQ(keys.ring().size(), 2U);
  EXPECT_EQ(keys.ring()[1].name, second);
}

TEST(TicketKeys, OfAFileAreNotRotated) {
  const Clock::time_point start{1000h};
  TicketKeys keys(start);
  const TicketRing shared = TicketKeys(start).ring();
  keys.adopt(shared);
  ASSERT_EQ(keys.ring().size(), 1U);
  EXPECT_EQ(keys.ring()[0].name, shared[0].name);
  EXPECT_FALSE(keys.next_rotation());

  keys.rotate(start + 1h);  // the file is configured no longer
  ASSERT_EQ(keys.ring().size(), 2U);
  EXPECT_EQ(keys.ring()[1].name, shared[0].name);
  EXPECT_EQ(keys.next_rotation(), start + 13h);
}

TEST(TicketKeys, OfTwoProcessesDiffer) {
  const TicketKeys one(Clock::now());
  const TicketKeys two(Clock::now());
  const auto name = one.ring().front().name;
  EXPECT_NE(name, two.ring().front().name);
  EXPECT_EQ(name, one.ring().front().name);
}

}  // namespace
}  // namespace wssgate::pki
