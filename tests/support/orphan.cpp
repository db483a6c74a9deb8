#include "support/orphan.h"

#include <sys/prctl.h>
#include <sys/wait.h>

#include <csignal>

namespace wssgate::test {

void adopt_orphans() { ::prctl(PR_SET_CHILD_SUBREAPER, 1); }

Orphan::~Orphan() {
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

}  // namespace wssgate::test
