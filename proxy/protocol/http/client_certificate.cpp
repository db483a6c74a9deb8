#include <openssl/evp.h>

#include "protocol/http/fields.h"
#include "protocol/http/forward.h"

namespace wssgate::http {
namespace {

/// A Byte Sequence of RFC 8941 §3.3.5.
std::string byte_sequence(const std::string& bytes) {
  // Four characters for three bytes begun, and the NUL that OpenSSL writes.
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');
  const int length = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                                     reinterpret_cast<const unsigned char*>(bytes.data()),
                                     static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(length));
  return ":" + text + ":";
}

}  // namespace

std::string client_certificate_fields(const std::vector<std::string>& chain) {
  std::string fields;
  if (chain.empty()) return fields;
  append_field(fields, "Client-Cert", byte_sequence(chain.front()));
  std::string others;
  for (std::size_t i = 1; i < chain.size(); ++i) {
    if (!others.empty()) others += ", ";
    others += byte_sequence(chain[i]);
  }
  if (!others.empty()) append_field(fields, "Client-Cert-Chain", others);
  return fields;
}

}  // namespace wssgate::http
