#include "control/ocsp_fetch.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/http.h>
#include <openssl/httperr.h>
#include <openssl/ocsp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "base/address.h"
#include "base/errno_text.h"
#include "base/text.h"
#include "control/http_url.h"
#include "pki/ocsp.h"
#include "pki/openssl_ptr.h"
#include "upstream/resolve.h"

namespace wssgate::control {
namespace {

using Clock = std::chrono::steady_clock;
using Addresses = std::vector<SocketAddress>;
using HttpPtr = std::unique_ptr<OSSL_HTTP_REQ_CTX, pki::OpensslDeleter<OSSL_HTTP_REQ_CTX_free>>;
using RequestPtr = std::unique_ptr<OCSP_REQUEST, pki::OpensslDeleter<OCSP_REQUEST_free>>;

// A line of the answer's head, and all of its head.
constexpr int kLongestLine = 4096;
constexpr std::size_t kMostOfBegin = 256;
constexpr std::size_t kLargestHead = std::size_t{16} * 1024;

Error failure(std::string why) {
  return Error(Reason::internal_error, Side::proxy, std::move(why));
}
Error failure(std::string_view what, int error) {
  return failure(fmt::format("{}: {}", what, errno_text(error)));
}

net::Fd make_event() { return net::Fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)); }
void raise_event(const net::Fd& event) { (void)::eventfd_write(event.get(), 1); }

/// One fetch's limits.
struct Patience {
  Clock::time_point until;
  const StopSignal& stop;
  Duration whole;

  /// Until `fd` has one of `events`.
  Result<void> wait(int fd, short events) const {
    std::array<pollfd, 2> fds{pollfd{.fd = fd, .events = events, .revents = 0},
                              pollfd{.fd = stop.fd(), .events = POLLIN, .revents = 0}};
    for (;;) {
      const auto left = std::chrono::ceil<Duration>(until - Clock::now());
      if (left.count() <= 0) return late();
      const auto most = std::min<Duration>(left, std::chrono::minutes(1));
      const int ready = ::poll(fds.data(), fds.size(), static_cast<int>(most.count()));
      if (ready < 0 && errno != EINTR) return failure("cannot wait", errno);
      if (fds[1].revents != 0) return failure("wssgate is stopping");
      if (ready > 0 && fds[0].revents != 0) return {};
    }
  }

  Error late() const {
    return failure(fmt::format("no whole answer within {}", format_duration(whole)));
  }
};

/// A name's look-up, which cannot be cut short: it goes on in a thread of its own, and what comes
/// after the patience has ended is for nobody.
struct LookUp {
  net::Fd done = make_event();
  std::mutex mutex;
  std::optional<Result<Addresses>> found;
};

void look_up_into(LookUp& look_up, const std::string& authority) {
  auto found = upstream::resolve(authority);
  const std::lock_guard lock(look_up.mutex);
  look_up.found = std::move(found);
  raise_event(look_up.done);
}

Result<Addresses> look_up(const std::string& authority, const Patience& patience) {
  if (const auto literal = SocketAddress::parse(authority)) {
    if (literal->is_unix()) return failure("its name has no address");  // "unix:80" is no path here
    return Addresses{*literal};
  }
  const auto shared = std::make_shared<LookUp>();
  if (!shared->done) return failure("cannot look up its name", errno);
  try {
    std::thread([shared, authority] { look_up_into(*shared, authority); }).detach();
  } catch (const std::system_error& refused) {
    return failure("cannot look up its name", refused.code().value());
  }
  if (auto waited = patience.wait(shared->done.get(), POLLIN); !waited) return waited.error();
  const std::lock_guard lock(shared->mutex);
  if (!*shared->found) return failure("cannot look up its name: " + shared->found->error().context);
  return *std::move(shared->found);
}

Result<net::Fd> connect_to(const SocketAddress& address, const Patience& patience) {
  net::Fd fd(::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return failure("cannot make a socket", errno);
  if (::connect(fd.get(), address.get(), address.length()) == 0) return fd;
  if (errno != EINPROGRESS) return failure("cannot connect", errno);
  if (auto waited = patience.wait(fd.get(), POLLOUT); !waited) return waited.error();
  int error = 0;
  socklen_t length = sizeof error;
  ::getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &error, &length);
  if (error != 0) return failure("cannot connect", error);
  return fd;
}

// Each address gets its share of the time, so that one that swallows packets leaves some.
Result<net::Fd> connect_to_any(const Addresses& addresses, const Patience& patience) {
  Error last = failure("its name has no address");
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    const auto left = patience.until - Clock::now();
    const auto share = left / static_cast<Clock::rep>(addresses.size() - i);
    auto connected =
        connect_to(addresses[i], {Clock::now() + share, patience.stop, patience.whole});
    if (connected) return connected;
    last = std::move(connected).error();
  }
  return last;
}

// What OpenSSL found wrong with the answer first, with the responder's own words, if any.
std::string openssl_reason() {
  const char* data = nullptr;
  int flags = 0;
  const auto code = ERR_peek_error_all(nullptr, nullptr, nullptr, &data, &flags);
  const char* reason = ERR_reason_error_string(code);
  std::string text = reason == nullptr ? "the answer is no HTTP" : reason;
  const bool has_words = data != nullptr && (flags & ERR_TXT_STRING) != 0 && *data != '\0';
  if (has_words) text += fmt::format(" ({})", printable(data, 128));
  return text;
}

/// One request and its answer: OpenSSL's HTTP client over memory, with the socket in our hands, so
/// that both time and size have an end.
class Exchange {
 public:
  Exchange(net::Fd fd, const Patience& patience)
      : fd_(std::move(fd)),
        patience_(patience),
        to_send_(BIO_new(BIO_s_mem())),
        received_(BIO_new(BIO_s_mem())),
        http_(OSSL_HTTP_REQ_CTX_new(to_send_.get(), received_.get(), kLongestLine)) {
    BIO_set_mem_eof_return(received_.get(), -1);  // empty means: not yet
  }

  bool prepare(const HttpUrl& url, const std::string& request, bool by_proxy) {
    const auto* data = reinterpret_cast<const unsigned char*>(request.data());
    const RequestPtr decoded(d2i_OCSP_REQUEST(nullptr, &data, static_cast<long>(request.size())));
    if (!decoded || !http_) return false;
    OSSL_HTTP_REQ_CTX* http = http_.get();
    OSSL_HTTP_REQ_CTX_set_max_response_length(http, pki::kLargestOcspResponse);
    // A server in the request line makes it one for a proxy (RFC 9112 §3.2.2).
    const bool bracketed = url.authority.front() == '[';
    const std::string server = bracketed ? fmt::format("[{}]", url.host) : url.host;
    const char* const asked = by_proxy ? server.c_str() : nullptr;
    return OSSL_HTTP_REQ_CTX_set_request_line(http, 1, asked, url.port.c_str(), url.path.c_str()) ==
               1 &&
           OSSL_HTTP_REQ_CTX_add1_header(http, "Host", url.authority.c_str()) == 1 &&
           OSSL_HTTP_REQ_CTX_set_expected(http, nullptr, 1, 0, 0) == 1 &&
           OSSL_HTTP_REQ_CTX_set1_req(http, "application/ocsp-request",
                                      ASN1_ITEM_rptr(OCSP_REQUEST),
                                      reinterpret_cast<const ASN1_VALUE*>(decoded.get())) == 1;
  }

  Result<std::string> run() {
    ERR_clear_error();
    for (;;) {
      const int state = OSSL_HTTP_REQ_CTX_nbio(http_.get());
      if (state >= 0) {
        if (const std::string status = error_status(); !status.empty()) {
          return failure(fmt::format("it answered '{}'", printable(status, 128)));
        }
        if (state > 0) return answer();
        if (!is_only_empty()) return refusal();
        ERR_clear_error();
      }
      if (auto sent = send(); !sent) return sent.error();
      if (auto received = receive(); !received) return received.error();
    }
  }

 private:
  static Error cut_short() {
    return failure("it closed the connection before its answer was whole");
  }

  /// "500 Internal Error"; empty of an answer that is none. OpenSSL 3.5 goes on with its content.
  std::string error_status() const {
    constexpr std::size_t kStatusAt = std::string_view("HTTP/1.1 ").size();
    const std::string_view line = std::string_view(begin_).substr(0, begin_.find_first_of("\r\n"));
    if (line.size() == begin_.size() || !line.starts_with("HTTP/") || line.size() <= kStatusAt) {
      return {};
    }
    const bool is_error = line[kStatusAt] == '4' || line[kStatusAt] == '5';
    return is_error ? std::string(line.substr(kStatusAt)) : std::string();
  }

  /// OpenSSL 3.5 asks for lines, and is told of no "not yet" where the memory is empty. Its state
  /// stays.
  bool is_only_empty() const {
    return !at_end_ && BIO_pending(received_.get()) == 0 &&
           ERR_GET_REASON(ERR_peek_error()) == HTTP_R_FAILED_READING_DATA;
  }

  Error refusal() const {
    const unsigned long error = ERR_peek_error();
    const bool cut_off = error == 0 || ERR_GET_REASON(error) == HTTP_R_FAILED_READING_DATA;
    return at_end_ && cut_off ? cut_short() : failure(openssl_reason());
  }

  Result<void> send() {
    char* data = nullptr;
    const long pending = BIO_get_mem_data(to_send_.get(), &data);
    std::string_view rest(data, static_cast<std::size_t>(pending));
    while (!rest.empty()) {
      if (auto ready = patience_.wait(fd_.get(), POLLOUT); !ready) return ready;
      const ssize_t sent = ::send(fd_.get(), rest.data(), rest.size(), MSG_NOSIGNAL);
      if (sent < 0 && errno != EAGAIN && errno != EINTR) return failure("cannot send", errno);
      if (sent > 0) rest.remove_prefix(static_cast<std::size_t>(sent));
    }
    (void)BIO_reset(to_send_.get());
    return {};
  }

  Result<void> receive() {
    std::array<char, 4096> buffer{};
    if (auto ready = patience_.wait(fd_.get(), POLLIN); !ready) return ready;
    const ssize_t got = ::recv(fd_.get(), buffer.data(), buffer.size(), 0);
    if (got < 0 && errno != EAGAIN && errno != EINTR) return failure("cannot receive", errno);
    if (got < 0) return {};
    if (got == 0 && at_end_) return cut_short();
    if (got == 0) {
      at_end_ = true;
      BIO_set_mem_eof_return(received_.get(), 0);
      return {};
    }
    total_ += static_cast<std::size_t>(got);
    if (total_ > kLargestHead + pki::kLargestOcspResponse) {
      return failure("its answer is larger than 64 KiB");
    }
    if (begin_.size() < kMostOfBegin) begin_.append(buffer.data(), static_cast<std::size_t>(got));
    BIO_write(received_.get(), buffer.data(), static_cast<int>(got));
    return {};
  }

  Result<std::string> answer() const {
    char* data = nullptr;
    const long length = BIO_get_mem_data(OSSL_HTTP_REQ_CTX_get0_mem_bio(http_.get()), &data);
    if (length <= 0) return failure("its answer is empty");
    return std::string(data, static_cast<std::size_t>(length));
  }

  net::Fd fd_;
  const Patience& patience_;
  pki::BioPtr to_send_;
  pki::BioPtr received_;
  HttpPtr http_;
  std::string begin_;  // of the answer, for its status
  std::size_t total_ = 0;
  bool at_end_ = false;
};

}  // namespace

StopSignal::StopSignal() : event_(make_event()) {
  if (!event_) throw std::system_error(errno, std::system_category(), "eventfd");
}

void StopSignal::pull() { raise_event(event_); }

Result<std::string> fetch_ocsp(const std::string& url, const std::string& request,
                               const FetchTerms& terms, const StopSignal& stop) {
  const auto target = HttpUrl::parse(url);
  if (!target) return failure("it is no http URL");
  const Patience patience{Clock::now() + terms.timeout, stop, terms.timeout};
  const bool by_proxy = !terms.http_proxy.empty();
  auto addresses = look_up(by_proxy ? terms.http_proxy : target->authority, patience);
  if (!addresses) return std::move(addresses).error();
  auto connected = connect_to_any(*addresses, patience);
  if (!connected) return std::move(connected).error();
  Exchange exchange(*std::move(connected), patience);
  if (!exchange.prepare(*target, request, by_proxy)) return failure("cannot make the request");
  auto answer = exchange.run();
  ERR_clear_error();
  return answer;
}

}  // namespace wssgate::control
