#include "pki/ocsp.h"

#include <openssl/ocsp.h>
#include <openssl/pem.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "require.h"

/// A response is good or revoked only with times that hold at that moment, and a staple is the very
/// bytes that came. The seeds are about this certificate.
namespace wssgate {
namespace {

constexpr const char* kIssuer = R"(
-----BEGIN CERTIFICATE-----
MIIBfDCCASGgAwIBAgIULz284AxjTUMlkBmrQDTiLugiMBYwCgYIKoZIzj0EAwIw
EjEQMA4GA1UEAwwHRnV6eiBDQTAgFw0yNjExMjEwNzU0MTRaGA8yMTI2MTAyODA3
NTQxNFowEjEQMA4GA1UEAwwHRnV6eiBDQTBZMBMGByqGSM49AgEGCCqGSM49AwEH
A0IABCrY3YKsHKoK3uUUCEmJtr7t/yBN7AcfiWL9Lb3WBJ1/Mne3ifhFCNOb75Q6
j63bRFnrFhTCp8VZJZeAeOKrPYujUzBRMB0GA1UdDgQWBBRCR/FDWZNP9sSfS+Cz
UtzM78mCuDAfBgNVHSMEGDAWgBRCR/FDWZNP9sSfS+CzUtzM78mCuDAPBgNVHRMB
Af8EBTADAQH/MAoGCCqGSM49BAMCA0kAMEYCIQDQ8K6INuPPKBM3AKDvSVqMF7Ee
rDIY7ugYKj4cCgsRoQIhAOgLt1qBxr7wJmX6JFDxzg4/rWILR5ImoR4xw1v/Dlij
-----END CERTIFICATE-----
)";
constexpr const char* kLeaf = R"(
-----BEGIN CERTIFICATE-----
MIIBaTCCAQ6gAwIBAgICEAEwCgYIKoZIzj0EAwIwEjEQMA4GA1UEAwwHRnV6eiBD
QTAgFw0yNjExMjEwNzU0MTRaGA8yMTI2MTAyODA3NTQxNFowDzENMAsGA1UEAwwE
bGVhZjBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABOccrKGYOsckZ8kiP5cHo6w9
4Ev500hXKos8Kg+yjn5bN9Y0tpeA1MyW3D/eAr76qq7CykEZf5CrYoEgOC+vN5ij
VTBTMBEGA1UdEQQKMAiCBmEudGVzdDAdBgNVHQ4EFgQU5j7YW5WoJXSHGVpH9yKh
ji+DkpYwHwYDVR0jBBgwFoAUQkfxQ1mTT/bEn0vgs1LczO/JgrgwCgYIKoZIzj0E
AwIDSQAwRgIhAIXiqQuQk4gOw+WgWnMPk8so1JW5fKngb8bPQ+jGq5aVAiEA4u3S
X+WZzAIVvhUs0xoQuSrMt2hVMA1wCraIt2iKoJg=
-----END CERTIFICATE-----
)";

pki::X509Ptr decode(const char* pem) {
  const pki::BioPtr bio = pki::memory_bio(pem);
  return pki::X509Ptr(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
}

const pki::Certificate& certificate() {
  static const pki::Certificate* const made = [] {
    auto* fresh = new pki::Certificate();  // for the whole process
    fresh->leaf = decode(kLeaf);
    fresh->issuer = decode(kIssuer);
    fuzz::require(fresh->leaf && fresh->issuer, "the certificates decode");
    return fresh;
  }();
  return *made;
}

}  // namespace
}  // namespace wssgate

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace wssgate;
  using fuzz::require;
  using pki::OcspStatus;
  const std::string_view der(reinterpret_cast<const char*>(data), size);
  // 2026-12-01, when the seeds hold.
  const std::chrono::system_clock::time_point now{std::chrono::seconds(1796083200)};
  const auto verdict = pki::judge_ocsp_response(der, certificate(), now);
  const bool good = verdict.status == OcspStatus::good;
  require(good == verdict.why.empty(), "what is not good says why");
  require(good == (verdict.staple != nullptr), "what is good is a staple");
  require(!good || verdict.staple->der == der, "a staple is what came");
  if (verdict.status != OcspStatus::unusable) {
    require(now < verdict.next_update, "it has not ended");
    require(verdict.this_update <= now + std::chrono::minutes(5), "it has begun");
  }
  for (const char c : verdict.why) require(c >= 0x20 && c < 0x7f, "the reason is printable");
  return 0;
}
