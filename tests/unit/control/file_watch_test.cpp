#include "control/file_watch.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "support/temp_folder.h"

namespace wssgate::control {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

class FileWatchTest : public testing::Test {
 protected:
  /// Something is noticed; waits for it.
  bool notices() {
    changes_ = 0;
    const auto give_up = std::chrono::steady_clock::now() + 10s;
    while (changes_ == 0 && std::chrono::steady_clock::now() < give_up) loop_.run_one_for(100ms);
    return changes_ > 0;
  }
  std::string in(const std::string& name) const { return folder_.path() + "/" + name; }

  test::TempFolder folder_;
  asio::io_context loop_;
  int changes_ = 0;
  FileWatch watch_{loop_, [this] { ++changes_; }};
};

TEST_F(FileWatchTest, SaysWhetherSomethingIsWatchedThatWasNot) {
  folder_.write("a/file", "");
  EXPECT_TRUE(watch_.watch({in("a/file")}, {}));
  EXPECT_FALSE(watch_.watch({in("a/file")}, {}));
  EXPECT_TRUE(watch_.watch({in("a/file"), in("a/other")}, {}));
  EXPECT_TRUE(watch_.watch({}, {in("a")}));
  EXPECT_FALSE(watch_.watch({}, {in("a")}));
  EXPECT_TRUE(watch_.is_complete());
}

TEST_F(FileWatchTest, TakesOneFolderByTwoPathsForOne) {
  folder_.write("a/file", "");
  folder_.write("a/other", "");
  fs::create_directory_symlink("a", in("link"));
  watch_.watch({in("a/file"), "/" + in("link/../a/other")}, {in("link"), in("a/")});
  EXPECT_FALSE(watch_.watch({in("a/file"), "/" + in("link/../a/other")}, {in("link"), in("a/")}));
}

TEST_F(FileWatchTest, FollowsAPathThroughALinkAndUpAgain) {
  folder_.write("far/away/deep/x", "");
  folder_.write("far/away/file", "");
  fs::create_directory_symlink("far/away/deep", in("link"));
  // link/.. is far/away, not the folder that holds the link.
  watch_.watch({in("link/../file")}, {});
  folder_.write("far/away/file", "changed");
  EXPECT_TRUE(notices());
}

TEST_F(FileWatchTest, WaitsForWhatIsNotThereYet) {
  watch_.watch({in("not/there/yet/file")}, {in("nor/this")});
  EXPECT_TRUE(watch_.is_complete());
  fs::create_directories(in("not"));
  EXPECT_TRUE(notices());
  EXPECT_TRUE(watch_.watch({in("not/there/yet/file")}, {in("nor/this")}));
  fs::create_directories(in("not/there/yet"));
  EXPECT_TRUE(notices());
  EXPECT_TRUE(watch_.watch({in("not/there/yet/file")}, {in("nor/this")}));
  folder_.write("not/there/yet/file", "");
  EXPECT_TRUE(notices());
  fs::create_directories(in("nor/this"));
  EXPECT_TRUE(notices());
}

TEST_F(FileWatchTest, GetsOverLinksThatLeadInACircle) {
  fs::create_symlink("b", in("a"));
  fs::create_symlink("a", in("b"));
  fs::create_directory_symlink(".", in("self"));
  watch_.watch({in("a"), in("self/self/self/file")}, {in("b")});
  EXPECT_TRUE(watch_.is_complete());
  fs::remove(in("a"));
  folder_.write("a", "a file after all");
  EXPECT_TRUE(notices());
}

TEST_F(FileWatchTest, SeesALinkThatLeadsNowhereComeToLife) {
  fs::create_symlink("later/file", in("link"));
  watch_.watch({in("link")}, {});
  fs::create_directories(in("later"));
  EXPECT_TRUE(notices());
  watch_.watch({in("link")}, {});
  folder_.write("later/file", "");
  EXPECT_TRUE(notices());
}

TEST_F(FileWatchTest, SeesAFolderFarAboveReplaced) {
  folder_.write("tree/a/b/c/file", "old");
  folder_.write("next/a/b/c/file", "new");
  watch_.watch({in("tree/a/b/c/file")}, {});
  fs::rename(in("tree"), in("last"));
  EXPECT_TRUE(notices());
  watch_.watch({in("tree/a/b/c/file")}, {});
  fs::rename(in("next"), in("tree"));
  EXPECT_TRUE(notices());
}

TEST_F(FileWatchTest, MakesOneOfABurst) {
  watch_.watch({}, {folder_.path()});
  for (int i = 0; i < 500; ++i) folder_.write("file" + std::to_string(i), "");
  EXPECT_TRUE(notices());
  loop_.run_for(300ms);
  EXPECT_EQ(changes_, 1);
}

TEST_F(FileWatchTest, DoesNotWaitForAWriterThatNeverFinishes) {
  watch_.watch({in("file")}, {});
  changes_ = 0;
  const auto give_up = std::chrono::steady_clock::now() + 10s;
  while (changes_ == 0 && std::chrono::steady_clock::now() < give_up) {
    folder_.write("file", "more");
    loop_.run_one_for(20ms);
  }
  EXPECT_GT(changes_, 0);
}

TEST_F(FileWatchTest, PassesOverNamesThatNobodyAskedFor) {
  folder_.write("file", "");
  watch_.watch({in("file")}, {});
  folder_.write("other", "");
  // The kernel tells in order: when this one is noticed the other has been as well, if at all.
  loop_.run_for(400ms);
  EXPECT_EQ(changes_, 0);
  folder_.write("file", "changed");
  EXPECT_TRUE(notices());
}

}  // namespace
}  // namespace wssgate::control
