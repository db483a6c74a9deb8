#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "nginx/certificates.h"
#include "nginx/import.h"
#include "nginx/parser.h"

namespace wssgate::nginx {

/// Files by name. A pattern matches what begins as it does before its first '*'.
class MemorySources : public Sources {
 public:
  explicit MemorySources(std::map<std::string, std::string> files) : files_(std::move(files)) {}

  std::optional<std::string> read(const std::string& path, std::string& why) const override {
    const auto found = files_.find(path);
    if (found != files_.end()) return found->second;
    why = "No such file or directory";
    return std::nullopt;
  }
  std::vector<std::string> match(const std::string& pattern, std::string& /*why*/) const override {
    std::vector<std::string> names;
    const std::string begin = pattern.substr(0, pattern.find('*'));
    for (const auto& [name, text] : files_) {
      if (name.starts_with(begin)) names.push_back(name);
    }
    return names;
  }

 private:
  std::map<std::string, std::string> files_;
};

/// The same, for a list in braces.
inline MemorySources in_memory(std::map<std::string, std::string> files) {
  return MemorySources(std::move(files));
}

inline CertificateFacts facts_for(const std::vector<std::string>& names) {
  CertificateFacts facts;
  for (const std::string& name : names) {
    if (const auto pattern = HostPattern::parse(name)) facts.names.push_back(*pattern);
  }
  return facts;
}

/// Imports a text, with certificates by the path of their chain; others cannot be read.
inline Import import_text(const std::string& text,
                          const std::map<std::string, CertificateFacts>& certificates,
                          Report& report) {
  const MemorySources sources = in_memory({{"/etc/nginx/nginx.conf", text}});
  const auto read = [&](const std::string& chain, const std::string&) {
    const auto found = certificates.find(chain);
    if (found != certificates.end()) return found->second;
    CertificateFacts facts;
    facts.unread = "No such file or directory";
    return facts;
  };
  return import_file("/etc/nginx/nginx.conf", sources, read, {}, report);
}

}  // namespace wssgate::nginx
