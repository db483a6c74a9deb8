#pragma once

#include <openssl/ssl.h>

#include <cstddef>
#include <memory>
#include <string>

#include "doctor/facts.h"
#include "doctor/wire.h"

namespace wssgate::doctor {

/// What a ClientHello looks like.
struct HelloShape {
  /// Empty: none is sent.
  std::string server_name;
  /// Over 1.2 KB and in two segments, as with the post-quantum key shares that browsers send; else
  /// small and in one.
  bool large_and_split = true;
  /// TLS 1.0 and 1.1, and every suite that this OpenSSL still has, are offered too; else what
  /// browsers offer.
  bool outdated = false;
};

/// TLS as a client that takes any certificate and remembers it: judging comes later. OpenSSL works
/// on memory, so that every wait is the wire's. One thread; the wire outlives it.
class TlsDialogue : public Channel {
 public:
  explicit TlsDialogue(Wire& wire);

  /// Once. What came by then is in the answer, whatever the end was.
  TlsAnswer shake_hands(const HelloShape& shape, Deadline deadline);
  Step send(std::string_view bytes, Deadline deadline) override;
  Step receive(std::string& into, Deadline deadline) override;
  /// The fatal alert that came last; 0 for none.
  int alert() const { return alert_; }

 private:
  bool set_up(const HelloShape& shape);
  Step flush(bool split, Deadline deadline);
  Step feed(Deadline deadline);
  TlsAnswer::End negotiate(const HelloShape& shape, Deadline deadline, std::string& detail);
  TlsAnswer::End end_of(Step step) const;
  bool is_tls() const;
  void take_facts(TlsAnswer& answer) const;
  static void note(const SSL* ssl, int where, int value);
  static int note_request(SSL* ssl, X509** certificate, EVP_PKEY** key);

  Wire& wire_;
  std::unique_ptr<SSL_CTX, pki::OpensslDeleter<SSL_CTX_free>> context_;
  std::unique_ptr<SSL, pki::OpensslDeleter<SSL_free>> ssl_;
  BIO* incoming_ = nullptr;  // both are the SSL's
  BIO* outgoing_ = nullptr;
  std::string first_bytes_;
  std::size_t fed_ = 0;
  int alert_ = 0;
  bool asked_for_certificate_ = false;
};

}  // namespace wssgate::doctor
