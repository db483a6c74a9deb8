#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/hostname.h"
#include "base/report.h"
#include "nginx/model.h"
#include "pki/trust.h"

namespace wssgate::nginx {

/// One ssl_certificate with its key.
struct CertificatePair {
  const Directive* from = nullptr;
  /// Absolute, or relative to the working directory.
  std::string chain;
  std::string key;
  /// Why these are no files, as a clause; empty when they are.
  std::string fault;
};
/// Those in force in the server; several where there are ECDSA and RSA ones.
std::vector<CertificatePair> certificate_pairs(const Server& server, const std::string& main_file);

/// The names that clients can ask for: ".example.com" is two. What is none (an expression, "_", an
/// IP address) goes to `others`.
std::vector<HostPattern> host_names(const Server& server, std::vector<std::string>& others);

/// What a certificate that nginx is given comes to.
struct CertificateFacts {
  /// Why the chain file could not be read; empty when it could.
  std::string unread;
  /// The key's file could not be read, by this user.
  bool key_unread = false;
  std::vector<HostPattern> names;
  /// The server's certificate stands alone and needs an intermediate.
  bool leaf_only = false;
  bool rsa = false;
  /// Who issued it, printable.
  std::string issuer;
  /// What `wssgate check` would say of it, but for what stands above.
  std::vector<Problem> problems;

  bool covers(const HostPattern& name) const;
};

/// Asks for each certificate once.
class CertificateReader {
 public:
  /// From the paths of a chain and a key to what they come to.
  using Read = std::function<CertificateFacts(const std::string&, const std::string&)>;

  explicit CertificateReader(Read read) : read_(std::move(read)) {}

  const CertificateFacts& facts(const std::string& chain_file, const std::string& key_file);

 private:
  Read read_;
  std::map<std::pair<std::string, std::string>, CertificateFacts> known_;
};

/// Opens the files, judges them as `wssgate check` does at `now`, and fetches nothing. `trust` is
/// borrowed.
CertificateReader::Read certificates_on_disk(const pki::Trust& trust,
                                             std::chrono::system_clock::time_point now);

/// Of a list in OpenSSL's syntax: the first suite with RSA key exchange that it offers up to
/// TLS 1.2; empty when there is none.
std::string rsa_key_exchange_in(const std::string& ciphers);

}  // namespace wssgate::nginx
