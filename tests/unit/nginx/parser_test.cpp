#include "nginx/parser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/temp_folder.h"
#include "unit/nginx/memory_sources.h"

namespace wssgate::nginx {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::string problems_of(std::map<std::string, std::string> files) {
  Report report;
  (void)parse("/n/main", MemorySources(std::move(files)), report);
  return report.text();
}

TEST(NginxParser, KeepsTheTreeWithItsPlaces) {
  Report report;
  const auto tree = parse("/n/main", in_memory({{"/n/main", "a b c;\nd {\n  e;\n}\n"}}), report);
  EXPECT_EQ(report.text(), "");
  ASSERT_EQ(tree.size(), 2U);
  EXPECT_EQ(tree[0].name, "a");
  EXPECT_THAT(tree[0].args, ElementsAre("b", "c"));
  EXPECT_TRUE(tree[1].has_block);
  ASSERT_EQ(tree[1].block.size(), 1U);
  EXPECT_EQ(tree[1].block[0].at.file, "/n/main");
  EXPECT_EQ(tree[1].block[0].at.line, 3);
  EXPECT_EQ(tree[0].arg(7), "");
}

TEST(NginxParser, IncludesStandWhereTheyAreIncluded) {
  Report report;
  const auto tree = parse("/n/main",
                          in_memory({{"/n/main", "a;\nb { include sub/*.conf; }\n"},
                                     {"/n/sub/1.conf", "c;"},
                                     {"/n/sub/2.conf", "\nd;"}}),
                          report);
  ASSERT_EQ(tree.size(), 2U);
  ASSERT_EQ(tree[1].block.size(), 2U);
  EXPECT_EQ(tree[1].block[1].name, "d");
  EXPECT_EQ(tree[1].block[1].at.file, "/n/sub/2.conf");
  EXPECT_EQ(tree[1].block[1].at.line, 2);
}

TEST(NginxParser, RefusesWhatNginxRefuses) {
  EXPECT_THAT(problems_of({{"/n/main", "a {\n"}}), HasSubstr("ends within a block"));
  EXPECT_THAT(problems_of({{"/n/main", "a;\n}\n"}}),
              HasSubstr("/n/main:2:1: a '}' closes nothing"));
  EXPECT_THAT(problems_of({{"/n/main", "a b\n}"}}), HasSubstr("/n/main:1:1: 'a' has no ';'"));
  EXPECT_THAT(problems_of({{"/n/main", ";"}}), HasSubstr("without a name"));
  EXPECT_THAT(problems_of({{"/n/main", "a 'b"}}), HasSubstr("has no end"));
  EXPECT_THAT(problems_of({}), HasSubstr("cannot be read"));
}

TEST(NginxParser, RefusesCirclesAndDepth) {
  EXPECT_THAT(problems_of({{"/n/main", "include x;"}, {"/n/x", "include main;"}}),
              HasSubstr("/n/x:1:1: the include of /n/main leads back to itself"));
  std::string deep;
  for (int i = 0; i < 100; ++i) deep += "a {";
  EXPECT_THAT(problems_of({{"/n/main", deep}}), HasSubstr("more than 32 deep"));
}

TEST(NginxParser, AMissingIncludeIsAWarning) {
  Report report;
  const auto tree = parse("/n/main", in_memory({{"/n/main", "include mime.types;\na;"}}), report);
  EXPECT_TRUE(report.ok());
  EXPECT_THAT(report.text(), HasSubstr("/n/mime.types cannot be read"));
  EXPECT_EQ(tree.size(), 1U);
  EXPECT_THAT(problems_of({{"/n/main", "include none/*.conf;"}}), IsEmpty());
  EXPECT_EQ(parse("/n/main", in_memory({{"/n/main", "include none/*.conf;"}}), report).size(), 1U);
}

TEST(NginxParser, OneSitesFileStandsBelowTheMainOne) {
  const auto sources =
      in_memory({{"/n/nginx.conf", ""}, {"/n/sites-enabled/a", "include x;"}, {"/n/x", "b;"}});
  EXPECT_EQ(main_file_of("/n/sites-enabled/a", sources), "/n/nginx.conf");
  EXPECT_EQ(main_file_of("/n/nginx.conf", sources), "/n/nginx.conf");
  EXPECT_EQ(main_file_of("/m/sites-enabled/a", sources), "/m/sites-enabled/a");
  EXPECT_EQ(main_file_of("a", sources), "a");
  Report report;
  const auto tree = parse("/n/sites-enabled/a", sources, report);
  EXPECT_EQ(report.text(), "");
  ASSERT_EQ(tree.size(), 1U);
  EXPECT_EQ(tree[0].name, "b");
}

TEST(NginxParser, CodeIsNoDirectives) {
  Report report;
  const auto tree =
      parse("/n/main",
            in_memory({{"/n/main", "access_by_lua_block { if a then b = '}' end }\nc;"}}), report);
  EXPECT_EQ(report.text(), "");
  ASSERT_EQ(tree.size(), 2U);
  EXPECT_THAT(tree[0].block, IsEmpty());
}

TEST(NginxParser, LongStringsAndCommentsOfLuaMayHoldBraces) {
  Report report;
  const auto tree =
      parse("/n/main",
            in_memory({{"/n/main",
                        "a_by_lua_block { x = [[ } ' ]] y = [==[ ]] } ]==] --[[ }\n } "
                        "]] --[ }\n z = t[a[1]] }\nc;"}}),
            report);
  EXPECT_EQ(report.text(), "");
  ASSERT_EQ(tree.size(), 2U);
  EXPECT_EQ(tree[1].at.line, 4);
}

TEST(NginxParser, NamesOfFilesArePrintable) {
  Report report;
  const auto tree = parse(
      "/n/main", in_memory({{"/n/main", "include /n/\x1b[2J;\nb;"}, {"/n/\x1b[2J", "a;"}}), report);
  // '[' is of a pattern, which matches the file.
  ASSERT_EQ(tree.size(), 2U);
  EXPECT_EQ(tree[0].at.file.find('\x1b'), std::string::npos);
  (void)parse("/n/\x1b[2J", in_memory({{"/n/\x1b[2J", "a"}}), report);
  EXPECT_FALSE(report.ok());
  EXPECT_EQ(report.text().find('\x1b'), std::string::npos);
}

TEST(NginxParser, ReadsTheDisk) {
  const test::TempFolder folder;
  const std::string main = folder.write("nginx.conf", "include sites/*;\n");
  folder.write("sites/b", "second;");
  folder.write("sites/a", "first;");
  Report report;
  const auto tree = parse(main, FileSources(), report);
  EXPECT_EQ(report.text(), "");
  ASSERT_EQ(tree.size(), 2U);
  EXPECT_EQ(tree[0].name, "first");
  (void)parse(folder.path(), FileSources(), report);
  EXPECT_THAT(report.text(), HasSubstr("no regular file"));
}

}  // namespace
}  // namespace wssgate::nginx
