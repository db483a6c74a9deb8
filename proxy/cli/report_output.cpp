#include "cli/report_output.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string_view>
#include <unordered_map>

#include "base/report_json.h"
#include "pki/x509_facts.h"

namespace wssgate::cli {
namespace {

constexpr std::string_view kBold = "1";
constexpr std::string_view kRed = "1;31";
constexpr std::string_view kYellow = "33";

std::string painted(std::string_view text, std::string_view colour, Look look) {
  if (look != Look::coloured_page) return std::string(text);
  return fmt::format("\x1b[{}m{}\x1b[0m", colour, text);
}

// Paths come from folders that others may write to. UTF-8 stays as it is.
std::string without_controls(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) {
      out += fmt::format("\\x{:02x}", byte);
    } else {
      out += c;
    }
  }
  return out;
}

std::string place_in_file(const Problem& problem) {
  if (problem.at.line == 0) return {};
  return fmt::format("{}:{}", problem.at.line, problem.at.column);
}

std::string_view severity_word(Severity severity) {
  return severity == Severity::warning ? "warning" : "error";
}

void append_group(const std::vector<Problem>& problems, std::size_t begin, std::size_t end,
                  Look look, std::string& out) {
  if (!out.empty()) out += '\n';
  out += painted(without_controls(problems[begin].at.file), kBold, look) + '\n';
  std::size_t place_width = 0;
  for (std::size_t i = begin; i < end; ++i) {
    place_width = std::max(place_width, place_in_file(problems[i]).size());
  }
  if (place_width > 0) place_width += 2;
  constexpr std::size_t kWordWidth = 9;  // "warning" and two spaces
  for (std::size_t i = begin; i < end; ++i) {
    const Problem& problem = problems[i];
    const std::string_view word = severity_word(problem.severity);
    const std::string_view colour = problem.severity == Severity::warning ? kYellow : kRed;
    out += fmt::format("  {:<{}}{}{:{}}{}\n", place_in_file(problem), place_width,
                       painted(word, colour, look), "", kWordWidth - word.size(),
                       without_controls(problem.message));
    out += fmt::format("  {:{}}{}\n", "", place_width + kWordWidth, without_controls(problem.hint));
  }
}

std::string counted(std::size_t count, std::string_view what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

using Row = std::array<std::string, 5>;

Row row_of(const ProvenHost& host, std::chrono::system_clock::time_point now) {
  const pki::Certificate& certificate = *host.certificate;
  const auto left = std::chrono::floor<std::chrono::hours>(certificate.not_after - now);
  return {host.name, without_controls(certificate.chain_file),
          pki::describe_key(certificate.key.get()), pki::issuer_label(certificate.leaf.get()),
          fmt::format("{}", left.count() / 24)};
}

nlohmann::json json_of(const pki::Certificate& certificate) {
  nlohmann::json names = nlohmann::json::array();
  for (const HostPattern& name : certificate.names) names.push_back(name.text());
  const X509* leaf = certificate.leaf.get();
  return {{"chain_file", certificate.chain_file},
          {"names", std::move(names)},
          {"issuer", pki::issuer_label(leaf)},
          {"key", pki::describe_key(certificate.key.get())},
          {"fingerprint", certificate.fingerprint},
          {"not_before", pki::iso_time(X509_get0_notBefore(leaf))},
          {"not_after", pki::iso_time(X509_get0_notAfter(leaf))},
          {"hosts", nlohmann::json::array()}};
}

}  // namespace

Look look_of(int fd) {
  if (::isatty(fd) != 1) return Look::lines;
  const auto variable = [](const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? std::string_view() : std::string_view(value);
  };
  const bool plain = !variable("NO_COLOR").empty() || variable("TERM") == "dumb";
  return plain ? Look::page : Look::coloured_page;
}

std::string problems_text(const Report& report, Look look) {
  if (look == Look::lines) return report.text();
  const std::vector<Problem> problems = report.by_place();
  std::string out;
  for (std::size_t begin = 0, end = 0; begin < problems.size(); begin = end) {
    while (end < problems.size() && problems[end].at.file == problems[begin].at.file) ++end;
    append_group(problems, begin, end, look, out);
  }
  return out;
}

std::string counts_text(const Report& report) {
  const std::size_t errors = report.errors();
  const std::size_t warnings = report.problems().size() - errors;
  if (errors == 0 && warnings == 0) return "no problems";
  if (errors == 0) return counted(warnings, "warning");
  if (warnings == 0) return counted(errors, "problem");
  return fmt::format("{} and {}", counted(errors, "problem"), counted(warnings, "warning"));
}

std::string hosts_text(const std::vector<ProvenHost>& hosts,
                       std::chrono::system_clock::time_point now, Look look) {
  std::vector<Row> rows = {{"host", "certificate", "key", "issuer", "days left"}};
  for (const ProvenHost& host : hosts) rows.push_back(row_of(host, now));
  std::array<std::size_t, std::tuple_size_v<Row>> widths{};
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string out;
  for (const Row& row : rows) {
    const std::string line =
        fmt::format("{:<{}}  {:<{}}  {:<{}}  {:<{}}  {:>{}}", row[0], widths[0], row[1], widths[1],
                    row[2], widths[2], row[3], widths[3], row[4], widths[4]);
    out += (out.empty() ? painted(line, kBold, look) : line) + '\n';
  }
  return out;
}

std::string check_json(const Report& report, const std::vector<ProvenHost>& hosts) {
  nlohmann::json certificates = nlohmann::json::array();
  std::unordered_map<const pki::Certificate*, std::size_t> seen;
  for (const ProvenHost& host : hosts) {
    const auto [at, is_new] = seen.try_emplace(host.certificate.get(), certificates.size());
    if (is_new) certificates.push_back(json_of(*host.certificate));
    certificates[at->second]["hosts"].push_back(host.name);
  }
  const nlohmann::ordered_json all = {{"ok", report.ok()},
                                      {"problems", to_json(report.by_place())},
                                      {"certificates", std::move(certificates)}};
  // A file name need not be UTF-8.
  return json_text(all, 2) + '\n';
}

}  // namespace wssgate::cli
