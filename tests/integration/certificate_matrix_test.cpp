#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "support/clients.h"
#include "support/running_gateway.h"

// Random hosts, wildcards, overlaps and twins against random names, over thousands of real
// handshakes. What has to come of each is worked out here from the rules alone (RFC 9525 §6.3 and
// those of conf/reference.yaml), with nothing of the product: the leaf that the rules pick, which
// covers the name, or the alert that says that there is none.
namespace wssgate::test {
namespace {

constexpr unsigned kSeeds = 10;
constexpr int kHandshakes = 500;  // with each seed
constexpr int kRefusedForItsName = SSL_AD_UNRECOGNIZED_NAME;
constexpr int kRefusedForItsAlgorithms = SSL_AD_HANDSHAKE_FAILURE;

class Chance {
 public:
  explicit Chance(unsigned seed) : engine_(seed) {}
  std::size_t below(std::size_t limit) { return engine_() % limit; }
  bool one_in(std::size_t n) { return below(n) == 0; }
  template <class Container>
  const auto& pick(const Container& from) {
    return from[below(from.size())];
  }

 private:
  std::mt19937 engine_;
};

// --- The rules.

std::string lower(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

using Labels = std::vector<std::string>;

Labels labels_of(const std::string& name) {
  Labels labels = {""};
  for (const char c : lower(name)) {
    if (c == '.') {
      labels.emplace_back();
    } else {
      labels.back() += c;
    }
  }
  return labels;
}

/// Label by label, without case; "*" as the whole leftmost label stands for exactly one.
bool covers(const std::string& pattern, const std::string& name) {
  const Labels wanted = labels_of(pattern);
  const Labels given = labels_of(name);
  if (wanted.size() != given.size()) return false;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const bool wild = i == 0 && wanted[i] == "*";
    if (wild ? given[i] == "*" : given[i] != wanted[i]) return false;
  }
  return true;
}

bool is_wildcard(const std::string& pattern) { return pattern.starts_with("*."); }

enum class Kind { ecdsa, rsa };

struct Client {
  std::string what;
  TlsOptions options;
  /// The kinds of leaf that it takes, the one it prefers first.
  std::vector<Kind> takes;
};

std::vector<Client> clients() {
  std::vector<Client> all;
  const auto add = [&](const char* what, std::vector<Kind> takes, int version,
                       const char* algorithms, const char* suites) {
    all.push_back({what,
                   {.min_version = version == 0 ? TLS1_2_VERSION : version,
                    .max_version = version == 0 ? TLS1_3_VERSION : version,
                    .signature_algorithms = algorithms,
                    .ciphers = suites},
                   std::move(takes)});
  };
  const std::vector<Kind> both = {Kind::ecdsa, Kind::rsa};
  add("TLS 1.2 and 1.3", both, 0, "", "");
  add("TLS 1.3", both, TLS1_3_VERSION, "", "");
  add("TLS 1.3, ECDSA alone", {Kind::ecdsa}, TLS1_3_VERSION, "ECDSA+SHA256", "");
  add("TLS 1.3, RSA alone", {Kind::rsa}, TLS1_3_VERSION, "RSA-PSS+SHA256", "");
  add("TLS 1.3, rather RSA", {Kind::rsa, Kind::ecdsa}, TLS1_3_VERSION,
      "RSA-PSS+SHA256:ECDSA+SHA256", "");
  add("TLS 1.2", both, TLS1_2_VERSION, "", "");
  add("TLS 1.2, ECDSA alone", {Kind::ecdsa}, TLS1_2_VERSION, "ECDSA+SHA256", "");
  add("TLS 1.2, RSA alone", {Kind::rsa}, TLS1_2_VERSION, "RSA+SHA256", "");
  add("TLS 1.2, suites of ECDSA", {Kind::ecdsa}, TLS1_2_VERSION, "",
      "ECDHE-ECDSA-AES128-GCM-SHA256");
  add("TLS 1.2, suites of RSA", {Kind::rsa}, TLS1_2_VERSION, "", "ECDHE-RSA-AES128-GCM-SHA256");
  add("TLS 1.2, rather suites of RSA", {Kind::rsa, Kind::ecdsa}, TLS1_2_VERSION, "",
      "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES128-GCM-SHA256");
  return all;
}

struct ConfiguredHost {
  std::vector<std::string> names;
  /// The certificate that it names for itself.
  std::optional<std::size_t> own;
};

struct Setting {
  std::vector<ConfiguredHost> hosts;
  std::vector<CertificateOptions> certificates;

  std::string yaml() const;
};

Kind kind_of(const CertificateOptions& certificate) {
  return certificate.key == TestKey::rsa2048 ? Kind::rsa : Kind::ecdsa;
}

bool names_exactly(const CertificateOptions& certificate, const std::string& pattern) {
  return std::any_of(certificate.names.begin(), certificate.names.end(),
                     [&](const std::string& own) { return lower(own) == lower(pattern); });
}

bool covers(const CertificateOptions& certificate, const std::string& name) {
  return std::any_of(certificate.names.begin(), certificate.names.end(),
                     [&](const std::string& own) { return covers(own, name); });
}

/// What the rules make of one handshake.
struct Verdict {
  int alert = 0;
  std::size_t certificate = 0;  // where there is no alert
};

class Rules {
 public:
  explicit Rules(const Setting& setting) : setting_(setting) {}

  Verdict judge(const std::string& asked, const Client& client) const {
    std::string name = asked;
    if (name.ends_with('.')) name.pop_back();  // the same name, written with its root
    const ConfiguredHost* host = nullptr;
    std::string pattern;
    for (const ConfiguredHost& each : setting_.hosts) {
      for (const std::string& configured : each.names) {
        if (!covers(configured, name) || (host != nullptr && is_wildcard(configured))) continue;
        host = &each;
        pattern = configured;
      }
    }
    if (host == nullptr) return {.alert = kRefusedForItsName};
    for (const Kind kind : client.takes) {
      if (const auto picked = pick(*host, pattern, kind)) return {.certificate = *picked};
    }
    return {.alert = kRefusedForItsAlgorithms};
  }

 private:
  /// For a configured name: one with that very name goes before one with a wildcard for it; among
  /// equals the one that ends last.
  std::optional<std::size_t> pick(const ConfiguredHost& host, const std::string& pattern,
                                  Kind kind) const {
    const auto last_of = [&](const auto& fits) {
      std::optional<std::size_t> last;
      for (std::size_t i = 0; i < setting_.certificates.size(); ++i) {
        const CertificateOptions& certificate = setting_.certificates[i];
        if (host.own.value_or(i) != i || kind_of(certificate) != kind || !fits(certificate)) {
          continue;
        }
        if (!last || certificate.not_after > setting_.certificates[*last].not_after) last = i;
      }
      return last;
    };
    const auto exact =
        last_of([&](const CertificateOptions& each) { return names_exactly(each, pattern); });
    if (exact || is_wildcard(pattern)) return exact;
    return last_of([&](const CertificateOptions& each) { return covers(each, pattern); });
  }

  const Setting& setting_;
};

// --- What is thrown at them.

const std::vector<std::string> kLabels = {"a", "b", "ab", "www", "xn--a-ecp"};

/// A small alphabet, so that names collide, nest and nearly match.
std::string random_name(Chance& chance) {
  static const std::vector<std::string> bases = {"example.com", "example.org", "a.example.com"};
  std::string made = chance.pick(bases);
  for (std::size_t i = chance.below(3); i > 0; --i) made = chance.pick(kLabels) + "." + made;
  return made;
}

std::string random_pattern(Chance& chance) {
  return (chance.one_in(3) ? "*." : "") + random_name(chance);
}

std::string in_other_case(Chance& chance, std::string name) {
  for (char& c : name) {
    if (c >= 'a' && c <= 'z' && chance.one_in(2)) c = static_cast<char>(c - 'a' + 'A');
  }
  return name;
}

/// Distinct ends, in random order.
std::chrono::system_clock::time_point random_end(Chance& chance, std::size_t number) {
  constexpr std::size_t kMostCertificates = 100;
  if (number >= kMostCertificates) throw std::logic_error("ends would repeat");
  const std::size_t days = chance.below(20) * kMostCertificates + number;
  return day(2040, 1, 1) + std::chrono::hours(24 * days);
}

class SettingMaker {
 public:
  explicit SettingMaker(Chance& chance) : chance_(chance) {}

  Setting make() {
    for (std::size_t i = 4 + chance_.below(5); i > 0; --i) add_host();
    for (std::size_t i = chance_.below(3); i > 0; --i) certify({random_pattern(chance_)});
    return setting_;
  }

 private:
  void add_host() {
    ConfiguredHost host;
    for (std::size_t i = 1 + chance_.below(4); i > 0; --i) {
      const std::string made = random_pattern(chance_);
      if (!taken_.insert(made).second) continue;
      host.names.push_back(chance_.one_in(4) ? in_other_case(chance_, made) : made);
    }
    if (host.names.empty()) return;
    if (chance_.one_in(6)) {
      host.own = setting_.certificates.size();
      certify(host.names);
    } else if (chance_.one_in(2)) {
      certify_with_others(host.names);
    } else {
      for (const std::string& name : host.names) certify_with_others({covering(name)});
    }
    setting_.hosts.push_back(std::move(host));
  }

  /// The name itself, or a wildcard for it ("*.com" would cover nothing).
  std::string covering(const std::string& name) {
    const std::string above = name.substr(name.find('.'));
    const bool may_be_wild = !is_wildcard(name) && labels_of(above).size() > 2;
    return may_be_wild && chance_.one_in(2) ? "*" + above : name;
  }

  /// Sometimes with strangers' names, a twin of the other kind, and a rival that ends at another
  /// time.
  void certify_with_others(std::vector<std::string> names) {
    if (chance_.one_in(3)) names.push_back(random_pattern(chance_));
    const TestKey key = chance_.one_in(4) ? TestKey::rsa2048 : TestKey::p256;
    certify(names, key);
    if (chance_.one_in(3)) {
      certify(names, key == TestKey::p256 ? TestKey::rsa2048 : TestKey::p256);
    }
    if (chance_.one_in(2)) certify({covering(chance_.pick(names))}, key);
  }

  void certify(const std::vector<std::string>& names, TestKey key = TestKey::p256) {
    CertificateOptions options;
    const std::size_t number = setting_.certificates.size();
    options.common_name = "number " + std::to_string(number);  // decides nothing
    for (const std::string& name : names) {
      options.names.push_back(chance_.one_in(4) ? in_other_case(chance_, name) : name);
    }
    options.key = key;
    options.not_after = random_end(chance_, number);
    setting_.certificates.push_back(std::move(options));
  }

  Chance& chance_;
  Setting setting_;
  std::set<std::string> taken_;
};

std::string Setting::yaml() const {
  std::string text = "upstreams: {u: {endpoints: [\"127.0.0.1:9\"]}}\nhosts:\n";
  for (const ConfiguredHost& host : hosts) {
    text += "  - routes: [{path: /, upstream: u}]\n    names: [";
    for (const std::string& name : host.names) text += "\"" + name + "\", ";
    text += "]\n";
    if (!host.own) continue;
    const std::string folder = "certs/" + std::to_string(*host.own);
    text +=
        "    certificate: {chain: " + folder + "/fullchain.pem, key: " + folder + "/privkey.pem}\n";
  }
  return text;
}

/// What a client asks for: often a configured name, one below or above it, or nearly one.
class Asker {
 public:
  Asker(Chance& chance, const Setting& setting) : chance_(chance), setting_(setting) {}

  std::string ask() {
    if (chance_.one_in(12)) return junk();
    std::string name = plausible();
    if (chance_.one_in(5)) name = in_other_case(chance_, name);
    if (chance_.one_in(6)) name += ".";
    return name;
  }

 private:
  std::string plausible() {
    switch (chance_.below(8)) {
      case 0:
        return random_name(chance_);
      case 1:  // on a certificate, but perhaps of no host
        return under(chance_.pick(chance_.pick(setting_.certificates).names));
      case 2:
        return chance_.pick(kLabels) + "." + under(configured());
      case 3:
        return without_wildcard(configured());
      default:
        return under(configured());
    }
  }

  std::string junk() {
    static const std::vector<std::string> kJunk = {"*.example.com",
                                                   "127.0.0.1",
                                                   "[::1]",
                                                   "a..example.com",
                                                   ".example.com",
                                                   "a.example.com..",
                                                   ".",
                                                   "-a.example.com",
                                                   "a b.example.com",
                                                   "a.example.com:1",
                                                   "*",
                                                   "a.example.com/",
                                                   "\x01.example.com",
                                                   "com",
                                                   "a*.example.com",
                                                   "xample.com",
                                                   "a.example.comm",
                                                   std::string(64, 'a') + ".example.com",
                                                   "caf\xc3\xa9.example.com"};
    return chance_.pick(kJunk);
  }

  std::string configured() { return chance_.pick(chance_.pick(setting_.hosts).names); }
  static std::string without_wildcard(const std::string& pattern) {
    return is_wildcard(pattern) ? pattern.substr(2) : pattern;
  }
  std::string under(const std::string& pattern) {
    return is_wildcard(pattern) ? chance_.pick(kLabels) + pattern.substr(1) : pattern;
  }

  Chance& chance_;
  const Setting& setting_;
};

/// Labels that no host name has; the rules need not know why, only that they are not served.
bool is_host_name(std::string name) {
  if (name.ends_with('.')) name.pop_back();
  const Labels labels = labels_of(name);
  return std::all_of(labels.begin(), labels.end(), [](const std::string& label) {
    return !label.empty() && label.size() <= 63 && label.front() != '-' &&
           label.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string::npos;
  });
}

std::string common_name(const TlsClient& client) {
  const pki::X509Ptr leaf(SSL_get1_peer_certificate(client.ssl()));
  std::array<char, 64> text{};
  X509_NAME_get_text_by_NID(X509_get_subject_name(leaf.get()), NID_commonName, text.data(),
                            text.size());
  return text.data();
}

class CertificateMatrix : public testing::TestWithParam<unsigned> {};

TEST_P(CertificateMatrix, ShowsTheLeafThatTheRulesPickOrNone) {
  Chance chance(GetParam());
  const Setting setting = SettingMaker(chance).make();
  const Rules rules(setting);
  const std::vector<Client> all_clients = clients();
  Asker asker(chance, setting);
  std::string certificates;
  for (const CertificateOptions& each : setting.certificates) {
    certificates += each.common_name + (kind_of(each) == Kind::rsa ? " RSA " : " ECDSA ") +
                    testing::PrintToString(each.names) + "\n";
  }
  SCOPED_TRACE("seed " + std::to_string(GetParam()) + "\n" + setting.yaml() + certificates);
  const RunningGateway gateway(setting.yaml(), setting.certificates);

  int served = 0;
  int unknown = 0;
  for (int i = 0; i < kHandshakes && !HasFailure(); ++i) {
    const std::string name = asker.ask();
    const Client& client = chance.pick(all_clients);
    SCOPED_TRACE("'" + name + "' asked for by " + client.what);
    const Verdict verdict =
        is_host_name(name) ? rules.judge(name, client) : Verdict{.alert = kRefusedForItsName};
    TlsOptions options = client.options;
    options.server_name = name;
    try {
      const TlsClient shown(gateway.address(), options);
      const std::vector<std::string> names = shown.leaf_names();
      const std::string bare = name.ends_with('.') ? name.substr(0, name.size() - 1) : name;
      EXPECT_TRUE(std::any_of(names.begin(), names.end(),
                              [&](const std::string& each) { return covers(each, bare); }))
          << "shown " << testing::PrintToString(names);
      EXPECT_EQ(verdict.alert, 0) << "served by " << common_name(shown);
      if (verdict.alert == 0) {
        EXPECT_EQ(common_name(shown), setting.certificates[verdict.certificate].common_name);
      }
      ++served;
    } catch (const TlsRefused& refusal) {
      EXPECT_EQ(refusal.alert, verdict.alert) << refusal.what();
      if (refusal.alert == kRefusedForItsName) ++unknown;
    }
  }
  EXPECT_GT(served, kHandshakes / 5);
  EXPECT_GT(unknown, kHandshakes / 10);
}

INSTANTIATE_TEST_SUITE_P(Seeds, CertificateMatrix, testing::Range(1U, kSeeds + 1),
                         [](const auto& seed) { return std::to_string(seed.param); });

}  // namespace
}  // namespace wssgate::test
