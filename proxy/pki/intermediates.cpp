#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <tuple>

#include "pki/chain_verdict.h"
#include "pki/pem_file.h"
#include "pki/trust.h"
#include "pki/x509_facts.h"

namespace wssgate::pki {
namespace {

namespace fs = std::filesystem;

// Kubernetes keeps what its links point to in "..data".
bool is_certificate_file(const fs::path& path) {
  const bool hidden = path.filename().string().front() == '.';
  return !hidden && (path.extension() == ".pem" || path.extension() == ".crt");
}

std::vector<std::string> certificate_files(const NamedPath& folder, Report& report) {
  std::vector<std::string> files;
  std::error_code error;
  fs::directory_iterator entry(folder.path, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    if (is_certificate_file(entry->path())) files.push_back(entry->path().string());
  }
  if (error) {
    report.add(folder.named_at,
               fmt::format("cannot read the folder of intermediates '{}': {}", folder.path,
                           error.message()),
               "name a folder that wssgate's user may read");
  } else if (files.empty()) {
    report.warn(
        folder.named_at,
        fmt::format("the folder of intermediates '{}' has no *.pem or *.crt file", folder.path),
        "put the PEM certificates of intermediates there, or leave the key out");
  }
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

Intermediates Intermediates::load(const NamedPath& folder,
                                  std::chrono::system_clock::time_point now, Report& report) {
  Intermediates intermediates;
  for (const std::string& file : certificate_files(folder, report)) {
    intermediates.add_file(file, now, report);
  }
  return intermediates;
}

void Intermediates::add_file(const std::string& path, std::chrono::system_clock::time_point now,
                             Report& report) {
  const auto bytes = FileBytes::read(path);
  if (!bytes) {
    report.add({path, 0, 0}, fmt::format("cannot read the intermediate: {}", bytes.error().context),
               "see that wssgate's user may read it, or move it away");
    return;
  }
  const auto blocks = split_pem(bytes->view());
  bool found = false;
  for (const PemBlock& block : blocks) {
    if (!is_certificate_label(block.label)) continue;
    found = true;
    Member member{decode_certificate(block), {path, block.line, 1}};
    if (!member.certificate) {
      report.add(member.at, "the certificate is damaged: its PEM block does not decode",
                 "copy the whole file again");
      continue;
    }
    member.fit = judge_intermediate({member.certificate.get(), member.at}, now, report);
    members_.push_back(std::move(member));
  }
  if (found) return;
  auto advice = explain_missing_certificate(path, bytes->view(), blocks);
  report.add({path, 0, 0}, std::move(advice.message),
             fmt::format("only PEM certificates of intermediates belong here; one in DER (as CAs "
                         "publish them) becomes one with: openssl x509 -inform der -in {}",
                         path));
}

std::vector<const Intermediates::Member*> Intermediates::issuers_of(const X509* certificate) const {
  std::vector<const Member*> issuers;
  for (const Member& member : members_) {
    const X509* candidate = member.certificate.get();
    if (has_issuer_name_of(certificate, candidate) && is_signed_by(certificate, candidate)) {
      issuers.push_back(&member);
    }
  }
  const auto rank = [](const Member* member) {
    return std::tuple(member->fit, not_after(member->certificate.get()));
  };
  std::stable_sort(issuers.begin(), issuers.end(),
                   [&](const Member* a, const Member* b) { return rank(a) > rank(b); });
  return issuers;
}

}  // namespace wssgate::pki
