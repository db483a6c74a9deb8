#include "pki/server_context.h"

#include <utility>

namespace wssgate::pki {

Result<SSL_CTX*> ServerContext::get() const {
  if (SSL_CTX* const made = made_.load(std::memory_order_acquire)) return made;
  const std::lock_guard lock(making_);
  if (!owned_) {
    auto context = make_server_context(terms_);
    if (!context) return std::move(context).error();
    owned_ = *std::move(context);
    made_.store(owned_.get(), std::memory_order_release);
  }
  return owned_.get();
}

Result<void> ContextTrial::judge(const ServerTerms& terms) {
  std::string all_but_certificates = terms.policy->digest_text();
  if (terms.client_trust) all_but_certificates += terms.client_trust->digest_text();
  if (good_terms_.count(all_but_certificates) == 0) {
    auto made = make_server_context(terms);
    if (!made) return std::move(made).error();
    probe_ = *std::move(made);
    good_terms_.insert(std::move(all_but_certificates));
  }
  for (const auto& [certificate, staple] : terms.certificates) {
    if (good_certificates_.count(certificate.get()) != 0) continue;
    auto taken = serve_certificate(probe_.get(), *certificate);
    if (!taken) return taken;
    good_certificates_.insert(certificate.get());
  }
  return {};
}

}  // namespace wssgate::pki
