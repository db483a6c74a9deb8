#pragma once

#include <sys/types.h>

namespace wssgate::test {

/// Whatever a process leaves behind when it ends becomes a child of this one: a successor that
/// nobody waited for. Once is enough.
void adopt_orphans();

/// A process that somebody else started and this one is to end.
class Orphan {
 public:
  explicit Orphan(pid_t pid) : pid_(pid) {}
  ~Orphan();
  Orphan(const Orphan&) = delete;
  Orphan& operator=(const Orphan&) = delete;

  pid_t pid() const { return pid_; }

 private:
  pid_t pid_;
};

}  // namespace wssgate::test
