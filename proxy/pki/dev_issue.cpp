#include "pki/dev_issue.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <array>
#include <string>

#include "pki/x509_facts.h"

namespace wssgate::pki {
namespace {

using std::chrono::hours;

// Trusting the CA is the one step by hand, in every browser and on every device, so it should not
// come back; the name constraints keep a key that leaks in these years from being of much use.
constexpr hours kCaLife{24 * 3650};
// For clients in containers and virtual machines whose clock is behind.
constexpr hours kSkew{1};
constexpr const char* kRootConstraints = "critical,CA:TRUE,pathlen:1";
constexpr const char* kIssuerConstraints = "critical,CA:TRUE,pathlen:0";
constexpr const char* kCaKeyUsage = "critical,keyCertSign,cRLSign";
constexpr const char* kServersOnly = "serverAuth";
// Those three, name constraints, and both key identifiers.
constexpr int kCaExtensions = 6;

Error openssl_failure(std::string_view what) {
  const unsigned long code = ERR_peek_last_error();
  const char* why = code == 0 ? nullptr : ERR_reason_error_string(code);
  ERR_clear_error();
  return Error(Reason::internal_error, Side::proxy,
               fmt::format("cannot {}: {}", what, why == nullptr ? "unknown reason" : why));
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

bool add_to_subject(X509* certificate, const char* field, const std::string& value) {
  return X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), field, MBSTRING_UTF8,
                                    reinterpret_cast<const unsigned char*>(value.c_str()), -1, -1,
                                    0) == 1;
}

/// The organization comes first: what the constraints say of subjects is how they begin.
bool set_subject(X509* certificate, const std::string& name) {
  return add_to_subject(certificate, "O", kDevOrganization) &&
         add_to_subject(certificate, "CN", name);
}

ExtensionPtr make_extension(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  return ExtensionPtr(X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
}

bool add_extension(X509* certificate, X509* issuer, int nid, const std::string& value) {
  const ExtensionPtr extension = make_extension(certificate, issuer, nid, value);
  return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

/// Of a value that says nothing of certificates.
bool has_extension(const X509* certificate, int nid, const char* value) {
  const int index = X509_get_ext_by_NID(certificate, nid, -1);
  X509_EXTENSION* const found = index < 0 ? nullptr : X509_get_ext(certificate, index);
  const ExtensionPtr ours = make_extension(nullptr, nullptr, nid, value);
  return found != nullptr && ours &&
         X509_EXTENSION_get_critical(found) == X509_EXTENSION_get_critical(ours.get()) &&
         ASN1_STRING_cmp(X509_EXTENSION_get_data(found), X509_EXTENSION_get_data(ours.get())) == 0;
}

bool has_limits(const X509* certificate, const char* basic_constraints) {
  return X509_get_ext_count(certificate) == kCaExtensions &&
         has_extension(certificate, NID_basic_constraints, basic_constraints) &&
         has_extension(certificate, NID_key_usage, kCaKeyUsage) &&
         has_extension(certificate, NID_ext_key_usage, kServersOnly);
}

bool add_constraints(X509* certificate, const DevNames& beyond) {
  const ExtensionPtr constraints = dev_constraints(beyond);
  return constraints && X509_add_ext(certificate, constraints.get(), -1) == 1;
}

// A certificate for `key` with everything but its extensions, its issuer and its signature.
X509Ptr draft(EVP_PKEY* key, const std::string& name, TimePoint now, hours life) {
  X509Ptr certificate(X509_new());
  const bool done =
      certificate && X509_set_version(certificate.get(), X509_VERSION_3) == 1 &&
      set_serial(certificate.get()) && set_subject(certificate.get(), name) &&
      X509_set_pubkey(certificate.get(), key) == 1 &&
      ASN1_TIME_set(X509_getm_notBefore(certificate.get()),
                    std::chrono::system_clock::to_time_t(now - kSkew)) != nullptr &&
      ASN1_TIME_set(X509_getm_notAfter(certificate.get()),
                    std::chrono::system_clock::to_time_t(now - kSkew + life)) != nullptr;
  if (!done) certificate.reset();
  return certificate;
}

/// Eight hex digits that tell one CA from another: stores file certificates by their names, and
/// some keep only one of each.
std::string tag_of(const EVP_PKEY* key) {
  unsigned char* der = nullptr;
  const int length = i2d_PUBKEY(key, &der);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  const bool done = length > 0 && EVP_Digest(der, static_cast<std::size_t>(length), digest.data(),
                                             nullptr, EVP_sha256(), nullptr) == 1;
  OPENSSL_free(der);
  if (!done) return {};
  return fmt::format("{:02x}{:02x}{:02x}{:02x}", digest[0], digest[1], digest[2], digest[3]);
}

/// What a certificate of a CA needs beyond its name, and `signer`'s signature.
bool complete_ca(X509* certificate, X509* issuer, EVP_PKEY* signer, const char* basic_constraints,
                 const DevNames& beyond) {
  return X509_set_issuer_name(certificate, X509_get_subject_name(issuer)) == 1 &&
         add_extension(certificate, issuer, NID_basic_constraints, basic_constraints) &&
         add_extension(certificate, issuer, NID_key_usage, kCaKeyUsage) &&
         add_extension(certificate, issuer, NID_ext_key_usage, kServersOnly) &&
         add_constraints(certificate, beyond) &&
         add_extension(certificate, issuer, NID_subject_key_identifier, "hash") &&
         add_extension(certificate, issuer, NID_authority_key_identifier, "keyid:always") &&
         X509_sign(certificate, signer, EVP_sha256()) > 0;
}

}  // namespace

Result<DevAuthority> make_dev_authority(const DevNames& beyond, TimePoint now) {
  DevAuthority made;
  const KeyPtr root_key = make_key();  // ends with this function
  made.issuer.key = make_key();
  bool done = root_key && made.issuer.key;
  if (done) {
    const std::string tag = tag_of(root_key.get());
    made.root = draft(root_key.get(), "wssgate development CA " + tag, now, kCaLife);
    made.issuer.certificate =
        draft(made.issuer.key.get(), "wssgate development issuer " + tag, now, kCaLife);
    done = !tag.empty() && made.root && made.issuer.certificate;
  }
  X509* const root = made.root.get();
  done =
      done && complete_ca(root, root, root_key.get(), kRootConstraints, beyond) &&
      complete_ca(made.issuer.certificate.get(), root, root_key.get(), kIssuerConstraints, beyond);
  if (!done) return openssl_failure("make the development CA");
  return made;
}

Result<DevPair> make_dev_leaf(const DevPair& issuer, const DevNames& names, TimePoint now) {
  DevPair leaf;
  leaf.key = make_key();
  if (leaf.key) {
    leaf.certificate = draft(leaf.key.get(), "wssgate development certificate", now, kDevLeafLife);
  }
  X509* const certificate = leaf.certificate.get();
  X509* const by = issuer.certificate.get();
  const bool done =
      certificate != nullptr && X509_set_issuer_name(certificate, X509_get_subject_name(by)) == 1 &&
      add_extension(certificate, by, NID_basic_constraints, "critical,CA:FALSE") &&
      add_extension(certificate, by, NID_key_usage, "critical,digitalSignature") &&
      add_extension(certificate, by, NID_ext_key_usage, kServersOnly) &&
      add_extension(certificate, by, NID_subject_alt_name, names.subject_alt_name()) &&
      add_extension(certificate, by, NID_subject_key_identifier, "hash") &&
      add_extension(certificate, by, NID_authority_key_identifier, "keyid:always") &&
      X509_sign(certificate, issuer.key.get(), EVP_sha256()) > 0;
  if (!done) return openssl_failure("make the development certificate");
  return leaf;
}

bool is_limited(const DevAuthority& authority) {
  return has_limits(authority.root.get(), kRootConstraints) &&
         has_limits(authority.issuer.certificate.get(), kIssuerConstraints);
}

bool verifies(const DevAuthority& authority, const DevPair& leaf, TimePoint now) {
  const StorePtr store(X509_STORE_new());
  X509_STORE_add_cert(store.get(), authority.root.get());
  const BorrowingStack sent(sk_X509_new_null());
  sk_X509_push(sent.get(), authority.issuer.certificate.get());
  const StoreContextPtr context(X509_STORE_CTX_new());
  if (X509_STORE_CTX_init(context.get(), store.get(), leaf.certificate.get(), sent.get()) != 1) {
    return false;
  }
  X509_STORE_CTX_set_default(context.get(), "ssl_server");
  X509_STORE_CTX_set_time(context.get(), 0, std::chrono::system_clock::to_time_t(now));
  const bool verified = X509_verify_cert(context.get()) == 1;
  ERR_clear_error();
  return verified;
}

}  // namespace wssgate::pki
