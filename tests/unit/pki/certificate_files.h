#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "pki/certificate.h"
#include "support/temp_folder.h"
#include "support/test_ca.h"

namespace wssgate::test {

/// The files of one certificate, to be arranged rightly or wrongly, and what loading makes of them.
struct CertificateFiles {
  TempFolder folder;
  TestCa ca;
  std::string chain;
  std::string key;
  mode_t key_mode = 0600;
  std::string roots = ca.root.pem();
  /// Files of the folder of intermediates; none: no such folder is configured.
  std::map<std::string, std::string> intermediates;
  std::chrono::system_clock::time_point now = day(2026, 6, 1);
  Report report;

  /// `leaf`'s chain and key.
  void arrange(const TestCertificate& leaf) {
    chain = ca.chain(leaf);
    key = leaf.key_pem();
  }

  /// Read once, so that the report says it once.
  const pki::Trust& trust() {
    if (!trust_) {
      std::optional<pki::NamedPath> pool;
      for (const auto& [name, content] : intermediates) {
        folder.write("intermediates/" + name, content);
        pool = pki::NamedPath{folder.path() + "/intermediates", {"wssgate.yaml", 3, 3}};
      }
      const pki::NamedPath root_file{folder.write("roots.pem", roots), {"wssgate.yaml", 2, 3}};
      trust_ = pki::Trust::load({root_file}, pool, now, report);
    }
    return *trust_;
  }

  pki::LoadOutcome outcome() {
    const auto& trusted = trust();
    const pki::CertificateSource source{folder.write("fullchain.pem", chain),
                                        folder.write("privkey.pem", key, key_mode),
                                        {"wssgate.yaml", 7, 5}};
    return pki::load_certificate(source, trusted, now, report);
  }

  std::shared_ptr<const pki::Certificate> load() { return outcome().certificate; }

  /// The report, with DIR for the folder.
  std::string told() const { return replace_all(report.text(), folder.path() + "/", "DIR/"); }

  static std::string replace_all(std::string text, const std::string& from, const std::string& to) {
    for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) {
      text.replace(at, from.size(), to);
    }
    return text;
  }

  /// `text` with $1, $2 … as the lines of the chain file's first, second … block.
  std::string with_lines(std::string text) const {
    int line = 1;
    int block = 0;
    for (std::size_t at = 0; at < chain.size(); ++line) {
      if (chain.compare(at, 11, "-----BEGIN ") == 0) {
        text = replace_all(text, "$" + std::to_string(++block), std::to_string(line));
      }
      at = chain.find('\n', at);
      if (at == std::string::npos) break;
      ++at;
    }
    return text;
  }

 private:
  std::optional<pki::Trust> trust_;
};

}  // namespace wssgate::test
