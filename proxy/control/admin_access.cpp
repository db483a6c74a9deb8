#include "control/admin_access.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <array>
#include <string_view>

#include "base/address.h"
#include "base/text.h"

namespace wssgate::control {
namespace {

constexpr std::size_t kMostCredentials = 1024;

/// What a browser sends when it has asked for a name and a password; the name does not matter.
std::string password_of(std::string_view basic) {
  if (basic.empty() || basic.size() > kMostCredentials || basic.size() % 4 != 0) return {};
  std::array<unsigned char, kMostCredentials> decoded{};
  const int length =
      EVP_DecodeBlock(decoded.data(), reinterpret_cast<const unsigned char*>(basic.data()),
                      static_cast<int>(basic.size()));
  if (length < 0) return {};
  // It counts the padding as zero bytes.
  std::string_view text(reinterpret_cast<const char*>(decoded.data()),
                        static_cast<std::size_t>(length));
  for (int i = 0; i < 2 && basic.ends_with('='); ++i) {
    basic.remove_suffix(1);
    text.remove_suffix(1);
  }
  const auto colon = text.find(':');
  return colon == std::string_view::npos ? std::string() : std::string(text.substr(colon + 1));
}

std::string credentials_of(const http::RequestHead& request) {
  const std::string_view value = request.headers.find("authorization").value_or("");
  const auto space = value.find(' ');
  if (space == std::string_view::npos) return {};
  const std::string scheme = to_lower(value.substr(0, space));
  const std::string_view rest = value.substr(space + 1);
  if (scheme == "bearer") return std::string(rest);
  return scheme == "basic" ? password_of(rest) : std::string();
}

bool reads(const http::RequestHead& request) {
  return request.method == "GET" || request.method == "HEAD";
}

bool is_for_everyone(const http::RequestHead& request) {
  const std::string path = http::route_path(request.target);
  return reads(request) && (path == "/healthz" || path == "/readyz");
}

/// The page, which holds nothing before it has asked for data; also by a link of another site.
bool is_of_dashboard(const http::RequestHead& request) {
  const std::string path = http::route_path(request.target);
  return reads(request) && (path == "/" || path == "/dashboard.css" || path == "/dashboard.js");
}

/// A page of another site had the browser send it. (No Origin: a program, or a page's own read.)
bool is_cross_site(const http::RequestHead& request) {
  const auto site = request.headers.find("sec-fetch-site");
  if (site && *site != "same-origin" && *site != "none") return true;
  const auto origin = request.headers.find("origin");
  if (!origin) return false;
  const auto scheme_end = origin->find("://");
  return scheme_end == std::string_view::npos ||
         origin->substr(scheme_end + 3) != request.authority;
}

/// A name of somebody else's that leads here (DNS rebinding) would make a foreign page this one's.
bool is_loopback_name(std::string_view authority) {
  const auto colon = authority.rfind(':');
  const bool has_port = colon != std::string_view::npos && !authority.ends_with(']');
  const std::string host(has_port ? authority.substr(0, colon) : authority);
  if (iequals(host, "localhost")) return true;
  const auto address = SocketAddress::parse(host + ":0");
  return address && !address->is_unix() && address->is_loopback();
}

}  // namespace

bool AdminAccess::take_token(std::string token) {
  const std::string before = std::exchange(token_, std::move(token));
  return before != token_;
}

bool AdminAccess::presents_token(const http::RequestHead& request) const {
  const std::string presented = credentials_of(request);
  return !token_.empty() && presented.size() == token_.size() &&
         CRYPTO_memcmp(presented.data(), token_.data(), token_.size()) == 0;
}

std::optional<AdminAccess::Refusal> AdminAccess::judge(const http::RequestHead& request) const {
  if (is_for_everyone(request) || is_of_dashboard(request)) return std::nullopt;
  if (is_cross_site(request)) return Refusal{403, "a page of another site may ask nothing here"};
  if (presents_token(request)) return std::nullopt;
  if (loopback_ && reads(request)) {
    if (is_loopback_name(request.authority)) return std::nullopt;
    const char* const why =
        "ask for 'localhost' or a loopback address: other names may lead here by somebody's "
        "intention";
    return Refusal{token_.empty() ? 403 : 401, why};  // else the token would do
  }
  if (token_.empty()) {
    return Refusal{403,
                   "nothing is changed over this port without admin.token; the unix socket "
                   "takes 'wssgate reload' and its like"};
  }
  return Refusal{401, "the token of admin.token is missing or wrong"};
}

}  // namespace wssgate::control
