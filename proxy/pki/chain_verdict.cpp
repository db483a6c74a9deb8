#include "pki/chain_verdict.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <utility>

#include "pki/x509_facts.h"

namespace wssgate::pki {
namespace {

// RSA 2048 and SHA-224 at least, for keys and for every signature but the root's.
constexpr const char* kTrustedCa = "get a certificate from a CA that clients trust today";

struct Finding {
  int error = X509_V_OK;
  X509Ptr certificate;
};

/// What OpenSSL's callbacks work with: the context's app data.
struct Judging {
  VerifiedSignatures& signatures;
  std::time_t now;
  std::vector<Finding> findings;

  static Judging& of(X509_STORE_CTX* context) {
    return *static_cast<Judging*>(X509_STORE_CTX_get_app_data(context));
  }
};

// Goes on after each error, so that all are told at once.
int collect(int ok, X509_STORE_CTX* context) {
  if (ok == 1) return 1;
  Judging::of(context).findings.push_back(
      Finding{X509_STORE_CTX_get_error(context), share(X509_STORE_CTX_get_current_cert(context))});
  return 1;
}

/// X509_V_OK where the dates hold.
int judge_dates(const X509* certificate, std::time_t now) {
  const int begins = X509_cmp_time(X509_get0_notBefore(certificate), &now);
  const int ends = X509_cmp_time(X509_get0_notAfter(certificate), &now);
  if (begins == 0) return X509_V_ERR_ERROR_IN_CERT_NOT_BEFORE_FIELD;
  if (begins > 0) return X509_V_ERR_CERT_NOT_YET_VALID;
  if (ends == 0) return X509_V_ERR_ERROR_IN_CERT_NOT_AFTER_FIELD;
  return ends < 0 ? X509_V_ERR_CERT_HAS_EXPIRED : X509_V_OK;
}

/// The last step of X509_verify_cert, in the place of OpenSSL's own: signatures, each verified once
/// in a load, and dates. What certificates may do (key usage too) it has judged before.
int verify_signatures(X509_STORE_CTX* context) {
  Judging& judging = Judging::of(context);
  const STACK_OF(X509)* const chain = X509_STORE_CTX_get0_chain(context);
  const int top = sk_X509_num(chain) - 1;
  for (int depth = top; depth >= 0; --depth) {
    X509* const certificate = sk_X509_value(chain, depth);
    const auto find = [&](int error) {
      if (error != X509_V_OK) judging.findings.push_back(Finding{error, share(certificate)});
    };
    if (depth == top) {
      // A root's own signature proves nothing; where there is no root, that has been found.
      if (!has_issuer_name_of(certificate, certificate)) find(X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT);
    } else if (!judging.signatures.verify(certificate, sk_X509_value(chain, depth + 1))) {
      find(X509_V_ERR_CERT_SIGNATURE_FAILURE);
    }
    find(judge_dates(certificate, judging.now));
  }
  return 1;
}

bool is_gap(int error) {
  constexpr std::array kGaps = {
      X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
      X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN,
      // Inside the path every signature has been verified: a root of another key but the same name.
      X509_V_ERR_CERT_SIGNATURE_FAILURE};
  return std::find(kGaps.begin(), kGaps.end(), error) != kGaps.end();
}

// judge_members has better words for these.
bool is_judged_by_member(int error) {
  constexpr std::array kJudged = {X509_V_ERR_CERT_HAS_EXPIRED,
                                  X509_V_ERR_CERT_NOT_YET_VALID,
                                  X509_V_ERR_EE_KEY_TOO_SMALL,
                                  X509_V_ERR_CA_KEY_TOO_SMALL,
                                  X509_V_ERR_CA_MD_TOO_WEAK,
                                  X509_V_ERR_INVALID_PURPOSE,
                                  X509_V_ERR_INVALID_CA,
                                  X509_V_ERR_ERROR_IN_CERT_NOT_BEFORE_FIELD,
                                  X509_V_ERR_ERROR_IN_CERT_NOT_AFTER_FIELD,
                                  X509_V_ERR_KEYUSAGE_NO_CERTSIGN};
  return std::find(kJudged.begin(), kJudged.end(), error) != kJudged.end();
}

class TrustVerdict {
 public:
  TrustVerdict(const std::vector<PathMember>& path, const PathEnd& end, const TrustAnchors& anchors,
               Report& report)
      : path_(path), end_(end), anchors_(anchors), report_(report) {}

  // One complaint, whatever OpenSSL finds to say about the same gap.
  void gap() {
    if (std::exchange(gap_told_, true) || end_.explained) return;
    const PathMember& top = path_.back();
    if (end_.root != nullptr) {
      report_.add(top.at,
                  fmt::format("the chain ends in '{}', which is not a trusted root",
                              subject_label(end_.root)),
                  "if it is your own root, name its file under certificates.roots; else get a "
                  "certificate from a CA that clients trust");
    } else if (anchors_.has_name_of_issuer(top.certificate)) {
      report_.add(top.at,
                  fmt::format("the trusted root '{}' has the name of the issuer of '{}', but did "
                              "not sign it",
                              issuer_label(top.certificate), subject_label(top.certificate)),
                  "the CA has changed its key: name its present root under certificates.roots, or "
                  "renew the certificate");
    } else if (path_.size() == 1) {
      missing_intermediate(top, issuer_label(top.certificate));
    } else {
      const std::string issuer = issuer_label(top.certificate);
      report_.add(top.at,
                  fmt::format("the chain stops at '{}': its issuer '{}' is neither in this file "
                              "nor a trusted root{}",
                              subject_label(top.certificate), issuer, unfit()),
                  fmt::format("if '{}' is your own root, name its file under certificates.roots; "
                              "if it is an intermediate, {}",
                              issuer, source(top)));
    }
  }

  void finding(const Finding& found) {
    const PathMember* member = find(found.certificate.get());
    if (member != nullptr && is_judged_by_member(found.error)) return;
    const SourceLocation& at = member != nullptr ? member->at : path_.back().at;
    const std::string label = found.certificate ? subject_label(found.certificate.get())
                                                : subject_label(path_.front().certificate);
    switch (found.error) {
      case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
        report_.add(at, fmt::format("'{}' is self-signed: no client trusts it by itself", label),
                    "get a certificate from a CA; for clients that have been given this very "
                    "certificate, name its file under certificates.roots");
        return;
      case X509_V_ERR_CERT_HAS_EXPIRED:
        report_.add(at,
                    fmt::format("the chain ends in the root '{}', which expired at {}", label,
                                iso_time(X509_get0_notAfter(found.certificate.get()))),
                    kTrustedCa);
        return;
      case X509_V_ERR_CA_KEY_TOO_SMALL:
        report_.add(at,
                    fmt::format("the chain ends in the root '{}', whose key is too weak", label),
                    kTrustedCa);
        return;
      case X509_V_ERR_PATH_LENGTH_EXCEEDED:
        report_.add(at,
                    fmt::format("'{}' permits fewer intermediates below it than there are", label),
                    "get a certificate from a CA that may issue it");
        return;
      case X509_V_ERR_PERMITTED_VIOLATION:
      case X509_V_ERR_EXCLUDED_VIOLATION:
        report_.add(at,
                    fmt::format("a name of '{}' is one that a CA above it may not certify (name "
                                "constraints)",
                                label),
                    "get a certificate from a CA that may issue it");
        return;
      case X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION:
        report_.add(at,
                    fmt::format("'{}' has a critical extension that clients do not know", label),
                    "get a certificate without it");
        return;
      default:
        report_.add(at,
                    fmt::format("'{}' does not verify: {}", label,
                                X509_verify_cert_error_string(found.error)),
                    "get a certificate for a TLS server from a CA that clients trust");
    }
  }

  const PathMember* find(const X509* certificate) const {
    if (certificate == nullptr) return nullptr;
    for (const PathMember& member : path_) {
      if (X509_cmp(member.certificate, certificate) == 0) return &member;
    }
    return nullptr;
  }

  X509Ptr verified(const STACK_OF(X509) * chain, TimePoint now) {
    const int count = sk_X509_num(chain);
    for (int i = 1; i + 1 < count; ++i) {
      // One that OpenSSL took from the system's store: clients may not have it.
      if (find(sk_X509_value(chain, i)) == nullptr) {
        gap();
        return nullptr;
      }
    }
    X509* root = sk_X509_value(chain, count - 1);
    if (count > 1) {
      warn_of_end(root, fmt::format("the chain ends in the root '{}', which", subject_label(root)),
                  path_.back().at, now, kTrustedCa, report_, Problem::Kind::root_expiring);
    }
    return share(root);
  }

 private:
  void missing_intermediate(const PathMember& leaf, const std::string& issuer) {
    const std::string why = end_.leaf_alone ? "the file holds the server's certificate alone"
                                            : fmt::format("no certificate in this file issued '{}'",
                                                          subject_label(leaf.certificate));
    report_.add(leaf.at, fmt::format("intermediate '{}' is missing: {}{}", issuer, why, unfit()),
                fmt::format("{}; if '{}' is your own root, name its file under certificates.roots",
                            source(leaf), issuer));
  }

  std::string unfit() const {
    return end_.unfit_file.empty()
               ? std::string()
               : fmt::format(", and the one in {} is not fit to complete it", end_.unfit_file);
  }

  // Where the issuer of `top` is to be had. Nothing is fetched here, but the operator can.
  static std::string source(const PathMember& top) {
    const auto urls = issuer_urls(top.certificate);
    if (urls.empty()) return "your CA's fullchain.pem has it";
    return fmt::format("your CA's fullchain.pem has it, and the CA publishes it (as DER) at {}",
                       urls.front());
  }

  const std::vector<PathMember>& path_;
  const PathEnd& end_;
  const TrustAnchors& anchors_;
  Report& report_;
  bool gap_told_ = false;
};

}  // namespace

X509Ptr judge_trust(const std::vector<PathMember>& path, const PathEnd& end, const Trust& trust,
                    std::chrono::system_clock::time_point now, Report& report) {
  const bool keys_decode = std::all_of(path.begin(), path.end(), [](const PathMember& member) {
    return X509_get0_pubkey(member.certificate) != nullptr;
  });
  if (!keys_decode) return nullptr;  // told by judge_members, and nothing can be verified
  const BorrowingStack untrusted(sk_X509_new_null());
  for (std::size_t i = 1; i < path.size(); ++i) {
    sk_X509_push(untrusted.get(), path[i].certificate);
  }
  Judging judging{*trust.signatures, std::chrono::system_clock::to_time_t(now), {}};
  const StoreContextPtr context(X509_STORE_CTX_new());
  X509_STORE_CTX_init(context.get(), trust.anchors.store(), path.front().certificate,
                      untrusted.get());
  X509_STORE_CTX_set_default(context.get(), "ssl_server");
  X509_VERIFY_PARAM* parameters = X509_STORE_CTX_get0_param(context.get());
  X509_VERIFY_PARAM_set_time(parameters, judging.now);
  X509_VERIFY_PARAM_set_auth_level(parameters, kSecurityLevel);
  X509_STORE_CTX_set_app_data(context.get(), &judging);
  X509_STORE_CTX_set_verify_cb(context.get(), collect);
  X509_STORE_CTX_set_verify(context.get(), verify_signatures);
  const int verified = X509_verify_cert(context.get());
  std::vector<Finding>& findings = judging.findings;
  if (verified != 1 && findings.empty()) {
    findings.push_back(Finding{X509_STORE_CTX_get_error(context.get()), nullptr});
  }

  TrustVerdict verdict(path, end, trust.anchors, report);
  for (const Finding& found : findings) {
    if (is_gap(found.error)) {
      verdict.gap();
    } else {
      verdict.finding(found);
    }
  }
  X509Ptr root;
  if (findings.empty()) root = verdict.verified(X509_STORE_CTX_get0_chain(context.get()), now);
  ERR_clear_error();
  return root;
}

}  // namespace wssgate::pki
