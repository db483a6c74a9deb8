#include "doctor/probe.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <mutex>
#include <thread>
#include <utility>

#include "doctor/exchange.h"
#include "doctor/tls_dialogue.h"

namespace wssgate::doctor {
namespace {

// More addresses than any name has; a thread is cheap, descriptors are not without end.
constexpr std::size_t kMostThreads = 64;
constexpr std::size_t kMostFirstLine = 120;

/// Nobody has this name: .invalid never resolves (RFC 6761 §6.4), and nobody can guess it.
std::string made_up_name() {
  std::array<unsigned char, 6> random{};
  RAND_bytes(random.data(), static_cast<int>(random.size()));
  return fmt::format("doctor-{:02x}.invalid", fmt::join(random, ""));
}

bool has_ended_without_answer(TlsAnswer::End end) {
  return end == TlsAnswer::End::reset || end == TlsAnswer::End::closed ||
         end == TlsAnswer::End::timed_out;
}

class Examination {
 public:
  Examination(const SocketAddress& address, const Target& target, int stop_fd)
      : target_(target), stop_fd_(stop_fd) {
    found_.address = address;
  }

  Probe run() && {
    talk();
    if (found_.connect == Step::ok && target_.secure) {
      if (found_.tls.end != TlsAnswer::End::done) try_otherwise();
      ask_for_other_names();
      look_for_hsts();
    }
    return std::move(found_);
  }

 private:
  Deadline deadline() const { return std::chrono::steady_clock::now() + target_.timeout; }

  /// That which passes.
  HelloShape shape(std::string name) const {
    return {.server_name = std::move(name),
            .large_and_split = !found_.only_small_hello_passes && !found_.only_outdated_passes,
            .outdated = found_.only_outdated_passes};
  }

  /// Its connection ends here: some servers have one at a time.
  void talk() {
    const auto began = std::chrono::steady_clock::now();
    Wire wire(stop_fd_);
    found_.connect = wire.connect(found_.address, deadline());
    found_.connect_took = since(began);
    if (found_.connect != Step::ok) return;
    if (!target_.secure) return use(wire);
    TlsDialogue dialogue(wire);
    found_.tls = dialogue.shake_hands(shape(target_.server_name), deadline());
    if (found_.tls.end != TlsAnswer::End::done) return;
    use(dialogue);
    found_.tls.alert = dialogue.alert();
  }

  void use(Channel& channel) {
    found_.http = ask(channel, target_, found_.websocket);
    take_hsts(found_.http);
  }

  void take_hsts(const HttpAnswer& answer) {
    if (!target_.secure || answer.end != HttpAnswer::End::answered) return;
    found_.hsts_known = true;
    if (!found_.hsts) found_.hsts = answer.field("Strict-Transport-Security");
  }

  /// The handshake that browsers make has failed: whether another one passes tells why. One thing
  /// is changed at a time.
  void try_otherwise() {
    const TlsAnswer::End end = found_.tls.end;
    if (end == TlsAnswer::End::interrupted) return;
    if (end == TlsAnswer::End::not_tls) {
      if (!found_.tls.first_bytes.starts_with("HTTP/")) try_plain_http();
      return;
    }
    const HelloShape small{.server_name = target_.server_name, .large_and_split = false};
    if (try_handshake(small)) {
      // Once may be chance: a server that restarts, a connection that was lost.
      found_.only_small_hello_passes =
          !passes(handshake_with({.server_name = target_.server_name}), end);
      if (found_.only_small_hello_passes) found_.split_hello_end = end;
    } else if (has_ended_without_answer(end)) {
      try_plain_http();
    } else {
      HelloShape outdated = small;
      outdated.outdated = true;
      found_.only_outdated_passes = try_handshake(outdated);
    }
  }

  /// An alert is an answer too, where the first hello got none.
  static bool passes(const TlsAnswer& answer, TlsAnswer::End first) {
    return answer.end == TlsAnswer::End::done ||
           (answer.end == TlsAnswer::End::alert && has_ended_without_answer(first));
  }

  /// On a new connection. What it got stands in the place of the first answer if it passes.
  bool try_handshake(const HelloShape& other) {
    Wire wire(stop_fd_);
    if (wire.connect(found_.address, deadline()) != Step::ok) return false;
    TlsDialogue dialogue(wire);
    TlsAnswer answer = dialogue.shake_hands(other, deadline());
    if (!passes(answer, found_.tls.end)) return false;
    found_.tls = std::move(answer);
    if (found_.tls.end == TlsAnswer::End::done) {
      use(dialogue);
      found_.tls.alert = dialogue.alert();
    }
    return true;
  }

  /// Servers of plain HTTP often wait for the end of what they take for a request. A 400 proves
  /// nothing: ports of TLS answer so to what is none.
  void try_plain_http() {
    Wire wire(stop_fd_);
    if (wire.connect(found_.address, deadline()) != Step::ok) return;
    std::string rest;
    const HttpAnswer answer = exchange(wire, plain_get(), deadline(), rest);
    if (answer.end != HttpAnswer::End::answered || answer.status == 400) return;
    found_.tls.end = TlsAnswer::End::not_tls;
    found_.plain_http = fmt::format("HTTP/1.1 {}", answer.status);
  }

  std::string plain_get() const {
    return fmt::format(
        "GET / HTTP/1.1\r\nHost: {}\r\nUser-Agent: wssgate-doctor\r\nConnection: close\r\n\r\n",
        target_.authority);
  }

  TlsAnswer handshake_with(const HelloShape& hello) const {
    Wire wire(stop_fd_);
    TlsAnswer answer;
    if (wire.connect(found_.address, deadline()) != Step::ok) return answer;
    TlsDialogue dialogue(wire);
    return dialogue.shake_hands(hello, deadline());
  }

  void ask_for_other_names() {
    const TlsAnswer::End end = found_.tls.end;
    // Only where TLS is spoken: others would cost two timeouts and tell nothing.
    if (end != TlsAnswer::End::done && end != TlsAnswer::End::alert) return;
    if (!target_.server_name.empty()) found_.without_name = handshake_with(shape(""));
    found_.made_up_name = handshake_with(shape(made_up_name()));
  }

  /// The answer to an upgrade is often without it where that to a page has it.
  void look_for_hsts() {
    if (found_.tls.end != TlsAnswer::End::done || found_.hsts || !target_.websocket) return;
    Wire wire(stop_fd_);
    if (wire.connect(found_.address, deadline()) != Step::ok) return;
    TlsDialogue dialogue(wire);
    const TlsAnswer answer = dialogue.shake_hands(shape(target_.server_name), deadline());
    if (answer.end != TlsAnswer::End::done) return;
    std::string rest;
    take_hsts(exchange(dialogue, plain_get(), deadline(), rest));
  }

  const Target& target_;
  int stop_fd_;
  Probe found_;
};

}  // namespace

Probe probe(const SocketAddress& address, const Target& target, int stop_fd) {
  Probe found = Examination(address, target, stop_fd).run();
  const std::string& bytes = found.tls.first_bytes;
  if (found.plain_http.empty() && bytes.starts_with("HTTP/")) {
    found.plain_http = bytes.substr(0, std::min(bytes.find_first_of("\r\n"), kMostFirstLine));
  }
  return found;
}

std::vector<Probe> probe_all(const std::vector<SocketAddress>& addresses, const Target& target,
                             int stop_fd, const Progress& progress) {
  std::vector<Probe> probes(addresses.size());
  std::atomic<std::size_t> next{0};
  std::mutex mutex;
  std::size_t done = 0;
  const auto work = [&] {
    for (std::size_t i = next++; i < addresses.size(); i = next++) {
      probes[i] = probe(addresses[i], target, stop_fd);
      const std::lock_guard lock(mutex);
      progress(++done, addresses.size());
    }
  };
  std::vector<std::thread> threads;
  const std::size_t count = std::min(addresses.size(), kMostThreads);
  for (std::size_t i = 0; i < count; ++i) threads.emplace_back(work);
  for (std::thread& thread : threads) thread.join();
  return probes;
}

}  // namespace wssgate::doctor
