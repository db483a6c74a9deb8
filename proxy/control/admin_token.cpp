#include "control/admin_token.h"

#include <fmt/format.h>

#include <algorithm>

#include "pki/pem_file.h"
#include "pki/private_key.h"

namespace wssgate::control {
namespace {

// Of hex digits: as many bits as nobody guesses over a network.
constexpr std::size_t kLeastToken = 16;
constexpr std::size_t kMostToken = 512;

std::string how_to_make_one(const std::string& path) {
  return fmt::format("make one: (umask 077; openssl rand -hex 32 > {})", path);
}

}  // namespace

std::string read_admin_token(const config::Admin& admin, Report& report) {
  const std::string& path = admin.token.value;
  if (path.empty()) return {};
  const auto bytes = pki::FileBytes::read(path);
  if (!bytes) {
    report.add(admin.token.at,
               fmt::format("cannot read the token '{}': {}", path, bytes.error().context),
               how_to_make_one(path));
    return {};
  }
  const std::size_t before = report.errors();
  pki::refuse_shared_secret("the file of admin.token", path, bytes->mode(), report);
  std::string_view token = bytes->view();
  while (!token.empty() && (token.back() == '\n' || token.back() == '\r')) token.remove_suffix(1);
  const bool printable_only =
      std::all_of(token.begin(), token.end(), [](unsigned char c) { return c > 0x20 && c < 0x7f; });
  if (!printable_only || token.size() < kLeastToken || token.size() > kMostToken) {
    report.add({path, 1, 1},
               fmt::format("a token is one word of {} to {} printable characters", kLeastToken,
                           kMostToken),
               how_to_make_one(path));
  }
  return report.errors() == before ? std::string(token) : std::string();
}

}  // namespace wssgate::control
