#include <fmt/format.h>

#include <cstdio>
#include <string>

#include "base/report_json.h"
#include "base/units.h"
#include "cli/admin_client.h"
#include "cli/commands.h"

namespace wssgate::cli {
namespace {

using nlohmann::json;

std::string request_for(const ConnectionsOptions& options) {
  std::string query;
  const auto add = [&](std::string_view key, const std::string& value) {
    if (value.empty()) return;
    query += fmt::format("{}{}={}", query.empty() ? "?" : "&", key, percent_encoded(value));
  };
  add("id", options.id);
  add("host", options.host);
  add("client", options.client);
  add("older_than", options.older_than);
  add("code", options.close);
  return "/connections" + query;
}

void print_connections(const json& answer) {
  const json& list = answer.at("connections");
  if (!list.empty()) {
    std::puts(fmt::format("{:>8}  {:<11} {:>8}  {:<24} {:<24} {:>10} {:>10}  {}", "id", "phase",
                          "age", "client", "host", "received", "sent", "endpoint")
                  .c_str());
  }
  for (const json& each : list) {
    std::puts(fmt::format("{:>8}  {:<11} {:>8}  {:<24} {:<24} {:>10} {:>10}  {}",
                          each.value("id", 0), each.value("phase", ""),
                          format_duration(Duration(each.value("age_ms", Duration::rep{0}))),
                          each.value("client", ""), each.value("host", ""),
                          each.value("bytes_received", 0), each.value("bytes_sent", 0),
                          each.value("endpoint", ""))
                  .c_str());
  }
  std::puts(fmt::format("{} of {} open connections{}", list.size(), answer.value("open", 0),
                        answer.value("more", false) ? " (there are more: narrow it down)" : "")
                .c_str());
}

}  // namespace

int connections(const ConnectionsOptions& options) {
  const bool closes = !options.close.empty();
  const json answer = ask_process(options.admin, closes ? "DELETE" : "GET", request_for(options));
  const std::string error = answer.value("error", "");
  if (options.admin.json) {
    std::puts(json_text(answer, 2).c_str());
  } else if (!error.empty()) {
    std::fputs(fmt::format("{}\n", error).c_str(), stderr);
  } else if (closes) {
    std::puts(fmt::format("{} connections are closed", answer.value("closed", 0)).c_str());
  } else {
    print_connections(answer);
  }
  return error.empty() ? 0 : 1;
}

}  // namespace wssgate::cli
