// Certificates that change on the disk while they serve, and a reload that is asked for.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "support/live_gateway.h"

namespace wssgate::test {
namespace {

using nlohmann::json;
using std::chrono::hours;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

/// What status tells about the certificate in certs/<name>.
json certificate_in(const json& status, const std::string& name) {
  for (const json& certificate : status.at("certificates")) {
    if (certificate.value("chain_file", "").find("/certs/" + name + "/") != std::string::npos) {
      return certificate;
    }
  }
  return nullptr;
}

class ReloadCertificates : public testing::Test {
 protected:
  Backend backend_{serving_and_echoing()};
  LiveGateway gateway_{{"a.example", "b.example"},
                       hosts_for({"a.example", "b.example"}, backend_.endpoint())};
};

TEST_F(ReloadCertificates, ServesARenewedOneWhileOpenConnectionsGoOn) {
  const std::string old = gateway_.presented("a.example");
  TlsClient kept_alive(gateway_.address(), "a.example");
  EXPECT_THAT(get(kept_alive, "a.example"), HasSubstr("served"));
  TlsClient tunnel = open_websocket(gateway_.address(), "a.example");

  const std::string renewed = gateway_.renew("a.example");
  const json answer = gateway_.reload();

  EXPECT_EQ(answer.at("ok"), true) << answer;
  EXPECT_NE(old, renewed);
  EXPECT_EQ(gateway_.presented("a.example"), renewed);
  EXPECT_TRUE(echoes(tunnel, "still there"));
  EXPECT_THAT(get(kept_alive, "a.example"), HasSubstr("served"));
}

TEST_F(ReloadCertificates, TellsWhatServes) {
  const std::string renewed = gateway_.renew("a.example");
  gateway_.reload();

  const json state = certificate_in(gateway_.status(), "a.example");
  EXPECT_EQ(state.at("served").at("fingerprint"), renewed);
  EXPECT_EQ(state.at("served").at("hosts"), json::array({"a.example"}));
  EXPECT_EQ(state.at("on_disk"), "served");
  EXPECT_THAT(state.at("problems"), IsEmpty());
  const json logged = gateway_.await_events("certificate_replaced").at(0);
  EXPECT_EQ(logged.at("fingerprint"), renewed);
  EXPECT_EQ(logged.at("names"), "a.example");
}

TEST_F(ReloadCertificates, ServesACertificateThatWasNotThere) {
  gateway_.configure(hosts_for({"a.example", "b.example", "c.example"}, backend_.endpoint()));
  const std::string added = gateway_.renew("c.example");
  EXPECT_EQ(gateway_.reload().at("ok"), true);
  EXPECT_EQ(gateway_.presented("c.example"), added);
}

/// What is wrong with a certificate on the disk.
struct Bad {
  const char* name;
  void (*spoil)(const LiveGateway& gateway);
  const char* why;
};

void PrintTo(const Bad& bad, std::ostream* out) { *out << bad.name; }

std::string in_a(const std::string& file) { return "certs/a.example/" + file; }

const Bad kBad[] = {
    {"Garbage",
     [](const LiveGateway& gateway) { gateway.write(in_a("fullchain.pem"), "\x01\x02 garbage"); },
     "fullchain.pem"},
    {"Empty", [](const LiveGateway& gateway) { gateway.write(in_a("fullchain.pem"), ""); },
     "fullchain.pem"},
    {"HalfWritten",
     [](const LiveGateway& gateway) {
       const std::string whole = gateway.ca().chain(gateway.mint({"a.example"}));
       gateway.write(in_a("fullchain.pem"), whole.substr(0, whole.size() / 3));
     },
     "fullchain.pem"},
    {"KeyOfAnother",
     [](const LiveGateway& gateway) {
       gateway.write(in_a("privkey.pem"), gateway.mint({"a.example"}).key_pem());
     },
     "is not the key of 'a.example'"},
    {"Expired",
     [](const LiveGateway& gateway) {
       CertificateOptions options;
       options.names = {"a.example"};
       options.not_after = std::chrono::system_clock::now() - hours(1);
       gateway.install("a.example", gateway.ca().intermediate.issue(options));
     },
     "expired"},
    {"NotYetValid",
     [](const LiveGateway& gateway) {
       CertificateOptions options;
       options.names = {"a.example"};
       options.not_before = std::chrono::system_clock::now() + hours(1);
       gateway.install("a.example", gateway.ca().intermediate.issue(options));
     },
     "valid"},
    {"LeafOnly",
     [](const LiveGateway& gateway) {
       const TestCertificate leaf = gateway.mint({"a.example"});
       gateway.write(in_a("privkey.pem"), leaf.key_pem());
       gateway.write(in_a("fullchain.pem"), leaf.pem());
     },
     "Test Intermediate"},
    {"UnknownRoot",
     [](const LiveGateway& gateway) {
       const auto other = TestCertificate::root("Other Root").intermediate("Other Intermediate");
       const TestCertificate leaf = other.leaf({"a.example"});
       gateway.write(in_a("privkey.pem"), leaf.key_pem());
       gateway.write(in_a("fullchain.pem"), pem_of({&leaf, &other}));
     },
     "Other"},
    {"MissingKey",
     [](const LiveGateway& gateway) { std::filesystem::remove(gateway.path(in_a("privkey.pem"))); },
     "has fullchain.pem but no privkey.pem"},
    {"MissingChain",
     [](const LiveGateway& gateway) {
       std::filesystem::remove(gateway.path(in_a("fullchain.pem")));
     },
     "has privkey.pem but no fullchain.pem"},
    {"KeyForAll",
     [](const LiveGateway& gateway) {
       std::filesystem::permissions(gateway.path(in_a("privkey.pem")),
                                    std::filesystem::perms(0644));
     },
     "privkey.pem"},
    {"OtherName",
     [](const LiveGateway& gateway) {
       gateway.install("a.example", gateway.mint({"other.example"}));
     },
     "nothing else covers 'a.example'"},
};

class BadCertificate : public ReloadCertificates, public testing::WithParamInterface<Bad> {};

TEST_P(BadCertificate, IsHeldBackByItself) {
  const std::string old = gateway_.presented("a.example");
  TlsClient tunnel = open_websocket(gateway_.address(), "a.example");
  GetParam().spoil(gateway_);
  const std::string renewed = gateway_.renew("b.example");

  const json answer = gateway_.reload();

  EXPECT_EQ(answer.at("ok"), false);
  EXPECT_THAT(answer.at("refused"), IsEmpty()) << "the configuration is good";
  EXPECT_THAT(answer.at("held").dump(), HasSubstr(GetParam().why));
  EXPECT_EQ(gateway_.presented("a.example"), old);
  EXPECT_EQ(gateway_.presented("b.example"), renewed) << "another's renewal is not held back";
  EXPECT_TRUE(echoes(tunnel, "still there"));
}

TEST_P(BadCertificate, IsToldInStatusAndMended) {
  const std::string old = gateway_.presented("a.example");
  GetParam().spoil(gateway_);
  gateway_.reload();

  const json status = gateway_.status();
  EXPECT_EQ(status.at("last_reload").at("ok"), false);
  bool told = false;
  for (const json& state : status.at("certificates")) {
    const json& served = state.at("served");
    if (served.is_null() || served.at("fingerprint") != old) continue;
    told = true;
    EXPECT_EQ(state.at("on_disk"), "refused");
    EXPECT_EQ(served.at("hosts"), json::array({"a.example"}));
    EXPECT_FALSE(state.at("problems").empty());
  }
  EXPECT_TRUE(told) << status.dump(2);

  const std::string mended = gateway_.renew("a.example");
  EXPECT_EQ(gateway_.reload().at("ok"), true);
  EXPECT_EQ(gateway_.presented("a.example"), mended);
  EXPECT_THAT(gateway_.await_events("reload_mended"), SizeIs(1));
  EXPECT_EQ(certificate_in(gateway_.status(), "a.example").at("on_disk"), "served");
  EXPECT_THAT(gateway_.status().at("certificates"), SizeIs(2));
}

TEST_P(BadCertificate, IsToldOnce) {
  GetParam().spoil(gateway_);
  const json first = gateway_.reload();
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(gateway_.reload().at("held"), first.at("held")) << "told whenever it is asked for";
  }
  std::set<std::string> told;
  gateway_.await_events("certificate_held_back", first.at("held").size());
  for (const json& line : gateway_.events("certificate_held_back")) {
    EXPECT_TRUE(told.insert(line.at("message").get<std::string>()).second) << line;
  }
  // A look between the two files of a pair may have told more.
  for (const json& problem : first.at("held")) {
    const std::string said =
        problem.at("message").get<std::string>() + ". " + problem.at("hint").get<std::string>();
    EXPECT_TRUE(told.count(said) != 0) << said;
  }
  EXPECT_THAT(gateway_.events("reload_refused"), IsEmpty());
}

TEST_P(BadCertificate, HoldsBackNoChangeOfTheConfiguration) {
  const std::string old = gateway_.presented("a.example");
  GetParam().spoil(gateway_);
  gateway_.configure(hosts_for({"a.example", "b.example", "c.example"}, backend_.endpoint()));
  const std::string added = gateway_.renew("c.example");

  const json answer = gateway_.reload();

  EXPECT_THAT(answer.at("refused"), IsEmpty());
  EXPECT_EQ(gateway_.presented("c.example"), added);
  EXPECT_EQ(gateway_.presented("a.example"), old);
}

INSTANTIATE_TEST_SUITE_P(OnTheDisk, BadCertificate, testing::ValuesIn(kBad),
                         [](const auto& each) { return std::string(each.param.name); });

TEST_F(ReloadCertificates, RenewsTheNamesThatARenewalStillCovers) {
  gateway_.configure(
      "hosts:\n"
      "  - {names: [a.example, www.a.example], routes: [{path: /, upstream: backend}]}\n"
      "upstreams: {backend: {endpoints: [\"" +
      backend_.endpoint() + "\"]}}\n");
  const std::string both =
      gateway_.install("a.example", gateway_.mint({"a.example", "www.a.example"}));
  ASSERT_EQ(gateway_.reload().at("ok"), true);

  const std::string one = gateway_.install("a.example", gateway_.mint({"a.example"}));
  const json answer = gateway_.reload();

  EXPECT_THAT(answer.at("held").dump(), HasSubstr("nothing else covers 'www.a.example'"));
  EXPECT_EQ(gateway_.presented("a.example"), one);
  EXPECT_EQ(gateway_.presented("www.a.example"), both);
}

TEST_F(ReloadCertificates, TakesAnotherThatCoversTheName) {
  const std::string other = gateway_.install("other", gateway_.mint({"a.example", "c.example"}));
  std::filesystem::remove_all(gateway_.path("certs/a.example"));
  const json answer = gateway_.reload();
  EXPECT_EQ(answer.at("ok"), true) << answer;
  EXPECT_EQ(gateway_.presented("a.example"), other);
}

TEST_F(ReloadCertificates, SaysOfABadOneThatNobodyNeedsWhatIsWrong) {
  gateway_.write("certs/new/fullchain.pem", "garbage");
  gateway_.write("certs/new/privkey.pem", "garbage");
  EXPECT_EQ(gateway_.reload().at("ok"), false);
  const json state = certificate_in(gateway_.status(), "new");
  EXPECT_TRUE(state.at("served").is_null());
  EXPECT_EQ(state.at("on_disk"), "refused");
}

TEST_F(ReloadCertificates, LosesNothingWhenTheFileOfRootsIsGone) {
  const std::string old = gateway_.presented("a.example");
  std::filesystem::remove(gateway_.path("root.pem"));
  const json answer = gateway_.reload();
  EXPECT_THAT(answer.dump(), HasSubstr("root.pem"));
  EXPECT_EQ(answer.at("ok"), false);
  EXPECT_EQ(gateway_.presented("a.example"), old);

  gateway_.write("root.pem", gateway_.ca().root.pem());
  EXPECT_EQ(gateway_.reload().at("ok"), true);
}

/// A host that names its own files.
class ReloadOwnCertificate : public testing::Test {
 protected:
  std::string hosts(const std::string& names, const std::string& files) const {
    return "hosts:\n  - names: " + names +
           "\n    routes: [{path: /, upstream: backend}]\n"
           "    certificate: {chain: " +
           files + "/fullchain.pem, key: " + files +
           "/privkey.pem}\n"
           "upstreams: {backend: {endpoints: [\"" +
           backend_.endpoint() + "\"]}}\n";
  }
  static void put(const LiveGateway& gateway, const std::string& folder,
                  const TestCertificate& leaf) {
    gateway.write(folder + "/privkey.pem", leaf.key_pem());
    gateway.write(folder + "/fullchain.pem", gateway.ca().chain(leaf));
  }

  Backend backend_{serving_and_echoing()};
  LiveGateway gateway_{[this](LiveGateway& gateway) {
    put(gateway, "own", gateway.mint({"a.example", "b.example"}));
    return gateway.configuration(hosts("[a.example]", "own"));
  }};
};

TEST_F(ReloadOwnCertificate, IsRenewed) {
  const TestCertificate renewed = gateway_.mint({"a.example"});
  put(gateway_, "own", renewed);
  EXPECT_EQ(gateway_.reload().at("ok"), true);
  EXPECT_EQ(gateway_.presented("a.example"), fingerprint_of(renewed));
}

TEST_F(ReloadOwnCertificate, KeepsServingWhenTheRenewedOneDoesNotCoverTheName) {
  gateway_.reload();  // so that the look that begins the watch does not find half a pair
  const std::string old = gateway_.presented("a.example");
  put(gateway_, "own", gateway_.mint({"other.example"}));
  const json answer = gateway_.reload();
  EXPECT_EQ(answer.at("ok"), false);
  EXPECT_THAT(answer.at("refused"), IsEmpty()) << "nobody has changed the configuration";
  EXPECT_THAT(answer.at("held").dump(), HasSubstr("does not cover 'a.example'"));
  EXPECT_EQ(gateway_.presented("a.example"), old);
  EXPECT_EQ(gateway_.reload().at("held"), answer.at("held"));
  EXPECT_THAT(gateway_.await_events("certificate_held_back"), SizeIs(1));
  EXPECT_THAT(gateway_.events("configuration_problem"), IsEmpty());
}

TEST_F(ReloadOwnCertificate, RefusesAConfigurationThatNamesABadOne) {
  const std::string old = gateway_.presented("a.example");
  gateway_.write("bad/fullchain.pem", "garbage");
  gateway_.write("bad/privkey.pem", "garbage");
  gateway_.configure(hosts("[a.example]", "bad"));
  const json answer = gateway_.reload();
  EXPECT_THAT(answer.at("refused").dump(), HasSubstr("bad/fullchain.pem"));
  EXPECT_EQ(gateway_.presented("a.example"), old);
}

TEST_F(ReloadOwnCertificate, RefusesAConfigurationWithANameThatItDoesNotCover) {
  const std::string old = gateway_.presented("a.example");
  gateway_.configure(hosts("[a.example, c.example]", "own"));
  const json answer = gateway_.reload();
  EXPECT_THAT(answer.at("refused").dump(), HasSubstr("does not cover 'c.example'"));
  EXPECT_EQ(gateway_.presented("a.example"), old);
  EXPECT_THROW(gateway_.presented("c.example"), TlsRefused);
}

TEST_F(ReloadOwnCertificate, TakesAnotherName) {
  gateway_.configure(hosts("[a.example, b.example]", "own"));
  EXPECT_EQ(gateway_.reload().at("ok"), true);
  EXPECT_EQ(gateway_.presented("b.example"), gateway_.presented("a.example"));
}

}  // namespace
}  // namespace wssgate::test
