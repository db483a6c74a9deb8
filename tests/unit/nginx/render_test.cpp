#include "nginx/render.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace wssgate::nginx {
namespace {

using testing::HasSubstr;
using testing::Not;

Finding finding(FindingId id, int line, const std::string& what, const std::string& why) {
  return {id, {"/n/main", line, 1}, "listen " + std::to_string(line), what, why};
}

Findings found(const std::vector<Finding>& all) {
  Findings findings;
  for (const Finding& each : all) findings.add(each);
  return findings;
}

TEST(NginxReport, TrapsOfOneKindHaveOneReason) {
  const std::string text = report_text(
      "/n/main",
      found({finding(FindingId::old_tls, 9, "TLSv1 is allowed", "it is broken"),
             finding(FindingId::default_certificate, 12, "strangers get it", "it is wrong"),
             finding(FindingId::old_tls, 3, "TLSv1.1 is allowed", "it is broken")}),
      {});
  EXPECT_EQ(text,
            "Traps: what nginx does today, and why it hurts\n"
            "\n"
            "  default_certificate\n"
            "    /n/main:12  listen 12\n"
            "      strangers get it.\n"
            "    Why: it is wrong.\n"
            "\n"
            "  old_tls\n"
            "    /n/main:3  listen 3\n"
            "      TLSv1.1 is allowed.\n"
            "    /n/main:9  listen 9\n"
            "      TLSv1 is allowed.\n"
            "    Why: it is broken.\n"
            "\n"
            "/n/main: 3 traps, 0 things not carried over, 0 notes\n");
}

TEST(NginxReport, WhatSaysTheSameIsToldOnce) {
  const std::string text =
      report_text("/n/main",
                  found({finding(FindingId::untranslated, 1, "files", "none are served"),
                         finding(FindingId::untranslated, 2, "files", "none are served"),
                         finding(FindingId::untranslated, 5, "lists", "none are served"),
                         finding(FindingId::detail, 3, "a buffer", "there is none"),
                         finding(FindingId::detail, 4, "a buffer", "there is none")}),
                  {});
  EXPECT_EQ(text,
            "Not carried over, or behaving otherwise\n"
            "\n"
            "    /n/main:1  listen 1\n"
            "    /n/main:2  listen 2\n"
            "      files.\n"
            "    /n/main:5  listen 5\n"
            "      lists.\n"
            "    none are served.\n"
            "\n"
            "Notes: nothing is lost\n"
            "\n"
            "  /n/main\n"
            "    3, 4: listen: a buffer; there is none.\n"
            "\n"
            "/n/main: 0 traps, 3 things not carried over, 2 notes\n");
}

TEST(NginxReport, DirectivesWithoutUseAreNamed) {
  const Findings findings = found({finding(FindingId::replaced, 3, "a buffer", "there is none"),
                                   finding(FindingId::replaced, 4, "a buffer", "there is none")});
  EXPECT_EQ(report_text("/n/main", findings, {}),
            "What wssgate does by itself, or has no use for (--notes tells of each)\n"
            "\n"
            "  listen\n"
            "\n"
            "/n/main: 0 traps, 0 things not carried over, 2 notes\n");
  EXPECT_EQ(report_text("/n/main", findings, {.coloured = false, .every_note = true}),
            "Notes: nothing is lost\n"
            "\n"
            "  /n/main\n"
            "    3, 4: listen: a buffer; there is none.\n"
            "\n"
            "/n/main: 0 traps, 0 things not carried over, 2 notes\n");
}

TEST(NginxReport, LongTextsAreWrappedAndPrintable) {
  const std::string text = report_text(
      "/n/main",
      found({finding(FindingId::old_tls, 1, std::string(150, 'a') + " b\x1b" + " c d", "e")}), {});
  EXPECT_THAT(text, HasSubstr("      " + std::string(150, 'a') + "\n      b\\x1b c d.\n"));
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
}

TEST(NginxReport, JsonHasEverything) {
  Import import;
  import.findings = found({finding(FindingId::old_tls, 9, "what \xff", "why")});
  const auto json = nlohmann::json::parse(report_json("/n/main", import, Report()));
  EXPECT_EQ(json["exit_code"], 1);
  EXPECT_EQ(json["findings"][0]["id"], "old_tls");
  EXPECT_EQ(json["findings"][0]["kind"], "trap");
  EXPECT_EQ(json["findings"][0]["line"], 9);
  EXPECT_TRUE(json["configuration"].is_null());
  EXPECT_TRUE(json["problems"].empty());
  Report syntax;
  syntax.add({"/n/main", 3, 1}, "a brace is missing", "add it");
  const auto refused = nlohmann::json::parse(report_json("/n/main", Import(), syntax));
  EXPECT_EQ(refused["exit_code"], 2);
  EXPECT_EQ(refused["problems"][0]["line"], 3);
}

}  // namespace
}  // namespace wssgate::nginx
