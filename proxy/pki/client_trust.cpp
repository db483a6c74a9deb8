#include "pki/client_trust.h"

#include <fmt/format.h>
#include <openssl/x509v3.h>

#include <utility>

#include "pki/x509_facts.h"

namespace wssgate::pki {
namespace {

// Intermediates that a client may need; whoever has more is not looking for a connection.
constexpr int kMostIntermediates = 8;
constexpr AuthorityWords kClientWords{
    .file = "the clients' CA",
    .consequence = "no client's certificate below it passes",
    .advice = "give the PEM certificates of the CAs that issue to your clients"};

void free_fault(void*, void* fault, CRYPTO_EX_DATA*, int, long, void*) {
  delete static_cast<std::string*>(fault);
}

int fault_index() {
  static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, free_fault);
  return index;
}

std::string describe_fault(X509_STORE_CTX* verifying) {
  const X509* const leaf = X509_STORE_CTX_get0_cert(verifying);
  const X509* const at = X509_STORE_CTX_get_current_cert(verifying);
  const char* const why = X509_verify_cert_error_string(X509_STORE_CTX_get_error(verifying));
  std::string fault =
      fmt::format("the client's certificate '{}' is refused: {}", subject_label(leaf), why);
  if (at != nullptr && at != leaf && X509_STORE_CTX_get_error_depth(verifying) > 0) {
    fault += fmt::format(" (at '{}')", subject_label(at));
  }
  return fault;
}

// Only takes notes: OpenSSL's verdict stands.
int note_client_fault(int accepted, X509_STORE_CTX* verifying) {
  if (accepted == 1) return accepted;
  auto* const ssl = static_cast<SSL*>(
      X509_STORE_CTX_get_ex_data(verifying, SSL_get_ex_data_X509_STORE_CTX_idx()));
  if (ssl == nullptr || SSL_get_ex_data(ssl, fault_index()) != nullptr) return accepted;
  auto fault = std::make_unique<std::string>(describe_fault(verifying));
  if (SSL_set_ex_data(ssl, fault_index(), fault.get()) == 1) {
    fault.release();  // NOLINT(*-unused-return-value): the connection owns it now
  }
  return accepted;
}

std::string to_der(const X509* certificate) {
  unsigned char* bytes = nullptr;
  const int length = i2d_X509(certificate, &bytes);
  if (length <= 0) return {};
  std::string der(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(length));
  OPENSSL_free(bytes);
  return der;
}

}  // namespace

std::shared_ptr<const ClientTrust> ClientTrust::load(const NamedPath& file, ClientRule rule,
                                                     std::chrono::system_clock::time_point now,
                                                     Report& report) {
  auto authorities = Authorities::load(file, kClientWords, SelfSigned::ca_only, now, report);
  if (!authorities) return nullptr;
  auto trust = std::make_shared<ClientTrust>();
  trust->rule_ = rule;
  trust->authorities_ = *std::move(authorities);
  return trust;
}

std::string ClientTrust::digest_text() const {
  return (rule_ == ClientRule::required ? "required" : "optional") + authorities_.digest_text();
}

bool ClientTrust::apply(SSL_CTX* context) const {
  STACK_OF(X509_NAME)* const names = sk_X509_NAME_new_null();
  if (names == nullptr) return false;
  for (const X509Ptr& authority : authorities()) {
    X509_NAME* const name = X509_NAME_dup(X509_get_subject_name(authority.get()));
    if (name != nullptr && sk_X509_NAME_push(names, name) == 0) X509_NAME_free(name);
  }
  SSL_CTX_set_client_CA_list(context, names);  // takes it over
  SSL_CTX_set1_cert_store(context, authorities_.store.get());
  SSL_CTX_set_verify_depth(context, kMostIntermediates);
  const int fail = rule_ == ClientRule::required ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0;
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | fail, note_client_fault);
  return SSL_CTX_set_purpose(context, X509_PURPOSE_SSL_CLIENT) == 1;
}

std::string client_certificate_fault(const SSL* ssl) {
  const auto* const fault = static_cast<const std::string*>(SSL_get_ex_data(ssl, fault_index()));
  return fault == nullptr ? std::string() : *fault;
}

std::vector<std::string> verified_client_chain(const SSL* ssl) {
  std::vector<std::string> chain;
  if (SSL_get0_peer_certificate(ssl) == nullptr || SSL_get_verify_result(ssl) != X509_V_OK) {
    return chain;
  }
  const STACK_OF(X509)* const verified = SSL_get0_verified_chain(ssl);
  for (int i = 0; i + 1 < sk_X509_num(verified); ++i) {
    chain.push_back(to_der(sk_X509_value(verified, i)));
  }
  return chain;
}

}  // namespace wssgate::pki
