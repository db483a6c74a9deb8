#include "control/admin_socket.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <asio/write.hpp>
#include <cerrno>
#include <filesystem>
#include <memory>
#include <system_error>
#include <utility>

#include "protocol/http/forward.h"
#include "protocol/http/head.h"

namespace wssgate::control {
namespace {

using Protocol = asio::local::stream_protocol;

constexpr std::size_t kMostRequest = std::size_t{8} * 1024;
constexpr std::chrono::seconds kMostReading{5};
constexpr std::chrono::seconds kMostWriting{30};
constexpr std::chrono::milliseconds kPause{250};

/// Somebody listens there.
bool answers(const Protocol::endpoint& endpoint) {
  asio::io_context loop;
  Protocol::socket probe(loop);
  asio::error_code error;
  probe.connect(endpoint, error);
  return !error;
}

/// 0 where there is nothing.
ino_t inode_of(const std::string& path) {
  struct stat found {};
  return ::lstat(path.c_str(), &found) == 0 ? found.st_ino : 0;
}

void make_way(const std::string& path, const Protocol::endpoint& endpoint, AdminSocket::Take take) {
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  std::error_code ignored;
  std::filesystem::create_directories(folder, ignored);  // binding tells why it cannot be
  if (!std::filesystem::is_socket(path, ignored)) return;
  if (take == AdminSocket::Take::free_path && answers(endpoint)) {
    throw std::system_error(EADDRINUSE, std::system_category(), path);
  }
  ::unlink(path.c_str());
}

}  // namespace

/// One connection: reads a request, has it answered, ends.
class AdminSocket::Visit : public std::enable_shared_from_this<Visit> {
 public:
  Visit(Protocol::socket socket, const Handler& handler)
      : socket_(std::move(socket)), deadline_(socket_.get_executor()), handler_(handler) {}

  void begin() {
    limit(kMostReading);
    read();
  }

 private:
  void limit(std::chrono::seconds most) {
    deadline_.expires_after(most);
    deadline_.async_wait([self = shared_from_this()](const asio::error_code& error) {
      if (!error) self->socket_.close();
    });
  }

  void read() {
    socket_.async_read_some(
        asio::buffer(buffer_),
        [self = shared_from_this()](const asio::error_code& error, std::size_t length) {
          if (error) return self->end();
          self->text_.append(self->buffer_.data(), length);
          self->judge();
        });
  }

  void judge() {
    const auto length = http::find_head_end(text_, kMostRequest);
    if (!length) return answer(400, R"({"error": "this is no HTTP request"})");
    if (*length == 0) return read();
    const auto head = http::parse_request_head(std::string_view(text_).substr(0, *length));
    if (!head) return answer(400, R"({"error": "this is no HTTP request that can be answered"})");
    deadline_.cancel();
    const auto mark = head->target.find('?');
    const bool asks = mark != std::string_view::npos;
    handler_({std::string(head->method), http::route_path(head->target),
              std::string(asks ? head->target.substr(mark + 1) : std::string_view())},
             [self = shared_from_this()](int status, const std::string& json) {
               self->answer(status, json);
             });
  }

  void answer(int status, const std::string& json) {
    limit(kMostWriting);
    text_ = fmt::format(
        "HTTP/1.1 {} {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n"
        "Connection: close\r\n\r\n{}",
        status, http::status_phrase(status), json.size(), json);
    asio::async_write(
        socket_, asio::buffer(text_),
        [self = shared_from_this()](const asio::error_code&, std::size_t) { self->end(); });
  }

  void end() {
    deadline_.cancel();
    asio::error_code ignored;
    socket_.close(ignored);
  }

  Protocol::socket socket_;
  asio::steady_timer deadline_;
  const Handler& handler_;
  std::array<char, 1024> buffer_{};
  std::string text_;
};

AdminSocket::AdminSocket(asio::io_context& loop, std::string path, Handler handler, Take take)
    : path_(std::move(path)), handler_(std::move(handler)), acceptor_(loop), retry_(loop) {
  const Protocol::endpoint endpoint(path_);
  make_way(path_, endpoint, take);
  acceptor_.open(endpoint.protocol());
  // The mode of the socket decides who may connect; it has it from the start.
  const mode_t mask = ::umask(0177);
  asio::error_code error;
  acceptor_.bind(endpoint, error);
  ::umask(mask);
  if (error) throw std::system_error(error.value(), std::system_category(), path_);
  inode_ = inode_of(path_);
  acceptor_.listen();
  accept();
}

AdminSocket::~AdminSocket() {
  if (inode_of(path_) == inode_) ::unlink(path_.c_str());
}

void AdminSocket::accept() {
  acceptor_.async_accept([this](const asio::error_code& error, Protocol::socket socket) {
    if (error == asio::error::operation_aborted) return;
    if (error) return pause();
    std::make_shared<Visit>(std::move(socket), handler_)->begin();
    accept();
  });
}

/// Out of descriptors, most likely: accepting again at once would spin.
void AdminSocket::pause() {
  retry_.expires_after(kPause);
  retry_.async_wait([this](const asio::error_code& error) {
    if (!error) accept();
  });
}

}  // namespace wssgate::control
