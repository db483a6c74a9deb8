#pragma once

#include <openssl/crypto.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <vector>

#include "pki/certificate.h"

namespace wssgate::pki {

/// Wipes what it gives back, so that no secret stays behind in freed memory.
template <class T>
struct WipingAllocator {
  using value_type = T;

  WipingAllocator() = default;
  template <class U>
  WipingAllocator(const WipingAllocator<U>&) {}  // NOLINT(*-explicit-*): allocators convert

  T* allocate(std::size_t count) { return std::allocator<T>().allocate(count); }
  void deallocate(T* memory, std::size_t count) {
    OPENSSL_cleanse(memory, count * sizeof(T));
    std::allocator<T>().deallocate(memory, count);
  }
  bool operator==(const WipingAllocator&) const { return true; }
};
using SecretBytes = std::vector<std::uint8_t, WipingAllocator<std::uint8_t>>;

/// What tickets are sealed with. Each TLS context derives keys of its own from it.
struct TicketSecret {
  /// Stands in every ticket; tells nothing of the secret.
  std::array<std::uint8_t, 16> name{};
  SecretBytes bytes;
  /// HMAC-SHA-512 with `bytes` as its key, to be copied by whoever derives keys: setting it up
  /// costs several times what using it does. Only read, by any thread.
  std::shared_ptr<EVP_MAC_CTX> hmac;
};

/// The secrets in use: the first one seals new tickets, all of them open old ones.
using TicketRing = std::vector<TicketSecret>;

/// The secrets of session tickets, shared by all TLS contexts of a process (ServerTerms) for as
/// long as it lives, reloads included: what resumed before one resumes after it.
///
/// Without a file the secrets are random and change every kTicketLifetime, when somebody calls
/// rotate(); the one before is kept for opening, so that a ticket is good for its whole life. With
/// a file (load_file, adopt) they are the file's, which several nodes can share.
///
/// Any thread. Readers take no lock while the ring stays as it is.
class TicketKeys {
 public:
  using Clock = std::chrono::steady_clock;

  /// With a random secret. Throws std::runtime_error when the system gives no random bytes.
  explicit TicketKeys(Clock::time_point now);
  TicketKeys(const TicketKeys&) = delete;
  TicketKeys& operator=(const TicketKeys&) = delete;

  /// Seals with a new random secret, opens with the one that sealed until now, and forgets all
  /// others. Also the way back from a file that is no longer configured.
  void rotate(Clock::time_point now);
  /// The same if it is due: not where the secrets have become a file's meanwhile.
  void rotate_if_due(Clock::time_point now);
  /// When rotate() is due; nothing while the secrets are a file's.
  std::optional<Clock::time_point> next_rotation() const;

  /// The ring of a text file: one base64 secret of 32 bytes or more a line, '#' comments and empty
  /// lines, at most 16 secrets. Nothing when there is any problem; all of them go to `report`, and
  /// none shows a secret.
  static std::optional<TicketRing> load_file(const NamedPath& file, Report& report);
  /// Uses a file's ring, which is not empty, in place of what was used.
  void adopt(TicketRing ring);

  /// The ring of this moment. Valid until the same thread asks again.
  const TicketRing& ring() const;

 private:
  void replace(TicketRing ring, std::optional<Clock::time_point> next_rotation);
  /// The same with mutex_ held.
  void put(TicketRing ring, std::optional<Clock::time_point> next_rotation);

  mutable std::mutex mutex_;
  std::shared_ptr<const TicketRing> ring_;
  std::optional<Clock::time_point> next_rotation_;
  /// Which ring this is, of all that this process ever had; changes after the ring has.
  std::atomic<std::uint64_t> generation_{0};
};

/// How long a ticket can be used, and how often the secrets change by themselves.
inline constexpr std::chrono::hours kTicketLifetime{12};

}  // namespace wssgate::pki
