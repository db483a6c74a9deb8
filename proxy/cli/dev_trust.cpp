#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include "cli/commands.h"
#include "cli/dev_request.h"
#include "cli/serve.h"
#include "pki/dev_ca.h"
#include "trust/as_caller.h"
#include "trust/places.h"
#include "trust/stores.h"
#include "trust/system_store.h"

namespace wssgate::cli {
namespace {

const char* word_for(trust::Outcome outcome, bool installs) {
  switch (outcome) {
    case trust::Outcome::done:
      return installs ? "done" : "removed";
    case trust::Outcome::unchanged:
      return installs ? "already there" : "not in it";
    case trust::Outcome::absent:
      return "not present";
    case trust::Outcome::failed:
      return "FAILED";
    case trust::Outcome::needs_root:
      return "NEEDS ROOT";
  }
  return "";
}

std::string text_of(const trust::Steps& steps, bool installs) {
  std::string text;
  for (const trust::Step& step : steps) {
    text +=
        fmt::format("  {:<9} {:<14} {}\n", step.store, word_for(step.outcome, installs), step.what);
    if (!step.remedy.empty()) text += fmt::format("{:27}{}\n", "", step.remedy);
  }
  return text;
}

bool any_failed(const trust::Steps& steps) {
  return std::any_of(steps.begin(), steps.end(),
                     [](const trust::Step& step) { return step.failed(); });
}

std::string folder_option(const DevOptions& options) {
  return options.folder == DevOptions().folder ? std::string()
                                               : " --folder " + quoted(absolute(options.folder));
}

/// The command that does what belongs to the system; empty when there is nothing left of that.
std::string as_root(const trust::Steps& steps, const DevOptions& options,
                    const trust::Places& places) {
  const bool needed = std::any_of(steps.begin(), steps.end(), [](const trust::Step& step) {
    return step.outcome == trust::Outcome::needs_root;
  });
  if (!needed) return {};
  const std::string java =
      places.java_home.empty() ? "" : "env JAVA_HOME=" + quoted(places.java_home) + " ";
  return fmt::format(
      "\nWhat needs root (and leaves what is yours as it is):\n\n"
      "  sudo {}{} dev --{}install --folder {}\n",
      java, quoted(own_path()), options.install ? "" : "un", quoted(absolute(options.folder)));
}

/// What goes by variables, and what to do next.
std::string after_install(const DevOptions& options, const pki::DevRoot& root,
                          const trust::Places& places, const trust::Steps& steps) {
  const std::string ca = quoted(absolute(root.file));
  const bool in_system = std::any_of(steps.begin(), steps.end(), [](const trust::Step& step) {
    return step.store == "system" &&
           (step.outcome == trust::Outcome::done || step.outcome == trust::Outcome::unchanged);
  });
  const std::string bundle = in_system ? quoted(trust::system_bundle(places)) : ca;
  std::string text = fmt::format(
      "\nNode, and Pythons that bring roots of their own, take it from variables{}:\n\n"
      "  export NODE_EXTRA_CA_CERTS={}\n"
      "  export SSL_CERT_FILE={} REQUESTS_CA_BUNDLE={}\n",
      in_system ? "" : " (the second line trusts this CA alone)", ca, bundle, bundle);
  if (places.is_wsl) {
    text += fmt::format(
        "\nBrowsers of Windows have a store of their own:\n\n"
        "  certutil.exe -user -addstore Root \"$(wslpath -w {})\"\n",
        ca);
  }
  text += fmt::format("\nBrowsers that run see it when they are started anew. Next: {} dev{}\n",
                      own_command(), folder_option(options));
  return text;
}

/// What whoever trusts it lets its key certify, to be seen before it is trusted.
std::string permission_of(const pki::DevCa& ca, const DevOptions& options) {
  std::string text =
      "may certify: localhost, .localhost, .test, .internal, loopback, private and link-local "
      "addresses";
  if (ca.permitted.empty()) return text + "\n";
  return text + fmt::format(
                    "\n             {}, with all below each\n"
                    "             (to permit less: --uninstall, remove {}, --install)\n",
                    fmt::join(ca.permitted, ", "), quoted(absolute(options.folder + "/dev-ca")));
}

/// Roots that were replaced: what still trusts them need not. Says so only where there was any.
trust::Steps remove_earlier(const DevOptions& options, const trust::Places& places) {
  trust::Steps left;
  for (const pki::DevRoot& root : pki::earlier_dev_roots(options.folder)) {
    trust::Steps steps = trust::remove(root, places);
    if (!any_failed(steps)) pki::forget_dev_root(root);
    std::erase_if(steps, [](const trust::Step& step) {
      return step.outcome == trust::Outcome::unchanged || step.outcome == trust::Outcome::absent;
    });
    if (steps.empty()) continue;
    std::fputs(
        fmt::format("{}, which was replaced\n\n{}\n", root.label, text_of(steps, false)).c_str(),
        stdout);
    left.insert(left.end(), steps.begin(), steps.end());
  }
  return left;
}

int install(const DevOptions& options, const std::vector<std::string>& names, Report& report) {
  const trust::Places places = trust::Places::of_this_process();
  std::optional<Result<pki::DevCa>> ca;
  {
    const trust::AsCaller caller(places);
    ca.emplace(pki::ensure_dev_ca(options.folder, names, std::chrono::system_clock::now()));
  }
  if (!*ca) {
    report.add(at_option("--folder"), ca->error().context, folder_remedy(options.folder));
    return refuse(report, "nothing is installed");
  }
  const pki::DevRoot& root = (*ca)->root;
  trust::Steps steps = remove_earlier(options, places);
  std::string text = fmt::format("{} ({})\n", root.label, absolute(root.file));
  if (!(*ca)->replaced_because.empty()) {
    text += fmt::format("made just now, in place of the one before: {}\n", (*ca)->replaced_because);
  }
  std::fputs((text + permission_of(**ca, options) + "\n").c_str(), stdout);
  const trust::Steps installed = trust::install(root, places);
  steps.insert(steps.end(), installed.begin(), installed.end());
  text = text_of(installed, true) + as_root(steps, options, places) +
         after_install(options, root, places, installed);
  std::fputs(text.c_str(), stdout);
  return any_failed(steps) ? 1 : 0;
}

int uninstall(const DevOptions& options, Report& report) {
  const trust::Places places = trust::Places::of_this_process();
  const auto root = pki::find_dev_root(options.folder);
  if (!root && pki::earlier_dev_roots(options.folder).empty()) {
    report.add(at_option("--folder"),
               fmt::format("there is no local CA in '{}' that this user may read",
                           absolute(options.folder)),
               "name the folder that it is kept in; where that is gone, stores have it as 'wssgate "
               "development CA …', and as a file wssgate-dev-….crt");
    return refuse(report, "nothing is removed");
  }
  trust::Steps steps = remove_earlier(options, places);
  if (root) {
    const trust::Steps removed = trust::remove(*root, places);
    std::fputs(
        fmt::format("{} ({})\n\n{}", root->label, absolute(root->file), text_of(removed, false))
            .c_str(),
        stdout);
    steps.insert(steps.end(), removed.begin(), removed.end());
  }
  std::string text = as_root(steps, options, places);
  const bool java_home_is_known = !places.java_home.empty();
  if (!any_failed(steps)) {
    text = fmt::format(
        "\nNo store {}trusts it any more. Variables such as NODE_EXTRA_CA_CERTS are yours to "
        "unset, "
        "and\n'wssgate dev' goes on using it: remove {} and {} to be rid of it.\n",
        java_home_is_known ? "" : "listed here ", quoted(absolute(options.folder + "/dev-ca")),
        quoted(absolute(options.folder + "/dev")));
    if (!java_home_is_known) {
      text += "Where JAVA_HOME was set for --install, set it again and run this once more.\n";
    }
  }
  std::fputs(text.c_str(), stdout);
  return any_failed(steps) ? 1 : 0;
}

}  // namespace

int dev_trust(const DevOptions& options) {
  Report report;
  const DevRequest request = DevRequest::read(options.names, report);
  if (options.uninstall && !options.names.empty()) {
    report.add(at_option("NAME"), "--uninstall takes no names: it removes the CA as a whole",
               "leave the names out");
  }
  if (!report.ok()) return refuse(report, "nothing is changed");
  return options.install ? install(options, request.names(), report) : uninstall(options, report);
}

}  // namespace wssgate::cli
