#include <fmt/format.h>
#include <fmt/ranges.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/objects.h>

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <string_view>
#include <utility>

#include "base/text.h"
#include "pki/openssl_ptr.h"
#include "pki/tls_policy.h"

// The names of cipher suites and groups, and which of them may serve.
namespace wssgate::pki {
namespace {

struct Verdict {
  std::string message;
  std::string hint;
};

std::string upper(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return out;
}

/// "write 'X' if you meant that", or else `otherwise`.
std::string suggestion(std::string_view word, const std::vector<std::string_view>& known,
                       std::string otherwise) {
  const auto same = std::find_if(known.begin(), known.end(),
                                 [&](std::string_view each) { return iequals(each, word); });
  if (same != known.end()) return fmt::format("write '{}' if you meant that", *same);
  const std::string_view near = nearest(word, known);
  return near.empty() ? std::move(otherwise) : fmt::format("write '{}' if you meant that", near);
}

/// Every cipher suite of this OpenSSL, good or not. They live as long as the process.
using Suites = std::map<std::string, const SSL_CIPHER*, std::less<>>;

const Suites& all_suites() {
  static const Suites suites = [] {
    Suites all;
    const std::unique_ptr<SSL_CTX, OpensslDeleter<SSL_CTX_free>> probe(SSL_CTX_new(TLS_method()));
    if (!probe) return all;
    SSL_CTX_set_cipher_list(probe.get(), "ALL:COMPLEMENTOFALL:@SECLEVEL=0");
    SSL_CTX_set_ciphersuites(probe.get(),
                             "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:"
                             "TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_CCM_SHA256:"
                             "TLS_AES_128_CCM_8_SHA256");
    const STACK_OF(SSL_CIPHER)* const list = SSL_CTX_get_ciphers(probe.get());
    for (int i = 0; i < sk_SSL_CIPHER_num(list); ++i) {
      const SSL_CIPHER* const suite = sk_SSL_CIPHER_value(list, i);
      all.emplace(SSL_CIPHER_get_name(suite), suite);
    }
    ERR_clear_error();
    return all;
  }();
  return suites;
}

bool is_tls13(const SSL_CIPHER* suite) { return SSL_CIPHER_get_kx_nid(suite) == NID_kx_any; }

/// Why the suite may not serve; nothing when it may.
std::optional<Verdict> fault_of(const std::string& name, const SSL_CIPHER* suite) {
  const int exchange = SSL_CIPHER_get_kx_nid(suite);
  const int authentication = SSL_CIPHER_get_auth_nid(suite);
  if (name.find("CCM8") != std::string::npos || name.find("CCM_8") != std::string::npos) {
    return Verdict{fmt::format("'{}' authenticates with 64 bits only, too few outside of small "
                               "devices",
                               name),
                   "remove it"};
  }
  if (is_tls13(suite)) return std::nullopt;
  if (authentication != NID_auth_rsa && authentication != NID_auth_ecdsa) {
    return Verdict{fmt::format("'{}' does not prove who the server is by a certificate", name),
                   "remove it"};
  }
  if (exchange == NID_kx_dhe) {
    return Verdict{fmt::format("'{}' exchanges keys by finite-field Diffie-Hellman, for which "
                               "wssgate has no parameters: no client could use it",
                               name),
                   "name the ECDHE suite in its place"};
  }
  if (exchange != NID_kx_ecdhe) {
    return Verdict{fmt::format("'{}' has no forward secrecy: whoever gets the key one day reads "
                               "what was recorded before",
                               name),
                   "remove it, or name the ECDHE suite in its place"};
  }
  if (SSL_CIPHER_is_aead(suite) != 1) {
    return Verdict{fmt::format("'{}' is no AEAD suite, and the others have been broken by their "
                               "padding more than once",
                               name),
                   "remove it, or name the one with GCM or CHACHA20 in its place"};
  }
  return std::nullopt;
}

Verdict unknown_suite(const std::string& name) {
  const std::string iana = OPENSSL_cipher_name(name.c_str());
  if (all_suites().count(iana) != 0) {
    return {fmt::format("'{}' is the name that IANA gave a suite of TLS 1.2", name),
            fmt::format("write OpenSSL's: '{}'", iana)};
  }
  std::vector<std::string_view> good;
  for (const auto& [known, suite] : all_suites()) {
    if (!fault_of(known, suite)) good.push_back(known);
  }
  return {fmt::format("this OpenSSL has no cipher suite '{}'", name),
          suggestion(upper(name), good,
                     "write OpenSSL's names, such as TLS_AES_128_GCM_SHA256 or "
                     "ECDHE-ECDSA-AES128-GCM-SHA256")};
}

struct Group {
  std::string_view name;
  std::string_view alias;
  std::string_view other_alias;
  /// The first OpenSSL that has it, where that matters.
  std::string_view since;
};
constexpr std::array kGroups = {
    Group{"X25519MLKEM768", "", "", "3.5"},        Group{"SecP256r1MLKEM768", "", "", "3.5"},
    Group{"SecP384r1MLKEM1024", "", "", "3.5"},    Group{"X25519", "", "", ""},
    Group{"prime256v1", "P-256", "secp256r1", ""}, Group{"secp384r1", "P-384", "", ""},
    Group{"secp521r1", "P-521", "", ""},           Group{"X448", "", "", ""}};

const Group* find_group(std::string_view name) {
  const auto found = std::find_if(kGroups.begin(), kGroups.end(), [&](const Group& group) {
    return name == group.name ||
           (!name.empty() && (name == group.alias || name == group.other_alias));
  });
  return found == kGroups.end() ? nullptr : &*found;
}

std::optional<Verdict> fault_of_group(const std::string& name, const Group* group) {
  if (group == nullptr) {
    std::vector<std::string_view> names;
    names.reserve(kGroups.size());
    for (const Group& each : kGroups) names.push_back(each.name);
    return Verdict{
        fmt::format("no key exchange group is called '{}'", name),
        suggestion(name, names, fmt::format("write one of: {}", fmt::join(names, ", ")))};
  }
  if (knows_group(std::string(group->name))) return std::nullopt;
  const std::string_view version = OpenSSL_version(OPENSSL_VERSION_STRING);
  if (group->since.empty()) {
    return Verdict{fmt::format("this OpenSSL {} does not have '{}'", version, name), "remove it"};
  }
  return Verdict{
      fmt::format("this OpenSSL {} does not know '{}'; it needs {}", version, name, group->since),
      "remove it: the presets use it wherever it is known"};
}

/// Appends unless it is there already, which is a problem.
void append(std::vector<std::string>& names, const std::string& name, const LocatedName& written,
            Report& report) {
  if (std::find(names.begin(), names.end(), name) != names.end()) {
    report.add(written.at, fmt::format("'{}' stands twice in this list", name),
               "remove one of them");
    return;
  }
  names.push_back(name);
}

}  // namespace

void take_ciphers(const std::vector<LocatedName>& names, TlsOverrides& overrides, Report& report) {
  auto& tls12 = overrides.tls12_ciphers.emplace();
  auto& tls13 = overrides.tls13_ciphers.emplace();
  for (const LocatedName& name : names) {
    const auto suite = all_suites().find(name.text);
    const bool known = suite != all_suites().end();
    auto fault = known ? fault_of(name.text, suite->second) : unknown_suite(name.text);
    if (fault) {
      report.add(name.at, std::move(fault->message), std::move(fault->hint));
      continue;
    }
    append(is_tls13(suite->second) ? tls13 : tls12, name.text, name, report);
  }
}

void take_groups(const std::vector<LocatedName>& names, TlsOverrides& overrides, Report& report) {
  auto& groups = overrides.groups.emplace();
  for (const LocatedName& name : names) {
    const Group* const group = find_group(name.text);
    if (auto fault = fault_of_group(name.text, group)) {
      report.add(name.at, std::move(fault->message), std::move(fault->hint));
      continue;
    }
    append(groups, std::string(group->name), name, report);
  }
}

}  // namespace wssgate::pki
