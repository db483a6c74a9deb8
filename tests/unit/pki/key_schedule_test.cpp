#include "pki/key_schedule.h"

#include <gtest/gtest.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/provider.h>

#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "pki/openssl_ptr.h"
#include "unit/pki/memory_handshake.h"
#include "unit/pki/twins.h"

// What we derive is what OpenSSL derives.
namespace wssgate::pki {
namespace {

using test::ClientWish;
using test::MemoryHandshake;
using test::Twins;

using Kdf = std::unique_ptr<EVP_KDF, OpensslDeleter<EVP_KDF_free>>;
using KdfContext = std::unique_ptr<EVP_KDF_CTX, OpensslDeleter<EVP_KDF_CTX_free>>;

struct Asked {
  int mode = EVP_KDF_HKDF_MODE_EXPAND_ONLY;
  std::string digest = "SHA2-256";
  std::optional<std::string> key = {};
  std::optional<std::string> salt = {};
  std::string prefix = "tls13 ";
  std::string label = "derived";
  std::optional<std::string> data = {};
  std::size_t size = 32;
};

/// What the implementation derives that `properties` choose; nothing when it refuses.
std::optional<std::string> derive(const char* properties, Asked asked) {
  const Kdf kdf(EVP_KDF_fetch(nullptr, OSSL_KDF_NAME_TLS1_3_KDF, properties));
  if (!kdf) return std::nullopt;
  const KdfContext context(EVP_KDF_CTX_new(kdf.get()));
  std::vector parameters = {
      OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &asked.mode),
      OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, asked.digest.data(), 0)};
  const auto add = [&](const char* name, std::string& bytes) {
    parameters.push_back(OSSL_PARAM_construct_octet_string(name, bytes.data(), bytes.size()));
  };
  if (asked.key) add(OSSL_KDF_PARAM_KEY, *asked.key);
  if (asked.salt) add(OSSL_KDF_PARAM_SALT, *asked.salt);
  add(OSSL_KDF_PARAM_PREFIX, asked.prefix);
  add(OSSL_KDF_PARAM_LABEL, asked.label);
  if (asked.data) add(OSSL_KDF_PARAM_DATA, *asked.data);
  parameters.push_back(OSSL_PARAM_construct_end());
  std::string out(asked.size, '\0');
  const int done = EVP_KDF_derive(context.get(), reinterpret_cast<unsigned char*>(out.data()),
                                  out.size(), parameters.data());
  return done == 1 ? std::optional(out) : std::nullopt;
}

class KeySchedule : public testing::Test {
 protected:
  void SetUp() override { ASSERT_STREQ(own_, "?provider=wssgate"); }

  void expect_as_openssl(const Asked& asked) {
    const auto ours = derive("provider=wssgate", asked);
    ASSERT_TRUE(ours);
    EXPECT_EQ(ours, derive("provider=default", asked));
  }
  void expect_refused(const Asked& asked) { EXPECT_FALSE(derive("provider=wssgate", asked)); }

  const char* own_ = prefer_own_key_schedule();
};

TEST_F(KeySchedule, IsChosenByTheQueryAlone) {
  const auto provider_of = [](const char* properties) {
    const Kdf kdf(EVP_KDF_fetch(nullptr, OSSL_KDF_NAME_TLS1_3_KDF, properties));
    return std::string(OSSL_PROVIDER_get0_name(EVP_KDF_get0_provider(kdf.get())));
  };
  EXPECT_EQ(provider_of(own_), "wssgate");
  EXPECT_EQ(provider_of("provider=default"), "default");
  const Kdf allowed(EVP_KDF_fetch(nullptr, OSSL_KDF_NAME_TLS1_3_KDF, "fips=yes"));
  EXPECT_EQ(allowed, nullptr);
}

// RFC 8448 §3: {server} extract secret "early".
TEST_F(KeySchedule, DerivesWhatTheRfcDoes) {
  const Asked early{.mode = EVP_KDF_HKDF_MODE_EXTRACT_ONLY};
  const auto secret = derive("provider=wssgate", early);
  ASSERT_TRUE(secret);
  EXPECT_EQ(secret->substr(0, 4), "\x33\xad\x0a\x1c");
  EXPECT_EQ(secret->substr(28), "\xf1\x70\xf9\x2a");
}

TEST_F(KeySchedule, DerivesWhatOpensslDoes) {
  for (const auto& [digest, size] :
       {std::pair{"SHA2-256", 32U}, std::pair{"SHA256", 32U}, std::pair{"SHA2-384", 48U}}) {
    SCOPED_TRACE(digest);
    const std::string secret(size, 's');
    const std::string added(size, 'a');
    constexpr int kExtract = EVP_KDF_HKDF_MODE_EXTRACT_ONLY;
    expect_as_openssl({.mode = kExtract, .digest = digest, .size = size});
    expect_as_openssl({.mode = kExtract, .digest = digest, .key = added, .size = size});
    expect_as_openssl({.mode = kExtract, .digest = digest, .salt = secret, .size = size});
    expect_as_openssl(
        {.mode = kExtract, .digest = digest, .key = added, .salt = secret, .size = size});
    for (const std::size_t length : {std::size_t{1}, std::size_t{12}, std::size_t{size}}) {
      expect_as_openssl({.digest = digest, .key = secret, .label = "iv", .size = length});
      expect_as_openssl({.digest = digest, .key = secret, .data = "", .size = length});
      expect_as_openssl({.digest = digest, .key = secret, .data = added, .size = length});
    }
  }
}

// The secret that a key share gives is as long as its group makes it.
TEST_F(KeySchedule, TakesSharedSecretsOfEveryGroup) {
  for (const std::size_t length : {32U, 48U, 64U, 66U, 128U, 129U, 512U, 1024U}) {
    SCOPED_TRACE(length);
    expect_as_openssl({.mode = EVP_KDF_HKDF_MODE_EXTRACT_ONLY,
                       .key = std::string(length, 'k'),
                       .salt = std::string(32, 's')});
  }
}

TEST_F(KeySchedule, RefusesWhatTlsNeverAsks) {
  const std::string secret(32, 's');
  expect_refused({.digest = "SHA2-512", .key = secret});
  expect_refused({});
  expect_refused({.mode = EVP_KDF_HKDF_MODE_EXTRACT_AND_EXPAND, .key = secret});
  expect_refused({.mode = EVP_KDF_HKDF_MODE_EXTRACT_ONLY, .size = 31});
  expect_refused({.key = secret, .size = 33});
  expect_refused({.key = std::string(65, 's')});
  expect_refused({.key = secret, .label = std::string(250, 'l')});
  expect_refused({.key = secret, .data = std::string(256, 'd')});
}

// The client of these handshakes uses OpenSSL's.
TEST_F(KeySchedule, HandshakesInEverySuite) {
  const Twins twins;
  const SslContextPtr context = twins.context();
  for (const char* suite :
       {"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"}) {
    SCOPED_TRACE(suite);
    ClientWish wish;
    wish.ciphers = suite;
    const MemoryHandshake first(context.get(), wish);
    ASSERT_TRUE(first.done());
    const auto session = first.session();
    wish.session = session.get();
    const MemoryHandshake again(context.get(), wish);
    ASSERT_TRUE(again.done());
    EXPECT_TRUE(again.resumed());
  }
}

TEST_F(KeySchedule, DerivesOnEveryThread) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < 100; ++round) {
        expect_as_openssl({.key = std::string(32, static_cast<char>(round))});
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace wssgate::pki
