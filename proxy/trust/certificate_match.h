#pragma once

#include <string>
#include <string_view>

namespace wssgate::trust {

/// The first certificate in this PEM text has this fingerprint (SHA-256, lower-case hex).
bool is_certificate(std::string_view pem, const std::string& fingerprint);

/// This certificate is the only PEM block in the text.
bool is_only_certificate(std::string_view pem, const std::string& fingerprint);

/// Whether any of the certificates in it is the one of this fingerprint.
bool holds_certificate(std::string_view pem, const std::string& fingerprint);

}  // namespace wssgate::trust
