#include "wssbench/modes.h"

namespace wssgate::bench {

SlotRun slot_run(Mode mode) {
  switch (mode) {
    case Mode::handshake:
      return run_handshakes;
    case Mode::echo:
      return run_echo;
    case Mode::push:
      return run_push;
    case Mode::bulk:
      return run_bulk;
    case Mode::get:
      return run_gets;
    case Mode::idle:
      return run_idle;
    case Mode::storm:
      return run_storm;
    case Mode::mixed:
      return run_mixed;
  }
  return run_echo;
}

}  // namespace wssgate::bench
