#include <gtest/gtest.h>
#include <openssl/pkcs12.h>
#include <openssl/x509v3.h>

#include <functional>
#include <ostream>

#include "unit/pki/certificate_files.h"

namespace wssgate::pki {
namespace {

using test::CertificateFiles;
using test::CertificateOptions;
using test::day;
using test::pem_of;
using test::TestCertificate;
using test::TestKey;

/// How the files are wrong, and exactly what the operator is told. $1, $2 … are the lines of the
/// chain file's blocks, DIR its folder.
struct Refusal {
  const char* name;
  std::function<void(CertificateFiles&)> arrange;
  const char* told;
};

std::ostream& operator<<(std::ostream& out, const Refusal& refusal) { return out << refusal.name; }

CertificateOptions for_leaf() {
  CertificateOptions options;
  options.common_name = "chat.test";
  options.names = {"chat.test"};
  return options;
}

CertificateOptions for_ca(const char* name) {
  CertificateOptions options;
  options.common_name = name;
  options.is_ca = true;
  options.extended_key_usage.clear();
  return options;
}

TestCertificate leaf_of(const CertificateFiles& files) {
  return files.ca.intermediate.issue(for_leaf());
}

// A chain whose intermediate is made with `options`.
void below(CertificateFiles& files, const CertificateOptions& options) {
  const auto intermediate = files.ca.root.issue(options);
  const auto leaf = intermediate.issue(for_leaf());
  files.chain = pem_of({&leaf, &intermediate});
  files.key = leaf.key_pem();
}

std::string pkcs12_of(const TestCertificate& leaf) {
  PKCS12* bundle = PKCS12_create("", "x", leaf.key(), leaf.certificate(), nullptr, 0, 0, 1, 1, 0);
  unsigned char* bytes = nullptr;
  const int length = i2d_PKCS12(bundle, &bytes);
  std::string text(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(length));
  OPENSSL_free(bytes);
  PKCS12_free(bundle);
  return text;
}

std::string der_key_of(const TestCertificate& leaf) {
  unsigned char* bytes = nullptr;
  const int length = i2d_PrivateKey(leaf.key(), &bytes);
  std::string text(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(length));
  OPENSSL_free(bytes);
  return text;
}

const std::vector<Refusal>& refusals() {
  static const std::vector<Refusal> all = {
      // the files
      {"EmptyChain",
       [](CertificateFiles& files) {
         files.arrange(leaf_of(files));
         files.chain.clear();
       },
       "DIR/fullchain.pem: the file is empty. give the PEM chain here (fullchain.pem).\n"},
      {"NoCertificateInIt",
       [](CertificateFiles& files) {
         files.arrange(leaf_of(files));
         files.chain = "subject=CN = chat.test\n";
       },
       "DIR/fullchain.pem: there is no PEM certificate in this file. give the PEM chain here "
       "(fullchain.pem).\n"},
      {"DerCertificate",
       [](CertificateFiles& files) {
         const auto leaf = leaf_of(files);
         files.arrange(leaf);
         files.chain = leaf.der();
       },
       "DIR/fullchain.pem: this is a DER certificate, not PEM. convert it: openssl x509 -inform "
       "der -in DIR/fullchain.pem -out cert.pem, and append the intermediates.\n"},
      {"Pkcs12",
       [](CertificateFiles& files) { files.chain = files.key = pkcs12_of(leaf_of(files)); },
       "DIR/fullchain.pem: this is a PKCS#12 bundle, not PEM. take the chain out of it: openssl "
       "pkcs12 -in DIR/fullchain.pem -nokeys -out fullchain.pem (then put the server's certificate "
       "first).\n"
       "DIR/privkey.pem: this is a PKCS#12 bundle, not PEM. take the key out of it: openssl pkcs12 "
       "-in DIR/privkey.pem -nocerts -nodes -out privkey.pem.\n"},
      {"CertificateRequest",
       [](CertificateFiles& files) {
         files.arrange(leaf_of(files));
         files.chain =
             "-----BEGIN CERTIFICATE REQUEST-----\nMIH=\n-----END CERTIFICATE "
             "REQUEST-----\n";
       },
       "DIR/fullchain.pem: this is a certificate request, not a certificate. have a CA sign it and "
       "give the chain that it returns.\n"},
      {"Pkcs7",
       [](CertificateFiles& files) {
         files.arrange(leaf_of(files));
         files.chain = "-----BEGIN PKCS7-----\nMIH=\n-----END PKCS7-----\n";
       },
       "DIR/fullchain.pem: this is a PKCS#7 bundle, not a PEM chain. convert it: openssl pkcs7 "
       "-print_certs -in DIR/fullchain.pem -out fullchain.pem.\n"},
      {"DamagedCertificate",
       [](CertificateFiles& files) {
         files.arrange(leaf_of(files));
         files.chain.resize(files.chain.size() - 40);
       },
       "DIR/fullchain.pem:$2:1: the certificate is damaged: its PEM block does not decode. copy "
       "the "
       "whole file again.\n"},
      {"BundleOfRoots",
       [](CertificateFiles& files) {
         files.arrange(leaf_of(files));
         for (int i = 0; i < 15; ++i) files.chain += files.ca.root.pem();
       },
       "DIR/fullchain.pem: 17 certificates are no chain. keep the server's certificate and its "
       "intermediates.\n"},
      // the key
      {"EmptyKey",
       [](CertificateFiles& files) {
         files.arrange(leaf_of(files));
         files.key.clear();
       },
       "DIR/privkey.pem: the file is empty. give the PEM private key here (privkey.pem).\n"},
      {"CertificateForKey",
       [](CertificateFiles& files) {
         files.arrange(leaf_of(files));
         files.key = files.chain;
       },
       "DIR/privkey.pem: this file holds a certificate, not a private key. give the PEM private "
       "key here (privkey.pem); perhaps chain and key are swapped.\n"},
      {"NoKeyInIt",
       [](CertificateFiles& files) {
         files.arrange(leaf_of(files));
         files.key = "to be done\n";
       },
       "DIR/privkey.pem: there is no PEM private key in this file. give the PEM private key here "
       "(privkey.pem).\n"},
      {"KeyForCertificate",
       [](CertificateFiles& files) {
         files.arrange(leaf_of(files));
         files.chain = files.key;
       },
       "DIR/fullchain.pem: this file holds a private key, not a certificate chain. give the PEM "
       "chain here (fullchain.pem); perhaps chain and key are swapped.\n"},
      {"TrustedCertificate",
       [](CertificateFiles& files) {
         files.arrange(leaf_of(files));
         files.chain =
             "-----BEGIN TRUSTED CERTIFICATE-----\nMIH=\n-----END TRUSTED CERTIFICATE-----\n";
       },
       "DIR/fullchain.pem: this is OpenSSL's own TRUSTED CERTIFICATE form, not a plain "
       "certificate. "
       "convert it: openssl x509 -in DIR/fullchain.pem -out cert.pem, and append the "
       "intermediates.\n"},
      {"Utf16",
       [](CertificateFiles& files) {
         files.arrange(leaf_of(files));
         files.chain = std::string("\xff\xfe-\0-\0", 6);
         files.key = std::string("\xfe\xff\0-\0-", 6);
       },
       "DIR/fullchain.pem: the file is UTF-16 text, which is not PEM. save it as ASCII or UTF-8 "
       "(PowerShell: Out-File -Encoding ascii).\n"
       "DIR/privkey.pem: the file is UTF-16 text, which is not PEM. save it as ASCII or UTF-8 "
       "(PowerShell: Out-File -Encoding ascii).\n"},
      {"JavaKeystore",
       [](CertificateFiles& files) {
         files.arrange(leaf_of(files));
         files.chain = "\xfe\xed\xfe\xed and more";
       },
       "DIR/fullchain.pem: this is a Java keystore, not PEM. convert it: keytool -importkeystore "
       "-deststoretype PKCS12, and take certificate and key out of that with openssl pkcs12.\n"},
      {"IntermediateForChain",
       [](CertificateFiles& files) {
         files.arrange(leaf_of(files));
         files.chain = files.ca.intermediate.pem();
       },
       "DIR/fullchain.pem:1:1: the server's certificate is missing: 'Test Intermediate' is a "
       "certificate authority. give the CA's fullchain.pem, which begins with the server's "
       "certificate (certbot's chain.pem lacks it).\n"},
      {"IntermediatesForChain",
       [](CertificateFiles& files) {
         files.arrange(leaf_of(files));
         const auto issuing = files.ca.intermediate.intermediate("Issuing");
         files.chain = pem_of({&issuing, &files.ca.intermediate});
       },
       "DIR/fullchain.pem:1:1: the server's certificate is missing: 'Issuing' and the others are "
       "each a certificate authority. give the CA's fullchain.pem, which begins with the server's "
       "certificate (certbot's chain.pem lacks it).\n"},
      {"DerKey",
       [](CertificateFiles& files) {
         const auto leaf = leaf_of(files);
         files.arrange(leaf);
         files.key = der_key_of(leaf);
       },
       "DIR/privkey.pem: this is a DER private key, not PEM. convert it: openssl pkey -inform der "
       "-in DIR/privkey.pem -out privkey.pem.\n"},
      {"PublicKey",
       [](CertificateFiles& files) {
         files.arrange(leaf_of(files));
         files.key = "-----BEGIN PUBLIC KEY-----\nMIH=\n-----END PUBLIC KEY-----\n";
       },
       "DIR/privkey.pem: this is a public key, not a private key. give the PEM private key here "
       "(privkey.pem).\n"},
      {"OpensshKey",
       [](CertificateFiles& files) {
         files.arrange(leaf_of(files));
         files.key =
             "-----BEGIN OPENSSH PRIVATE KEY-----\nMIH=\n-----END OPENSSH PRIVATE KEY-----\n";
       },
       "DIR/privkey.pem: this is an OpenSSH key, not a PEM private key. give the PEM private key "
       "here (privkey.pem).\n"},
      {"EncryptedKey",
       [](CertificateFiles& files) {
         const auto leaf = leaf_of(files);
         files.arrange(leaf);
         files.key = leaf.encrypted_key_pem("secret");
       },
       "DIR/privkey.pem:1:1: the private key is encrypted, and nobody is there to type its "
       "passphrase. store it decrypted with mode 0600: openssl pkey -in DIR/privkey.pem -out "
       "privkey.pem.\n"},
      {"TraditionallyEncryptedKey",
       [](CertificateFiles& files) {
         files.arrange(leaf_of(files));
         files.key =
             "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: "
             "AES-128-CBC,00\n\nMIH=\n-----END RSA PRIVATE KEY-----\n";
       },
       "DIR/privkey.pem:1:1: the private key is encrypted, and nobody is there to type its "
       "passphrase. store it decrypted with mode 0600: openssl pkey -in DIR/privkey.pem -out "
       "privkey.pem.\n"},
      {"DamagedKey",
       [](CertificateFiles& files) {
         files.arrange(leaf_of(files));
         files.key.resize(files.key.size() - 40);
       },
       "DIR/privkey.pem:1:1: the private key is damaged: its PEM block does not decode. copy the "
       "whole file again, or issue a new key and certificate.\n"},
      {"KeyReadableByAll",
       [](CertificateFiles& files) {
         files.arrange(leaf_of(files));
         files.key_mode = 0644;
       },
       "DIR/privkey.pem: the private key is readable by every user (mode 0644). chmod 600 "
       "DIR/privkey.pem.\n"},
      {"KeyUsableByAll",
       [](CertificateFiles& files) {
         files.arrange(leaf_of(files));
         files.key_mode = 0602;
       },
       "DIR/privkey.pem: the private key is usable by every user (mode 0602). chmod 600 "
       "DIR/privkey.pem.\n"},
      {"KeyOfAnotherKind",
       [](CertificateFiles& files) {
         files.arrange(leaf_of(files));
         files.key = files.ca.intermediate.leaf({"chat.test"}, TestKey::rsa2048).key_pem();
       },
       "DIR/fullchain.pem:$1:1: the private key 'DIR/privkey.pem' is not the key of 'chat.test' "
       "(RSA 2048, not EC prime256v1). give the key that the certificate was requested with.\n"},
      {"KeyOfAnotherCertificate",
       [](CertificateFiles& files) {
         files.arrange(leaf_of(files));
         files.key = leaf_of(files).key_pem();
       },
       "DIR/fullchain.pem:$1:1: the private key 'DIR/privkey.pem' is not the key of 'chat.test'. "
       "give the key that the certificate was requested with.\n"},
      {"KeyTypeThatDoesNotServe",
       [](CertificateFiles& files) {
         auto options = for_leaf();
         options.key = TestKey::ed448;
         files.arrange(files.ca.intermediate.issue(options));
       },
       "DIR/privkey.pem:1:1: ED448 keys cannot serve here. use an ECDSA P-256 key, or RSA with "
       "2048 "
       "bits or more.\n"},
      // the chain
      {"LeafOnly",
       [](CertificateFiles& files) {
         const auto leaf = leaf_of(files);
         files.arrange(leaf);
         files.chain = leaf.pem();
       },
       "DIR/fullchain.pem:1:1: intermediate 'Test Intermediate' is missing: the file holds the "
       "server's certificate alone. your CA's fullchain.pem has it; if 'Test Intermediate' is your "
       "own root, name its file under certificates.roots.\n"},
      {"LeafOnlyWithTheIssuersAddress",
       [](CertificateFiles& files) {
         auto options = for_leaf();
         options.authority_info_access =
             "OCSP;URI:http://ocsp.test/,caIssuers;URI:http://ca.test/i.crt";
         const auto leaf = files.ca.intermediate.issue(options);
         files.chain = leaf.pem();
         files.key = leaf.key_pem();
       },
       "DIR/fullchain.pem:1:1: intermediate 'Test Intermediate' is missing: the file holds the "
       "server's certificate alone. your CA's fullchain.pem has it, and the CA publishes it (as "
       "DER) at http://ca.test/i.crt; if 'Test Intermediate' is your own root, name its file under "
       "certificates.roots.\n"},
      {"MissingMiddle",
       [](CertificateFiles& files) {
         const auto issuing = files.ca.intermediate.intermediate("Issuing");
         const auto leaf = issuing.issue(for_leaf());
         files.chain = pem_of({&leaf, &issuing});
         files.key = leaf.key_pem();
       },
       "DIR/fullchain.pem:$2:1: the chain stops at 'Issuing': its issuer 'Test Intermediate' is "
       "neither in this file nor a trusted root. if 'Test Intermediate' is your own root, name its "
       "file under certificates.roots; if it is an intermediate, your CA's fullchain.pem has "
       "it.\n"},
      {"IntermediateOfAnotherCa",
       [](CertificateFiles& files) {
         const auto leaf = leaf_of(files);
         const auto other = files.ca.root.intermediate("Other");
         files.chain = pem_of({&leaf, &other});
         files.key = leaf.key_pem();
       },
       "DIR/fullchain.pem:$1:1: intermediate 'Test Intermediate' is missing: no certificate in "
       "this "
       "file issued 'chat.test'. your CA's fullchain.pem has it; if 'Test Intermediate' is your "
       "own "
       "root, name its file under certificates.roots.\n"
       "DIR/fullchain.pem:$2:1: 'Other' is not part of the chain of 'chat.test'. remove it from "
       "the "
       "file.\n"},
      {"IntermediateWithAnotherKey",
       [](CertificateFiles& files) {
         const auto leaf = leaf_of(files);
         const auto replaced = files.ca.root.intermediate("Test Intermediate");
         files.chain = pem_of({&leaf, &replaced});
         files.key = leaf.key_pem();
       },
       "DIR/fullchain.pem:$2:1: 'Test Intermediate' has the name of the issuer of 'chat.test', but "
       "did not sign it. the CA has changed its key: fetch its present intermediate, or renew the "
       "certificate.\n"},
      {"ReversedOrder",
       [](CertificateFiles& files) {
         const auto leaf = leaf_of(files);
         files.chain = pem_of({&files.ca.intermediate, &leaf});
         files.key = leaf.key_pem();
       },
       "DIR/fullchain.pem:$1:1: wrong order: 'Test Intermediate' stands before 'chat.test' (line "
       "$2), which it issued. put the server's certificate first, and each one's issuer after "
       "it.\n"},
      {"IntermediatesSwapped",
       [](CertificateFiles& files) {
         const auto issuing = files.ca.intermediate.intermediate("Issuing");
         const auto leaf = issuing.issue(for_leaf());
         files.chain = pem_of({&leaf, &files.ca.intermediate, &issuing});
         files.key = leaf.key_pem();
       },
       "DIR/fullchain.pem:$2:1: wrong order: 'Test Intermediate' stands before 'Issuing' (line "
       "$3), "
       "which it issued. put the server's certificate first, and each one's issuer after it.\n"},
      {"RootInTheMiddle",
       [](CertificateFiles& files) {
         const auto leaf = leaf_of(files);
         files.chain = pem_of({&leaf, &files.ca.root, &files.ca.intermediate});
         files.key = leaf.key_pem();
       },
       "DIR/fullchain.pem:$2:1: wrong order: 'Test Root' stands before 'Test Intermediate' (line "
       "$3), which it issued. put the server's certificate first, and each one's issuer after "
       "it.\n"},
      {"Superfluous",
       [](CertificateFiles& files) {
         files.arrange(leaf_of(files));
         files.chain += TestCertificate::root("Stranger").pem();
       },
       "DIR/fullchain.pem:$3:1: 'Stranger' is not part of the chain of 'chat.test'. remove it from "
       "the file.\n"},
      {"UntrustedRoot",
       [](CertificateFiles& files) {
         files.arrange(leaf_of(files));
         files.chain += files.ca.root.pem();
         files.roots = TestCertificate::root("Another Root").pem();
       },
       "DIR/fullchain.pem:$2:1: the chain ends in 'Test Root', which is not a trusted root. if it "
       "is your own root, name its file under certificates.roots; else get a certificate from a CA "
       "that clients trust.\n"},
      {"RootWithAnotherKey",
       [](CertificateFiles& files) {
         files.arrange(leaf_of(files));
         files.roots = TestCertificate::root("Test Root").pem();
       },
       "DIR/fullchain.pem:$2:1: the trusted root 'Test Root' has the name of the issuer of 'Test "
       "Intermediate', but did not sign it. the CA has changed its key: name its present root "
       "under "
       "certificates.roots, or renew the certificate.\n"},
      {"SelfSigned",
       [](CertificateFiles& files) {
         const auto leaf = TestCertificate::self_signed(for_leaf());
         files.chain = leaf.pem();
         files.key = leaf.key_pem();
       },
       "DIR/fullchain.pem:1:1: 'chat.test' is self-signed: no client trusts it by itself. get a "
       "certificate from a CA; for clients that have been given this very certificate, name its "
       "file under certificates.roots.\n"},
      // the members
      {"ExpiredLeaf",
       [](CertificateFiles& files) {
         auto options = for_leaf();
         options.not_after = day(2026, 5, 31);
         files.arrange(files.ca.intermediate.issue(options));
       },
       "DIR/fullchain.pem:$1:1: 'chat.test' expired at 2026-05-31T00:00:00Z. renew the "
       "certificate.\n"},
      {"LeafNotYetValid",
       [](CertificateFiles& files) {
         auto options = for_leaf();
         options.not_before = day(2026, 6, 2);
         files.arrange(files.ca.intermediate.issue(options));
       },
       "DIR/fullchain.pem:$1:1: 'chat.test' is not valid before 2026-06-02T00:00:00Z. check this "
       "machine's clock ('date -u'), or wait until then.\n"},
      {"ExpiredIntermediate",
       [](CertificateFiles& files) {
         auto options = for_ca("Old Intermediate");
         options.not_after = day(2025, 1, 1);
         below(files, options);
       },
       "DIR/fullchain.pem:$2:1: 'Old Intermediate' expired at 2025-01-01T00:00:00Z. take the "
       "present fullchain.pem from the CA.\n"},
      {"ExpiredRoot",
       [](CertificateFiles& files) {
         auto options = for_ca("Old Root");
         options.not_after = day(2025, 1, 1);
         const auto root = TestCertificate::self_signed(options);
         const auto leaf = root.issue(for_leaf());
         files.chain = leaf.pem();
         files.roots = root.pem();
         files.key = leaf.key_pem();
       },
       "DIR/fullchain.pem:1:1: the chain ends in the root 'Old Root', which expired at "
       "2025-01-01T00:00:00Z. get a certificate from a CA that clients trust today.\n"},
      {"ClientCertificate",
       [](CertificateFiles& files) {
         auto options = for_leaf();
         options.extended_key_usage = "clientAuth";
         files.arrange(files.ca.intermediate.issue(options));
       },
       "DIR/fullchain.pem:$1:1: 'chat.test' is not for servers: its extended key usage lacks "
       "serverAuth. get a certificate for a TLS server.\n"},
      {"KeyUsageWithoutSignatures",
       [](CertificateFiles& files) {
         auto options = for_leaf();
         options.key_usage = "critical,keyEncipherment";
         files.arrange(files.ca.intermediate.issue(options));
       },
       "DIR/fullchain.pem:$1:1: the key usage of 'chat.test' lacks digitalSignature, which TLS 1.3 "
       "and every forward-secret suite need. get a certificate for a TLS server.\n"},
      {"IntermediateIsNoCa",
       [](CertificateFiles& files) {
         auto options = for_leaf();
         options.common_name = "shop.test";
         below(files, options);
       },
       "DIR/fullchain.pem:$2:1: 'shop.test' issued the certificate before it, but is no "
       "certificate "
       "authority (basicConstraints CA, keyUsage keyCertSign). get a certificate from a CA.\n"},
      {"IntermediateMayNotSign",
       [](CertificateFiles& files) {
         auto options = for_ca("Lame CA");
         options.key_usage = "critical,digitalSignature";
         below(files, options);
       },
       "DIR/fullchain.pem:$2:1: 'Lame CA' issued the certificate before it, but is no certificate "
       "authority (basicConstraints CA, keyUsage keyCertSign). get a certificate from a CA.\n"},
      {"IntermediateForMailOnly",
       [](CertificateFiles& files) {
         auto options = for_ca("Mail CA");
         options.extended_key_usage = "emailProtection";
         below(files, options);
       },
       "DIR/fullchain.pem:$2:1: 'Mail CA' is a certificate authority, but not one for servers. get "
       "a certificate from a CA for TLS servers.\n"},
      {"PathTooLong",
       [](CertificateFiles& files) {
         auto options = for_ca("Short CA");
         options.path_length = 0;
         const auto upper = files.ca.root.issue(options);
         const auto lower = upper.intermediate("Lower CA");
         const auto leaf = lower.issue(for_leaf());
         files.chain = pem_of({&leaf, &lower, &upper});
         files.key = leaf.key_pem();
       },
       "DIR/fullchain.pem:$3:1: 'Short CA' permits fewer intermediates below it than there are. "
       "get "
       "a certificate from a CA that may issue it.\n"},
      {"NameConstraints",
       [](CertificateFiles& files) {
         auto options = for_ca("Example CA");
         options.name_constraints = "critical,permitted;DNS:example.com";
         below(files, options);
       },
       "DIR/fullchain.pem:$1:1: a name of 'chat.test' is one that a CA above it may not certify "
       "(name constraints). get a certificate from a CA that may issue it.\n"},
      {"ExcludedName",
       [](CertificateFiles& files) {
         auto options = for_ca("Example CA");
         options.name_constraints = "critical,excluded;DNS:test";
         below(files, options);
       },
       "DIR/fullchain.pem:$1:1: a name of 'chat.test' is one that a CA above it may not certify "
       "(name constraints). get a certificate from a CA that may issue it.\n"},
      {"UnknownCriticalExtension",
       [](CertificateFiles& files) {
         auto options = for_leaf();
         options.extensions[NID_friendlyName] = "critical,DER:05:00";
         files.arrange(files.ca.intermediate.issue(options));
       },
       "DIR/fullchain.pem:$1:1: 'chat.test' has a critical extension that clients do not know. get "
       "a certificate without it.\n"},
      {"ExtensionsForbidServers",
       [](CertificateFiles& files) {
         auto options = for_leaf();
         options.extensions[NID_netscape_cert_type] = "client";
         files.arrange(files.ca.intermediate.issue(options));
       },
       "DIR/fullchain.pem:$1:1: the extensions of 'chat.test' forbid its use by a server. get a "
       "certificate for a TLS server.\n"},
      {"WhatOnlyOpensslHasWordsFor",
       [](CertificateFiles& files) {
         auto ca = for_ca("Odd CA");
         ca.name_constraints = "permitted;RID:1.2.3";
         const auto intermediate = files.ca.root.issue(ca);
         auto options = for_leaf();
         options.names = {"chat.test", "RID:1.2.3"};
         const auto leaf = intermediate.issue(options);
         files.chain = pem_of({&leaf, &intermediate});
         files.key = leaf.key_pem();
       },
       "DIR/fullchain.pem:$1:1: 'chat.test' does not verify: unsupported name constraint type. get "
       "a certificate for a TLS server from a CA that clients trust.\n"},
      {"DatesThatDoNotDecode",
       [](CertificateFiles& files) {
         const auto leaf = leaf_of(files);
         ASN1_STRING_set(X509_getm_notAfter(leaf.certificate()), "tomorrow", -1);
         ASSERT_GT(X509_sign(leaf.certificate(), files.ca.intermediate.key(), EVP_sha256()), 0);
         files.arrange(leaf);
       },
       OPENSSL_VERSION_PREREQ(3, 5)  // looks at them where it decodes the whole
           ? "DIR/fullchain.pem:$1:1: the certificate is damaged: its PEM block does not decode. "
             "copy the whole file again.\n"
           : "DIR/fullchain.pem:$1:1: the dates of 'chat.test' do not decode. renew the "
             "certificate.\n"},
      {"PublicKeyThatDoesNotDecode",
       [](CertificateFiles& files) {
         const auto leaf = leaf_of(files);
         ASN1_BIT_STRING* key = X509_get0_pubkey_bitstr(leaf.certificate());
         ASN1_STRING_set(key, "no point of the curve", -1);
         ASSERT_GT(X509_sign(leaf.certificate(), files.ca.intermediate.key(), EVP_sha256()), 0);
         files.arrange(leaf);
       },
       "DIR/fullchain.pem:$1:1: the public key of 'chat.test' does not decode. renew the "
       "certificate.\n"},
      {"MustStapleWithoutAResponder",
       [](CertificateFiles& files) {
         auto options = for_leaf();
         options.tls_feature = "status_request";
         files.arrange(files.ca.intermediate.issue(options));
       },
       "DIR/fullchain.pem:$1:1: 'chat.test' must be stapled (TLS feature status_request), but "
       "names "
       "no OCSP responder to get a staple from. get a certificate without must-staple.\n"},
      {"WeakRsaKey",
       [](CertificateFiles& files) {
         auto options = for_leaf();
         options.key = TestKey::rsa1024;
         files.arrange(files.ca.intermediate.issue(options));
       },
       "DIR/fullchain.pem:$1:1: the key of 'chat.test' is too weak or not widely accepted: RSA "
       "1024. make an ECDSA P-256 key, or RSA with 2048 bits or more, and a certificate for it.\n"},
      {"OddCurve",
       [](CertificateFiles& files) {
         auto options = for_leaf();
         options.key = TestKey::p224;
         files.arrange(files.ca.intermediate.issue(options));
       },
       "DIR/fullchain.pem:$1:1: the key of 'chat.test' is too weak or not widely accepted: EC "
       "secp224r1. make an ECDSA P-256 key, or RSA with 2048 bits or more, and a certificate for "
       "it.\n"},
      {"WeakIntermediateKey",
       [](CertificateFiles& files) {
         auto options = for_ca("Weak CA");
         options.key = TestKey::rsa1024;
         below(files, options);
       },
       "DIR/fullchain.pem:$2:1: the key of 'Weak CA' is too weak or not widely accepted: RSA 1024. "
       "take the present fullchain.pem from the CA.\n"},
      {"WeakRootKey",
       [](CertificateFiles& files) {
         auto options = for_ca("Weak Root");
         options.key = TestKey::rsa1024;
         const auto root = TestCertificate::self_signed(options);
         const auto leaf = root.issue(for_leaf());
         files.chain = leaf.pem();
         files.roots = root.pem();
         files.key = leaf.key_pem();
       },
       "DIR/fullchain.pem:1:1: the chain ends in the root 'Weak Root', whose key is too weak. get "
       "a "
       "certificate from a CA that clients trust today.\n"},
      {"Sha1Leaf",
       [](CertificateFiles& files) {
         auto options = for_leaf();
         options.digest = "SHA1";
         files.arrange(files.ca.intermediate.issue(options));
       },
       "DIR/fullchain.pem:$1:1: the signature of 'chat.test' is too weak: SHA1. have it signed "
       "again with SHA-256 or better.\n"},
      {"Md5Intermediate",
       [](CertificateFiles& files) {
         CertificateOptions root_options = for_ca("Test Root");
         root_options.key = TestKey::rsa2048;  // ECDSA with MD5 has no name in X.509
         const auto root = TestCertificate::self_signed(root_options);
         auto options = for_ca("Old Intermediate");
         options.digest = "MD5";
         const auto intermediate = root.issue(options);
         const auto leaf = intermediate.issue(for_leaf());
         files.chain = pem_of({&leaf, &intermediate});
         files.roots = root.pem();
         files.key = leaf.key_pem();
       },
       "DIR/fullchain.pem:$2:1: the signature of 'Old Intermediate' is too weak: MD5. have it "
       "signed again with SHA-256 or better.\n"},
      {"CommonNameOnly",
       [](CertificateFiles& files) {
         auto options = for_leaf();
         options.names.clear();
         files.arrange(files.ca.intermediate.issue(options));
       },
       "DIR/fullchain.pem:$1:1: 'chat.test' has no DNS name among its subject alternative names; "
       "clients do not look at the common name. get a certificate with the host names as DNS "
       "subject alternative names.\n"},
      {"AddressesAndMailOnly",
       [](CertificateFiles& files) {
         auto options = for_leaf();
         options.names = {"192.0.2.1", "2001:db8::1", "email:a@example.com"};
         files.arrange(files.ca.intermediate.issue(options));
       },
       "DIR/fullchain.pem:$1:1: 'chat.test' has no DNS name among its subject alternative names; "
       "clients do not look at the common name. get a certificate with the host names as DNS "
       "subject alternative names.\n"},
      {"EverythingAtOnce",
       [](CertificateFiles& files) {
         auto options = for_leaf();
         options.not_after = day(2026, 1, 2);
         options.names.clear();
         const auto leaf = files.ca.intermediate.issue(options);
         files.chain = leaf.pem();
         files.key = leaf_of(files).key_pem();
         files.key_mode = 0606;
       },
       "DIR/fullchain.pem:1:1: 'chat.test' expired at 2026-01-02T00:00:00Z. renew the "
       "certificate.\n"
       "DIR/fullchain.pem:1:1: intermediate 'Test Intermediate' is missing: the file holds the "
       "server's certificate alone. your CA's fullchain.pem has it; if 'Test Intermediate' is your "
       "own root, name its file under certificates.roots.\n"
       "DIR/fullchain.pem:1:1: the private key 'DIR/privkey.pem' is not the key of 'chat.test'. "
       "give the key that the certificate was requested with.\n"
       "DIR/fullchain.pem:1:1: 'chat.test' has no DNS name among its subject alternative names; "
       "clients do not look at the common name. get a certificate with the host names as DNS "
       "subject alternative names.\n"
       "DIR/privkey.pem: the private key is readable by every user (mode 0606). chmod 600 "
       "DIR/privkey.pem.\n"},
  };
  return all;
}

class CertificateRefusal : public testing::TestWithParam<Refusal> {};

TEST_P(CertificateRefusal, IsExplained) {
  CertificateFiles files;
  GetParam().arrange(files);
  EXPECT_FALSE(files.load());
  EXPECT_EQ(CertificateFiles::replace_all(files.told(), "'" + files.folder.path() + "/", "'DIR/"),
            files.with_lines(GetParam().told));
}

INSTANTIATE_TEST_SUITE_P(All, CertificateRefusal, testing::ValuesIn(refusals()),
                         [](const auto& one) { return std::string(one.param.name); });

TEST(CertificateFile, ThatCannotBeReadIsAProblemOfTheConfiguration) {
  CertificateFiles files;
  const auto& trust = files.trust();
  const CertificateSource source{
      files.folder.path() + "/none.pem", files.folder.path(), {"wssgate.yaml", 7, 5}};
  EXPECT_FALSE(load_certificate(source, trust, files.now, files.report).certificate);
  EXPECT_EQ(CertificateFiles::replace_all(files.report.text(), files.folder.path(), "DIR"),
            "wssgate.yaml:7:5: cannot read the private key 'DIR': Is a directory. name a file that "
            "wssgate's user may read.\n"
            "wssgate.yaml:7:5: cannot read the certificate 'DIR/none.pem': No such file or "
            "directory. name a file that wssgate's user may read.\n");
}

TEST(CertificateFile, MayBeReadableByItsGroup) {
  CertificateFiles files;
  files.arrange(leaf_of(files));
  files.key_mode = 0640;
  EXPECT_TRUE(files.load()) << files.told();
}

}  // namespace
}  // namespace wssgate::pki
