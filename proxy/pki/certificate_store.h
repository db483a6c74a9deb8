#pragma once

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "pki/certificate.h"

namespace wssgate::pki {

/// Proven certificates, found by the names they cover.
class CertificateStore {
 public:
  void add(std::shared_ptr<const Certificate> certificate);

  /// Remembers what a certificate would cover that was refused.
  void add_refused(const std::string& chain_file, const std::vector<HostPattern>& names);
  /// The chain file of a refused certificate that would cover the name; nothing when there is none.
  std::optional<std::string> refused_for(const HostPattern& name) const;

  /// The certificates to serve for a configured name, at most one of each key type: the most
  /// specific covering name wins (exact before wildcard); among equals the one that ends last.
  /// A wildcard is covered only by itself. Ordered by key type; empty when none covers it.
  std::vector<std::shared_ptr<const Certificate>> select(const HostPattern& name) const;

  std::size_t size() const { return certificates_.size(); }
  const std::vector<std::shared_ptr<const Certificate>>& all() const { return certificates_; }

 private:
  using Certificates = std::vector<std::shared_ptr<const Certificate>>;

  const Certificates* named(const std::string& name) const;

  Certificates certificates_;
  /// By every subject alternative name as written, "*.example.com" for a wildcard: a host name is
  /// looked up as itself and with its first label replaced, however many certificates there are.
  std::unordered_map<std::string, Certificates> by_name_;
  std::unordered_map<std::string, std::string> refused_;
};

}  // namespace wssgate::pki
