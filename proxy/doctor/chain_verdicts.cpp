#include "doctor/chain_verdicts.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <ctime>
#include <utility>

#include "base/text.h"
#include "pki/chain_verdict.h"
#include "pki/x509_facts.h"

namespace wssgate::doctor {
namespace {

using pki::issuer_label;
using pki::subject_label;
using pki::TimePoint;

constexpr std::size_t kMostNames = 8;
// Apple's clients take no longer life of any CA.
constexpr std::chrono::hours kMostPrivateValidity(24 * 825);

/// What the CA/Browser Forum's rules allow public CAs (ballot SC-081), by the day of issue.
std::chrono::hours most_public_validity(TimePoint start) {
  using std::chrono::sys_days;
  using namespace std::chrono_literals;
  if (start >= sys_days(2029y / 3 / 15)) return 24h * 47;
  if (start >= sys_days(2027y / 3 / 15)) return 24h * 100;
  if (start >= sys_days(2026y / 3 / 15)) return 24h * 200;
  return 24h * 398;
}

Effect refuse(std::string why) { return {Outlook::refuse, std::move(why)}; }
Effect depends(std::string why) { return {Outlook::depends, std::move(why)}; }

Finding fault(FindingId id, std::string what, std::string change, const std::string& why) {
  return {.id = id,
          .level = Level::error,
          .what = std::move(what),
          .change = std::move(change),
          .browsers = refuse(why),
          .strict = refuse(why)};
}

Finding less(Level level, FindingId id, std::string what, std::string change) {
  return {.id = id, .level = level, .what = std::move(what), .change = std::move(change)};
}

std::string list_names(std::vector<std::string> names) {
  const bool more = names.size() > kMostNames;
  if (more) names.resize(kMostNames);
  return fmt::format("{}{}", fmt::join(names, ", "), more ? ", ..." : "");
}

class ChainJudge {
 public:
  ChainJudge(const TlsAnswer& answer, const ChainWalk& walk, const std::string& wanted_name,
             const KnownIssuers& known, const Judge& judge)
      : answer_(answer), wanted_(wanted_name), known_(known), judge_(judge), walk_(walk) {}

  std::vector<Finding> findings() && {
    judge_name();
    judge_usage();
    judge_dates();
    judge_strength();
    judge_end();
    judge_order();
    judge_superfluous();
    judge_validity();
    judge_staple();
    judge_whole();
    return std::move(findings_);
  }

 private:
  X509* at(std::size_t index) const { return answer_.chain[index].get(); }
  X509* leaf() const { return at(0); }
  X509* top() const { return at(walk_.path.back()); }

  void judge_name() {
    if (covers(leaf(), wanted_)) return;
    const auto names = alternative_names(leaf());
    const std::string what =
        names.empty()
            ? fmt::format(
                  "the certificate '{}' has no subject alternative name, so it covers no "
                  "name at all (the common name does not count)",
                  subject_label(leaf()))
            : fmt::format("the certificate does not cover '{}' but {}", wanted_, list_names(names));
    findings_.push_back(
        fault(FindingId::name_not_covered, what,
              fmt::format("serve a certificate that covers '{}' for that name", wanted_),
              "the name is not in the certificate"));
  }

  void judge_usage() {
    X509* const certificate = leaf();
    // Answers "everything" where the extension is absent, as RFC 5280 §4.2.1.12 has it.
    const bool fits = (X509_get_extended_key_usage(certificate) & XKU_SSL_SERVER) != 0 &&
                      X509_check_purpose(certificate, X509_PURPOSE_SSL_SERVER, 0) == 1;
    if (fits) return;
    findings_.push_back(
        fault(FindingId::wrong_usage,
              fmt::format("'{}' is not for servers: its usage extensions lack serverAuth or "
                          "digitalSignature",
                          subject_label(certificate)),
              "get a certificate for a TLS server", "the certificate may not be used by a server"));
  }

  void judge_dates() {
    for (const std::size_t index : walk_.path) judge_dates_of(at(index), index == 0);
    if (walk_.root && !walk_.ends_self_signed) judge_dates_of(walk_.root.get(), false);
  }

  void judge_dates_of(const X509* certificate, bool is_leaf) {
    const auto start = pki::not_before(certificate);
    const auto end = pki::not_after(certificate);
    const std::string label = subject_label(certificate);
    const char* const renew = is_leaf ? "renew the certificate, and have the server load it"
                                      : "serve the CA's present chain (fullchain.pem)";
    if (!start || !end) {
      findings_.push_back(fault(FindingId::chain_invalid,
                                fmt::format("the dates of '{}' do not decode", label), renew,
                                "its dates do not decode"));
    } else if (judge_.now > *end) {
      findings_.push_back(fault(
          FindingId::expired,
          fmt::format("'{}' expired at {}", label, pki::iso_time(X509_get0_notAfter(certificate))),
          renew, "it has expired"));
    } else if (judge_.now < *start) {
      findings_.push_back(
          fault(FindingId::not_yet_valid,
                fmt::format("'{}' is not valid before {}", label,
                            pki::iso_time(X509_get0_notBefore(certificate))),
                "check the clocks of the CA and of this machine ('date -u'), or serve the "
                "certificate of before until then",
                "it is not valid yet"));
    } else if (const auto warning = pki::warning_time(certificate);
               warning && judge_.now >= *warning) {
      const auto left = std::chrono::floor<std::chrono::hours>(*end - judge_.now).count();
      findings_.push_back(less(
          Level::warning, FindingId::expires_soon,
          fmt::format(
              "'{}' expires at {}, in {}", label, pki::iso_time(X509_get0_notAfter(certificate)),
              left >= 48 ? fmt::format("{} days", left / 24) : fmt::format("{} hours", left)),
          is_leaf ? "see why it has not been renewed yet" : renew));
    }
  }

  void judge_strength() {
    for (const std::size_t index : walk_.path) judge_strength_of(at(index), index == 0);
  }

  void judge_strength_of(const X509* certificate, bool is_leaf) {
    const std::string label = subject_label(certificate);
    const EVP_PKEY* const key = X509_get0_pubkey(certificate);
    const char* const renew =
        is_leaf ? "get a certificate for a new key: ECDSA P-256, or RSA with 2048 bits or more"
                : "serve the CA's present chain (fullchain.pem)";
    if (key == nullptr) {
      findings_.push_back(fault(FindingId::weak,
                                fmt::format("the public key of '{}' does not decode", label), renew,
                                "its key does not decode"));
    } else if (pki::is_weak(key)) {
      findings_.push_back(
          fault(FindingId::weak,
                fmt::format("the key of '{}' is too weak or not widely accepted: {}", label,
                            pki::describe_key(key)),
                renew, "its key is too weak"));
    } else if (const int kind = EVP_PKEY_get_base_id(key);
               is_leaf && (kind == EVP_PKEY_ED25519 || kind == EVP_PKEY_ED448)) {
      Finding finding = fault(FindingId::weak,
                              fmt::format("the key of '{}' is {}, which no browser takes", label,
                                          pki::describe_key(key)),
                              renew, "they offer no such signature");
      finding.strict = {};
      findings_.push_back(std::move(finding));
    }
    if (pki::is_self_signed(certificate)) return;  // nobody relies on a root's signature
    if (const auto digest = pki::weak_signature(certificate)) {
      findings_.push_back(fault(
          FindingId::weak, fmt::format("the signature of '{}' is too weak: {}", label, *digest),
          "have it signed again with SHA-256 or better", "its signature is too weak"));
    }
  }

  void judge_end() {
    if (walk_.complete()) return;
    if (walk_.ends_self_signed) {
      if (walk_.path.size() == 1) return self_signed();
      return untrusted(fmt::format("the chain ends in the root '{}', which is not trusted here",
                                   subject_label(top())),
                       "that root is in no common trust store");
    }
    if (imposter()) return;
    const bool is_published = !pki::issuer_urls(top()).empty();
    const bool is_known = known_issuer() != nullptr || system_has_issuer();
    // A public CA says where its certificates are; a private one sends what it has. A chain that
    // stops without such a word most likely stops at a root of somebody's own.
    if (is_published || is_known || (judge_.has_own_roots && walk_.path.size() == 1)) {
      return incomplete(is_known);
    }
    untrusted(fmt::format("no root that is trusted here is called '{}', which issued '{}'",
                          issuer_label(top()), subject_label(top())),
              fmt::format("'{}' is in no common trust store", issuer_label(top())));
  }

  void self_signed() {
    findings_.push_back(
        fault(FindingId::self_signed,
              fmt::format("the certificate '{}' has signed itself: only who clicked "
                          "through or installed it gets on",
                          subject_label(leaf())),
              "get a certificate from a CA that clients trust", "nobody vouches for it"));
  }

  void untrusted(std::string what, const std::string& why) {
    Finding finding = fault(
        FindingId::untrusted, std::move(what),
        "get a certificate from a CA that clients trust, or give your clients your root (and name "
        "it here with --ca)",
        why);
    finding.browsers.why += "; only where your CA was installed, or someone clicked through";
    findings_.push_back(std::move(finding));
  }

  /// Something that is called like the missing issuer, with another key.
  bool imposter() {
    std::string who;
    for (const auto& sent : answer_.chain) {
      if (sent.get() != top() && pki::has_issuer_name_of(top(), sent.get())) {
        who = "the one that is sent";
      }
    }
    if (who.empty() && judge_.anchors.has_name_of_issuer(top())) who = "the trusted root";
    if (who.empty()) return false;
    findings_.push_back(
        fault(FindingId::chain_invalid,
              fmt::format("'{}' did not sign '{}', though {} has the name of its issuer: the CA "
                          "has changed its key",
                          issuer_label(top()), subject_label(top()), who),
              "serve the chain that came with this very certificate (fullchain.pem)",
              "the signature does not fit"));
    return true;
  }

  const KnownIssuers::Member* known_issuer() const {
    for (const KnownIssuers::Member& member : known_.members) {
      if (pki::has_issuer_name_of(top(), member.certificate) &&
          pki::is_signed_by(top(), member.certificate)) {
        return &member;
      }
    }
    return nullptr;
  }

  /// As an intermediate: roots were looked for.
  bool system_has_issuer() const {
    const pki::StoreContextPtr context(X509_STORE_CTX_new());
    if (X509_STORE_CTX_init(context.get(), judge_.anchors.store(), nullptr, nullptr) != 1) {
      return false;
    }
    X509* issuer = nullptr;
    const bool found = X509_STORE_CTX_get1_issuer(&issuer, context.get(), top()) == 1;
    const pki::X509Ptr owner(issuer);
    ERR_clear_error();
    return found && pki::is_signed_by(top(), issuer);
  }

  void incomplete(bool is_known) {
    const std::string issuer = issuer_label(top());
    const auto urls = pki::issuer_urls(top());
    const bool alone = answer_.chain.size() == 1;
    std::string what =
        fmt::format("the chain is incomplete: {}, and the intermediate '{}' is missing",
                    alone ? std::string("the server's certificate is sent alone")
                          : fmt::format("it stops at '{}'", subject_label(top())),
                    issuer);
    std::string why_browsers;
    if (!urls.empty()) {
      why_browsers =
          fmt::format("Chrome, Edge and Safari fetch it (AIA: {})", printable(urls.front()));
    }
    if (is_known) {
      const auto* const member = known_issuer();
      if (!why_browsers.empty()) why_browsers += ", ";
      why_browsers += "Firefox and others may know it already";
      what += member != nullptr ? fmt::format(" ({} sends it)", member->sent_by)
                                : std::string(" (this system has it, others do not)");
    } else if (!why_browsers.empty()) {
      why_browsers += ", Firefox has the common ones; nothing was fetched to try";
    }
    Finding finding =
        fault(FindingId::chain_incomplete, std::move(what),
              "serve the CA's fullchain.pem (the certificate and its intermediates) in the place "
              "of the certificate alone",
              fmt::format("'{}' is not sent, and they fetch nothing", issuer));
    finding.browsers = why_browsers.empty()
                           ? refuse(fmt::format("'{}' is not sent, and nothing says where to fetch "
                                                "it; only who met it elsewhere gets on",
                                                issuer))
                           : depends(std::move(why_browsers));
    findings_.push_back(std::move(finding));
  }

  void judge_order() {
    const auto& path = walk_.path;
    const auto wrong = std::adjacent_find(path.begin(), path.end(),
                                          [](std::size_t a, std::size_t b) { return b < a; });
    if (wrong == path.end()) return;
    Finding finding = less(
        Level::warning, FindingId::chain_order,
        fmt::format("the chain is sent in the wrong order: '{}' comes before '{}', which it is "
                    "above",
                    subject_label(at(*(wrong + 1))), subject_label(at(*wrong))),
        "put the server's certificate first, and each one's issuer after it");
    finding.strict =
        depends("OpenSSL, Node, curl and Go sort it; older and embedded TLS stacks refuse it");
    findings_.push_back(std::move(finding));
  }

  void judge_superfluous() {
    if (answer_.chain_sent > answer_.chain.size()) {
      findings_.push_back(less(Level::warning, FindingId::chain_superfluous,
                               fmt::format("{} certificates are sent, and only the first {} were "
                                           "looked at",
                                           answer_.chain_sent, answer_.chain.size()),
                               "send the server's certificate and its intermediates alone: some "
                               "clients refuse such a chain"));
      return;
    }
    std::vector<std::string> labels;
    for (std::size_t i = 0; i < answer_.chain.size(); ++i) {
      if (std::find(walk_.path.begin(), walk_.path.end(), i) != walk_.path.end()) {
        // The root may end the path; clients have it themselves.
        const bool is_root = i != 0 && pki::is_self_signed(at(i));
        if (!is_root) continue;
      }
      labels.push_back(fmt::format("'{}'", subject_label(at(i))));
    }
    if (labels.empty()) return;
    findings_.push_back(
        less(Level::note, FindingId::chain_superfluous,
             fmt::format("more is sent than clients need: {}", list_names(std::move(labels))),
             "remove it from the file; each handshake carries it"));
  }

  void judge_validity() {
    const auto start = pki::not_before(leaf());
    const auto end = pki::not_after(leaf());
    if (!start || !end || !walk_.complete()) return;
    // Halves, which cannot overflow: the dates may be the ends of the clock.
    const auto half = end->time_since_epoch() / 2 - start->time_since_epoch() / 2;
    const auto most = judge_.has_own_roots ? kMostPrivateValidity : most_public_validity(*start);
    if (half <= most / 2 + std::chrono::hours(1)) return;
    const auto days = std::chrono::duration_cast<std::chrono::hours>(half).count() / 12;
    Finding finding =
        less(Level::warning, FindingId::validity_too_long,
             fmt::format("'{}' is valid for {} days, more than the {} that {}",
                         subject_label(leaf()), days, most.count() / 24,
                         judge_.has_own_roots ? "browsers take" : "a public CA may give"),
             "get a certificate with a shorter life, and renew it by a program");
    finding.browsers =
        depends(judge_.has_own_roots ? "Safari and iOS refuse so long a life of any CA"
                                     : "Chrome and Safari refuse what is longer than the rules of "
                                       "public CAs allow");
    findings_.push_back(std::move(finding));
  }

  void judge_staple() {
    const bool must = pki::is_must_staple(leaf());
    const StapleState staple = staple_state(answer_, walk_, judge_);
    if (staple.word == "revoked") {
      Finding finding =
          fault(FindingId::revoked,
                fmt::format("the CA has revoked the certificate: the staple says so{}",
                            staple.why.empty() ? "" : fmt::format(" ({})", staple.why)),
                "get a new certificate with a new key, and find out why the old one "
                "was revoked",
                "Firefox and Safari go by the staple, Chrome by lists of its own");
      finding.strict = depends("who checks staples refuses; most do not check");
      findings_.push_back(std::move(finding));
    } else if (must && staple.word != "good" && staple.word != "unverified") {
      Finding finding =
          fault(FindingId::must_staple_missing,
                fmt::format("the certificate must be stapled (RFC 7633), and {}",
                            staple.word == "absent" || staple.word == "not applicable"
                                ? "no staple is sent"
                                : fmt::format("the staple is worth nothing: {}", staple.why)),
                "turn OCSP stapling on, or get a certificate without must-staple", "");
      finding.browsers = depends("Firefox refuses it, others do not look");
      finding.strict = depends("GnuTLS and Java can refuse it, others do not look");
      findings_.push_back(std::move(finding));
    } else if (staple.word == "unusable") {
      findings_.push_back(less(Level::warning, FindingId::staple_bad,
                               fmt::format("the OCSP staple is worth nothing: {}", staple.why),
                               "have the server fetch it again; Firefox refuses some of these"));
    } else if (staple.word == "absent" && walk_.complete()) {
      findings_.push_back(
          less(Level::note, FindingId::staple_absent,
               "no OCSP staple is sent, though the certificate names a responder",
               "turn OCSP stapling on, so that clients need not ask the CA who visits whom"));
    }
  }

  /// What is left: OpenSSL's own verdict on a chain that looked well, such as name constraints.
  void judge_whole() {
    const bool known_fault =
        std::any_of(findings_.begin(), findings_.end(),
                    [](const Finding& one) { return one.level == Level::error; });
    if (known_fault || !walk_.complete()) return;
    const pki::BorrowingStack sent(sk_X509_new_null());
    for (const auto& each : answer_.chain) sk_X509_push(sent.get(), each.get());
    const pki::StoreContextPtr context(X509_STORE_CTX_new());
    X509_STORE_CTX_init(context.get(), judge_.anchors.store(), leaf(), sent.get());
    X509_STORE_CTX_set_default(context.get(), "ssl_server");
    X509_VERIFY_PARAM_set_time(X509_STORE_CTX_get0_param(context.get()),
                               std::chrono::system_clock::to_time_t(judge_.now));
    const int verified = X509_verify_cert(context.get());
    const int error = X509_STORE_CTX_get_error(context.get());
    X509* const culprit = X509_STORE_CTX_get_current_cert(context.get());
    if (verified != 1) {
      findings_.push_back(fault(FindingId::chain_invalid,
                                fmt::format("'{}' does not verify: {}",
                                            subject_label(culprit == nullptr ? leaf() : culprit),
                                            X509_verify_cert_error_string(error)),
                                "get a certificate for a TLS server from a CA that may issue it",
                                X509_verify_cert_error_string(error)));
    }
    ERR_clear_error();
  }

  const TlsAnswer& answer_;
  const std::string& wanted_;
  const KnownIssuers& known_;
  const Judge& judge_;
  const ChainWalk& walk_;
  std::vector<Finding> findings_;
};

}  // namespace

std::vector<Finding> judge_chain(const TlsAnswer& answer, const ChainWalk& walk,
                                 const std::string& wanted_name, const KnownIssuers& known,
                                 const Judge& judge) {
  if (answer.chain.empty()) return {};
  return ChainJudge(answer, walk, wanted_name, known, judge).findings();
}

}  // namespace wssgate::doctor
