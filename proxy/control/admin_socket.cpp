#include "control/admin_socket.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <asio/local/stream_protocol.hpp>
#include <asio/write.hpp>
#include <cerrno>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <system_error>
#include <utility>

#include "net/listener.h"
#include "protocol/http/forward.h"
#include "protocol/http/head.h"

namespace wssgate::control {
namespace {

using Unix = asio::local::stream_protocol;
using Socket = asio::generic::stream_protocol::socket;

constexpr std::size_t kMostRequest = std::size_t{8} * 1024;
constexpr std::chrono::seconds kMostReading{5};
constexpr std::chrono::seconds kMostWriting{30};
// For the client's end, so that the answer is not lost to a reset.
constexpr std::chrono::seconds kMostLingering{1};
constexpr std::chrono::milliseconds kPause{250};
constexpr int kWithoutBody = 304;  // Not Modified
// Of all at once, known or not: an answer takes milliseconds.
constexpr std::size_t kMostVisits = 256;

/// Somebody listens there.
bool answers(const Unix::endpoint& endpoint) {
  asio::io_context loop;
  Unix::socket probe(loop);
  asio::error_code error;
  probe.connect(endpoint, error);
  return !error;
}

/// 0 where there is nothing.
ino_t inode_of(const std::string& path) {
  struct stat found {};
  return ::lstat(path.c_str(), &found) == 0 ? found.st_ino : 0;
}

void make_way(const std::string& path, const Unix::endpoint& endpoint, AdminSocket::Take take) {
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
  Visit(Socket socket, AdminSocket& owner)
      : socket_(std::move(socket)), deadline_(socket_.get_executor()), owner_(owner) {
    ++owner_.visits_;
  }
  Visit(const Visit&) = delete;
  Visit& operator=(const Visit&) = delete;
  ~Visit() { --owner_.visits_; }

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
    if (!length) return refuse(400, "this is no HTTP request");
    if (*length == 0) return read();
    const auto head = http::parse_request_head(std::string_view(text_).substr(0, *length));
    if (!head) return refuse(400, "this is no HTTP request that can be answered");
    is_head_ = head->method == "HEAD";
    if (owner_.access_) {
      if (const auto refusal = owner_.access_->judge(*head)) {
        return refuse(refusal->status, refusal->why);
      }
    }
    deadline_.cancel();
    const auto mark = head->target.find('?');
    const bool asks = mark != std::string_view::npos;
    owner_.handler_(
        {.method = std::string(head->method),
         .path = http::route_path(head->target),
         .query = std::string(asks ? head->target.substr(mark + 1) : std::string_view()),
         .accept = std::string(head->headers.find("accept").value_or("")),
         .if_none_match = std::string(head->headers.find("if-none-match").value_or(""))},
        [self = shared_from_this()](const AdminAnswer& answer) { self->answer(answer); });
  }

  void refuse(int status, const std::string& why) {
    const nlohmann::json body = {{"error", why}};
    answer({.status = status, .body = body.dump()});
  }

  void answer(const AdminAnswer& answer) {
    limit(kMostWriting);
    // Both tell the length of what they leave out (RFC 9110 §8.6).
    const bool has_no_body = is_head_ || answer.status == kWithoutBody;
    text_ = fmt::format(
        "HTTP/1.1 {} {}\r\nContent-Type: {}\r\nContent-Length: {}\r\n{}{}"
        "Cache-Control: {}\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n{}",
        answer.status, http::status_phrase(answer.status), answer.content_type, answer.body.size(),
        answer.status == 401 ? "WWW-Authenticate: Basic realm=\"wssgate\"\r\n" : "", answer.fields,
        answer.cache_control, has_no_body ? "" : answer.body);
    asio::async_write(socket_, asio::buffer(text_),
                      [self = shared_from_this()](const asio::error_code& error, std::size_t) {
                        if (error) return self->end();
                        asio::error_code ignored;
                        self->socket_.shutdown(Socket::shutdown_send, ignored);
                        self->limit(kMostLingering);
                        self->linger();
                      });
  }

  void linger() {
    socket_.async_read_some(asio::buffer(buffer_), [self = shared_from_this()](
                                                       const asio::error_code& error, std::size_t) {
      error ? self->end() : self->linger();
    });
  }

  void end() {
    deadline_.cancel();
    asio::error_code ignored;
    socket_.close(ignored);
  }

  Socket socket_;
  asio::steady_timer deadline_;
  AdminSocket& owner_;
  bool is_head_ = false;
  std::array<char, 1024> buffer_{};
  std::string text_;
};

AdminSocket::AdminSocket(asio::io_context& loop, std::string path, AdminHandler handler, Take take)
    : path_(std::move(path)), handler_(std::move(handler)), acceptor_(loop), retry_(loop) {
  const Unix::endpoint endpoint(path_);
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

AdminSocket::AdminSocket(asio::io_context& loop, net::Fd listening, AdminAccess access,
                         AdminHandler handler)
    : access_(std::move(access)), handler_(std::move(handler)), acceptor_(loop), retry_(loop) {
  const int family = net::bound_address(listening.get()).family();
  acceptor_.assign({family, IPPROTO_TCP}, listening.release());
  accept();
}

AdminSocket::~AdminSocket() {
  if (!path_.empty() && inode_of(path_) == inode_) ::unlink(path_.c_str());
}

bool AdminSocket::take_token(std::string token) {
  return access_ && access_->take_token(std::move(token));
}

void AdminSocket::close() {
  closed_ = true;
  asio::error_code ignored;
  acceptor_.close(ignored);
  retry_.cancel();
}

void AdminSocket::accept() {
  acceptor_.async_accept([this](const asio::error_code& error, Socket socket) {
    if (closed_ || error == asio::error::operation_aborted) return;
    if (error) return pause();
    // One above: closed at once, since descriptors are the tunnels'.
    if (visits_ < kMostVisits) std::make_shared<Visit>(std::move(socket), *this)->begin();
    accept();
  });
}

/// Out of descriptors, most likely: accepting again at once would spin.
void AdminSocket::pause() {
  retry_.expires_after(kPause);
  retry_.async_wait([this](const asio::error_code& error) {
    if (!error && !closed_) accept();
  });
}

}  // namespace wssgate::control
