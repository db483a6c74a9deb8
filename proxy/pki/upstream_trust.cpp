#include "pki/upstream_trust.h"

#include <utility>

#include "pki/authorities.h"

namespace wssgate::pki {
namespace {

constexpr AuthorityWords kUpstreamWords{
    .file = "the upstream's CA",
    .consequence = "no upstream's certificate below it passes",
    .advice = "give the PEM certificates of the CAs that issue to the upstream"};

}  // namespace

std::optional<UpstreamTrust> UpstreamTrust::load(const NamedPath& file,
                                                 std::chrono::system_clock::time_point now,
                                                 Report& report) {
  auto authorities = Authorities::load(file, kUpstreamWords, SelfSigned::taken, now, report);
  if (!authorities) return std::nullopt;
  return UpstreamTrust{std::move(authorities->store), "named" + authorities->digest_text()};
}

UpstreamTrust UpstreamTrust::of(const TrustAnchors& anchors) {
  X509_STORE_up_ref(anchors.store());
  return {StorePtr(anchors.store()), "system " + anchors.digest_text()};
}

}  // namespace wssgate::pki
