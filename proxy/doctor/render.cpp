#include "doctor/render.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "base/text.h"
#include "doctor/answer_verdicts.h"
#include "doctor/chain_walk.h"
#include "doctor/tls_verdicts.h"
#include "pki/x509_facts.h"

namespace wssgate::doctor {
namespace {

constexpr std::string_view kBold = "1";
constexpr std::string_view kRed = "1;31";
constexpr std::string_view kYellow = "33";
constexpr std::string_view kGreen = "32";
constexpr std::size_t kMostCertificatesShown = 4;
constexpr std::size_t kMostNamesShown = 6;
constexpr std::size_t kLabelWidth = 14;

std::string days(const X509* leaf, std::chrono::system_clock::time_point now) {
  const auto end = pki::not_after(leaf);
  if (!end) return "?";
  const std::string date = pki::iso_time(X509_get0_notAfter(leaf)).substr(0, 10);
  const auto hours = std::chrono::floor<std::chrono::hours>(*end - now).count();
  if (hours < 0) return fmt::format("{} (expired)", date);
  return hours < 48 ? fmt::format("{} ({} h)", date, hours)
                    : fmt::format("{} ({} d)", date, hours / 24);
}

std::string connect_cell(const Probe& probe) {
  switch (probe.connect) {
    case Step::ok:
      return fmt::format("{} ms", probe.connect_took.count());
    case Step::refused:
      return "refused";
    case Step::timed_out:
      return "timed out";
    case Step::no_route:
      return "no route";
    case Step::unreachable:
      return "unreachable";
    case Step::reset:
    case Step::closed:
      return "cut";
    default:
      return "failed";
  }
}

std::string tls_cell(const TlsAnswer& tls) {
  switch (tls.end) {
    case TlsAnswer::End::not_tried:
    case TlsAnswer::End::interrupted:
      return {};
    case TlsAnswer::End::done:
      return tls.group.empty() ? tls.version : fmt::format("{} {}", tls.version, tls.group);
    case TlsAnswer::End::alert:
      return fmt::format("alert {}", tls.alert);
    case TlsAnswer::End::not_tls:
      return "not TLS";
    case TlsAnswer::End::timed_out:
      return "no answer";
    case TlsAnswer::End::closed:
      return "closed";
    case TlsAnswer::End::reset:
      return "reset";
    case TlsAnswer::End::failed:
      break;
  }
  return "failed";
}

/// Between two of these columns are two spaces; one that is empty in every row is left out.
constexpr std::array<std::string_view, 8> kHeadings = {
    "address", "connect", "TLS", "certificate", "expires", "sent", "staple", "answer"};
using Row = std::array<std::string, kHeadings.size()>;
constexpr std::size_t kConnect = 1;

Row row_of(const Target& target, const Probe& probe, const AddressVerdict& verdict,
           std::chrono::system_clock::time_point now) {
  Row row;
  row[0] = probe.address.text();
  row[kConnect] = connect_cell(probe);
  row[2] = tls_cell(probe.tls);
  if (!probe.tls.chain.empty()) {
    const X509* const leaf = probe.tls.chain.front().get();
    row[3] = pki::fingerprint(leaf).substr(0, 12);
    row[4] = days(leaf, now);
    row[5] = fmt::format("{}", probe.tls.chain_sent);
    row[6] = verdict.staple.word == "not applicable" ? "n/a" : verdict.staple.word;
  }
  row[7] = answer_text(probe, target);
  return row;
}

class Page {
 public:
  Page(const Target& target, const std::vector<Probe>& probes, const Diagnosis& diagnosis,
       std::chrono::system_clock::time_point now, bool coloured)
      : target_(target), probes_(probes), diagnosis_(diagnosis), now_(now), coloured_(coloured) {}

  std::string text() && {
    heading();
    table();
    differences();
    certificates();
    verdicts();
    findings();
    conclusion();
    return std::move(out_);
  }

 private:
  std::string painted(std::string_view text, std::string_view colour) const {
    return coloured_ && !text.empty() ? fmt::format("\x1b[{}m{}\x1b[0m", colour, text)
                                      : std::string(text);
  }

  /// A name, and what there is to say of it, aligned with all others.
  void line(std::string_view label, std::string_view value) {
    out_ += fmt::format("  {:<{}}  {}\n", label, kLabelWidth, value);
  }

  std::string list_of(const std::vector<std::size_t>& addresses) const {
    std::vector<std::string> texts;
    texts.reserve(addresses.size());
    for (const std::size_t each : addresses) texts.push_back(probes_[each].address.text());
    return fmt::format("{}", fmt::join(texts, ", "));
  }

  void heading() {
    const std::string count =
        probes_.size() == 1 ? "1 address" : fmt::format("{} addresses", probes_.size());
    out_ += painted(target_.shown(), kBold);
    if (!probes_.empty()) out_ += fmt::format(", {}", count);
    if (target_.server_name != target_.host && !target_.server_name.empty()) {
      out_ += fmt::format(", server name {}", target_.server_name);
    }
    out_ += "\n";
  }

  void table() {
    if (probes_.empty()) return;
    std::vector<Row> rows;
    for (std::size_t i = 0; i < probes_.size(); ++i) {
      rows.push_back(row_of(target_, probes_[i], diagnosis_.verdicts[i], now_));
    }
    out_ += "\n ";
    std::array<std::size_t, kHeadings.size()> widths{};
    for (std::size_t column = 0; column < kHeadings.size(); ++column) {
      for (const Row& row : rows) widths[column] = std::max(widths[column], row[column].size());
      if (widths[column] == 0) continue;
      widths[column] = std::max(widths[column], kHeadings[column].size()) + 1;  // and a mark
      out_ += fmt::format(" {}{:{}}", painted(kHeadings[column], kBold), "",
                          widths[column] - kHeadings[column].size());
    }
    while (out_.back() == ' ') out_.pop_back();
    out_ += "\n";
    for (const Row& row : rows) table_row(rows, row, widths);
  }

  void table_row(const std::vector<Row>& rows, const Row& row,
                 const std::array<std::size_t, kHeadings.size()>& widths) {
    out_ += " ";
    for (std::size_t column = 0; column < row.size(); ++column) {
      if (widths[column] == 0) continue;
      const bool odd = column > kConnect && !row[column].empty() && is_odd(rows, row, column);
      const std::string value = row[column].empty() ? "-" : row[column];
      const std::string cell = odd ? value + "*" : value;
      out_ += fmt::format(" {}{:{}}", odd ? painted(cell, kYellow) : cell, "",
                          widths[column] - cell.size());
    }
    while (out_.back() == ' ') out_.pop_back();
    out_ += "\n";
  }

  /// Fewer have it than have something else there; of a tie all but the first.
  static bool is_odd(const std::vector<Row>& rows, const Row& row, std::size_t column) {
    const auto having = [&](const std::string& value) {
      return std::count_if(rows.begin(), rows.end(),
                           [&](const Row& one) { return one[column] == value; });
    };
    const auto own = having(row[column]);
    for (const Row& other : rows) {
      if (other[column] == row[column]) return false;
      if (having(other[column]) >= own) return true;
    }
    return false;
  }

  void differences() {
    if (diagnosis_.differences.empty()) return;
    out_ += fmt::format("\n{}\n", painted("The addresses differ", kBold));
    for (const Difference& each : diagnosis_.differences) {
      std::string_view label = each.what;
      for (const Difference::Group& group : each.groups) {
        line(label, fmt::format("{} ({})", group.value, list_of(group.addresses)));
        label = "";
      }
    }
  }

  std::vector<const Probe*> distinct_certificates() const {
    std::vector<const Probe*> distinct;
    for (const Probe& probe : probes_) {
      if (probe.tls.chain.empty()) continue;
      const bool known = std::any_of(distinct.begin(), distinct.end(), [&](const Probe* one) {
        return X509_cmp(one->tls.chain.front().get(), probe.tls.chain.front().get()) == 0;
      });
      if (!known) distinct.push_back(&probe);
    }
    return distinct;
  }

  void certificates() {
    const auto distinct = distinct_certificates();
    for (std::size_t i = 0; i < distinct.size() && i < kMostCertificatesShown; ++i) {
      certificate(*distinct[i]);
    }
    if (distinct.size() > kMostCertificatesShown) {
      out_ += fmt::format("\n{} more certificates: see --json\n",
                          distinct.size() - kMostCertificatesShown);
    }
  }

  void certificate(const Probe& probe) {
    const X509* const leaf = probe.tls.chain.front().get();
    auto names = alternative_names(leaf);
    const std::size_t all = names.size();
    if (all > kMostNamesShown) names.resize(kMostNamesShown);
    const auto index = static_cast<std::size_t>(&probe - probes_.data());
    const EVP_PKEY* const key = X509_get0_pubkey(leaf);
    out_ += fmt::format(
        "\n{}\n",
        painted(fmt::format("Certificate {}", pki::fingerprint(leaf).substr(0, 12)), kBold));
    line("names", all == 0 ? "none"
                           : fmt::format("{}{}", fmt::join(names, ", "),
                                         all > kMostNamesShown
                                             ? fmt::format(" and {} more", all - kMostNamesShown)
                                             : ""));
    line("issuer", pki::issuer_label(leaf));
    line("valid", fmt::format("{} to {}", pki::iso_time(X509_get0_notBefore(leaf)),
                              pki::iso_time(X509_get0_notAfter(leaf))));
    if (key != nullptr) line("key", pki::describe_key(key));
    line("chain", diagnosis_.verdicts[index].chain);
    const StapleState& staple = diagnosis_.verdicts[index].staple;
    line("staple",
         staple.why.empty() ? staple.word : fmt::format("{} ({})", staple.word, staple.why));
  }

  void verdict(std::string_view label, Effect AddressVerdict::*kind) {
    std::vector<std::pair<Effect, std::vector<std::size_t>>> groups;
    for (std::size_t i = 0; i < probes_.size(); ++i) {
      if (probes_[i].connect == Step::no_route) continue;
      const Effect& effect = diagnosis_.verdicts[i].*kind;
      const auto known = std::find_if(groups.begin(), groups.end(),
                                      [&](const auto& group) { return group.first == effect; });
      if (known == groups.end()) {
        groups.push_back({effect, {i}});
      } else {
        known->second.push_back(i);
      }
    }
    for (const auto& [effect, addresses] : groups) {
      const std::string_view colour = effect.outlook == Outlook::accept    ? kGreen
                                      : effect.outlook == Outlook::depends ? kYellow
                                                                           : kRed;
      std::string text = painted(outlook_name(effect.outlook), colour);
      if (!effect.why.empty()) text += fmt::format(": {}", effect.why);
      if (groups.size() > 1) text += fmt::format(" ({})", list_of(addresses));
      line(label, text);
      label = "";
    }
  }

  void served_line(std::string_view label, TlsAnswer Probe::*answer) {
    std::vector<std::string> told;
    for (const Probe& probe : probes_) {
      const std::string text = served(probe.*answer);
      if (!text.empty() && std::find(told.begin(), told.end(), text) == told.end()) {
        told.push_back(text);
      }
    }
    if (!told.empty()) line(label, fmt::format("{}", fmt::join(told, "; ")));
  }

  void verdicts() {
    if (probes_.empty() || !target_.secure) return;
    out_ += fmt::format("\n{}\n", painted("TLS and the chain, as clients judge them", kBold));
    verdict("browsers", &AddressVerdict::browsers);
    verdict("strict clients", &AddressVerdict::strict);
    served_line("no name", &Probe::without_name);
    served_line("made-up name", &Probe::made_up_name);
    for (const Probe& probe : probes_) {
      if (!probe.hsts_known) continue;
      line("HSTS", probe.hsts ? printable(*probe.hsts, 100) : "not set");
      break;
    }
  }

  void findings() {
    if (diagnosis_.findings.empty()) return;
    out_ += fmt::format("\n{}\n", painted("Found", kBold));
    for (const Finding& finding : diagnosis_.findings) {
      const std::string_view colour = finding.level == Level::error     ? kRed
                                      : finding.level == Level::warning ? kYellow
                                                                        : kGreen;
      const std::string_view word = level_name(finding.level);
      const bool everywhere =
          finding.addresses.empty() || finding.addresses.size() == probes_.size();
      out_ += fmt::format("  {}{:{}}{}{}\n", painted(word, colour), "", 9 - word.size(),
                          finding_name(finding.id),
                          everywhere ? "" : fmt::format(" ({})", list_of(finding.addresses)));
      out_ += fmt::format("           {}\n", finding.what);
      out_ += fmt::format("           -> {}\n", finding.change);
    }
  }

  void conclusion() {
    out_ += fmt::format("\n{}.\n", painted(diagnosis_.sentence, kBold));
    const Remedy& remedy = diagnosis_.remedy;
    const auto remedy_line = [&](std::string_view server, const std::string& text) {
      if (!text.empty()) out_ += fmt::format("  {:<7}  {}\n", server, text);
    };
    remedy_line("nginx", remedy.nginx);
    remedy_line("HAProxy", remedy.haproxy);
    remedy_line("Caddy", remedy.caddy);
    remedy_line("wssgate", remedy.wssgate);
  }

  const Target& target_;
  const std::vector<Probe>& probes_;
  const Diagnosis& diagnosis_;
  std::chrono::system_clock::time_point now_;
  bool coloured_;
  std::string out_;
};

}  // namespace

std::string report_text(const Target& target, const std::vector<Probe>& probes,
                        const Diagnosis& diagnosis, std::chrono::system_clock::time_point now,
                        bool coloured) {
  return Page(target, probes, diagnosis, now, coloured).text();
}

std::vector<std::string> state_lines(const Target& target, const std::vector<Probe>& probes,
                                     const Diagnosis& diagnosis) {
  std::vector<std::string> lines;
  for (std::size_t i = 0; i < probes.size(); ++i) {
    const Probe& probe = probes[i];
    std::vector<std::string> parts;
    if (probe.connect != Step::ok) parts.push_back(connect_cell(probe));
    parts.push_back(tls_cell(probe.tls));
    if (!probe.tls.chain.empty()) {
      const X509* const leaf = probe.tls.chain.front().get();
      parts.push_back(fmt::format("certificate {} until {}", pki::fingerprint(leaf).substr(0, 12),
                                  pki::iso_time(X509_get0_notAfter(leaf))));
      parts.push_back(fmt::format("staple {}", diagnosis.verdicts[i].staple.word));
    }
    parts.push_back(answer_text(probe, target));
    parts.erase(std::remove(parts.begin(), parts.end(), ""), parts.end());
    lines.push_back(fmt::format("{}: {}", probe.address.text(), fmt::join(parts, ", ")));
  }
  for (const Finding& finding : diagnosis.findings) {
    std::vector<std::string> at;
    at.reserve(finding.addresses.size());
    for (const std::size_t each : finding.addresses) at.push_back(probes[each].address.text());
    // Not the words: the days that are left would change them.
    lines.push_back(fmt::format("{} {}{}", level_name(finding.level), finding_name(finding.id),
                                at.empty() ? "" : fmt::format(" at {}", fmt::join(at, ", "))));
  }
  return lines;
}

std::vector<std::string> changed_lines(const std::vector<std::string>& before,
                                       const std::vector<std::string>& after) {
  const auto has = [](const std::vector<std::string>& lines, const std::string& line) {
    return std::find(lines.begin(), lines.end(), line) != lines.end();
  };
  std::vector<std::string> changed;
  for (const std::string& line : before) {
    if (!has(after, line)) changed.push_back(fmt::format("- {}", line));
  }
  for (const std::string& line : after) {
    if (!has(before, line)) changed.push_back(fmt::format("+ {}", line));
  }
  return changed;
}

}  // namespace wssgate::doctor
