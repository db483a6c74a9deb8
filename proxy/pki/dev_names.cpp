#include "pki/dev_names.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <openssl/conf.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "base/hostname.h"
#include "base/text.h"
#include "pki/x509_facts.h"

namespace wssgate::pki {
namespace {

constexpr std::array kLocalDomains = {"localhost", "test", "internal"};

struct Network {
  const char* address;
  const char* mask;
};
constexpr const char* kOneIpv4 = "255.255.255.255";
constexpr const char* kOneIpv6 = "FFFF:FFFF:FFFF:FFFF:FFFF:FFFF:FFFF:FFFF";
constexpr std::array kLocalNetworks = {
    Network{"127.0.0.0", "255.0.0.0"},     Network{"10.0.0.0", "255.0.0.0"},
    Network{"172.16.0.0", "255.240.0.0"},  Network{"192.168.0.0", "255.255.0.0"},
    Network{"169.254.0.0", "255.255.0.0"}, Network{"::1", kOneIpv6},
    Network{"FC00::", "FE00::"},           Network{"FE80::", "FFC0::"}};

bool is_ipv6(std::string_view address) { return address.find(':') != std::string_view::npos; }

/// In network order: 4 or 16 bytes; empty for what is no address.
std::string address_bytes(const std::string& text) {
  std::string bytes(is_ipv6(text) ? sizeof(in6_addr) : sizeof(in_addr), '\0');
  const int family = is_ipv6(text) ? AF_INET6 : AF_INET;
  if (inet_pton(family, text.c_str(), bytes.data()) != 1) bytes.clear();
  return bytes;
}

bool is_in(const std::string& address, const Network& network) {
  const std::string bytes = address_bytes(address);
  const std::string base = address_bytes(network.address);
  const std::string mask = address_bytes(network.mask);
  if (bytes.size() != base.size()) return false;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (((bytes[i] ^ base[i]) & mask[i]) != 0) return false;
  }
  return true;
}

/// As DNS constraints mean it: the domain and every name below it.
bool is_within(std::string_view name, std::string_view domain) {
  return name == domain || (name.ends_with(domain) && name.size() > domain.size() &&
                            name[name.size() - domain.size() - 1] == '.');
}

void add_once(std::vector<std::string>& list, std::string name) {
  if (std::find(list.begin(), list.end(), name) == list.end()) list.push_back(std::move(name));
}

std::string_view view(const ASN1_STRING* text) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
          static_cast<std::size_t>(ASN1_STRING_length(text))};
}

void add_subtree(const GENERAL_NAME& name, DevNames& beyond) {
  if (name.type == GEN_DNS) {
    const std::string domain(view(name.d.dNSName));
    const bool local =
        std::find(kLocalDomains.begin(), kLocalDomains.end(), domain) != kLocalDomains.end();
    if (!local) beyond.dns.push_back(domain);
  } else if (name.type == GEN_IPADD) {
    const std::string_view both = view(name.d.iPAddress);
    const std::string address = address_text(both.substr(0, both.size() / 2));
    const bool local = std::any_of(kLocalNetworks.begin(), kLocalNetworks.end(),
                                   [&](const Network& network) { return is_in(address, network); });
    if (!local) beyond.addresses.push_back(address);
  }
}

using ConfPtr = std::unique_ptr<CONF, OpensslDeleter<NCONF_free>>;
using ConstraintsPtr = std::unique_ptr<NAME_CONSTRAINTS, OpensslDeleter<NAME_CONSTRAINTS_free>>;

}  // namespace

Result<DevNames> DevNames::parse(const std::vector<std::string>& texts) {
  DevNames names;
  for (const std::string& text : texts) {
    if (const std::string bytes = address_bytes(text); !bytes.empty()) {
      add_once(names.addresses, address_text(bytes));
    } else if (const auto name = HostPattern::parse(text)) {
      add_once(names.dns, name->text());
    } else {
      return Error(Reason::internal_error, Side::proxy,
                   fmt::format("'{}' is neither a host name nor an IP address", printable(text)));
    }
  }
  return names;
}

std::string DevNames::subject_alt_name() const {
  std::vector<std::string> parts;
  for (const auto& name : dns) parts.push_back("DNS:" + name);
  for (const auto& address : addresses) parts.push_back("IP:" + address);
  return fmt::format("{}", fmt::join(parts, ","));
}

ExtensionPtr dev_constraints(const DevNames& beyond) {
  // OpenSSL's syntax has names of directories in sections of their own.
  const std::string section = fmt::format("[subject]\nO = {}\n", kDevOrganization);
  const ConfPtr conf(NCONF_new(nullptr));
  if (!conf || NCONF_load_bio(conf.get(), memory_bio(section).get(), nullptr) != 1) return nullptr;
  X509V3_CTX context;
  X509V3_set_ctx(&context, nullptr, nullptr, nullptr, nullptr, 0);
  X509V3_set_nconf(&context, conf.get());
  std::string text = "critical";
  for (const char* domain : kLocalDomains) text += fmt::format(",permitted;DNS:{}", domain);
  for (const Network& network : kLocalNetworks) {
    text += fmt::format(",permitted;IP:{}/{}", network.address, network.mask);
  }
  for (const std::string& domain : beyond.dns) text += ",permitted;DNS:" + domain;
  for (const std::string& address : beyond.addresses) {
    text += fmt::format(",permitted;IP:{}/{}", address, is_ipv6(address) ? kOneIpv6 : kOneIpv4);
  }
  text +=
      ",permitted;dirName:subject,permitted;email:wssgate.invalid,permitted;URI:wssgate.invalid";
  return ExtensionPtr(
      X509V3_EXT_nconf_nid(conf.get(), &context, NID_name_constraints, text.c_str()));
}

DevNames beyond_local(const DevNames& names) {
  DevNames beyond;
  for (const std::string& text : names.dns) {
    const auto name = HostPattern::parse(text);
    if (!name) continue;
    const bool local =
        std::any_of(kLocalDomains.begin(), kLocalDomains.end(),
                    [&](const char* domain) { return is_within(name->suffix(), domain); });
    if (!local) add_once(beyond.dns, name->suffix());
  }
  for (const std::string& address : names.addresses) {
    const bool local = std::any_of(kLocalNetworks.begin(), kLocalNetworks.end(),
                                   [&](const Network& network) { return is_in(address, network); });
    if (!local) add_once(beyond.addresses, address);
  }
  return beyond;
}

std::optional<DevNames> permitted_beyond_local(const X509* certificate) {
  const int index = X509_get_ext_by_NID(certificate, NID_name_constraints, -1);
  X509_EXTENSION* const found = index < 0 ? nullptr : X509_get_ext(certificate, index);
  if (found == nullptr) return std::nullopt;
  const ConstraintsPtr constraints(static_cast<NAME_CONSTRAINTS*>(X509V3_EXT_d2i(found)));
  if (!constraints) return std::nullopt;
  DevNames beyond;
  for (int i = 0; i < sk_GENERAL_SUBTREE_num(constraints->permittedSubtrees); ++i) {
    add_subtree(*sk_GENERAL_SUBTREE_value(constraints->permittedSubtrees, i)->base, beyond);
  }
  // Whoever wrote this certificate may have meant anything: only what we would write is ours. The
  // names are checked again before they go into OpenSSL's syntax.
  std::vector<std::string> texts = beyond.dns;
  texts.insert(texts.end(), beyond.addresses.begin(), beyond.addresses.end());
  const auto checked = DevNames::parse(texts);
  if (!checked || *checked != beyond) return std::nullopt;
  const ExtensionPtr ours = dev_constraints(beyond);
  const bool same =
      ours && X509_EXTENSION_get_critical(found) == 1 &&
      view(X509_EXTENSION_get_data(ours.get())) == view(X509_EXTENSION_get_data(found));
  if (!same) return std::nullopt;
  return beyond;
}

std::optional<std::string> first_not_permitted(const DevNames& beyond, const DevNames& names) {
  for (const std::string& name : names.dns) {
    const bool permitted =
        std::any_of(beyond.dns.begin(), beyond.dns.end(),
                    [&](const std::string& domain) { return is_within(name, domain); });
    if (!permitted) return name;
  }
  for (const std::string& address : names.addresses) {
    const bool permitted = std::find(beyond.addresses.begin(), beyond.addresses.end(), address) !=
                           beyond.addresses.end();
    if (!permitted) return address;
  }
  return std::nullopt;
}

std::optional<std::string> first_top_level(const DevNames& names) {
  for (const std::string& text : names.dns) {
    const auto name = HostPattern::parse(text);
    if (!name || name->suffix().find('.') != std::string::npos) continue;
    if (std::find(kLocalDomains.begin(), kLocalDomains.end(), name->suffix()) ==
        kLocalDomains.end()) {
      return text;
    }
  }
  return std::nullopt;
}

DevNames joined(DevNames names, const DevNames& more) {
  for (const std::string& name : more.dns) add_once(names.dns, name);
  for (const std::string& address : more.addresses) add_once(names.addresses, address);
  return names;
}

std::vector<std::string> addresses_of(const X509* certificate) {
  std::vector<std::string> addresses;
  auto* all = static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  for (int i = 0; i < sk_GENERAL_NAME_num(all); ++i) {
    const GENERAL_NAME* entry = sk_GENERAL_NAME_value(all, i);
    if (entry->type != GEN_IPADD) continue;
    const std::string_view bytes = view(entry->d.iPAddress);
    if (bytes.size() == sizeof(in_addr) || bytes.size() == sizeof(in6_addr)) {
      addresses.push_back(address_text(bytes));
    }
  }
  GENERAL_NAMES_free(all);
  return addresses;
}

}  // namespace wssgate::pki
