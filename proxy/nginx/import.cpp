#include "nginx/import.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "nginx/draft.h"
#include "nginx/model.h"
#include "nginx/translate.h"
#include "nginx/traps.h"

namespace wssgate::nginx {
namespace {

std::vector<std::string> head_comment(const std::string& path, const Findings& findings) {
  std::vector<std::string> lines = {
      fmt::format("Made of {} by 'wssgate import-nginx'. Every key is explained in", path),
      "conf/reference.yaml; 'wssgate check -c FILE' proves it with its certificates."};
  const std::size_t lost = findings.count(Kind::untranslated);
  if (lost == 1) lines.emplace_back("One thing is not carried over: see the report.");
  if (lost > 1)
    lines.push_back(fmt::format("{} things are not carried over: see the report.", lost));
  return lines;
}

/// A file from sites-enabled, say: what nginx.conf says around it counts there, and is not read
/// here.
void tell_piece(const std::string& path, const std::string& main_file,
                const std::vector<Directive>& tree, Findings& findings) {
  const auto is_whole = [](const Directive& each) {
    return each.has_block && (each.name == "http" || each.name == "stream");
  };
  const auto is_server = [](const Directive& each) { return each.name == "server"; };
  const bool piece = std::none_of(tree.begin(), tree.end(), is_whole) &&
                     std::any_of(tree.begin(), tree.end(), is_server);
  if (!piece || path.ends_with("nginx.conf")) return;
  findings.add({FindingId::untranslated,
                {path, 0, 0},
                "",
                "this is a part of a configuration, and nginx.conf around it was not read",
                fmt::format("import {} instead: what it denies, limits and names counts here too",
                            main_file == path ? "the nginx.conf that includes it" : main_file)});
}

}  // namespace

Import import_file(const std::string& path, const Sources& sources, CertificateReader::Read read,
                   const std::vector<std::string>& roots, Report& report) {
  Import made;
  const std::vector<Directive> tree = parse(path, sources, report);
  if (!report.ok()) return made;
  for (const Problem& warning : report.problems()) {
    made.findings.add({FindingId::include_unread, warning.at, "", warning.message, warning.hint});
  }
  const std::string main_file = main_file_of(path, sources);
  tell_piece(path, main_file, tree, made.findings);
  Model model = build_model(tree);
  CertificateReader certificates(std::move(read));
  find_traps(model, main_file, certificates, made.findings);
  Draft draft = translate(model, tree, main_file, certificates, made.findings);
  draft.roots = roots;
  draft.comment = head_comment(path, made.findings);
  made.serves = draft.serves();
  made.yaml = to_yaml(draft);
  return made;
}

}  // namespace wssgate::nginx
