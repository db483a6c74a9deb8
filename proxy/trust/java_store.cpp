#include "trust/java_store.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

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

constexpr const char* kJavaStore = "Java";
/// Everybody's, and no secret: the keystore holds public certificates only.
constexpr const char* kPassword = "changeit";
constexpr std::string_view kAlias = "Alias name: ";

struct Keystore {
  std::string keytool;
  /// With links resolved.
  std::string file;

  /// It is in a folder of settings: the distribution makes it from the system's store.
  bool follows_system(const Places& places) const {
    return file.starts_with(places.root + "/etc/");
  }
};

void add_jvm(std::vector<Keystore>& keystores, const fs::path& home) {
  for (const char* inside : {"lib/security/cacerts", "jre/lib/security/cacerts"}) {
    std::error_code error;
    const fs::path keytool = home / "bin/keytool";
    const fs::path file = fs::canonical(home / inside, error);
    if (error || ::access(keytool.c_str(), X_OK) != 0) continue;
    const auto same = [&](const Keystore& other) { return other.file == file; };
    if (std::none_of(keystores.begin(), keystores.end(), same)) {
      keystores.push_back({keytool.string(), file.string()});
    }
  }
}

/// Those that `install_in_java` changes.
std::vector<Keystore> find_keystores(const Places& places) {
  std::vector<Keystore> keystores;
  if (!places.java_home.empty()) add_jvm(keystores, places.java_home);
  std::error_code error;
  const fs::path keytool = fs::canonical(places.find_program("keytool"), error);
  if (!error) add_jvm(keystores, keytool.parent_path().parent_path());
  return keystores;
}

/// And those that it may have changed when the variables were other ones.
std::vector<Keystore> find_all_keystores(const Places& places) {
  std::vector<Keystore> keystores = find_keystores(places);
  std::error_code error;
  fs::directory_iterator entry(places.root + "/usr/lib/jvm", error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    add_jvm(keystores, entry->path());
  }
  return keystores;
}

/// Root runs no program that somebody else may have written, and changes no file in their place.
std::optional<Identity> owner_of(const Keystore& keystore, const Places& places) {
  if (!places.is_root) return std::nullopt;
  for (const std::string& file : {keystore.keytool, keystore.file}) {
    struct stat status {};
    if (::stat(file.c_str(), &status) == 0 && status.st_uid != 0) {
      return Identity{status.st_uid, status.st_gid, {}};
    }
  }
  return std::nullopt;
}

Finished keytool(const Keystore& keystore, const Places& places,
                 std::vector<std::string> arguments) {
  std::vector<std::string> command = {keystore.keytool};
  command.insert(command.end(), arguments.begin(), arguments.end());
  for (const char* more :
       {"-keystore", keystore.file.c_str(), "-storepass", kPassword, "-J-Duser.language=en"}) {
    command.emplace_back(more);
  }
  return run(command, owner_of(keystore, places));
}

struct Listing {
  Finished finished;
  /// Under which name the keystore holds the certificate.
  std::optional<std::string> alias;
};

Listing look_for(const pki::DevRoot& root, const Keystore& keystore, const Places& places) {
  Listing listing;
  listing.finished = keytool(keystore, places, {"-list", "-rfc"});
  std::string_view rest = listing.finished.output;
  while (true) {
    const auto found = rest.find(kAlias);
    if (found == std::string_view::npos) return listing;
    rest.remove_prefix(found + kAlias.size());
    const std::string_view entry = rest.substr(0, rest.find(kAlias));
    if (!is_certificate(entry, root.fingerprint)) continue;
    listing.alias = std::string(trim(entry.substr(0, entry.find_first_of("\r\n"))));
    return listing;
  }
}

Step failed(const Keystore& keystore, const Finished& finished) {
  return {
      kJavaStore, Outcome::failed,
      fmt::format("{}: keytool failed: {}", keystore.file, finished.last_line()),
      fmt::format("where its password is not '{}', use {} yourself", kPassword, keystore.keytool)};
}

bool may_change(const Keystore& keystore) { return ::access(keystore.file.c_str(), W_OK) == 0; }

Step install_in(const Keystore& keystore, const pki::DevRoot& root, const Places& places) {
  const bool follows = keystore.follows_system(places);
  const std::string what =
      keystore.file + (follows ? ", which follows the system's store" : std::string());
  const Listing before = look_for(root, keystore, places);
  if (!before.finished.ok()) return failed(keystore, before.finished);
  if (before.alias) return {kJavaStore, Outcome::unchanged, what, {}};
  if (!may_change(keystore)) return {kJavaStore, Outcome::needs_root, what, {}};
  const std::string alias = "wssgate-dev-" + root.fingerprint.substr(0, 16);
  const Finished added =
      keytool(keystore, places,
              {"-importcert", "-noprompt", "-trustcacerts", "-alias", alias, "-file", root.file});
  if (!added.ok()) return failed(keystore, added);
  // It has read the file by its path, which is a user's.
  if (!look_for(root, keystore, places).alias) {
    const Finished undone = keytool(keystore, places, {"-delete", "-alias", alias});
    return {kJavaStore, Outcome::failed,
            fmt::format("{} is another file now{}", root.file,
                        undone.ok() ? "" : ", and '" + alias + "' is in " + keystore.file),
            "try again"};
  }
  return {kJavaStore, Outcome::done, keystore.file, {}};
}

Step remove_from(const Keystore& keystore, const pki::DevRoot& root, const Places& places) {
  Step step{kJavaStore, Outcome::unchanged, keystore.file, {}};
  const Listing listing = look_for(root, keystore, places);
  if (!listing.finished.ok()) return failed(keystore, listing.finished);
  if (!listing.alias) return step;
  step.outcome = may_change(keystore) ? Outcome::done : Outcome::needs_root;
  if (step.failed()) return step;
  const Finished removed = keytool(keystore, places, {"-delete", "-alias", *listing.alias});
  return removed.ok() ? step : failed(keystore, removed);
}

/// Says what there is all the same: a JAVA_HOME that leads nowhere, a keytool that is a script.
Steps absent(const Places& places) {
  const std::string program = places.find_program("keytool");
  std::string why = "no keytool in the PATH, and no JAVA_HOME";
  if (!places.java_home.empty()) {
    why = fmt::format("JAVA_HOME ({}) has no bin/keytool with lib/security/cacerts",
                      printable(places.java_home));
  } else if (!program.empty()) {
    why = fmt::format("{} is in no Java: set JAVA_HOME", program);
  }
  return {{kJavaStore, Outcome::absent, why, {}}};
}

}  // namespace

Steps install_in_java(const pki::DevRoot& root, const Places& places) {
  const auto keystores = find_keystores(places);
  if (keystores.empty()) return absent(places);
  Steps steps;
  for (const Keystore& keystore : keystores) {
    steps.push_back(install_in(keystore, root, places));
  }
  return steps;
}

// Debian's hook is told of what is added only, so that what is removed from the system's store is
// still in Java's.
Steps remove_from_java(const pki::DevRoot& root, const Places& places) {
  const auto keystores = find_all_keystores(places);
  if (keystores.empty()) return absent(places);
  Steps steps;
  for (const Keystore& keystore : keystores) steps.push_back(remove_from(keystore, root, places));
  return steps;
}

}  // namespace wssgate::trust
