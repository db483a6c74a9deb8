#include "trust/command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>

#include "support/temp_folder.h"

namespace wssgate::trust {
namespace {

TEST(Command, TellsTheExitCodeAndBothOutputs) {
  const Finished finished = run({"/bin/sh", "-c", "echo out; echo err >&2; exit 3"});
  EXPECT_EQ(finished.exit_code, 3);
  EXPECT_FALSE(finished.ok());
  EXPECT_EQ(finished.output, "out\nerr\n");
  EXPECT_EQ(finished.last_line(), "err");
}

TEST(Command, ArgumentsAreNothingToAShell) {
  const std::string nasty = "a b; $(exit 1) `id` '\"* \n";
  const Finished finished = run({"/usr/bin/printf", "%s|", nasty, "", "last"});
  EXPECT_EQ(finished.output, nasty + "||last|");
  EXPECT_TRUE(finished.ok());
}

TEST(Command, SpeaksEnglishAndReadsNothing) {
  ASSERT_EQ(::setenv("LC_MESSAGES", "de_DE.UTF-8", 1), 0);
  ASSERT_EQ(::setenv("LANG", "de_DE.UTF-8", 1), 0);
  const Finished finished =
      run({"/bin/sh", "-c", "cat; echo \"$LC_ALL/$LC_MESSAGES/$LANG/$PATH\""});
  EXPECT_EQ(finished.output, std::string("C///") + std::getenv("PATH") + "\n");
  ::unsetenv("LC_MESSAGES");
  ::unsetenv("LANG");
}

TEST(Command, OneThatCannotStartFails) {
  const test::TempFolder folder;
  EXPECT_FALSE(run({folder.path() + "/nothing"}).ok());
  EXPECT_FALSE(run({folder.write("no-program", "text", 0755)}).ok());
}

TEST(Command, OneThatTakesTooLongIsEnded) {
  const Finished finished = run({"/bin/sleep", "1000"}, std::nullopt, std::chrono::seconds(1));
  EXPECT_EQ(finished.exit_code, -1);
  EXPECT_EQ(finished.last_line(), "it did not come to an end");
}

TEST(Command, ReadsLongOutputsToTheirEnd) {
  const Finished finished = run({"/bin/sh", "-c", "head -c 1000000 /dev/zero"});
  EXPECT_TRUE(finished.ok());
  EXPECT_EQ(finished.output.size(), 1'000'000U);
}

TEST(Command, WhatAProgramSaysReachesNoTerminalUnescaped) {
  EXPECT_EQ(run({"/usr/bin/printf", "\\033[31mred\\n\\n"}).last_line(), "\\x1b[31mred");
}

TEST(Command, BecomesWhomItIsFor) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root may become somebody else";
  const Finished finished =
      run({"/bin/sh", "-c", "id -u; id -g; id -G"}, Identity{65534, 65534, "nobody"});
  EXPECT_EQ(finished.output, "65534\n65534\n65534\n");
}

}  // namespace
}  // namespace wssgate::trust
