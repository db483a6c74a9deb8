#pragma once

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "pki/openssl_ptr.h"

/// Mints certificates at run time, the right ones and the wrong ones. Throws when OpenSSL refuses:
/// then the test is wrong.
namespace wssgate::test {

enum class TestKey { p256, p384, p224, rsa2048, rsa1024, ed25519, ed448 };

/// A new key; RSA keys are made once a process and size, since making them is slow.
pki::KeyPtr make_test_key(TestKey kind);

/// Midnight UTC.
std::chrono::system_clock::time_point day(int year, unsigned month, unsigned day_of_month);

struct CertificateOptions {
  std::string common_name;
  /// subjectAltName: DNS names, IP literals, or OpenSSL's syntax where there is a prefix
  /// ("email:a@b", "RID:1.2.3"). None: no such extension.
  std::vector<std::string> names;
  bool is_ca = false;
  TestKey key = TestKey::p256;
  std::chrono::system_clock::time_point not_before = day(2020, 1, 1);
  std::chrono::system_clock::time_point not_after = day(2049, 1, 1);
  /// In OpenSSL's syntax; none: no such extension.
  std::string extended_key_usage = "serverAuth";
  std::string key_usage;
  std::string name_constraints;
  /// Such as "OCSP;URI:http://127.0.0.1:1/,caIssuers;URI:http://ca.test/issuing.crt".
  std::string authority_info_access;
  /// "status_request" for must-staple.
  std::string tls_feature;
  /// Others, by NID.
  std::map<int, std::string> extensions;
  /// Below this CA; -1: no limit.
  int path_length = -1;
  /// The digest of the signature that its issuer makes: "SHA256", "SHA1", "MD5".
  std::string digest = "SHA256";
};

/// A certificate with its key, and the means to issue others with it.
class TestCertificate {
 public:
  static TestCertificate self_signed(const CertificateOptions& options);
  /// A self-signed P-256 CA.
  static TestCertificate root(const std::string& common_name);

  TestCertificate issue(const CertificateOptions& options) const;
  /// The same, for a key that is already there: a renewed or cross-signed certificate.
  TestCertificate issue_for(const TestCertificate& subject,
                            const CertificateOptions& options) const;
  TestCertificate intermediate(const std::string& common_name) const;
  /// A server's leaf; its common name is the first of `names`.
  TestCertificate leaf(const std::vector<std::string>& names, TestKey key = TestKey::p256) const;

  X509* certificate() const { return certificate_.get(); }
  EVP_PKEY* key() const { return key_.get(); }
  std::string pem() const;
  std::string der() const;
  std::string key_pem() const;
  std::string encrypted_key_pem(const std::string& passphrase) const;

 private:
  TestCertificate(pki::X509Ptr certificate, pki::KeyPtr key)
      : certificate_(std::move(certificate)), key_(std::move(key)) {}

  pki::X509Ptr certificate_;
  pki::KeyPtr key_;
};

/// Their PEM, one after the other, in the order given.
std::string pem_of(std::initializer_list<const TestCertificate*> certificates);

/// A root, an intermediate below it, and leaves below that: what most tests need.
struct TestCa {
  TestCertificate root = TestCertificate::root("Test Root");
  TestCertificate intermediate = root.intermediate("Test Intermediate");

  /// fullchain.pem for `leaf`: itself and the intermediate.
  std::string chain(const TestCertificate& leaf) const { return pem_of({&leaf, &intermediate}); }
};

}  // namespace wssgate::test
