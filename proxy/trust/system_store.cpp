#include "trust/system_store.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <optional>
#include <system_error>

#include "base/errno_text.h"
#include "pki/pem_file.h"
#include "pki/private_file.h"
#include "trust/certificate_match.h"

namespace wssgate::trust {
namespace {

namespace fs = std::filesystem;

constexpr const char* kSystemStore = "system";

struct Kind {
  const char* folder;
  const char* program;
  /// Without arguments where empty.
  const char* to_add;
  const char* to_remove;
  const char* bundle;
};
constexpr std::array kKinds = {
    Kind{"/etc/pki/ca-trust/source/anchors", "update-ca-trust", "extract", "extract",
         "/etc/pki/tls/certs/ca-bundle.crt"},
    // Without --fresh it leaves a link that leads nowhere.
    Kind{"/usr/local/share/ca-certificates", "update-ca-certificates", "", "--fresh",
         "/etc/ssl/certs/ca-certificates.crt"},
    Kind{"/etc/ca-certificates/trust-source/anchors", "trust", "extract-compat", "extract-compat",
         "/etc/ssl/certs/ca-certificates.crt"},
    Kind{"/etc/pki/trust/anchors", "update-ca-certificates", "", "", "/etc/ssl/ca-bundle.pem"}};

/// The one that this system has.
struct Store {
  std::string folder;
  std::string program;
  const Kind* kind = nullptr;
};

std::optional<Store> find_store(const Places& places) {
  for (const Kind& kind : kKinds) {
    Store store{places.root + kind.folder, places.find_program(kind.program), &kind};
    std::error_code error;
    if (!store.program.empty() && fs::is_directory(store.folder, error)) return store;
  }
  return std::nullopt;
}

/// The program is here, and the folder that it reads is not: what it makes is for this system, so
/// that there is a store.
std::optional<Step> without_folder(const Places& places) {
  for (const char* name : {"update-ca-certificates", "update-ca-trust"}) {
    if (places.find_program(name).empty()) continue;
    return Step{kSystemStore, Outcome::failed,
                fmt::format("{} is here, but not the folder it reads", name),
                "make it and try again: /usr/local/share/ca-certificates (Debian, Ubuntu, Alpine), "
                "/etc/pki/ca-trust/source/anchors (Fedora) or /etc/pki/trust/anchors (openSUSE)"};
  }
  return std::nullopt;
}

Step absent() {
  return {kSystemStore,
          Outcome::absent,
          "no update-ca-certificates, update-ca-trust or trust here",
          {}};
}

/// All files in the folder that are this certificate, whoever has put them there.
std::vector<std::string> copies_of(const pki::DevRoot& root, const Store& store) {
  std::vector<std::string> files;
  std::error_code error;
  fs::directory_iterator entry(store.folder, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    std::error_code unreadable;
    if (!entry->is_regular_file(unreadable)) continue;
    const auto bytes = pki::FileBytes::read(entry->path().string());
    if (bytes && is_only_certificate(bytes->view(), root.fingerprint)) {
      files.push_back(entry->path());
    }
  }
  return files;
}

/// What programs trust; nothing where it cannot be read.
std::optional<bool> in_bundle(const pki::DevRoot& root, const Store& store, const Places& places) {
  const auto bytes = pki::FileBytes::read(places.root + store.kind->bundle);
  if (!bytes) return std::nullopt;
  return holds_certificate(bytes->view(), root.fingerprint);
}

/// An update that failed leaves its bundle as it was, whatever the folder holds.
Step not_updated(const Store& store, const Places& places, const char* how_it_is) {
  return {kSystemStore,
          places.is_root ? Outcome::failed : Outcome::needs_root,
          fmt::format("{}{} {}", places.root, store.kind->bundle, how_it_is),
          {}};
}

Finished update(const Store& store, const char* argument) {
  std::vector<std::string> command = {store.program};
  if (*argument != '\0') command.emplace_back(argument);
  return run(command);
}

Step failed_update(const Store& store, const Finished& finished) {
  return {kSystemStore, Outcome::failed,
          fmt::format("{} failed: {}", store.program, finished.last_line()),
          fmt::format("run {} as root to see why", store.program)};
}

}  // namespace

Steps install_in_system(const pki::DevRoot& root, const Places& places) {
  const auto store = find_store(places);
  if (!store) return {without_folder(places).value_or(absent())};
  const auto copies = copies_of(root, *store);
  const std::string file = copies.empty() ? fmt::format("{}/wssgate-dev-{}.crt", store->folder,
                                                        root.fingerprint.substr(0, 16))
                                          : copies.front();
  if (!places.is_root) {
    if (!copies.empty() && in_bundle(root, *store, places) == false) {
      return {not_updated(*store, places, "has not got it yet")};
    }
    if (!copies.empty()) return {{kSystemStore, Outcome::unchanged, file, {}}};
    return {{kSystemStore, Outcome::needs_root, store->folder, {}}};
  }
  if (copies.empty()) {
    const auto bytes = pki::FileBytes::read(root.file);
    if (!bytes) {
      return {{kSystemStore,
               Outcome::failed,
               fmt::format("cannot read {}: {}", root.file, bytes.error().context),
               {}}};
    }
    // The file is a user's, and what is trusted here is trusted by everybody.
    if (!is_only_certificate(bytes->view(), root.fingerprint)) {
      return {{kSystemStore, Outcome::failed, fmt::format("{} is another file now", root.file),
               "try again"}};
    }
    const auto written = pki::write_whole_file(file, bytes->view(), 0644);
    if (!written) return {{kSystemStore, Outcome::failed, written.error().context, {}}};
    ::chmod(file.c_str(), 0644);  // whatever the umask of who called us
  }
  // Also where the file was there: an update of it may have been cut short.
  const Finished finished = update(*store, store->kind->to_add);
  if (!finished.ok()) return {failed_update(*store, finished)};
  return {{kSystemStore, copies.empty() ? Outcome::done : Outcome::unchanged, file, {}}};
}

Steps remove_from_system(const pki::DevRoot& root, const Places& places) {
  const auto store = find_store(places);
  if (!store) return {absent()};
  const auto copies = copies_of(root, *store);
  const bool trusted = in_bundle(root, *store, places).value_or(false);
  if (copies.empty() && !trusted) return {{kSystemStore, Outcome::unchanged, store->folder, {}}};
  if (copies.empty() && !places.is_root) return {not_updated(*store, places, "still has it")};
  Steps steps;
  for (const std::string& file : copies) {
    Step step{kSystemStore, Outcome::done, file, {}};
    if (!places.is_root) {
      step.outcome = Outcome::needs_root;
    } else if (::unlink(file.c_str()) != 0) {
      step.outcome = Outcome::failed;
      step.what = fmt::format("cannot remove {}: {}", file, errno_text(errno));
    }
    steps.push_back(step);
  }
  if (!places.is_root) return steps;
  const Finished finished = update(*store, store->kind->to_remove);
  if (!finished.ok()) {
    steps.push_back(failed_update(*store, finished));
  } else if (in_bundle(root, *store, places) == true) {
    steps.push_back(not_updated(*store, places, "still has it: from another file, or folder"));
  } else if (steps.empty()) {
    steps.push_back({kSystemStore, Outcome::done, places.root + store->kind->bundle, {}});
  }
  return steps;
}

std::string system_bundle(const Places& places) {
  const auto store = find_store(places);
  return store ? places.root + store->kind->bundle : std::string();
}

}  // namespace wssgate::trust
