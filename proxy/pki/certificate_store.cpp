#include "pki/certificate_store.h"

#include <array>

namespace wssgate::pki {
namespace {

std::string wildcard_above(const std::string& name) {
  const auto dot = name.find('.');
  return dot == std::string::npos ? std::string() : "*" + name.substr(dot);
}

}  // namespace

void CertificateStore::add(std::shared_ptr<const Certificate> certificate) {
  for (const HostPattern& name : certificate->names) by_name_[name.text()].push_back(certificate);
  certificates_.push_back(std::move(certificate));
}

void CertificateStore::add_refused(const std::string& chain_file,
                                   const std::vector<HostPattern>& names) {
  for (const HostPattern& name : names) refused_.emplace(name.text(), chain_file);
}

std::optional<std::string> CertificateStore::refused_for(const HostPattern& name) const {
  auto found = refused_.find(name.text());
  if (found == refused_.end() && !name.is_wildcard()) {
    found = refused_.find(wildcard_above(name.suffix()));
  }
  if (found == refused_.end()) return std::nullopt;
  return found->second;
}

const CertificateStore::Certificates* CertificateStore::named(const std::string& name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : &found->second;
}

std::vector<std::shared_ptr<const Certificate>> CertificateStore::select(
    const HostPattern& name) const {
  std::array<std::shared_ptr<const Certificate>, 3> best;  // by key type
  const auto consider = [&](const Certificates* candidates) {
    if (candidates == nullptr) return;
    const auto more_specific = best;
    for (const auto& candidate : *candidates) {
      const auto type = static_cast<std::size_t>(candidate->key_type);
      if (more_specific[type]) continue;
      if (!best[type] || candidate->not_after > best[type]->not_after) best[type] = candidate;
    }
  };
  consider(named(name.text()));
  if (!name.is_wildcard()) consider(named(wildcard_above(name.suffix())));

  std::vector<std::shared_ptr<const Certificate>> selected;
  for (auto& certificate : best) {
    if (certificate) selected.push_back(std::move(certificate));
  }
  return selected;
}

}  // namespace wssgate::pki
