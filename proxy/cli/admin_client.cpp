#include "cli/admin_client.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <array>
#include <cerrno>
#include <optional>
#include <stdexcept>

#include "base/address.h"
#include "base/errno_text.h"
#include "cli/commands.h"
#include "config/load.h"
#include "net/fd.h"

namespace wssgate::cli {
namespace {

// A reload that proves ten thousand certificates takes seconds, and may wait for DNS.
constexpr timeval kMostWaiting{.tv_sec = 120, .tv_usec = 0};

std::string address_of(const AdminOptions& options) {
  if (!options.address.empty()) return options.address;
  Report report;
  const config::Config config = config::load_file(options.file, report);
  const bool is_said = config.admin.address.at.line != 0;
  // A broken configuration may be the reason for asking. But of one that is not the system's, the
  // default socket may be that of another process.
  if (!report.ok() && !is_said && options.file != kDefaultFile) {
    throw std::runtime_error(fmt::format(
        "'{}' has problems, so where its process listens for commands is not known. mend it (see "
        "'wssgate check -c {}'), or name the socket: --admin unix:/run/wssgate/admin.sock",
        options.file, options.file));
  }
  return config.admin.address.value;
}

[[noreturn]] void fail(const std::string& address, const std::string& why) {
  throw std::runtime_error(
      fmt::format("cannot talk to the process at {}: {}. see that wssgate runs, that this user is "
                  "its own or root, and that -c names its configuration or --admin its socket",
                  address, why));
}

std::string send_and_receive(const std::string& address, const std::string& request) {
  const auto socket_address = SocketAddress::parse(address);
  if (address == "off") {
    throw std::runtime_error(
        "the configuration says 'admin: {address: off}', so the process cannot be asked. SIGHUP "
        "reloads; give it an address and restart it for more");
  }
  if (!socket_address || !socket_address->is_unix()) fail(address, "that is no unix socket");
  const net::Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &kMostWaiting, sizeof kMostWaiting);
  ::setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &kMostWaiting, sizeof kMostWaiting);
  if (::connect(fd.get(), socket_address->get(), socket_address->length()) != 0 ||
      ::send(fd.get(), request.data(), request.size(), MSG_NOSIGNAL) !=
          static_cast<ssize_t>(request.size())) {
    fail(address, errno_text(errno));
  }
  std::string answer;
  std::array<char, std::size_t{16} * 1024> buffer{};
  for (;;) {
    const ssize_t got = ::recv(fd.get(), buffer.data(), buffer.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) fail(address, "it does not answer");
    if (got < 0) fail(address, errno_text(errno));
    if (got == 0) return answer;
    answer.append(buffer.data(), static_cast<std::size_t>(got));
  }
}

/// RFC 3986 §2.3; everything else is encoded.
bool is_unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

}  // namespace

std::string percent_encoded(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (is_unreserved(c)) {
      out += c;
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

nlohmann::json ask_process(const AdminOptions& options, const std::string& method,
                           const std::string& path) {
  const std::string address = address_of(options);
  const std::string answer = send_and_receive(
      address,
      fmt::format("{} {} HTTP/1.1\r\nHost: admin\r\nConnection: close\r\n\r\n", method, path));
  const auto body = answer.find("\r\n\r\n");
  const bool known = answer.starts_with("HTTP/1.1 200 ") || answer.starts_with("HTTP/1.1 400 ");
  const bool ok = known && body != std::string::npos;
  auto json = ok ? nlohmann::json::parse(answer.substr(body + 4), nullptr, false)
                 : nlohmann::json(nlohmann::json::value_t::discarded);
  if (json.is_discarded()) fail(address, "its answer is not that of wssgate");
  return json;
}

}  // namespace wssgate::cli
