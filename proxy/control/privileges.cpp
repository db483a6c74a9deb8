#include "control/privileges.h"

#include <fmt/format.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <utility>

#include "base/errno_text.h"

namespace wssgate::control {
namespace {

const passwd* look_up(const config::Config& config) {
  return ::getpwnam(config.user.value.c_str());
}

bool keep_only(unsigned capability) {
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {};
  const std::uint32_t bit = 1U << capability;
  data[0] = {.effective = bit, .permitted = bit, .inheritable = bit};
  // glibc has no function for it; the library that has does nothing else for us.
  if (::syscall(SYS_capset, &header, data) != 0) return false;
  return ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0) == 0;
}

bool change_to(const passwd& user) {
  return ::initgroups(user.pw_name, user.pw_gid) == 0 && ::setgid(user.pw_gid) == 0 &&
         ::prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) == 0 && ::setuid(user.pw_uid) == 0 &&
         keep_only(CAP_NET_BIND_SERVICE);
}

}  // namespace

void prove_user(const config::Config& config, Report& report) {
  const auto& [name, at] = config.user;
  if (name.empty() || look_up(config) != nullptr) return;
  report.add(at, fmt::format("user: there is no user '{}' on this machine", name),
             fmt::format("create it ('useradd --system {}'), or name another one", name));
}

void become_user(const config::Config& config, Report& report) {
  const auto& [name, at] = config.user;
  if (name.empty()) return;
  prove_user(config, report);
  const passwd* const user = look_up(config);
  if (user == nullptr || user->pw_uid == ::geteuid()) return;
  if (::geteuid() != 0) {
    report.add(at, fmt::format("user: only root may become '{}'", name),
               fmt::format("start wssgate as root, or as '{}' with CAP_NET_BIND_SERVICE", name));
    return;
  }
  if (change_to(*user)) return;
  report.add(at, fmt::format("user: cannot become '{}': {}", name, errno_text(errno)),
             "leave it CAP_SETUID, CAP_SETGID and CAP_NET_BIND_SERVICE, or start it as that user");
}

void protect_memory() {
  const rlimit none{};
  ::setrlimit(RLIMIT_CORE, &none);
  ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  // For the kernels that pipe core dumps to a program whatever the limit. The sanitizers have to
  // look into their process.
  ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
}

}  // namespace wssgate::control
