#include "nginx/import.h"

#include <fmt/format.h>

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
