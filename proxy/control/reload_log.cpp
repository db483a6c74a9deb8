#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>

#include "base/log.h"
#include "control/reloader.h"
#include "pki/x509_facts.h"

namespace wssgate::control {
namespace {

// A certificate of many names is told by its first ones.
constexpr std::size_t kMostNamesTold = 5;

using Served = std::map<std::string, std::shared_ptr<const pki::Certificate>>;

Served served_by(const gateway::Snapshot& snapshot) {
  Served served;
  for (const auto& state : snapshot.certificates) {
    if (state.served) served[state.source.chain_file] = state.served;
  }
  return served;
}

void log_certificate(const char* event, const char* message, const pki::Certificate& certificate) {
  std::vector<std::string> names;
  for (const HostPattern& name : certificate.names) {
    if (names.size() == kMostNamesTold) break;
    names.push_back(name.text());
  }
  const std::string listed = fmt::format("{}{}", fmt::join(names, " "),
                                         certificate.names.size() > kMostNamesTold ? " …" : "");
  const std::string expires = pki::iso_time(certificate.not_after);
  log::info(event, message,
            {{"certificate", certificate.chain_file},
             {"names", listed},
             {"fingerprint", certificate.fingerprint},
             {"expires", expires}});
}

void log_certificates(const gateway::Snapshot& before, const gateway::Snapshot& now) {
  const Served old = served_by(before);
  const Served served = served_by(now);
  for (const auto& [file, certificate] : served) {
    const auto was = old.find(file);
    if (was == old.end()) {
      log_certificate("certificate_added", "a certificate serves from now on", *certificate);
    } else if (was->second->fingerprint != certificate->fingerprint) {
      log_certificate("certificate_replaced", "another certificate serves from now on",
                      *certificate);
    }
  }
  for (const auto& [file, certificate] : old) {
    if (served.count(file) == 0) {
      log_certificate("certificate_removed", "a certificate serves no more", *certificate);
    }
  }
}

void log_new(const char* event, log::Level level, const std::vector<Problem>& now,
             const std::vector<Problem>& before) {
  for (const Problem& problem : now) {
    if (std::find(before.begin(), before.end(), problem) != before.end()) continue;
    log_problem(event, level, problem);
  }
}

}  // namespace

void log_problem(const char* event, log::Level level, const Problem& problem) {
  const std::string text = fmt::format("{}. {}", problem.message, problem.hint);
  const std::string at = problem.at.line > 0 ? fmt::format("{}:{}:{}", problem.at.file,
                                                           problem.at.line, problem.at.column)
                                             : problem.at.file;
  log::write(level, event, text, {{"at", at}});
}

void log_unverified_upstreams(const gateway::Snapshot& snapshot) {
  for (const auto& [name, terms] : snapshot.upstream_tls) {
    if (terms->verified) continue;
    log::warn("upstream_not_verified",
              "THE UPSTREAM'S CERTIFICATE IS NOT VERIFIED (tls.verify is off): whoever can get "
              "between is taken for it. name its CA under tls.ca, and remove 'verify: off'",
              {{"upstream", name}});
  }
}

void log_reload(const Reload& reload, const Reload& last, const gateway::Snapshot& before,
                const gateway::Snapshot& now) {
  if (reload.changed) log_certificates(before, now);
  log_new("certificate_held_back", log::Level::error, reload.held, last.held);
  log_new("configuration_problem", log::Level::error, reload.refused, last.refused);
  log_new("configuration_warning", log::Level::warn, reload.warnings, last.warnings);
  if (!reload.refused.empty() && reload.refused != last.refused) {
    log::error(
        "reload_refused",
        "the configuration on the disk has problems and does not serve; the one before "
        "goes on, with whatever certificates on the disk are good",
        {{"cause", reload.cause}, {"problems", static_cast<std::int64_t>(reload.refused.size())}});
  } else if (reload.ok() && !last.ok()) {
    log::info("reload_mended", "nothing is wrong any more: what is on the disk serves",
              {{"cause", reload.cause}});
  }
  log::write(reload.changed ? log::Level::info : log::Level::debug, "reloaded",
             reload.changed ? "what serves has changed" : "what serves is what served before",
             {{"cause", reload.cause},
              {"took_ms", static_cast<std::int64_t>(reload.took.count())},
              {"hosts", static_cast<std::int64_t>(now.config.hosts.size())},
              {"certificates", static_cast<std::int64_t>(now.certificates.size())}});
}

}  // namespace wssgate::control
