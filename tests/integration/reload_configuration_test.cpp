// A configuration that changes while it serves.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "support/live_gateway.h"

namespace wssgate::test {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

using SessionPtr = std::unique_ptr<SSL_SESSION, pki::OpensslDeleter<SSL_SESSION_free>>;

class ReloadConfiguration : public testing::Test {
 protected:
  std::string hosts() const { return hosts_for({"a.example"}, backend_.endpoint()); }
  std::string answer_to(const std::string& target) const {
    TlsClient client(gateway_.address(), "a.example");
    return get(client, "a.example", target);
  }

  Backend backend_{serving_and_echoing()};
  Backend other_{answering([](const std::string&) { return ok("the other"); })};
  LiveGateway gateway_{{"a.example", "b.example"}, hosts()};
};

TEST_F(ReloadConfiguration, ChangesRoutesForNewConnections) {
  TlsClient open(gateway_.address(), "a.example");
  EXPECT_THAT(get(open, "a.example"), HasSubstr("served"));
  gateway_.configure(
      "hosts: [{names: [a.example], routes: [{path: /, upstream: other}]}]\n"
      "upstreams: {other: {endpoints: [\"" +
      other_.endpoint() + "\"]}}\n");
  EXPECT_EQ(gateway_.reload().at("ok"), true);
  EXPECT_THAT(answer_to("/"), HasSubstr("the other"));
  EXPECT_THAT(get(open, "a.example"), HasSubstr("served")) << "it keeps what it started with";
}

TEST_F(ReloadConfiguration, ChangesAnUpstreamOfTheSameName) {
  TlsClient tunnel = open_websocket(gateway_.address(), "a.example");
  gateway_.configure(hosts_for({"a.example"}, other_.endpoint()));
  EXPECT_EQ(gateway_.reload().at("ok"), true);
  EXPECT_THAT(answer_to("/"), HasSubstr("the other"));
  EXPECT_TRUE(echoes(tunnel, "still there"));
}

TEST_F(ReloadConfiguration, ChangesLimits) {
  const std::string long_target = "/" + std::string(2000, 'x');
  EXPECT_THAT(answer_to(long_target), HasSubstr("200 OK"));
  gateway_.configure(hosts() + "limits: {request_head: 1KiB}\n");
  EXPECT_EQ(gateway_.reload().at("ok"), true);
  EXPECT_THAT(answer_to(long_target), Not(HasSubstr("200 OK")));
}

TEST_F(ReloadConfiguration, AddsAndTakesAwayHosts) {
  EXPECT_THROW(gateway_.presented("b.example"), TlsRefused);
  TlsClient tunnel = open_websocket(gateway_.address(), "a.example");
  gateway_.configure(hosts_for({"b.example"}, backend_.endpoint()));
  EXPECT_EQ(gateway_.reload().at("ok"), true);
  EXPECT_NO_THROW(gateway_.presented("b.example"));
  EXPECT_THROW(gateway_.presented("a.example"), TlsRefused);
  EXPECT_TRUE(echoes(tunnel, "still there"));
}

struct Refused {
  const char* name;
  const char* yaml;
  const char* why;
};

void PrintTo(const Refused& refused, std::ostream* out) { *out << refused.name; }

class RefusedConfiguration : public ReloadConfiguration,
                             public testing::WithParamInterface<Refused> {};

TEST_P(RefusedConfiguration, KeepsWhatServesAndSaysWhy) {
  TlsClient tunnel = open_websocket(gateway_.address(), "a.example");
  gateway_.configure(hosts() + GetParam().yaml);
  const std::string renewed = gateway_.renew("a.example");

  const json answer = gateway_.reload();

  EXPECT_EQ(answer.at("ok"), false);
  const std::string refused = answer.at("refused").dump();
  EXPECT_THAT(refused, HasSubstr(GetParam().why));
  EXPECT_THAT(refused, HasSubstr(gateway_.path("wssgate.yaml")));
  EXPECT_THAT(answer_to("/"), HasSubstr("served"));
  EXPECT_EQ(gateway_.presented("a.example"), renewed) << "it holds back no certificate";
  EXPECT_TRUE(echoes(tunnel, "still there"));

  gateway_.reload();
  EXPECT_THAT(gateway_.await_events("reload_refused"), SizeIs(1)) << "told once";
  EXPECT_THAT(gateway_.await_events("configuration_problem", answer.at("refused").size()),
              SizeIs(answer.at("refused").size()));

  gateway_.configure(hosts());
  EXPECT_EQ(gateway_.reload().at("ok"), true);
  EXPECT_THAT(gateway_.await_events("reload_mended"), SizeIs(1));
}

const Refused kRefused[] = {
    {"NoYaml", "hosts: [\n", "wssgate.yaml"},
    {"UnknownKey", "limitz: {connections: 5}\n", "limitz"},
    {"BadValue", "limits: {connections: many}\n", "connections"},
    {"UnknownUpstream",
     "# two keys of one name\nhosts: [{names: [a.example], routes: [{path: /, upstream: none}]}]\n",
     "hosts"},
};
INSTANTIATE_TEST_SUITE_P(OnTheDisk, RefusedConfiguration, testing::ValuesIn(kRefused),
                         [](const auto& each) { return std::string(each.param.name); });

TEST_F(ReloadConfiguration, RefusesANewHostWithoutCertificate) {
  gateway_.configure(hosts_for({"a.example", "new.example"}, backend_.endpoint()));
  const json answer = gateway_.reload();
  EXPECT_THAT(answer.at("refused"), SizeIs(1));
  EXPECT_EQ(answer.at("refused").at(0).at("message"), "no valid certificate covers 'new.example'");
  EXPECT_GT(answer.at("refused").at(0).at("line"), 0);
  EXPECT_NO_THROW(gateway_.presented("a.example"));

  gateway_.renew("new.example");
  EXPECT_EQ(gateway_.reload().at("ok"), true);
  EXPECT_NO_THROW(gateway_.presented("new.example"));
}

TEST_F(ReloadConfiguration, GoesOnWhenTheFileIsGone) {
  std::filesystem::remove(gateway_.path("wssgate.yaml"));
  const json answer = gateway_.reload();
  EXPECT_THAT(answer.at("refused").dump(), HasSubstr("wssgate.yaml"));
  EXPECT_THAT(answer_to("/"), HasSubstr("served"));
}

TEST_F(ReloadConfiguration, WarnsOnceWhereACertificateIsNearItsEndAndTheConfigurationIsRefused) {
  CertificateOptions ending;
  ending.names = {"a.example"};
  ending.not_after = std::chrono::system_clock::now() + std::chrono::minutes(47 * 60 + 30);
  gateway_.install("a.example", gateway_.ca().intermediate.issue(ending));
  gateway_.configure(hosts() + "limitz: 5\n");
  gateway_.reload();
  gateway_.configure(hosts_for({"a.example", "new.example"}, backend_.endpoint()));
  const json answer = gateway_.reload();
  EXPECT_THAT(answer.at("refused"), SizeIs(1));
  EXPECT_THAT(answer.at("warnings"), SizeIs(1)) << answer;
  EXPECT_THAT(gateway_.await_events("configuration_warning"), SizeIs(1));
}

TEST_F(ReloadConfiguration, OpensAListenerThatIsAdded) {
  gateway_.write(
      "wssgate.yaml",
      gateway_.configuration(hosts(), "[{address: \"127.0.0.1:0\"}, {address: \"127.0.0.1:0\"}]"));
  const auto before = gateway_.address();
  EXPECT_EQ(gateway_.reload().at("ok"), true);
  ASSERT_THAT(gateway_.status().at("listeners"), SizeIs(2));
  EXPECT_EQ(gateway_.status().at("listeners").at(0), before.text()) << "the open one stays";
  EXPECT_NO_THROW(TlsClient(gateway_.address(1), "a.example"));
  EXPECT_NO_THROW(gateway_.presented("a.example"));
}

TEST_F(ReloadConfiguration, ClosesAListenerThatIsTakenAway) {
  const std::string two = "[{address: \"127.0.0.1:0\"}, {address: \"127.0.0.1:0\"}]";
  gateway_.write("wssgate.yaml", gateway_.configuration(hosts(), two));
  gateway_.reload();
  const SocketAddress added = gateway_.address(1);
  TlsClient tunnel = open_websocket(added, "a.example");

  gateway_.configure(hosts());
  EXPECT_EQ(gateway_.reload().at("ok"), true);

  EXPECT_THROW(TlsClient(added, "a.example"), std::system_error) << "nobody listens any more";
  EXPECT_TRUE(echoes(tunnel, "still there"));
  EXPECT_THAT(gateway_.status().at("listeners"), SizeIs(1));
}

TEST_F(ReloadConfiguration, RefusesAListenerWhosePortIsTaken) {
  gateway_.write("wssgate.yaml",
                 gateway_.configuration(
                     hosts_for({"a.example", "b.example"}, backend_.endpoint()),
                     "[{address: \"127.0.0.1:0\"}, {address: \"" + backend_.endpoint() + "\"}]"));
  const json answer = gateway_.reload();
  EXPECT_THAT(answer.at("refused").dump(), HasSubstr("cannot listen on " + backend_.endpoint()));
  EXPECT_THAT(gateway_.status().at("listeners"), SizeIs(1));
  EXPECT_THROW(gateway_.presented("b.example"), TlsRefused) << "nothing of it serves";
}

TEST_F(ReloadConfiguration, ReloadsOnSighup) {
  const std::string renewed = gateway_.renew("a.example");
  gateway_.process().signal(SIGHUP);
  gateway_.await_presented("a.example", renewed);
}

struct Fixed {
  const char* key;
  const char* before;
  const char* after;
};

void PrintTo(const Fixed& fixed, std::ostream* out) { *out << fixed.key; }

class FixedKey : public ReloadConfiguration, public testing::WithParamInterface<Fixed> {};

TEST_P(FixedKey, TakesEffectAtARestartOnly) {
  std::string text =
      gateway_.configuration(hosts_for({"a.example", "b.example"}, backend_.endpoint()));
  const auto at = text.find(GetParam().before);
  ASSERT_NE(at, std::string::npos);
  text.replace(at, std::string_view(GetParam().before).size(), GetParam().after);
  gateway_.write("wssgate.yaml", text);

  const json answer = gateway_.reload();

  EXPECT_EQ(answer.at("ok"), true);
  ASSERT_THAT(answer.at("warnings"), SizeIs(1));
  EXPECT_EQ(
      answer.at("warnings").at(0).at("message"),
      "'" + std::string(GetParam().key) + "' has changed, and takes effect at a restart only");
  EXPECT_NO_THROW(gateway_.presented("b.example")) << "the rest serves";
  EXPECT_EQ(gateway_.reload().at("warnings"), answer.at("warnings")) << "until it is restarted";
  EXPECT_THAT(gateway_.await_events("configuration_warning"), SizeIs(1));
}

INSTANTIATE_TEST_SUITE_P(Keys, FixedKey,
                         testing::Values(Fixed{"workers", "workers: 2", "workers: 1"},
                                         Fixed{"admin", "admin: {address: \"unix:",
                                               "admin: {address: \"unix:/nowhere"}),
                         [](const auto& each) { return std::string(each.param.key); });

TEST_F(ReloadConfiguration, WarnsOfNothingWhenALineHasOnlyMoved) {
  gateway_.write("wssgate.yaml", "# a comment\n\n" + gateway_.configuration(hosts()));
  const json answer = gateway_.reload();
  EXPECT_EQ(answer.at("ok"), true);
  EXPECT_THAT(answer.at("warnings"), IsEmpty());
}

class UnchangedReload : public ReloadConfiguration, public testing::WithParamInterface<int> {};

TEST_P(UnchangedReload, LetsSessionsResume) {
  const TlsOptions options{
      .server_name = "a.example", .min_version = GetParam(), .max_version = GetParam()};
  SessionPtr session;
  {
    TlsClient client(gateway_.address(), options);
    get(client, "a.example");
    session.reset(SSL_get1_session(client.ssl()));
    client.end_writing();
  }
  EXPECT_EQ(gateway_.reload().at("changed"), false);
  // The same with what does not touch the host's certificate.
  gateway_.renew("b.example");
  gateway_.configure(hosts_for({"b.example", "a.example"}, backend_.endpoint()) +
                     "limits: {request_head: 2KiB}\n");
  EXPECT_EQ(gateway_.reload().at("ok"), true);

  TlsOptions again = options;
  again.session = session.get();
  const TlsClient client(gateway_.address(), again);
  EXPECT_EQ(SSL_session_reused(client.ssl()), 1);
}

TEST_P(UnchangedReload, ResumesNothingOfAReplacedCertificate) {
  TlsOptions options{
      .server_name = "a.example", .min_version = GetParam(), .max_version = GetParam()};
  SessionPtr session;
  {
    TlsClient client(gateway_.address(), options);
    get(client, "a.example");
    session.reset(SSL_get1_session(client.ssl()));
    client.end_writing();
  }
  const std::string renewed = gateway_.renew("a.example");
  gateway_.reload();
  options.session = session.get();
  const TlsClient client(gateway_.address(), options);
  EXPECT_EQ(SSL_session_reused(client.ssl()), 0);
  EXPECT_EQ(fingerprint_of(client), renewed);
}

INSTANTIATE_TEST_SUITE_P(Versions, UnchangedReload, testing::Values(TLS1_2_VERSION, TLS1_3_VERSION),
                         [](const auto& each) {
                           return each.param == TLS1_2_VERSION ? "Tls12" : "Tls13";
                         });

}  // namespace
}  // namespace wssgate::test
