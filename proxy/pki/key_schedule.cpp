#include "pki/key_schedule.h"

#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/provider.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <memory>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "pki/openssl_ptr.h"

namespace wssgate::pki {
namespace {

constexpr std::size_t kMostBlock = 128;  // SHA-384's

/// Bytes that nobody finds in memory later.
template <std::size_t kSize>
struct Secret : std::array<std::uint8_t, kSize> {
  Secret() : std::array<std::uint8_t, kSize>{} {}
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  ~Secret() { OPENSSL_cleanse(this->data(), kSize); }
};

/// A hash of TLS 1.3, for the use of one thread.
class Hash {
 public:
  /// One that OpenSSL has not got goes by no name.
  explicit Hash(const char* name) : method_(EVP_MD_fetch(nullptr, name, nullptr)) {
    if (!start() || EVP_DigestFinal_ex(context_.get(), of_nothing_.data(), nullptr) != 1) {
      method_.reset();
    }
  }

  /// By the first of its names, which libssl uses.
  bool is(std::string_view name) const {
    return method_ != nullptr && EVP_MD_get0_name(method_.get()) == name;
  }
  /// By any of its names, which takes OpenSSL a look-up.
  bool is_also(const char* name) const {
    return method_ != nullptr && EVP_MD_is_a(method_.get(), name) == 1;
  }
  std::size_t size() const { return static_cast<std::size_t>(EVP_MD_get_size(method_.get())); }
  ByteView of_nothing() const { return ByteView(of_nothing_).first(size()); }

  /// HMAC (RFC 2104) to size() bytes at `out`, which may be one of the `parts` or the key.
  bool hmac(ByteView key, std::initializer_list<ByteView> parts, std::uint8_t* out) {
    const auto block = static_cast<std::size_t>(EVP_MD_get_block_size(method_.get()));
    Secret<kMostBlock> pad;
    if (block > pad.size() || key.size() > block) return false;
    std::copy(key.begin(), key.end(), pad.begin());
    for (std::uint8_t& byte : pad) byte ^= 0x36U;
    bool done = start() && add(ByteView(pad).first(block));
    for (const ByteView part : parts) done = done && add(part);
    done = done && finish(out);
    for (std::uint8_t& byte : pad) byte ^= 0x36U ^ 0x5cU;
    constexpr std::array<std::uint8_t, kMostBlock> kZeros{};
    // At last what the context has seen is overwritten: SHA-384's start leaves the last block.
    return done && start() && add(ByteView(pad).first(block)) && add({out, size()}) &&
           finish(out) && start() && add(ByteView(kZeros).first(block - 1)) && start();
  }

 private:
  bool start() { return EVP_DigestInit_ex(context_.get(), method_.get(), nullptr) == 1; }
  bool add(ByteView bytes) {
    return EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) == 1;
  }
  bool finish(std::uint8_t* out) { return EVP_DigestFinal_ex(context_.get(), out, nullptr) == 1; }

  std::unique_ptr<EVP_MD, OpensslDeleter<EVP_MD_free>> method_;
  std::unique_ptr<EVP_MD_CTX, OpensslDeleter<EVP_MD_CTX_free>> context_{EVP_MD_CTX_new()};
  std::array<std::uint8_t, EVP_MAX_MD_SIZE> of_nothing_{};
};

Hash* find_hash(const char* name) {
  thread_local std::array hashes = {Hash("SHA256"), Hash("SHA384")};
  for (Hash& each : hashes) {
    if (each.is(name)) return &each;
  }
  for (Hash& each : hashes) {
    if (each.is_also(name)) return &each;
  }
  return nullptr;
}

/// What libssl asks for. See EVP_KDF-TLS13_KDF(7).
struct Request {
  int mode = -1;
  Hash* hash = nullptr;
  std::optional<ByteView> key;
  std::optional<ByteView> salt;
  ByteView prefix;
  ByteView label;
  ByteView data;
};

Request read_request(const OSSL_PARAM* parameters) {
  Request request;
  for (const OSSL_PARAM* each = parameters; each != nullptr && each->key != nullptr; ++each) {
    const std::string_view name = each->key;
    const ByteView bytes(static_cast<const std::uint8_t*>(each->data), each->data_size);
    if (name == OSSL_KDF_PARAM_MODE) OSSL_PARAM_get_int(each, &request.mode);
    if (name == OSSL_KDF_PARAM_DIGEST) request.hash = find_hash(static_cast<char*>(each->data));
    if (name == OSSL_KDF_PARAM_KEY) request.key = bytes;
    if (name == OSSL_KDF_PARAM_SALT) request.salt = bytes;
    if (name == OSSL_KDF_PARAM_PREFIX) request.prefix = bytes;
    if (name == OSSL_KDF_PARAM_LABEL) request.label = bytes;
    if (name == OSSL_KDF_PARAM_DATA) request.data = bytes;
  }
  return request;
}

/// HKDF-Expand-Label (RFC 8446 §7.1), for at most one hash: what libssl derives is never longer.
bool expand_label(const Request& request, ByteView secret, ByteView context, std::uint8_t* out,
                  std::size_t size) {
  Hash& hash = *request.hash;
  const std::size_t label = request.prefix.size() + request.label.size();
  constexpr std::size_t kMost = std::numeric_limits<std::uint8_t>::max();
  if (size > hash.size() || label > kMost || context.size() > kMost) return false;
  const std::array head = {std::uint8_t{0}, static_cast<std::uint8_t>(size),
                           static_cast<std::uint8_t>(label)};
  const std::array context_size = {static_cast<std::uint8_t>(context.size())};
  constexpr std::array<std::uint8_t, 1> kFirst = {1};  // the counter of HKDF-Expand
  Secret<EVP_MAX_MD_SIZE> block;
  if (!hash.hmac(secret, {head, request.prefix, request.label, context_size, context, kFirst},
                 block.data())) {
    return false;
  }
  std::copy_n(block.begin(), size, out);
  return true;
}

/// The next Early, Handshake or Master Secret: `salt` is the one before, `key` what is added to it,
/// and each is zeros where it is not given.
bool extract(const Request& request, std::uint8_t* out, std::size_t size) {
  Hash& hash = *request.hash;
  if (size != hash.size()) return false;
  Secret<EVP_MAX_MD_SIZE> salt;
  if (request.salt && !expand_label(request, *request.salt, hash.of_nothing(), salt.data(), size)) {
    return false;
  }
  constexpr std::array<std::uint8_t, EVP_MAX_MD_SIZE> kZeros{};
  const ByteView key = request.key.value_or(ByteView(kZeros).first(size));
  return hash.hmac(ByteView(salt).first(size), {key}, out);
}

int derive(void*, unsigned char* out, std::size_t size, const OSSL_PARAM* parameters) {
  const Request request = read_request(parameters);
  if (request.hash == nullptr) return 0;
  switch (request.mode) {
    case EVP_KDF_HKDF_MODE_EXTRACT_ONLY:
      return extract(request, out, size) ? 1 : 0;
    case EVP_KDF_HKDF_MODE_EXPAND_ONLY:
      return request.key && expand_label(request, *request.key, request.data, out, size) ? 1 : 0;
    default:
      return 0;
  }
}

// libssl gives all parameters to derive(): there is nothing to be kept from call to call.
void* new_context(void* provider) { return provider; }
void free_context(void*) {}

template <class Function>
OSSL_DISPATCH entry(int id, Function* function) {
  return {id, reinterpret_cast<void (*)()>(function)};
}

const OSSL_ALGORITHM* query(void*, int operation, int* may_not_cache) {
  static const std::array functions = {entry(OSSL_FUNC_KDF_NEWCTX, new_context),
                                       entry(OSSL_FUNC_KDF_FREECTX, free_context),
                                       entry(OSSL_FUNC_KDF_DERIVE, derive), OSSL_DISPATCH{}};
  static const std::array algorithms = {OSSL_ALGORITHM{OSSL_KDF_NAME_TLS1_3_KDF, "provider=wssgate",
                                                       functions.data(), "TLS 1.3's key schedule"},
                                        OSSL_ALGORITHM{}};
  *may_not_cache = 0;
  return operation == OSSL_OP_KDF ? algorithms.data() : nullptr;
}

int start_provider(const OSSL_CORE_HANDLE*, const OSSL_DISPATCH*, const OSSL_DISPATCH** functions,
                   void** provider) {
  static const std::array own = {entry(OSSL_FUNC_PROVIDER_QUERY_OPERATION, query), OSSL_DISPATCH{}};
  static char stateless;
  *functions = own.data();
  *provider = &stateless;
  return 1;
}

}  // namespace

const char* prefer_own_key_schedule() {
  // It stays loaded. With 1 for the last argument OpenSSL still loads what it always does.
  static const OSSL_PROVIDER* const loaded =
      OSSL_PROVIDER_add_builtin(nullptr, "wssgate", start_provider) == 1
          ? OSSL_PROVIDER_try_load(nullptr, "wssgate", 1)
          : nullptr;
  return loaded != nullptr ? "?provider=wssgate" : nullptr;
}

}  // namespace wssgate::pki
