#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include "base/errno_text.h"
#include "cli/commands.h"
#include "cli/report_output.h"
#include "nginx/certificates.h"
#include "nginx/import.h"
#include "nginx/parser.h"
#include "nginx/render.h"
#include "pki/trust.h"

namespace wssgate::cli {
namespace {

constexpr int kUnreadable = static_cast<int>(nginx::ExitCode::unreadable);

int refuse_import(const std::string& why) {
  std::fputs(fmt::format("wssgate: {}\n", why).c_str(), stderr);
  return kUnreadable;
}

/// An existing file is left alone: it may be what somebody has worked on. So is what a symbolic
/// link leads to.
std::optional<std::string> write_new_file(const std::string& path, const std::string& text) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
  if (fd < 0) {
    if (errno == EEXIST) return "it is there already: name another file, or move it away";
    return errno_text(errno);
  }
  std::size_t written = 0;
  int failure = 0;
  while (written < text.size() && failure == 0) {
    const ssize_t count = ::write(fd, text.data() + written, text.size() - written);
    if (count > 0) {
      written += static_cast<std::size_t>(count);
    } else if (count == 0 || errno != EINTR) {
      failure = count == 0 ? EIO : errno;
    }
  }
  if (::close(fd) != 0 && failure == 0) failure = errno;
  if (failure == 0) return std::nullopt;
  ::unlink(path.c_str());  // half of it is of no use
  return errno_text(failure);
}

void print_json(const ImportNginxOptions& options, const nginx::Import& import,
                const Report& syntax) {
  std::fputs(nginx::report_json(options.file, import, syntax).c_str(), stdout);
}

void print_report(const ImportNginxOptions& options, const nginx::Import& import) {
  // The configuration has stdout, unless it goes elsewhere.
  const bool on_stdout = options.check_only || !options.output.empty();
  FILE* const out = on_stdout ? stdout : stderr;
  const int fd = on_stdout ? STDOUT_FILENO : STDERR_FILENO;
  const nginx::Look look{look_of(fd) == Look::coloured_page, options.every_note};
  std::fputs(nginx::report_text(options.file, import.findings, look).c_str(), out);
}

}  // namespace

int import_nginx(const ImportNginxOptions& options) {
  if (options.output == "-") {
    return refuse_import("-o names a file; without it the configuration goes to standard output");
  }
  Report report;
  const auto now = std::chrono::system_clock::now();
  std::vector<pki::NamedPath> roots;
  std::vector<std::string> named_roots;
  if (!options.ca.empty()) {
    std::error_code failure;
    roots.push_back({options.ca, {"--ca", 0, 0}});
    // The result may be put into another folder.
    named_roots.push_back(std::filesystem::absolute(options.ca, failure).string());
  }
  const auto trust = pki::Trust::load(roots, std::nullopt, now, report);
  if (!report.ok()) {
    std::fputs(problems_text(report, look_of(STDERR_FILENO)).c_str(), stderr);
    return kUnreadable;
  }
  std::error_code failure;
  const std::string path = std::filesystem::absolute(options.file, failure).string();
  Report syntax;
  const auto import =
      nginx::import_file(failure ? options.file : path, nginx::FileSources(),
                         nginx::certificates_on_disk(trust, now), named_roots, syntax);
  if (!syntax.ok()) {
    if (options.json) {
      print_json(options, import, syntax);
    } else {
      std::fputs(problems_text(syntax, look_of(STDERR_FILENO)).c_str(), stderr);
    }
    return kUnreadable;
  }
  const bool written = import.serves && !options.output.empty();
  if (written) {
    if (const auto why = write_new_file(options.output, import.yaml)) {
      return refuse_import(fmt::format("{}: {}", options.output, *why));
    }
  }
  if (options.json) {
    print_json(options, import, syntax);
  } else {
    print_report(options, import);
    if (written) {
      std::fputs(
          fmt::format("Written to {0}. Prove it with its certificates: wssgate check -c {0}\n",
                      options.output)
              .c_str(),
          stdout);
    }
  }
  const bool to_stdout = !options.check_only && options.output.empty() && !options.json;
  if (to_stdout && import.serves) std::fputs(import.yaml.c_str(), stdout);
  if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) {
    return refuse_import("standard output cannot be written");
  }
  return static_cast<int>(import.findings.exit_code());
}

}  // namespace wssgate::cli
