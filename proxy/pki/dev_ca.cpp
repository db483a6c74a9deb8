#include "pki/dev_ca.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>

#include "base/hostname.h"
#include "base/text.h"
#include "pki/pem_file.h"
#include "pki/private_file.h"
#include "pki/x509_facts.h"

namespace wssgate::pki {
namespace {

using std::chrono::hours;

// Trusting the CA is the one step by hand, in every browser and on every device, so it should not
// come back; the name constraints keep a key that leaks in these years from being of much use.
constexpr hours kCaLife{24 * 3650};
constexpr hours kLeafLife{24 * 90};
// For clients in containers and virtual machines whose clock is behind.
constexpr hours kSkew{1};

constexpr const char* kCaName = "wssgate development CA";
constexpr const char* kPermitted =
    "permitted;DNS:localhost,permitted;DNS:test,permitted;DNS:internal,"
    "permitted;IP:127.0.0.0/255.0.0.0,permitted;IP:10.0.0.0/255.0.0.0,"
    "permitted;IP:172.16.0.0/255.240.0.0,permitted;IP:192.168.0.0/255.255.0.0,"
    "permitted;IP:169.254.0.0/255.255.0.0,"
    "permitted;IP:::1/FFFF:FFFF:FFFF:FFFF:FFFF:FFFF:FFFF:FFFF,"
    "permitted;IP:FC00::/FE00::,permitted;IP:FE80::/FFC0::";

struct Pair {
  X509Ptr certificate;
  KeyPtr key;
  /// Of the key's file, where it was read from one.
  mode_t key_mode = 0600;
};

bool is_private(const Pair& pair) { return (pair.key_mode & 0077) == 0; }

/// What the certificate is for, each spelled in one way.
struct Names {
  std::vector<std::string> dns;
  std::vector<std::string> addresses;

  std::string subject_alt_name() const {
    std::vector<std::string> parts;
    for (const auto& name : dns) parts.push_back("DNS:" + name);
    for (const auto& address : addresses) parts.push_back("IP:" + address);
    return fmt::format("{}", fmt::join(parts, ","));
  }
};

Error failure(std::string context) {
  return Error(Reason::internal_error, Side::proxy, std::move(context));
}

Error openssl_failure(std::string_view what) {
  const unsigned long code = ERR_peek_last_error();
  const char* why = code == 0 ? nullptr : ERR_reason_error_string(code);
  ERR_clear_error();
  return failure(fmt::format("cannot {}: {}", what, why == nullptr ? "unknown reason" : why));
}

bool is_ipv6(const std::string& address) { return address.find(':') != std::string::npos; }

std::optional<std::string> canonical_address(const std::string& text) {
  std::array<unsigned char, sizeof(in6_addr)> bytes{};
  std::array<char, INET6_ADDRSTRLEN> out{};
  const int family = is_ipv6(text) ? AF_INET6 : AF_INET;
  if (inet_pton(family, text.c_str(), bytes.data()) != 1) return std::nullopt;
  return inet_ntop(family, bytes.data(), out.data(), out.size());
}

// Only what has passed here is ever put into OpenSSL's extension syntax.
Result<Names> sort_names(const std::vector<std::string>& texts) {
  Names names;
  const auto add = [](std::vector<std::string>& list, std::string name) {
    if (std::find(list.begin(), list.end(), name) == list.end()) list.push_back(std::move(name));
  };
  for (const std::string& text : texts) {
    if (auto address = canonical_address(text)) {
      add(names.addresses, std::move(*address));
    } else if (const auto name = HostPattern::parse(text)) {
      add(names.dns, name->text());
    } else {
      return failure(fmt::format("'{}' is neither a host name nor an IP address", printable(text)));
    }
  }
  if (names.dns.empty()) {
    return failure("a development certificate needs at least one host name: add localhost");
  }
  return names;
}

KeyPtr make_key() { return KeyPtr(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256")); }

bool set_serial(X509* certificate) {
  std::array<unsigned char, 16> bytes{};
  if (RAND_bytes(bytes.data(), bytes.size()) != 1) return false;
  bytes[0] = static_cast<unsigned char>((bytes[0] & 0x3fU) | 0x40U);  // positive, never short
  BIGNUM* number = BN_bin2bn(bytes.data(), bytes.size(), nullptr);
  const bool done = BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != nullptr;
  BN_free(number);
  return done;
}

bool set_common_name(X509* certificate, const char* name) {
  return X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8,
                                    reinterpret_cast<const unsigned char*>(name), -1, -1, 0) == 1;
}

bool add_extension(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
  const bool done = extension != nullptr && X509_add_ext(certificate, extension, -1) == 1;
  X509_EXTENSION_free(extension);
  return done;
}

// A certificate for `key` with everything but its extensions, its issuer and its signature.
X509Ptr draft(EVP_PKEY* key, const char* name, TimePoint now, hours life) {
  X509Ptr certificate(X509_new());
  const bool done =
      certificate && X509_set_version(certificate.get(), X509_VERSION_3) == 1 &&
      set_serial(certificate.get()) && set_common_name(certificate.get(), name) &&
      X509_set_pubkey(certificate.get(), key) == 1 &&
      ASN1_TIME_set(X509_getm_notBefore(certificate.get()),
                    std::chrono::system_clock::to_time_t(now - kSkew)) != nullptr &&
      ASN1_TIME_set(X509_getm_notAfter(certificate.get()),
                    std::chrono::system_clock::to_time_t(now - kSkew + life)) != nullptr;
  if (!done) certificate.reset();
  return certificate;
}

std::string name_constraints(const Names& names) {
  std::string constraints = std::string("critical,") + kPermitted;
  for (const std::string& name : names.dns) {
    // RFC 5280 §4.2.1.10: a DNS constraint covers the name and everything below it.
    constraints += ",permitted;DNS:" + HostPattern::parse(name)->suffix();
  }
  for (const std::string& address : names.addresses) {
    constraints +=
        ",permitted;IP:" + address +
        (is_ipv6(address) ? "/FFFF:FFFF:FFFF:FFFF:FFFF:FFFF:FFFF:FFFF" : "/255.255.255.255");
  }
  return constraints;
}

Result<Pair> make_ca(const Names& names, TimePoint now) {
  Pair ca;
  ca.key = make_key();
  if (ca.key) ca.certificate = draft(ca.key.get(), kCaName, now, kCaLife);
  X509* certificate = ca.certificate.get();
  const bool done =
      certificate != nullptr &&
      X509_set_issuer_name(certificate, X509_get_subject_name(certificate)) == 1 &&
      add_extension(certificate, certificate, NID_basic_constraints,
                    "critical,CA:TRUE,pathlen:0") &&
      add_extension(certificate, certificate, NID_key_usage, "critical,keyCertSign,cRLSign") &&
      add_extension(certificate, certificate, NID_name_constraints, name_constraints(names)) &&
      add_extension(certificate, certificate, NID_subject_key_identifier, "hash") &&
      X509_sign(certificate, ca.key.get(), EVP_sha256()) > 0;
  if (!done) return openssl_failure("make the development CA");
  return ca;
}

Result<Pair> make_leaf(const Pair& ca, const Names& names, TimePoint now) {
  Pair leaf;
  leaf.key = make_key();
  if (leaf.key) {
    leaf.certificate = draft(leaf.key.get(), "wssgate development certificate", now, kLeafLife);
  }
  X509* certificate = leaf.certificate.get();
  X509* issuer = ca.certificate.get();
  const bool done =
      certificate != nullptr &&
      X509_set_issuer_name(certificate, X509_get_subject_name(issuer)) == 1 &&
      add_extension(certificate, issuer, NID_basic_constraints, "critical,CA:FALSE") &&
      add_extension(certificate, issuer, NID_key_usage, "critical,digitalSignature") &&
      add_extension(certificate, issuer, NID_ext_key_usage, "serverAuth") &&
      add_extension(certificate, issuer, NID_subject_alt_name, names.subject_alt_name()) &&
      add_extension(certificate, issuer, NID_subject_key_identifier, "hash") &&
      add_extension(certificate, issuer, NID_authority_key_identifier, "keyid:always") &&
      X509_sign(certificate, ca.key.get(), EVP_sha256()) > 0;
  if (!done) return openssl_failure("make the development certificate");
  return leaf;
}

Result<void> save(const Pair& pair, const std::string& certificate_file,
                  const std::string& key_file) {
  const BioPtr key(BIO_new(BIO_s_secmem()));
  const BioPtr certificate(BIO_new(BIO_s_mem()));
  if (PEM_write_bio_PKCS8PrivateKey(key.get(), pair.key.get(), nullptr, nullptr, 0, nullptr,
                                    nullptr) != 1 ||
      PEM_write_bio_X509(certificate.get(), pair.certificate.get()) != 1) {
    return openssl_failure("write PEM");
  }
  const auto content = [](BIO* bio) {
    char* text = nullptr;
    const long length = BIO_get_mem_data(bio, &text);
    return std::string_view(text, static_cast<std::size_t>(length));
  };
  // The key first: a certificate without its key is what the next start recognises and mends.
  auto saved = write_whole_file(key_file, content(key.get()), 0600);
  if (saved) saved = write_whole_file(certificate_file, content(certificate.get()), 0644);
  return saved;
}

X509Ptr first_certificate(std::string_view bytes) {
  for (const PemBlock& block : split_pem(bytes)) {
    if (is_certificate_label(block.label)) return decode_certificate(block);
  }
  return nullptr;
}

// An empty pair when the files are missing, damaged or do not fit each other. An error when there
// is something that this user may not read: that is not ours to replace.
Result<Pair> read_pair(const std::string& certificate_file, const std::string& key_file) {
  Pair pair;
  for (const std::string& path : {certificate_file, key_file}) {
    if (::access(path.c_str(), R_OK) == 0) continue;
    if (errno == ENOENT) return pair;
    return failure(
        fmt::format("cannot read '{}': {}", path, std::generic_category().message(errno)));
  }
  const auto certificate = FileBytes::read(certificate_file);
  const auto key = FileBytes::read(key_file);
  if (!certificate || !key) return pair;
  pair.key_mode = key->mode();
  pair.certificate = first_certificate(certificate->view());
  const BioPtr bio = memory_bio(key->view());
  pair.key.reset(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr));
  if (!pair.certificate || !pair.key ||
      X509_check_private_key(pair.certificate.get(), pair.key.get()) != 1) {
    pair = Pair();
  }
  ERR_clear_error();
  return pair;
}

std::vector<std::string> addresses_of(const X509* certificate) {
  std::vector<std::string> addresses;
  auto* all = static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  for (int i = 0; i < sk_GENERAL_NAME_num(all); ++i) {
    const GENERAL_NAME* entry = sk_GENERAL_NAME_value(all, i);
    if (entry->type != GEN_IPADD) continue;
    const int length = ASN1_STRING_length(entry->d.iPAddress);
    if (length != 4 && length != 16) continue;
    std::array<char, INET6_ADDRSTRLEN> text{};
    inet_ntop(length == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(entry->d.iPAddress),
              text.data(), text.size());
    addresses.emplace_back(text.data());
  }
  GENERAL_NAMES_free(all);
  return addresses;
}

bool has_names(const X509* certificate, const Names& names) {
  std::vector<std::string> dns;
  for (const HostPattern& name : dns_names(certificate)) dns.push_back(name.text());
  return dns == names.dns && addresses_of(certificate) == names.addresses;
}

// Whether clients that trust `ca` would take `leaf`: signature, name constraints, dates.
bool verifies(const Pair& ca, const Pair& leaf, TimePoint now) {
  const StorePtr store(X509_STORE_new());
  X509_STORE_add_cert(store.get(), ca.certificate.get());
  const std::unique_ptr<X509_STORE_CTX, OpensslDeleter<X509_STORE_CTX_free>> context(
      X509_STORE_CTX_new());
  if (X509_STORE_CTX_init(context.get(), store.get(), leaf.certificate.get(), nullptr) != 1) {
    return false;
  }
  X509_STORE_CTX_set_default(context.get(), "ssl_server");
  X509_STORE_CTX_set_time(context.get(), 0, std::chrono::system_clock::to_time_t(now));
  const bool verified = X509_verify_cert(context.get()) == 1;
  ERR_clear_error();
  return verified;
}

bool lasts_until(const Pair& pair, TimePoint time) {
  const auto end = not_after(pair.certificate.get());
  return end && *end >= time;
}

}  // namespace

Result<DevCertificate> ensure_dev_certificate(const std::string& folder,
                                              const std::vector<std::string>& texts,
                                              std::chrono::system_clock::time_point now) {
  const auto names = sort_names(texts);
  if (!names) return names.error();
  const std::string ca_folder = folder + "/dev-ca";
  const std::string leaf_folder = folder + "/dev";
  DevCertificate dev{ca_folder + "/ca.pem", leaf_folder + "/fullchain.pem",
                     leaf_folder + "/privkey.pem", false};
  const std::string ca_key_file = ca_folder + "/ca.key";
  if (auto made = ensure_folder(ca_folder, 0700); !made) return made.error();
  if (auto made = ensure_folder(leaf_folder, 0755); !made) return made.error();

  auto ca = read_pair(dev.ca_file, ca_key_file);
  if (!ca) return ca.error();
  if (!is_private(*ca)) {
    return failure(
        fmt::format("other users could read '{}' (mode {:04o}) and so issue certificates "
                    "that you trust. Distrust that CA, remove '{}' and start again",
                    ca_key_file, ca->key_mode, ca_folder));
  }
  const bool has_ca = ca->certificate && lasts_until(*ca, now + kLeafLife);
  auto leaf = read_pair(dev.chain_file, dev.key_file);
  if (!leaf) return leaf.error();
  if (has_ca && leaf->certificate && is_private(*leaf) &&
      has_names(leaf->certificate.get(), *names) && lasts_until(*leaf, now + kLeafLife / 3) &&
      verifies(*ca, *leaf, now)) {
    return dev;
  }

  if (has_ca) {
    leaf = make_leaf(*ca, *names, now);
    if (!leaf) return leaf.error();
  }
  if (!has_ca || !verifies(*ca, *leaf, now)) {  // or the CA may not certify one of the names
    ca = make_ca(*names, now);
    if (!ca) return ca.error();
    if (auto saved = save(*ca, dev.ca_file, ca_key_file); !saved) return saved.error();
    dev.ca_is_new = true;
    leaf = make_leaf(*ca, *names, now);
    if (!leaf) return leaf.error();
    if (!verifies(*ca, *leaf, now))
      return failure("the new development certificate does not verify");
  }
  if (auto saved = save(*leaf, dev.chain_file, dev.key_file); !saved) return saved.error();
  return dev;
}

}  // namespace wssgate::pki
