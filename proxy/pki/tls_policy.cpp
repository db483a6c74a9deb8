#include "pki/tls_policy.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <openssl/err.h>

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

#include "pki/openssl_ptr.h"

namespace wssgate::pki {
namespace {

using Names = std::vector<std::string>;

Names known_groups(std::initializer_list<const char*> wanted) {
  Names known;
  for (const char* name : wanted) {
    if (knows_group(name)) known.emplace_back(name);
  }
  return known;
}

// The hybrid first: what is recorded today, a quantum computer of tomorrow cannot read. A client
// that sends no share for it is not asked for one.
Names preset_groups() {
  static const Names groups = known_groups({"X25519MLKEM768", "X25519", "prime256v1", "secp384r1"});
  return groups;
}

Names tls13_suites() {
  return {"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"};
}

std::string list(const Names& names) { return fmt::format("{}", fmt::join(names, ":")); }

}  // namespace

TlsPolicy TlsPolicy::modern() {
  return {.min_version = TLS1_3_VERSION,
          .tls12_ciphers = {},
          .tls13_ciphers = tls13_suites(),
          .groups = preset_groups()};
}

TlsPolicy TlsPolicy::intermediate() {
  return {.min_version = TLS1_2_VERSION,
          .tls12_ciphers = {"ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-RSA-AES128-GCM-SHA256",
                            "ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-RSA-AES256-GCM-SHA384",
                            "ECDHE-ECDSA-CHACHA20-POLY1305", "ECDHE-RSA-CHACHA20-POLY1305"},
          .tls13_ciphers = tls13_suites(),
          .groups = preset_groups()};
}

const std::shared_ptr<const TlsPolicy>& TlsPolicy::usual() {
  static const auto shared = std::make_shared<const TlsPolicy>(intermediate());
  return shared;
}

std::string TlsPolicy::digest_text() const {
  return fmt::format("{} {} {} {}", min_version, list(tls12_ciphers), list(tls13_ciphers),
                     list(groups));
}

TlsPolicy TlsOverrides::over(TlsPolicy base) const {
  if (preset) base = *preset;
  if (min_version) base.min_version = *min_version;
  if (tls12_ciphers) base.tls12_ciphers = *tls12_ciphers;
  if (tls13_ciphers) base.tls13_ciphers = *tls13_ciphers;
  if (groups) base.groups = *groups;
  return base;
}

bool TlsOverrides::operator==(const TlsOverrides& other) const {
  return preset == other.preset && min_version == other.min_version &&
         tls12_ciphers == other.tls12_ciphers && tls13_ciphers == other.tls13_ciphers &&
         groups == other.groups;
}

std::optional<PolicyFault> policy_fault(const TlsPolicy& policy) {
  if (policy.min_version == TLS1_2_VERSION && policy.tls12_ciphers.empty()) {
    return PolicyFault{"TLS 1.2 is allowed, but no cipher suite of it is named",
                       "write 'min_version: \"1.3\"', or name some under 'ciphers', such as "
                       "ECDHE-ECDSA-AES128-GCM-SHA256"};
  }
  if (policy.tls13_ciphers.empty()) {
    return PolicyFault{"no cipher suite of TLS 1.3 is named, which every client of today speaks",
                       "name some under 'ciphers', such as TLS_AES_128_GCM_SHA256"};
  }
  return std::nullopt;
}

bool apply(const TlsPolicy& policy, SSL_CTX* context) {
  const bool has_tls12 = policy.min_version <= TLS1_2_VERSION;
  std::string groups = list(policy.groups);
  return SSL_CTX_set_min_proto_version(context, policy.min_version) == 1 &&
         (!has_tls12 ||
          SSL_CTX_set_cipher_list(context, list(policy.tls12_ciphers).c_str()) == 1) &&
         SSL_CTX_set_ciphersuites(context, list(policy.tls13_ciphers).c_str()) == 1 &&
         // SSL_CTX_set1_groups_list without its C cast.
         SSL_CTX_ctrl(context, SSL_CTRL_SET_GROUPS_LIST, 0, groups.data()) == 1;
}

bool knows_group(const std::string& name) {
  const std::unique_ptr<SSL_CTX, OpensslDeleter<SSL_CTX_free>> probe(SSL_CTX_new(TLS_method()));
  std::string text = name;
  const bool known =  // an empty list is one for OpenSSL 3.5
      !name.empty() && probe != nullptr &&
      SSL_CTX_ctrl(probe.get(), SSL_CTRL_SET_GROUPS_LIST, 0, text.data()) == 1;
  ERR_clear_error();
  return known;
}

}  // namespace wssgate::pki
