#include "pki/ticket_keys.h"

#include <fmt/format.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include <algorithm>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "base/text.h"
#include "pki/pem_file.h"
#include "pki/private_key.h"

namespace wssgate::pki {
namespace {

constexpr std::size_t kLeastBytes = 32;
constexpr std::size_t kMostBytes = 1024;
constexpr std::size_t kMostSecrets = 16;
constexpr std::size_t kRandomBytes = 48;

std::shared_ptr<EVP_MAC_CTX> keyed_hmac(const SecretBytes& key) {
  const std::unique_ptr<EVP_MAC, OpensslDeleter<EVP_MAC_free>> mac(
      EVP_MAC_fetch(nullptr, OSSL_MAC_NAME_HMAC, nullptr));
  std::shared_ptr<EVP_MAC_CTX> hmac(mac ? EVP_MAC_CTX_new(mac.get()) : nullptr, EVP_MAC_CTX_free);
  std::array<char, 7> digest = {"SHA512"};  // not const, but nothing writes to it
  const std::array parameters = {
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest.data(), 0),
      OSSL_PARAM_construct_end()};
  if (!hmac || EVP_MAC_init(hmac.get(), key.data(), key.size(), parameters.data()) != 1) {
    throw std::runtime_error("OpenSSL has no HMAC for ticket keys");
  }
  return hmac;
}

TicketSecret named_secret(SecretBytes bytes) {
  // A hash for this purpose alone: the keys come from the secret by another way.
  constexpr std::string_view kPurpose = "wssgate ticket key name";
  SecretBytes hashed(kPurpose.begin(), kPurpose.end());
  hashed.insert(hashed.end(), bytes.begin(), bytes.end());
  std::array<std::uint8_t, EVP_MAX_MD_SIZE> digest{};
  if (EVP_Digest(hashed.data(), hashed.size(), digest.data(), nullptr, EVP_sha256(), nullptr) != 1)
    throw std::runtime_error("cannot hash a ticket secret");
  TicketSecret secret;
  std::copy_n(digest.begin(), secret.name.size(), secret.name.begin());
  secret.hmac = keyed_hmac(bytes);
  secret.bytes = std::move(bytes);
  return secret;
}

TicketSecret random_secret() {
  SecretBytes bytes(kRandomBytes);
  if (RAND_priv_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) {
    throw std::runtime_error("the system gives no random bytes for ticket keys");
  }
  return named_secret(std::move(bytes));
}

bool is_base64(std::string_view text) {
  const auto padding = text.size() - std::min(text.find('='), text.size());
  if (text.empty() || text.size() % 4 != 0 || padding > 2) return false;
  const std::string_view digits = text.substr(0, text.size() - padding);
  return std::all_of(digits.begin(), digits.end(),
                     [](char c) {
                       return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                              (c >= '0' && c <= '9') || c == '+' || c == '/';
                     }) &&
         text.substr(digits.size()).find_first_not_of('=') == std::string_view::npos;
}

SecretBytes decode_base64(std::string_view text) {
  SecretBytes bytes(text.size() / 4 * 3);
  EVP_DecodeBlock(bytes.data(), reinterpret_cast<const unsigned char*>(text.data()),
                  static_cast<int>(text.size()));
  bytes.resize(bytes.size() - static_cast<std::size_t>(std::count(text.begin(), text.end(), '=')));
  return bytes;
}

/// Reads the lines of a file of secrets, and tells what is wrong with each.
class RingReader {
 public:
  RingReader(const std::string& path, Report& report) : path_(path), report_(report) {}

  TicketRing read(std::string_view text) {
    int number = 0;
    for (const std::string_view line : split(text, '\n')) {
      ++number;
      std::string_view written = trim(line.substr(0, line.find('#')));
      if (!written.empty() && written.back() == '\r')
        written = trim(written.substr(0, written.size() - 1));
      if (written.empty()) continue;
      if (lines_.size() == kMostSecrets) {
        refuse(number, fmt::format("there are more than {} secrets", kMostSecrets),
               "remove those that no node seals tickets with any more");
        break;
      }
      read_secret(number, written);
    }
    if (lines_.empty()) {
      refuse(0, "there is no secret in this file",
             fmt::format("make one: openssl rand -base64 48 > {}", path_));
    }
    return std::move(ring_);
  }

 private:
  void refuse(int line, std::string message, std::string hint) {
    report_.add({path_, line, line == 0 ? 0 : 1}, std::move(message), std::move(hint));
  }

  void read_secret(int line, std::string_view written) {
    lines_.push_back(line);
    if (!is_base64(written)) {
      ring_.emplace_back();
      return refuse(line, "this is no base64 text",
                    "write one secret a line, as 'openssl rand -base64 48' prints it");
    }
    SecretBytes bytes = decode_base64(written);
    if (bytes.size() < kLeastBytes || bytes.size() > kMostBytes) {
      refuse(line,
             fmt::format("the secret has {} bytes, and {} to {} are expected", bytes.size(),
                         kLeastBytes, kMostBytes),
             "write one secret a line, as 'openssl rand -base64 48' prints it");
    }
    for (std::size_t i = 0; i < ring_.size(); ++i) {
      if (ring_[i].bytes != bytes) continue;
      refuse(line, fmt::format("this is the secret of line {} again", lines_[i]),
             "remove one of the two");
      break;
    }
    ring_.push_back(named_secret(std::move(bytes)));
  }

  const std::string& path_;
  Report& report_;
  TicketRing ring_;
  std::vector<int> lines_;  // of the secrets in ring_
};

}  // namespace

TicketKeys::TicketKeys(Clock::time_point now) {
  TicketRing ring;
  ring.push_back(random_secret());
  replace(std::move(ring), now + kTicketLifetime);
}

void TicketKeys::rotate(Clock::time_point now) {
  TicketRing next;
  next.push_back(random_secret());
  next.push_back(ring().front());
  replace(std::move(next), now + kTicketLifetime);
}

void TicketKeys::rotate_if_due(Clock::time_point now) {
  TicketRing next;
  next.push_back(random_secret());
  const std::lock_guard lock(mutex_);
  if (!next_rotation_ || *next_rotation_ > now) return;
  next.push_back(ring_->front());
  put(std::move(next), now + kTicketLifetime);
}

std::optional<TicketKeys::Clock::time_point> TicketKeys::next_rotation() const {
  const std::lock_guard lock(mutex_);
  return next_rotation_;
}

std::optional<TicketRing> TicketKeys::load_file(const NamedPath& file, Report& report) {
  const auto bytes = FileBytes::read(file.path);
  if (!bytes) {
    report.add(
        file.named_at,
        fmt::format("cannot read the ticket keys '{}': {}", file.path, bytes.error().context),
        "name a file that wssgate's user may read");
    return std::nullopt;
  }
  const std::size_t before = report.errors();
  refuse_shared_secret("the file of ticket keys", file.path, bytes->mode(), report);
  TicketRing ring = RingReader(file.path, report).read(bytes->view());
  if (report.errors() != before) return std::nullopt;
  return ring;
}

void TicketKeys::adopt(TicketRing ring) { replace(std::move(ring), std::nullopt); }

void TicketKeys::replace(TicketRing ring, std::optional<Clock::time_point> next_rotation) {
  const std::lock_guard lock(mutex_);
  put(std::move(ring), next_rotation);
}

void TicketKeys::put(TicketRing ring, std::optional<Clock::time_point> next_rotation) {
  static std::atomic<std::uint64_t> last{0};
  ring_ = std::make_shared<const TicketRing>(std::move(ring));
  next_rotation_ = next_rotation;
  generation_.store(last.fetch_add(1, std::memory_order_relaxed) + 1, std::memory_order_release);
}

const TicketRing& TicketKeys::ring() const {
  // Each thread keeps the ring that it saw last, until it looks again after a change: a handshake
  // compares one number. (std::atomic<std::shared_ptr> of libstdc++ 12 holds a lock inside that
  // ThreadSanitizer does not see through.)
  struct Seen {
    std::uint64_t generation = 0;
    std::shared_ptr<const TicketRing> ring;
  };
  thread_local Seen seen;
  if (seen.generation != generation_.load(std::memory_order_acquire)) {
    const std::lock_guard lock(mutex_);
    seen.ring = ring_;
    seen.generation = generation_.load(std::memory_order_relaxed);
  }
  return *seen.ring;
}

}  // namespace wssgate::pki
