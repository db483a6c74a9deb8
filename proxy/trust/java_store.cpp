#include "trust/java_store.h"

#include <fmt/format.h>
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

constexpr const char* kStore = "Java";
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

std::vector<Keystore> find_keystores(const Places& places) {
  std::vector<Keystore> keystores;
  if (!places.java_home.empty()) add_jvm(keystores, places.java_home);
  std::error_code error;
  const fs::path keytool = fs::canonical(places.find_program("keytool"), error);
  if (!error) add_jvm(keystores, keytool.parent_path().parent_path());
  return keystores;
}

Finished keytool(const Keystore& keystore, std::vector<std::string> arguments) {
  std::vector<std::string> command = {keystore.keytool};
  command.insert(command.end(), arguments.begin(), arguments.end());
  for (const char* more :
       {"-keystore", keystore.file.c_str(), "-storepass", kPassword, "-J-Duser.language=en"}) {
    command.emplace_back(more);
  }
  return run(command);
}

struct Listing {
  Finished finished;
  /// Under which name the keystore holds the certificate.
  std::optional<std::string> alias;
};

Listing look_for(const pki::DevRoot& root, const Keystore& keystore) {
  Listing listing;
  listing.finished = keytool(keystore, {"-list", "-rfc"});
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
      kStore, Outcome::failed,
      fmt::format("{}: keytool failed: {}", keystore.file, finished.last_line()),
      fmt::format("where its password is not '{}', use {} yourself", kPassword, keystore.keytool)};
}

bool may_change(const Keystore& keystore) { return ::access(keystore.file.c_str(), W_OK) == 0; }

Step install_in(const Keystore& keystore, const pki::DevRoot& root, const Places& places) {
  const bool follows = keystore.follows_system(places);
  const std::string what =
      keystore.file + (follows ? ", which follows the system's store" : std::string());
  const Listing before = look_for(root, keystore);
  if (!before.finished.ok()) return failed(keystore, before.finished);
  if (before.alias) return {kStore, Outcome::unchanged, what, {}};
  if (!may_change(keystore)) return {kStore, Outcome::needs_root, what, {}};
  const Finished added =
      keytool(keystore,
              {"-importcert", "-noprompt", "-trustcacerts", "-alias",
               fmt::format("wssgate-dev-{}", root.fingerprint.substr(0, 16)), "-file", root.file});
  if (!added.ok()) return failed(keystore, added);
  return {kStore, Outcome::done, keystore.file, {}};
}

Step remove_from(const Keystore& keystore, const pki::DevRoot& root) {
  Step step{kStore, Outcome::unchanged, keystore.file, {}};
  const Listing listing = look_for(root, keystore);
  if (!listing.finished.ok()) return failed(keystore, listing.finished);
  if (!listing.alias) return step;
  step.outcome = may_change(keystore) ? Outcome::done : Outcome::needs_root;
  if (step.failed()) return step;
  const Finished removed = keytool(keystore, {"-delete", "-alias", *listing.alias});
  return removed.ok() ? step : failed(keystore, removed);
}

Steps absent() { return {{kStore, Outcome::absent, "no keytool and no JAVA_HOME", {}}}; }

}  // namespace

Steps install_in_java(const pki::DevRoot& root, const Places& places) {
  const auto keystores = find_keystores(places);
  if (keystores.empty()) return absent();
  Steps steps;
  for (const Keystore& keystore : keystores) {
    steps.push_back(install_in(keystore, root, places));
  }
  return steps;
}

// Debian's hook is told of what is added only, so that what is removed from the system's store is
// still in Java's.
Steps remove_from_java(const pki::DevRoot& root, const Places& places) {
  const auto keystores = find_keystores(places);
  if (keystores.empty()) return absent();
  Steps steps;
  for (const Keystore& keystore : keystores) steps.push_back(remove_from(keystore, root));
  return steps;
}

}  // namespace wssgate::trust
