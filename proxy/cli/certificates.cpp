#include <fmt/format.h>

#include <cstdio>

#include "base/report_json.h"
#include "cli/admin_client.h"
#include "cli/certificate_output.h"
#include "cli/commands.h"

namespace wssgate::cli {
namespace {

using nlohmann::json;

std::string staple_words(const json& ocsp) {
  const std::string state = ocsp.value("state", "");
  if (state == "off") return "not stapled";
  if (state == "none") return "not stapled: the CA has no responder";
  std::string words = state;
  if (ocsp.at("good_until").is_string()) {
    words += ", stapled until " + ocsp.at("good_until").get<std::string>();
  }
  if (const std::string why = ocsp.value("why", ""); !why.empty()) words += ": " + why;
  return words;
}

}  // namespace

std::string joined(const json& words) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : " ") + word.get<std::string>();
  return text;
}

void print_problems(const json& problems) {
  Report report;
  for (const auto& each : problems) {
    report.add(problem_from_json(each));
  }
  std::fputs(report.text().c_str(), stdout);
}

void print_certificate(const json& certificate) {
  const json& served = certificate.at("served");
  const std::string on_disk = certificate.at("on_disk");
  std::fputs(fmt::format("\n{}\n", certificate.value("chain_file", "")).c_str(), stdout);
  if (served.is_null()) {
    std::fputs("  served    nothing\n", stdout);
  } else {
    std::fputs(fmt::format("  served    {}, until {}\n"
                           "  issuer    {}\n"
                           "  SHA-256   {}\n"
                           "  OCSP      {}\n"
                           "  hosts     {}\n",
                           served.value("key", ""), served.value("not_after", ""),
                           served.value("issuer", ""), served.value("fingerprint", ""),
                           staple_words(served.at("ocsp")),
                           served.at("hosts").empty() ? "none" : joined(served.at("hosts")))
                   .c_str(),
               stdout);
  }
  std::fputs(
      fmt::format("  on disk   {}\n", on_disk == "served" ? "the same" : on_disk + ":").c_str(),
      stdout);
  if (on_disk != "served") print_problems(certificate.at("problems"));
}

int certificates(const AdminOptions& options) {
  const json answer = ask_process(options, "GET", "/certificates");
  if (options.json) {
    std::puts(json_text(answer, 2).c_str());
    return 0;
  }
  for (const auto& certificate : answer.at("certificates")) print_certificate(certificate);
  return 0;
}

}  // namespace wssgate::cli
