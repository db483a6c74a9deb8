#pragma once

#include <string_view>

namespace wssgate::control {

/// Tells the service manager how this process is, in the words of sd_notify(3), such as "READY=1".
/// Does nothing where none has asked for it (NOTIFY_SOCKET). The protocol is a datagram, and
/// stable: it is not worth a library in a process that holds private keys.
void tell_service_manager(std::string_view state);

}  // namespace wssgate::control
