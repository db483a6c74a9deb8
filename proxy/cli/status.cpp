#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include "base/report_json.h"
#include "cli/admin_client.h"
#include "cli/certificate_output.h"
#include "cli/commands.h"

namespace wssgate::cli {
namespace {

using nlohmann::json;

/// What is held back and told with no certificate: a folder that cannot be read, half a pair.
json held_elsewhere(const json& status) {
  json others = json::array();
  for (const auto& problem : status.at("last_reload").at("held")) {
    const auto tells = [&](const json& certificate) {
      const json& told = certificate.at("problems");
      return std::find(told.begin(), told.end(), problem) != told.end();
    };
    const json& all = status.at("certificates");
    if (std::none_of(all.begin(), all.end(), tells)) others.push_back(problem);
  }
  return others;
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

void print(const json& status) {
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
  for (const auto& drain : status.at("draining")) {
    std::fputs(
        fmt::format("DRAINING       {}: {} tunnels left, {} s left\n", drain.value("target", ""),
                    drain.value("tunnels_left", 0), drain.value("ms_left", 0) / 1000)
            .c_str(),
        stdout);
  }
  print_problems(reload.at("refused"));
  print_problems(held_elsewhere(status));
  for (const auto& name : status.at("hosts_without_certificate")) {
    std::fputs(
        fmt::format("NOT SERVED     {}: no certificate may serve it\n", name.get<std::string>())
            .c_str(),
        stdout);
  }
  for (const auto& name : status.at("unverified_upstreams")) {
    std::fputs(fmt::format("NOT VERIFIED   the upstream '{}': whoever can get between is taken for "
                           "it (tls.verify is off)\n",
                           name.get<std::string>())
                   .c_str(),
               stdout);
  }
  for (const auto& upstream : status.at("upstreams")) print_upstream(upstream);
  for (const auto& certificate : status.at("certificates")) print_certificate(certificate);
}

}  // namespace

int status(const AdminOptions& options) {
  const json answer = ask_process(options, "GET", "/status");
  if (options.json) {
    std::puts(json_text(answer, 2).c_str());
  } else {
    print(answer);
  }
  return 0;
}

}  // namespace wssgate::cli
