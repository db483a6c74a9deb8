#include "nginx/certificates.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <memory>

#include "base/text.h"
#include "pki/certificate.h"
#include "pki/pem_file.h"
#include "pki/x509_facts.h"

namespace wssgate::nginx {
namespace {

/// The server's own: the first, as nginx has it.
pki::X509Ptr first_certificate(std::string_view bytes, std::size_t& count) {
  pki::X509Ptr first;
  for (const pki::PemBlock& block : pki::split_pem(bytes)) {
    if (!pki::is_certificate_label(block.label)) continue;
    if (++count == 1) first = pki::decode_certificate(block);
  }
  return first;
}

bool tells_leaf_alone(const Problem& problem) {
  return problem.message.find("the file holds the server's certificate alone") != std::string::npos;
}

CertificateFacts read_from_disk(const std::string& chain_file, const std::string& key_file,
                                const pki::Trust& trust,
                                std::chrono::system_clock::time_point now) {
  CertificateFacts facts;
  const auto bytes = pki::FileBytes::read(chain_file);
  if (!bytes) {
    facts.unread = bytes.error().context;
    return facts;
  }
  facts.key_unread = !pki::FileBytes::read(key_file).ok();
  std::size_t count = 0;
  if (const auto leaf = first_certificate(bytes->view(), count)) {
    facts.issuer = pki::issuer_label(leaf.get());
    facts.leaf_only = count == 1 && !pki::is_self_signed(leaf.get()) &&
                      trust.anchors.root_of(leaf.get()) == nullptr;
    facts.names = pki::dns_names(leaf.get());
    facts.rsa = pki::key_type(X509_get0_pubkey(leaf.get())) == pki::KeyType::rsa;
  }
  Report report;
  const pki::CertificateSource source{chain_file, key_file, {chain_file, 0, 0}};
  (void)pki::load_certificate(source, trust, now, report);
  for (const Problem& problem : report.problems()) {
    if (facts.key_unread && problem.at.file == key_file) continue;
    if (facts.leaf_only && tells_leaf_alone(problem)) continue;
    facts.problems.push_back(problem);
  }
  return facts;
}

}  // namespace

std::vector<CertificatePair> certificate_pairs(const Server& server, const std::string& main_file) {
  const auto& chains = server.scope->all("ssl_certificate");
  const auto& keys = server.scope->all("ssl_certificate_key");
  std::vector<CertificatePair> pairs;
  for (std::size_t i = 0; i < chains.size(); ++i) {
    const std::string& chain = chains[i]->arg(0);
    const std::string key = i < keys.size() ? keys[i]->arg(0) : std::string();
    CertificatePair pair{chains[i], below(main_file, chain), below(main_file, key), {}};
    if (chain.find('$') != std::string::npos || chain.starts_with("data:")) {
      pair.fault = "it names no file but a variable";
    } else if (key.empty()) {
      pair.fault = "there is no ssl_certificate_key for it";
    } else if (key.find('$') != std::string::npos || key.starts_with("data:") ||
               key.starts_with("engine:") || key.starts_with("store:")) {
      pair.fault = "its key is in no file";
    }
    pairs.push_back(std::move(pair));
  }
  return pairs;
}

std::vector<HostPattern> host_names(const Server& server, std::vector<std::string>& others) {
  std::vector<HostPattern> names;
  const auto add = [&](std::string_view text) {
    const auto pattern = HostPattern::parse(text);
    if (!pattern) return false;
    if (std::find(names.begin(), names.end(), *pattern) == names.end()) names.push_back(*pattern);
    return true;
  };
  for (const std::string& name : server.names) {
    if (name.starts_with('.')) {
      const bool both = add(name.substr(1)) && add("*" + name);
      if (!both) others.push_back(name);
    } else if (name == "_" || !add(name)) {
      others.push_back(name);
    }
  }
  return names;
}

bool CertificateFacts::covers(const HostPattern& name) const {
  return std::any_of(names.begin(), names.end(),
                     [&](const HostPattern& own) { return own.covers(name); });
}

const CertificateFacts& CertificateReader::facts(const std::string& chain_file,
                                                 const std::string& key_file) {
  const auto key = std::make_pair(chain_file, key_file);
  const auto found = known_.find(key);
  if (found != known_.end()) return found->second;
  return known_.emplace(key, read_(chain_file, key_file)).first->second;
}

CertificateReader::Read certificates_on_disk(const pki::Trust& trust,
                                             std::chrono::system_clock::time_point now) {
  return [&trust, now](const std::string& chain_file, const std::string& key_file) {
    return read_from_disk(chain_file, key_file, trust, now);
  };
}

std::string rsa_key_exchange_in(const std::string& ciphers) {
  struct Free {
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  };
  const std::unique_ptr<SSL_CTX, Free> context(SSL_CTX_new(TLS_server_method()));
  if (!context || SSL_CTX_set_cipher_list(context.get(), ciphers.c_str()) != 1) {
    ERR_clear_error();
    return {};
  }
  const STACK_OF(SSL_CIPHER)* const list = SSL_CTX_get_ciphers(context.get());
  for (int i = 0; i < sk_SSL_CIPHER_num(list); ++i) {
    const SSL_CIPHER* const suite = sk_SSL_CIPHER_value(list, i);
    if (SSL_CIPHER_get_kx_nid(suite) == NID_kx_rsa) return SSL_CIPHER_get_name(suite);
  }
  return {};
}

}  // namespace wssgate::nginx
