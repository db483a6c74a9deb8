#pragma once

#include "wssbench/load_thread.h"

/// What the slots of each mode do, from start to end.
namespace wssgate::bench {

SlotRun slot_run(Mode mode);

asio::awaitable<void> run_handshakes(Slot& slot);
asio::awaitable<void> run_echo(Slot& slot);
asio::awaitable<void> run_bulk(Slot& slot);
asio::awaitable<void> run_gets(Slot& slot);
asio::awaitable<void> run_push(Slot& slot);
asio::awaitable<void> run_idle(Slot& slot);
asio::awaitable<void> run_storm(Slot& slot);
asio::awaitable<void> run_mixed(Slot& slot);

}  // namespace wssgate::bench
