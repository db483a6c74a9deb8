#include "trust/nss_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "base/text.h"
#include "trust/certificate_match.h"

namespace wssgate::trust {
namespace {

namespace fs = std::filesystem;

constexpr const char* kDatabaseFile = "cert9.db";
constexpr const char* kChromium = "Chromium";
constexpr const char* kFirefox = "Firefox";
constexpr std::array kChromiumPrograms = {
    "chromium",      "chromium-browser", "google-chrome", "google-chrome-stable",
    "brave-browser", "microsoft-edge",   "vivaldi",       "opera"};

struct Database {
  const char* browser = nullptr;
  std::string folder;
};

std::vector<fs::path> subfolders(const fs::path& folder) {
  std::vector<fs::path> found;
  std::error_code error;
  fs::directory_iterator entry(folder, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    std::error_code unreadable;
    if (entry->is_directory(unreadable)) found.push_back(entry->path());
  }
  std::sort(found.begin(), found.end());
  return found;
}

void add_if_there(std::vector<Database>& databases, const char* browser, const fs::path& folder) {
  std::error_code error;
  if (!fs::is_regular_file(folder / kDatabaseFile, error)) return;
  const fs::path real = fs::canonical(folder, error);
  const auto same = [&](const Database& other) { return other.folder == real; };
  if (!error && std::none_of(databases.begin(), databases.end(), same)) {
    databases.push_back({browser, real.string()});
  }
}

void add_profiles(std::vector<Database>& databases, const fs::path& folder) {
  for (const fs::path& profile : subfolders(folder)) add_if_there(databases, kFirefox, profile);
}

/// Those of browsers from a distribution, as snaps and as flatpaks.
std::vector<Database> find_databases(const Places& places) {
  std::vector<Database> databases;
  const fs::path home = places.home;
  add_if_there(databases, kChromium, home / ".pki/nssdb");
  add_if_there(databases, kChromium, fs::path(places.data_home) / "pki/nssdb");
  add_profiles(databases, home / ".mozilla/firefox");
  add_profiles(databases, fs::path(places.config_home) / "mozilla/firefox");
  for (const fs::path& snap : subfolders(home / "snap")) {
    add_if_there(databases, kChromium, snap / "current/.pki/nssdb");
    add_profiles(databases, snap / "common/.mozilla/firefox");
  }
  for (const fs::path& flatpak : subfolders(home / ".var/app")) {
    add_if_there(databases, kChromium, flatpak / ".pki/nssdb");
    add_profiles(databases, flatpak / ".mozilla/firefox");
    add_profiles(databases, flatpak / "config/mozilla/firefox");
  }
  return databases;
}

bool has_chromium_program(const Places& places) {
  return std::any_of(kChromiumPrograms.begin(), kChromiumPrograms.end(),
                     [&](const char* name) { return !places.find_program(name).empty(); });
}

/// What a database calls by one name.
struct Entry {
  std::string nickname;
  bool is_trusted = false;
  /// The name leads to nothing else: certificates of one subject share it.
  bool is_alone = false;
};

/// Of a line such as "wssgate development CA 275e4130          C,,  "; other lines have no name, or
/// no flags.
std::optional<Entry> entry_in(std::string_view line) {
  line = trim(line);
  const auto space = line.find_last_of(" \t");
  if (space == std::string_view::npos) return std::nullopt;
  const std::string_view flags = line.substr(space + 1);
  const std::string_view nickname = trim(line.substr(0, space));
  if (nickname.empty() || std::count(flags.begin(), flags.end(), ',') != 2) return std::nullopt;
  const bool trusted = flags.substr(0, flags.find(',')).find('C') != std::string_view::npos;
  return Entry{std::string(nickname), trusted, false};
}

/// One program on the databases of one user.
class Certutil {
 public:
  Certutil(std::string program, const Places& places)
      : program_(std::move(program)), as_(places.caller) {}

  Finished operator()(const Database& database, std::vector<std::string> arguments) const {
    std::vector<std::string> command = {program_, "-d", "sql:" + database.folder};
    command.insert(command.end(), arguments.begin(), arguments.end());
    return run(command, as_);
  }

  /// All of the database's names under which the root is in it, whoever has put it there.
  std::vector<Entry> entries_of(const Database& database, const pki::DevRoot& root) const {
    std::vector<Entry> entries;
    const Finished listed = (*this)(database, {"-L"});
    for (const std::string_view line : split(listed.output, '\n')) {
      auto entry = entry_in(line);
      if (!entry) continue;
      const Finished certificates = (*this)(database, {"-L", "-n", entry->nickname, "-a"});
      if (!certificates.ok() || !holds_certificate(certificates.output, root.fingerprint)) continue;
      entry->is_alone = is_only_certificate(certificates.output, root.fingerprint);
      entries.push_back(*entry);
    }
    return entries;
  }

  /// Whether the database says that servers' certificates may rest on it.
  bool trusts(const Database& database, const pki::DevRoot& root) const {
    const auto entries = entries_of(database, root);
    return std::any_of(entries.begin(), entries.end(),
                       [](const Entry& entry) { return entry.is_trusted; });
  }

 private:
  std::string program_;
  std::optional<Identity> as_;
};

Step failed(const Database& database, const Finished& finished) {
  return {database.browser, Outcome::failed,
          fmt::format("{}: certutil failed: {}", database.folder, finished.last_line()),
          "close the browser and try again; a database with a password of its own takes it only by "
          "the browser's settings (Authorities, Import)"};
}

Step remove_entry(const Certutil& certutil, const Database& database, const Entry& entry) {
  if (!entry.is_alone) {
    return {database.browser, Outcome::failed,
            fmt::format("{}: other certificates share its name, '{}'", database.folder,
                        printable(entry.nickname)),
            "certutil could remove one of these: do it by the browser's settings (Authorities)"};
  }
  const Finished removed = certutil(database, {"-D", "-n", entry.nickname});
  return removed.ok() ? Step{database.browser, Outcome::done, database.folder, {}}
                      : failed(database, removed);
}

/// Nothing to do, or nothing to do it with.
Steps without_certutil(const std::vector<Database>& databases, bool wants_one) {
  if (databases.empty() && !wants_one) {
    return {{"browsers", Outcome::absent, "no Chromium or Firefox of this user's", {}}};
  }
  return {{"browsers", Outcome::failed, "certutil, which changes NSS databases, is missing",
           "install the package libnss3-tools (Debian, Ubuntu), nss-tools (Fedora), "
           "mozilla-nss-tools (openSUSE) or nss (Arch), and try again"}};
}

/// As Chromium would make it at its first start.
Step make_database(const Certutil& certutil, const Places& places, Database& database) {
  database = {kChromium, places.home + "/.pki/nssdb"};
  const Finished made =
      run({places.find_program("mkdir"), "-p", "-m", "0700", database.folder}, places.caller);
  const Finished filled = made.ok() ? certutil(database, {"-N", "--empty-password"}) : made;
  return filled.ok() ? Step{kChromium, Outcome::done, database.folder, {}}
                     : failed(database, filled);
}

}  // namespace

Steps install_in_nss(const pki::DevRoot& root, const Places& places) {
  std::vector<Database> databases = find_databases(places);
  const bool has_shared = std::any_of(
      databases.begin(), databases.end(),
      [](const Database& database) { return std::string_view(database.browser) == kChromium; });
  const bool wants_one = !has_shared && has_chromium_program(places);
  const std::string program = places.find_program("certutil");
  if (program.empty() || (databases.empty() && !wants_one)) {
    return without_certutil(databases, wants_one);
  }
  const Certutil certutil(program, places);
  Steps steps;
  if (wants_one) {
    Database made;
    const Step step = make_database(certutil, places, made);
    if (step.failed()) {
      steps.push_back(step);
    } else {
      databases.insert(databases.begin(), made);
    }
  }
  for (const Database& database : databases) {
    if (certutil.trusts(database, root)) {
      steps.push_back({database.browser, Outcome::unchanged, database.folder, {}});
      continue;
    }
    const Finished added =
        certutil(database, {"-A", "-t", "C,,", "-n", root.label, "-i", root.file});
    steps.push_back(added.ok() && certutil.trusts(database, root)
                        ? Step{database.browser, Outcome::done, database.folder, {}}
                        : failed(database, added));
  }
  return steps;
}

Steps remove_from_nss(const pki::DevRoot& root, const Places& places) {
  const std::vector<Database> databases = find_databases(places);
  const std::string program = places.find_program("certutil");
  if (program.empty() || databases.empty()) return without_certutil(databases, false);
  const Certutil certutil(program, places);
  Steps steps;
  for (const Database& database : databases) {
    Step step{database.browser, Outcome::unchanged, database.folder, {}};
    for (const Entry& entry : certutil.entries_of(database, root)) {
      step = remove_entry(certutil, database, entry);
      if (step.failed()) break;
    }
    steps.push_back(step);
  }
  return steps;
}

}  // namespace wssgate::trust
