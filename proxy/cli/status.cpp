#include <fmt/format.h>

#include <cstdint>
#include <cstdio>
#include <map>
#include <string>
#include <string_view>

#include "base/report_json.h"
#include "cli/admin_client.h"
#include "cli/certificate_output.h"
#include "cli/commands.h"

namespace wssgate::cli {
namespace {

using nlohmann::json;

// The rest is for --json and the dashboard.
constexpr std::size_t kMostNames = 5;

/// The word that a problem's line begins with.
std::string_view label_of(const json& problem) {
  static const std::map<std::string_view, std::string_view> labels = {
      {"configuration_refused", "REFUSED"},       {"certificate_held_back", "HELD BACK"},
      {"certificate_waiting", "WAITING"},         {"draining", "DRAINING"},
      {"host_without_certificate", "NOT SERVED"}, {"upstream_not_verified", "NOT VERIFIED"},
  };
  const auto found = labels.find(problem.value("kind", ""));
  if (found != labels.end()) return found->second;
  return problem.value("level", "") == "alarm" ? "ALARM" : "WARNING";
}

void print_problems_now(const json& status) {
  for (const auto& problem : status.at("problems")) {
    const std::string hint = problem.value("hint", "");
    std::fputs(fmt::format("{:<14} {}{}{}\n", label_of(problem), problem.value("message", ""),
                           hint.empty() ? "" : ". ", hint)
                   .c_str(),
               stdout);
  }
  if (const auto more = status.value("problems_left_out", 0); more > 0) {
    std::fputs(fmt::format("               and {} more\n", more).c_str(), stdout);
  }
}

void print_refused_names(const json& refused) {
  if (refused.at("names").empty()) return;
  std::fputs("\nrefused names that nobody configured\n", stdout);
  std::size_t printed = 0;
  for (const auto& each : refused.at("names")) {
    if (printed++ == kMostNames) break;
    const json& found = each.at("nearest");  // null where it has not been looked for yet
    const std::string nearest = found.is_string() ? found.get<std::string>() : "";
    std::fputs(fmt::format("  {:>9}  {}{}, last at {}\n", each.value("at_least", std::uint64_t{0}),
                           each.value("name", ""),
                           nearest.empty() ? "" : fmt::format(" (near: {})", nearest),
                           each.value("last", ""))
                   .c_str(),
               stdout);
  }
  const auto others = refused.value("distinct", std::size_t{0});
  if (others > kMostNames) {
    std::fputs(fmt::format("  and {} others; --json has more\n", others - kMostNames).c_str(),
               stdout);
  }
}

/// "200 of at most 500 connections, weight 2, backup".
std::string load_words(const json& endpoint) {
  const json& most = endpoint.at("max_connections");
  std::string words = fmt::format("{}{} connections", endpoint.value("connections", 0),
                                  most.is_null() ? "" : fmt::format(" of {}", most.get<int>()));
  if (const int weight = endpoint.value("weight", 1); weight != 1) {
    words += fmt::format(", weight {}", weight);
  }
  return words + (endpoint.value("backup", false) ? ", backup" : "");
}

void print_upstream(const json& upstream) {
  const auto waiting = upstream.value("waiting", std::size_t{0});
  std::fputs(fmt::format("\nupstream {}, {}{}\n", upstream.value("name", ""),
                         upstream.value("balance", ""),
                         waiting == 0 ? "" : fmt::format(", {} requests wait", waiting))
                 .c_str(),
             stdout);
  for (const auto& endpoint : upstream.at("endpoints")) {
    std::fputs(fmt::format("  {:<9} {}: {}\n", endpoint.value("state", ""),
                           endpoint.value("endpoint", ""), load_words(endpoint))
                   .c_str(),
               stdout);
  }
}

void print_status(const json& status) {
  const json& reload = status.at("last_reload");
  std::fputs(
      fmt::format("wssgate {}, process {}, since {}\n"
                  "configuration  {}\n"
                  "listeners      {}\n"
                  "connections    {} open, {} of them tunnels, {} workers\n"
                  "last reload    {} ({}): {}\n",
                  status.value("version", ""), status.value("pid", 0), status.value("started", ""),
                  status.value("config", ""), joined(status.at("listeners")),
                  status.value("connections", 0), status.at("tunnels").value("open", 0),
                  status.value("workers", 0), reload.value("at", ""), reload.value("cause", ""),
                  reload.value("ok", false) ? "what is on the disk serves"
                  : reload.at("refused").empty()
                      ? "not all that is on the disk serves, see below"
                      : "the configuration on the disk is refused; the one before goes on")
          .c_str(),
      stdout);
  print_problems_now(status);
  print_refused_names(status.at("refused_names"));
  for (const auto& upstream : status.at("upstreams")) print_upstream(upstream);
  for (const auto& certificate : status.at("certificates")) print_certificate(certificate);
}

}  // namespace

int status(const AdminOptions& options) {
  const json answer = ask_process(options, "GET", "/status");
  if (options.json) {
    std::puts(json_text(answer, 2).c_str());
  } else {
    print_status(answer);
  }
  return 0;
}

}  // namespace wssgate::cli
