#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "base/address.h"
#include "support/backend.h"
#include "support/ocsp_responses.h"
#include "support/temp_folder.h"
#include "support/test_ca.h"

namespace wssgate::test {

/// An OCSP responder on a loopback port that does what the test says at that moment.
class ScriptedResponder {
 public:
  /// The connection, and which one it is (0, 1, …).
  using Script = Backend::Script;

  ScriptedResponder();
  /// From now on.
  void does(Script script);
  /// Answers each request with this response, over HTTP.
  void answers(const std::string& der);

  std::string url() const { return "http://" + backend_.endpoint() + "/"; }
  std::string endpoint() const { return backend_.endpoint(); }
  int connections() const { return backend_.connections(); }

 private:
  std::mutex mutex_;
  Script script_;
  Backend backend_;
};

/// `openssl ocsp` as a process, for the certificates of one CA.
class OpensslResponder {
 public:
  /// What it knows of a certificate: 'V' valid, 'R' revoked, or ' ' nothing.
  OpensslResponder(const TestCertificate& leaf, char state, const TestCertificate& issuer,
                   const TestCertificate& signer);
  /// Kills it.
  ~OpensslResponder();
  OpensslResponder(const OpensslResponder&) = delete;
  OpensslResponder& operator=(const OpensslResponder&) = delete;

  /// A script that passes requests on to it, and its answers back.
  ScriptedResponder::Script relay() const;

 private:
  TempFolder folder_;
  SocketAddress address_;
  pid_t pid_ = -1;
};

/// A certificate whose responders are at these URLs, and where its staple goes.
struct StapledCertificate {
  TestCa ca;
  TestCertificate leaf;
  std::shared_ptr<pki::Certificate> certificate;
  std::shared_ptr<pki::StapleSlot> slot = std::make_shared<pki::StapleSlot>();

  explicit StapledCertificate(const std::vector<std::string>& urls);
  /// Of now, for an hour, unless `answer` says otherwise.
  std::string response(OcspAnswer answer = lasting(std::chrono::hours(1))) const;
  /// Of now, for so long.
  static OcspAnswer lasting(std::chrono::seconds time);
  std::shared_ptr<const pki::Staple> staple() const;
};

}  // namespace wssgate::test
