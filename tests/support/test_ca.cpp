#include "support/test_ca.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include <array>
#include <map>
#include <mutex>
#include <stdexcept>

#include "base/address.h"

namespace wssgate::test {
namespace {

using pki::BioPtr;
using pki::KeyPtr;
using pki::X509Ptr;

void must(bool done, const char* what) {
  if (done) return;
  const char* reason = ERR_reason_error_string(ERR_peek_last_error());
  throw std::runtime_error(std::string(what) + ": " + (reason == nullptr ? "failed" : reason));
}

EVP_PKEY* generate(TestKey kind) {
  switch (kind) {
    case TestKey::p256:
      return EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256");
    case TestKey::p384:
      return EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-384");
    case TestKey::p224:
      return EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-224");
    case TestKey::rsa2048:
      return EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", std::size_t{2048});
    case TestKey::rsa1024:
      return EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", std::size_t{1024});
    case TestKey::ed25519:
      return EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519");
    case TestKey::ed448:
      break;
  }
  return EVP_PKEY_Q_keygen(nullptr, nullptr, "ED448");
}

KeyPtr share(EVP_PKEY* key) {
  EVP_PKEY_up_ref(key);
  return KeyPtr(key);
}

void add_extension(X509* certificate, X509* issuer, int nid, const std::string& value) {
  if (value.empty()) return;
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
  must(extension != nullptr, "extension");
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

std::string general_name(const std::string& name) {
  if (name.rfind("email:", 0) == 0 || name.rfind("RID:", 0) == 0) return name;
  return (Network::parse(name) ? "IP:" : "DNS:") + name;
}

std::string joined_names(const std::vector<std::string>& names) {
  std::string all;
  for (const auto& name : names) all += (all.empty() ? "" : ",") + general_name(name);
  return all;
}

std::string basic_constraints(const CertificateOptions& options) {
  if (!options.is_ca) return "critical,CA:FALSE";
  if (options.path_length < 0) return "critical,CA:TRUE";
  return "critical,CA:TRUE,pathlen:" + std::to_string(options.path_length);
}

// `issuer` null: self-signed.
X509Ptr mint(const CertificateOptions& options, EVP_PKEY* key, const TestCertificate* issuer) {
  X509Ptr made(X509_new());
  X509* x = made.get();
  X509* signer = issuer == nullptr ? x : issuer->certificate();
  X509_set_version(x, X509_VERSION_3);
  std::array<unsigned char, 8> serial{};
  RAND_bytes(serial.data(), serial.size());
  serial[0] = static_cast<unsigned char>(0x40U | (serial[0] & 0x3fU));
  BIGNUM* number = BN_bin2bn(serial.data(), serial.size(), nullptr);
  BN_to_ASN1_INTEGER(number, X509_get_serialNumber(x));
  BN_free(number);
  if (!options.common_name.empty()) {
    must(X509_NAME_add_entry_by_txt(
             X509_get_subject_name(x), "CN", MBSTRING_UTF8,
             reinterpret_cast<const unsigned char*>(options.common_name.c_str()), -1, -1, 0) == 1,
         "common name");
  }
  must(X509_set_issuer_name(x, X509_get_subject_name(signer)) == 1, "issuer");
  must(X509_set_pubkey(x, key) == 1, "public key");
  ASN1_TIME_set(X509_getm_notBefore(x), std::chrono::system_clock::to_time_t(options.not_before));
  ASN1_TIME_set(X509_getm_notAfter(x), std::chrono::system_clock::to_time_t(options.not_after));
  add_extension(x, signer, NID_basic_constraints, basic_constraints(options));
  add_extension(x, signer, NID_key_usage, options.key_usage);
  add_extension(x, signer, NID_ext_key_usage, options.extended_key_usage);
  add_extension(x, signer, NID_subject_alt_name, joined_names(options.names));
  add_extension(x, signer, NID_name_constraints, options.name_constraints);
  add_extension(x, signer, NID_info_access, options.authority_info_access);
  add_extension(x, signer, NID_tlsfeature, options.tls_feature);
  for (const auto& [nid, value] : options.extensions) add_extension(x, signer, nid, value);
  add_extension(x, signer, NID_subject_key_identifier, "hash");
  EVP_PKEY* signing_key = issuer == nullptr ? key : issuer->key();
  const int type = EVP_PKEY_get_base_id(signing_key);
  const bool own_digest = type == EVP_PKEY_ED25519 || type == EVP_PKEY_ED448;
  const EVP_MD* digest = own_digest ? nullptr : EVP_get_digestbyname(options.digest.c_str());
  must(X509_sign(x, signing_key, digest) > 0, "signature");
  return made;
}

CertificateOptions ca_options(const std::string& common_name) {
  CertificateOptions options;
  options.common_name = common_name;
  options.is_ca = true;
  options.extended_key_usage.clear();
  options.key_usage = "critical,keyCertSign,cRLSign";
  return options;
}

std::string text_of(const BioPtr& bio) {
  char* text = nullptr;
  const long length = BIO_get_mem_data(bio.get(), &text);
  return {text, static_cast<std::size_t>(length)};
}

}  // namespace

KeyPtr make_test_key(TestKey kind) {
  static std::mutex mutex;
  static std::map<TestKey, KeyPtr> kept;
  const std::lock_guard lock(mutex);
  if (kind != TestKey::rsa1024 && kind != TestKey::rsa2048) return KeyPtr(generate(kind));
  KeyPtr& key = kept[kind];
  if (!key) key.reset(generate(kind));
  return share(key.get());
}

std::chrono::system_clock::time_point day(int year, unsigned month, unsigned day_of_month) {
  return std::chrono::sys_days(std::chrono::year(year) / static_cast<int>(month) /
                               static_cast<int>(day_of_month));
}

TestCertificate TestCertificate::self_signed(const CertificateOptions& options) {
  KeyPtr key = make_test_key(options.key);
  X509Ptr made = mint(options, key.get(), nullptr);
  return {std::move(made), std::move(key)};
}

TestCertificate TestCertificate::root(const std::string& common_name) {
  return self_signed(ca_options(common_name));
}

TestCertificate TestCertificate::issue(const CertificateOptions& options) const {
  KeyPtr key = make_test_key(options.key);
  X509Ptr made = mint(options, key.get(), this);
  return {std::move(made), std::move(key)};
}

TestCertificate TestCertificate::issue_for(const TestCertificate& subject,
                                           const CertificateOptions& options) const {
  return {mint(options, subject.key(), this), share(subject.key())};
}

TestCertificate TestCertificate::intermediate(const std::string& common_name) const {
  return issue(ca_options(common_name));
}

TestCertificate TestCertificate::leaf(const std::vector<std::string>& names, TestKey key) const {
  CertificateOptions options;
  options.common_name = names.front();
  options.names = names;
  options.key = key;
  return issue(options);
}

std::string TestCertificate::pem() const {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(bio.get(), certificate());
  return text_of(bio);
}

std::string TestCertificate::der() const {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  i2d_X509_bio(bio.get(), certificate());
  return text_of(bio);
}

std::string TestCertificate::key_pem() const {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_PKCS8PrivateKey(bio.get(), key(), nullptr, nullptr, 0, nullptr, nullptr);
  return text_of(bio);
}

std::string TestCertificate::encrypted_key_pem(const std::string& passphrase) const {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_PKCS8PrivateKey(bio.get(), key(), EVP_aes_128_cbc(), passphrase.data(),
                                static_cast<int>(passphrase.size()), nullptr, nullptr);
  return text_of(bio);
}

std::string pem_of(std::initializer_list<const TestCertificate*> certificates) {
  std::string text;
  for (const TestCertificate* certificate : certificates) text += certificate->pem();
  return text;
}

}  // namespace wssgate::test
