#include "doctor/diagnose.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <functional>
#include <string_view>
#include <utility>

#include "base/text.h"
#include "doctor/answer_verdicts.h"
#include "doctor/tls_verdicts.h"
#include "pki/x509_facts.h"

namespace wssgate::doctor {
namespace {

// As many as a person reads; of more, how many there are.
constexpr std::size_t kMostAddressesTold = 4;

bool is_certificate_fault(FindingId id) {
  return id >= FindingId::name_not_covered && id <= FindingId::must_staple_missing;
}

bool shows_certificate(const Probe& probe) { return !probe.tls.chain.empty(); }

std::string chain_text(const TlsAnswer& answer, const ChainWalk& walk) {
  std::vector<std::string> labels;
  for (const std::size_t index : walk.path) {
    labels.push_back(pki::subject_label(answer.chain[index].get()));
  }
  if (labels.empty()) return {};
  if (walk.ends_self_signed) {
    labels.back() += walk.complete() ? " (trusted)" : " (not trusted)";
  } else if (walk.complete()) {
    labels.push_back(fmt::format("{} (trusted)", pki::subject_label(walk.root.get())));
  } else {
    labels.push_back(
        fmt::format("{} (missing)", pki::issuer_label(answer.chain[walk.path.back()].get())));
  }
  return fmt::format("{}", fmt::join(labels, " <- "));
}

/// RFC 6797 §6.1.1: a max-age of 0, or none, is as good as no field.
bool sets_hsts(const Probe& probe) {
  std::string_view rest = probe.hsts ? std::string_view(*probe.hsts) : std::string_view();
  while (!rest.empty()) {
    const std::string_view directive = rest.substr(0, rest.find(';'));
    rest.remove_prefix(std::min(directive.size() + 1, rest.size()));
    const auto equals = std::min(directive.find('='), directive.size());
    if (!iequals(trim(directive.substr(0, equals)), "max-age")) continue;
    std::string_view value = trim(directive.substr(std::min(equals + 1, directive.size())));
    if (value.size() > 2 && value.front() == '"' && value.back() == '"') {
      value = value.substr(1, value.size() - 2);
    }
    return value.find_first_not_of("0123456789") == std::string_view::npos &&
           value.find_first_not_of('0') != std::string_view::npos;
  }
  return false;
}

/// The worse one, and of equally bad ones the first.
void worsen(Effect& effect, const Effect& by) {
  if (by.outlook > effect.outlook) effect = by;
}

class Consultation {
 public:
  Consultation(const Target& target, const std::vector<Probe>& probes, const Judge& judge)
      : target_(target), probes_(probes), judge_(judge) {
    made_.verdicts.resize(probes.size());
  }

  Diagnosis run() && {
    for (std::size_t i = 0; i < probes_.size(); ++i) look_at(i);
    demote_unreachable();
    compare();
    judge_hsts();
    if (!target_.secure) warn_of_plaintext();
    std::stable_sort(made_.findings.begin(), made_.findings.end(), comes_first);
    conclude();
    return std::move(made_);
  }

 private:
  static bool comes_first(const Finding& a, const Finding& b) {
    return std::pair(a.level, a.id) < std::pair(b.level, b.id);
  }

  std::string text(std::size_t index) const { return probes_[index].address.text(); }

  KnownIssuers sent_by_others(std::size_t but) const {
    KnownIssuers known;
    for (std::size_t i = 0; i < probes_.size(); ++i) {
      if (i == but) continue;
      const auto& chain = probes_[i].tls.chain;
      for (std::size_t k = 1; k < chain.size(); ++k) {
        known.members.push_back({chain[k].get(), text(i)});
      }
    }
    return known;
  }

  void look_at(std::size_t i) {
    const Probe& probe = probes_[i];
    AddressVerdict& verdict = made_.verdicts[i];
    const auto take = [&](std::vector<Finding> findings, bool decides) {
      for (Finding& finding : findings) {
        if (decides) worsen(verdict.browsers, finding.browsers);
        if (decides) worsen(verdict.strict, finding.strict);
        add(std::move(finding), i);
      }
    };
    take(judge_way(probe, target_), true);
    if (shows_certificate(probe)) {
      const ChainWalk walk = walk_chain(probe.tls, judge_.anchors);
      verdict.chain = chain_text(probe.tls, walk);
      verdict.staple = staple_state(probe.tls, walk, judge_);
      std::vector<Finding> findings =
          judge_chain(probe.tls, walk, target_.wanted_name, sent_by_others(i), judge_);
      explain_default_site(probe, findings);
      take(std::move(findings), true);
    }
    take(judge_other_names(probe, target_), false);
    // The two verdicts are on the certificate and TLS: what HTTP does is told by itself.
    take(judge_answer(probe, target_), false);
  }

  /// The wrong certificate that made-up names get, too, is the default site's.
  static void explain_default_site(const Probe& probe, std::vector<Finding>& findings) {
    if (probe.made_up_name.chain.empty()) return;
    const bool same =
        X509_cmp(probe.made_up_name.chain.front().get(), probe.tls.chain.front().get()) == 0;
    for (Finding& finding : findings) {
      if (!same || finding.id != FindingId::name_not_covered) continue;
      finding.what +=
          "; made-up names get the same one: it is the default site's, and nothing is "
          "configured for this name";
    }
  }

  /// The same at several addresses is one finding.
  void add(Finding finding, std::size_t address) {
    for (Finding& known : made_.findings) {
      if (known.id == finding.id && known.what == finding.what && known.cause == finding.cause) {
        known.addresses.push_back(address);
        return;
      }
    }
    finding.addresses = {address};
    made_.findings.push_back(std::move(finding));
  }

  bool any_connected() const {
    return std::any_of(probes_.begin(), probes_.end(),
                       [](const Probe& probe) { return probe.connect == Step::ok; });
  }

  /// A machine without IPv6 cannot judge the AAAA records; without any route nothing was judged.
  void demote_unreachable() {
    if (any_connected()) return;
    for (Finding& finding : made_.findings) {
      if (finding.id == FindingId::connect_no_route) finding.level = Level::error;
    }
  }

  using Aspect = std::function<std::string(const Probe&, const AddressVerdict&)>;

  void compare_by(const std::string& what, const Aspect& aspect) {
    Difference difference{.what = what, .groups = {}};
    for (std::size_t i = 0; i < probes_.size(); ++i) {
      if (probes_[i].connect == Step::no_route) continue;
      const std::string value = aspect(probes_[i], made_.verdicts[i]);
      if (value.empty()) continue;
      const auto known =
          std::find_if(difference.groups.begin(), difference.groups.end(),
                       [&](const Difference::Group& group) { return group.value == value; });
      if (known == difference.groups.end()) {
        difference.groups.push_back({value, {i}});
      } else {
        known->addresses.push_back(i);
      }
    }
    if (difference.groups.size() < 2) return;
    std::stable_sort(difference.groups.begin(), difference.groups.end(),
                     [](const Difference::Group& a, const Difference::Group& b) {
                       return a.addresses.size() > b.addresses.size();
                     });
    made_.differences.push_back(std::move(difference));
  }

  static std::string certificate_aspect(const Probe& probe) {
    if (!shows_certificate(probe)) return {};
    const X509* const leaf = probe.tls.chain.front().get();
    return fmt::format("{} until {}", pki::fingerprint(leaf).substr(0, 16),
                       pki::iso_time(X509_get0_notAfter(leaf)));
  }

  static std::string way_aspect(const Probe& probe) {
    if (probe.connect == Step::refused) return "refuses connections";
    if (probe.connect == Step::timed_out) return "does not answer";
    if (probe.connect != Step::ok) return "cannot be connected to";
    if (probe.tls.end == TlsAnswer::End::not_tried) return "connects";
    return probe.tls.end == TlsAnswer::End::done ? "shakes hands" : "does not shake hands";
  }

  void compare() {
    if (probes_.size() < 2) return;
    using Verdict = AddressVerdict;
    compare_by("connection", [](const Probe& p, const Verdict&) { return way_aspect(p); });
    compare_by("certificate", [](const Probe& p, const Verdict&) { return certificate_aspect(p); });
    compare_by("chain", [](const Probe& p, const Verdict& v) {
      return v.chain.empty() ? std::string()
                             : fmt::format("{} sent: {}", p.tls.chain_sent, v.chain);
    });
    compare_by("TLS version", [](const Probe& p, const Verdict&) { return p.tls.version; });
    compare_by("staple", [](const Probe&, const Verdict& v) { return v.staple.word; });
    compare_by("served to no name",
               [](const Probe& p, const Verdict&) { return served(p.without_name); });
    compare_by("served to a made-up name",
               [](const Probe& p, const Verdict&) { return served(p.made_up_name); });
    compare_by("answer",
               [this](const Probe& p, const Verdict&) { return answer_text(p, target_); });
    compare_by("HSTS", [](const Probe& p, const Verdict&) {
      return p.hsts_known ? printable(p.hsts.value_or("not set"), 80) : std::string();
    });
    if (made_.differences.empty()) return;
    std::vector<std::string> names;
    for (const Difference& each : made_.differences) names.push_back(each.what);
    Finding finding{.id = FindingId::addresses_differ,
                    .level = Level::warning,
                    .what = fmt::format("the addresses are not alike: {}", fmt::join(names, ", ")),
                    .change =
                        "bring them to the same state: most often one of them has not loaded "
                        "the renewed certificate or the changed configuration",
                    .cause = made_.differences.front().what};
    for (const Difference& each : made_.differences) {
      for (std::size_t i = 1; i < each.groups.size(); ++i) {
        for (const std::size_t one : each.groups[i].addresses) finding.addresses.push_back(one);
      }
    }
    auto& those = finding.addresses;
    std::sort(those.begin(), those.end());
    those.erase(std::unique(those.begin(), those.end()), those.end());
    made_.findings.push_back(std::move(finding));
  }

  void judge_hsts() {
    const auto present = std::find_if(probes_.begin(), probes_.end(), sets_hsts);
    const bool is_known = std::any_of(probes_.begin(), probes_.end(),
                                      [](const Probe& probe) { return probe.hsts_known; });
    const bool faulty =
        std::any_of(made_.findings.begin(), made_.findings.end(),
                    [](const Finding& finding) { return finding.level != Level::note; });
    const bool faulty_certificate =
        std::any_of(made_.findings.begin(), made_.findings.end(), [](const Finding& finding) {
          return finding.level == Level::error && is_certificate_fault(finding.id);
        });
    if (present != probes_.end() && faulty_certificate) {
      made_.findings.push_back(
          {.id = FindingId::hsts_forbids_override,
           .level = Level::note,
           .what = fmt::format("HSTS is set ('{}'): browsers that know it let nobody click through",
                               printable(*present->hsts, 80)),
           .change = "mend the certificate; there is no way round it for your users"});
    } else if (present == probes_.end() && is_known && !faulty) {
      made_.findings.push_back(
          {.id = FindingId::hsts_absent,
           .level = Level::note,
           .what = "HSTS is not set, so a first visit may begin without TLS",
           .change = "send Strict-Transport-Security, now that all else is right"});
    }
  }

  void warn_of_plaintext() {
    if (!any_connected()) return;
    made_.findings.push_back(
        {.id = FindingId::plaintext_url,
         .level = Level::warning,
         .what = fmt::format("{}:// is not encrypted; pages of https:// may "
                             "not use it (mixed content)",
                             target_.scheme()),
         .change = fmt::format("use {}://", target_.websocket ? "wss" : "https")});
  }

  /// "At 192.0.2.1:443 and 192.0.2.2:443 "; nothing where it is so everywhere.
  std::string where(const Finding& finding) const {
    const auto& at = finding.addresses;
    if (finding.id == FindingId::addresses_differ) return {};
    if (at.empty() || at.size() == probes_.size()) return {};
    std::vector<std::string> texts;
    for (std::size_t i = 0; i < at.size() && i < kMostAddressesTold; ++i) {
      texts.push_back(text(at[i]));
    }
    const std::size_t more = at.size() - texts.size();
    return fmt::format("at {}{}, ", fmt::join(texts, ", "),
                       more > 0 ? fmt::format(" and {} more", more) : "");
  }

  void conclude() {
    const auto& findings = made_.findings;
    if (!any_connected()) {
      made_.exit_code = ExitCode::unreachable;
    } else if (!findings.empty() && findings.front().level == Level::error) {
      made_.exit_code = ExitCode::broken;
    } else if (!findings.empty() && findings.front().level == Level::warning) {
      made_.exit_code = ExitCode::warnings;
    }
    if (findings.empty()) {
      made_.sentence = "Nothing is wrong";
      return;
    }
    const Finding& first = findings.front();
    made_.remedy = remedy_for(first, target_);
    std::string sentence = fmt::format("{}{}; {}", where(first), first.what, first.change);
    if (first.level == Level::note) sentence = fmt::format("nothing is wrong; {}", first.change);
    sentence.front() =
        static_cast<char>(std::toupper(static_cast<unsigned char>(sentence.front())));
    made_.sentence = std::move(sentence);
  }

  const Target& target_;
  const std::vector<Probe>& probes_;
  const Judge& judge_;
  Diagnosis made_;
};

}  // namespace

Diagnosis diagnose(const Target& target, const std::vector<Probe>& probes, const Judge& judge) {
  return Consultation(target, probes, judge).run();
}

Diagnosis diagnose_unresolved(const Target& target, const std::string& why) {
  const Effect effect{Outlook::refuse, "there is nothing to connect to"};
  Diagnosis made;
  made.findings.push_back(
      {.id = FindingId::name_unresolved,
       .level = Level::error,
       .what = fmt::format("'{}' has no address: {}", target.host, printable(why)),
       .change = "add its A and AAAA records, or ask an address with --address",
       .browsers = effect,
       .strict = effect});
  made.sentence = fmt::format("{}; {}", made.findings.front().what, made.findings.front().change);
  made.exit_code = ExitCode::unreachable;
  return made;
}

}  // namespace wssgate::doctor
