#include "pki/chain.h"

#include <fmt/format.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <optional>

#include "pki/chain_verdict.h"
#include "pki/x509_facts.h"

namespace wssgate::pki {
namespace {

// A step of the way from the leaf towards the root: a member of the file, or an intermediate that
// the file lacks.
struct Link {
  X509* certificate = nullptr;
  std::optional<std::size_t> member;
};

// The walk from the leaf towards the root, by the names and signatures.
struct Path {
  std::vector<Link> links;              // the leaf first
  std::optional<std::size_t> root;      // where the file holds the root too
  std::optional<std::size_t> imposter;  // called like the issuer that is missing, with another key
  std::string unfit_file;               // where there is the missing one, but not fit
};

class Walk {
 public:
  Walk(const ChainFile& file, const Trust& trust, Report& report)
      : file_(file), trust_(trust), report_(report) {}

  Path up_from(std::size_t leaf) const {
    Path path;
    path.links.push_back(Link{certificate(leaf), leaf});
    while (!is_self_signed(top(path))) {
      if (const auto issuer = issuer_in_file(path)) {
        if (is_self_signed(certificate(*issuer))) {
          path.root = issuer;
          break;
        }
        path.links.push_back(Link{certificate(*issuer), issuer});
        continue;
      }
      path.imposter = namesake_of_issuer(path);
      if (path.imposter || !complete(path)) break;
    }
    return path;
  }

  // RFC 8446 §4.4.2 lets clients be lenient about the order; not all are.
  void report_order(const Path& path) const {
    std::vector<std::size_t> ordered;
    for (const Link& link : path.links) {
      if (link.member) ordered.push_back(*link.member);
    }
    if (path.root) ordered.push_back(*path.root);
    for (std::size_t i = 1; i < ordered.size(); ++i) {
      if (ordered[i] > ordered[i - 1]) continue;
      report_.add(
          at(ordered[i]),
          fmt::format("wrong order: '{}' stands before '{}' (line {}), {}", label(ordered[i]),
                      label(ordered[i - 1]), file_.members[ordered[i - 1]].line,
                      is_signed_by(certificate(ordered[i - 1]), certificate(ordered[i]))
                          ? "which it issued"
                          : "which is below it"),
          "put the server's certificate first, and each one's issuer after it");
      return;
    }
  }

  void report_superfluous(const Path& path) const {
    for (std::size_t i = 0; i < file_.members.size(); ++i) {
      if (is_on(path, certificate(i)) || i == path.root || i == path.imposter ||
          is_root_of(path, i)) {
        continue;
      }
      report_.add(at(i),
                  fmt::format("'{}' is not part of the chain of '{}'", label(i),
                              subject_label(path.links.front().certificate)),
                  "remove it from the file");
    }
  }

  void warn_of_root(const Path& path) const {
    if (!path.root) return;
    report_.warn(at(*path.root),
                 fmt::format("'{}' is a root, which clients have themselves: it is not sent",
                             label(*path.root)),
                 "remove it from the file");
  }

  void report_imposter(const Path& path) const {
    if (!path.imposter) return;
    report_.add(at(*path.imposter),
                fmt::format("'{}' has the name of the issuer of '{}', but did not sign it",
                            label(*path.imposter), subject_label(top(path))),
                "the CA has changed its key: fetch its present intermediate, or renew the "
                "certificate");
  }

  // What is wrong with one that the file lacks is told where it was missed.
  std::vector<PathMember> placed(const Path& path) const {
    std::vector<PathMember> members;
    for (const Link& link : path.links) {
      members.push_back({link.certificate, link.member ? at(*link.member) : members.back().at});
    }
    return members;
  }

  X509* certificate(std::size_t i) const { return file_.members[i].certificate.get(); }

 private:
  static X509* top(const Path& path) { return path.links.back().certificate; }
  std::string label(std::size_t i) const { return subject_label(certificate(i)); }
  SourceLocation at(std::size_t i) const { return {file_.path, file_.members[i].line, 1}; }

  static bool is_on(const Path& path, const X509* certificate) {
    return std::any_of(path.links.begin(), path.links.end(), [&](const Link& link) {
      return X509_cmp(link.certificate, certificate) == 0;
    });
  }

  // The one that follows is asked first: a CA may have two certificates of one name and key.
  std::optional<std::size_t> issuer_in_file(const Path& path) const {
    const std::size_t count = file_.members.size();
    const std::size_t from = path.links.back().member.value_or(0);
    for (std::size_t step = 1; step <= count; ++step) {
      const std::size_t i = (from + step) % count;
      if (!is_on(path, certificate(i)) && has_issuer_name_of(top(path), certificate(i)) &&
          trust_.signatures->verify(top(path), certificate(i))) {
        return i;
      }
    }
    return std::nullopt;
  }

  std::optional<std::size_t> namesake_of_issuer(const Path& path) const {
    for (std::size_t i = 0; i < file_.members.size(); ++i) {
      if (!is_on(path, certificate(i)) && has_issuer_name_of(top(path), certificate(i))) return i;
    }
    return std::nullopt;
  }

  // Adds an issuer that the file lacks. False when none is needed, or there is none.
  bool complete(Path& path) const {
    if (trust_.intermediates.empty() || trust_.anchors.root_of(top(path))) return false;
    const Intermediates::Member* chosen = nullptr;
    for (const Intermediates::Member* candidate : trust_.intermediates.issuers_of(top(path))) {
      if (is_on(path, candidate->certificate.get())) continue;
      if (!candidate->fit) {
        path.unfit_file = candidate->at.file;
        continue;
      }
      if (chosen == nullptr) chosen = candidate;
      // A cross-signed twin may lead to a root that nobody trusts.
      if (trust_.anchors.root_of(candidate->certificate.get())) {
        chosen = candidate;
        break;
      }
    }
    if (chosen == nullptr) return false;
    path.unfit_file.clear();
    report_.warn(placed(path).back().at,
                 fmt::format("intermediate '{}' is missing; completed from {}",
                             subject_label(chosen->certificate.get()), chosen->at.file),
                 "give the CA's fullchain.pem, so that the file is complete by itself");
    path.links.push_back(Link{chosen->certificate.get(), std::nullopt});
    return true;
  }

  // A root beside its own cross-signed twin: not sent, and no harm.
  bool is_root_of(const Path& path, std::size_t i) const {
    if (!is_self_signed(certificate(i))) return false;
    return std::any_of(path.links.begin(), path.links.end(), [&](const Link& link) {
      return X509_NAME_cmp(X509_get_subject_name(link.certificate),
                           X509_get_subject_name(certificate(i))) == 0;
    });
  }

  const ChainFile& file_;
  const Trust& trust_;
  Report& report_;
};

// Without a key that fits, whatever is no CA is more likely the server's than the first one.
std::size_t find_leaf(const ChainFile& file, const EVP_PKEY* key) {
  const auto first = [&](auto&& fits) -> std::optional<std::size_t> {
    for (std::size_t i = 0; i < file.members.size(); ++i) {
      if (fits(file.members[i].certificate.get())) return i;
    }
    return std::nullopt;
  };
  if (key != nullptr) {
    const auto own = first([&](X509* certificate) {
      EVP_PKEY* public_key = X509_get0_pubkey(certificate);
      return public_key != nullptr && EVP_PKEY_eq(public_key, key) == 1;
    });
    if (own) return *own;
  }
  return first([](X509* certificate) { return X509_check_ca(certificate) == 0; }).value_or(0);
}

std::chrono::system_clock::time_point first_warning(const std::vector<PathMember>& path,
                                                    const X509* root) {
  auto first = root == nullptr ? std::nullopt : warning_time(root);
  for (const PathMember& member : path) {
    // Nothing is before everything.
    first = std::min(first, warning_time(member.certificate));
  }
  return first.value_or(std::chrono::system_clock::time_point::min());
}

}  // namespace

void drop_duplicates(ChainFile& file, Report& report) {
  std::vector<ChainMember> kept;
  for (ChainMember& member : file.members) {
    const auto twin = std::find_if(kept.begin(), kept.end(), [&](const ChainMember& k) {
      return X509_cmp(k.certificate.get(), member.certificate.get()) == 0;
    });
    if (twin == kept.end()) {
      kept.push_back(std::move(member));
      continue;
    }
    report.warn({file.path, member.line, 1},
                fmt::format("'{}' is there twice, first in line {}; it is sent once",
                            subject_label(member.certificate.get()), twin->line),
                "remove one of the two");
  }
  file.members = std::move(kept);
}

Chain prove_chain(const ChainFile& file, const EVP_PKEY* key, const Trust& trust,
                  std::chrono::system_clock::time_point now, Report& report) {
  const std::size_t errors_before = report.errors();
  const std::size_t leaf = find_leaf(file, key);
  const Walk walk(file, trust, report);
  const Path path = walk.up_from(leaf);
  walk.report_order(path);
  walk.report_superfluous(path);
  walk.report_imposter(path);

  const std::vector<PathMember> members = walk.placed(path);
  std::vector<PathMember> own;  // the others were judged when they were loaded
  for (std::size_t i = 0; i < members.size(); ++i) {
    if (path.links[i].member) own.push_back(members[i]);
  }
  const bool may_issue = judge_members(own, now, report);
  // What is known to break the path would come back as a second, vaguer complaint.
  const PathEnd end{.root = path.root ? walk.certificate(*path.root) : nullptr,
                    .explained = !may_issue || path.imposter.has_value(),
                    .leaf_alone = file.members.size() == 1,
                    .unfit_file = path.unfit_file};

  Chain chain;
  chain.leaf = leaf;
  chain.root = judge_trust(members, end, trust, now, report);
  if (report.errors() == errors_before) walk.warn_of_root(path);
  chain.first_warning = first_warning(members, chain.root.get());
  for (std::size_t i = 1; i < path.links.size(); ++i) {
    chain.intermediates.push_back(share(path.links[i].certificate));
  }
  return chain;
}

}  // namespace wssgate::pki
