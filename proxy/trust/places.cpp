#include "trust/places.h"

#include <fmt/format.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <fstream>
#include <string_view>

#include "base/text.h"

namespace wssgate::trust {
namespace {

std::string variable(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? std::string() : value;
}

std::string variable_or(const char* name, std::string otherwise) {
  std::string value = variable(name);
  return value.empty() ? std::move(otherwise) : value;
}

std::string home_of(uid_t user) {
  const passwd* const entry = ::getpwuid(user);
  return entry == nullptr ? std::string() : entry->pw_dir;
}

template <class Id>
std::optional<Id> id_from(const char* name) {
  const std::string text = variable(name);
  Id id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return id;
}

/// sudo leaves it to us to tell whose home is meant: it has set HOME to root's.
std::optional<Identity> caller_of_sudo() {
  const auto user = id_from<uid_t>("SUDO_UID");
  const auto group = id_from<gid_t>("SUDO_GID");
  if (::geteuid() != 0 || !user || !group || *user == 0) return std::nullopt;
  return Identity{*user, *group, variable("SUDO_USER")};
}

bool runs_in_wsl() {
  std::ifstream file("/proc/sys/kernel/osrelease");
  std::string release;
  std::getline(file, release);
  return to_lower(release).find("microsoft") != std::string::npos;
}

}  // namespace

Places Places::of_this_process() {
  Places places;
  places.is_root = ::geteuid() == 0;
  places.caller = caller_of_sudo();
  if (places.caller) {
    places.home = home_of(places.caller->user);
    places.data_home = places.home + "/.local/share";
    places.config_home = places.home + "/.config";
  } else {
    places.home = variable_or("HOME", home_of(::geteuid()));
    places.data_home = variable_or("XDG_DATA_HOME", places.home + "/.local/share");
    places.config_home = variable_or("XDG_CONFIG_HOME", places.home + "/.config");
  }
  places.java_home = variable("JAVA_HOME");
  const std::string path = variable("PATH");
  for (const std::string_view folder : split(path, ':')) {
    if (folder.starts_with('/')) places.path.emplace_back(folder);
  }
  for (const char* folder : {"/usr/local/sbin", "/usr/sbin", "/sbin"}) {
    places.path.emplace_back(folder);
  }
  places.is_wsl = runs_in_wsl();
  return places;
}

std::string Places::find_program(const std::string& name) const {
  for (const std::string& folder : path) {
    std::string file = fmt::format("{}/{}", folder, name);
    struct stat status {};
    if (::stat(file.c_str(), &status) == 0 && S_ISREG(status.st_mode) &&
        ::access(file.c_str(), X_OK) == 0) {
      return file;
    }
  }
  return {};
}

}  // namespace wssgate::trust
