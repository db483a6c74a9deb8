#include <gtest/gtest.h>

#include "unit/config/loading.h"

namespace wssgate::config {
namespace {

Loaded with_tls(const std::string& tls, const std::string& endpoint = "app.internal:3000") {
  return load(complete("upstreams: {web: {endpoints: [\"" + endpoint + "\"], tls: " + tls + "}}"));
}

TEST(UpstreamTls, IsOffUnlessSaid) {
  const Loaded loaded = load(complete("upstreams: {web: {endpoints: [127.0.0.1:3000]}}"));
  ASSERT_TRUE(loaded.config) << loaded.problems;
  EXPECT_FALSE(loaded.config->upstreams.front().tls);
  EXPECT_FALSE(with_tls("off").config->upstreams.front().tls);
}

TEST(UpstreamTls, OnIsAnEmptySection) {
  for (const char* written : {"on", "{}"}) {
    const Loaded loaded = with_tls(written);
    ASSERT_TRUE(loaded.config) << loaded.problems;
    const auto& tls = loaded.config->upstreams.front().tls;
    ASSERT_TRUE(tls) << written;
    EXPECT_TRUE(tls->verify);
    EXPECT_EQ(tls->server_name.value, "");
    EXPECT_EQ(tls->ca.value, "");
    EXPECT_FALSE(tls->certificate);
    EXPECT_EQ(tls->at.line, 1);
  }
}

TEST(UpstreamTls, HasNamesAndFiles) {
  const Loaded loaded = with_tls(
      "{server_name: App.Internal., ca: ca.pem, certificate: {chain: own.pem, key: /own.key}}",
      "unix:/run/app.sock");
  ASSERT_TRUE(loaded.config) << loaded.problems;
  const auto& tls = *loaded.config->upstreams.front().tls;
  EXPECT_EQ(tls.server_name.value, "app.internal");
  EXPECT_EQ(tls.ca.value, "conf/ca.pem");
  EXPECT_EQ(tls.certificate->chain.value, "conf/own.pem");
  EXPECT_EQ(tls.certificate->key.value, "/own.key");
}

TEST(UpstreamTls, TheNameMayBeAnAddress) {
  EXPECT_EQ(with_tls("{server_name: \"::1\"}").config->upstreams.front().tls->server_name.value,
            "::1");
}

TEST(UpstreamTls, VerifyCanBeTurnedOff) {
  EXPECT_FALSE(with_tls("{verify: off}").config->upstreams.front().tls->verify);
}

TEST(Refusals, UpstreamTls) {
  const auto upstream = [](const std::string& rest) {
    return "upstreams: {web: {endpoints: [a.test:1], tls: " + rest + "}}";
  };
  expect_refusals(
      Text::fragment,
      {
          {upstream("true"),
           "c.yaml:1:47: upstreams.web.tls: 'true' is not one of the words that can stand here. "
           "write one of: on, off."},
          {upstream("{sni: a.test}"),
           "c.yaml:1:48: unknown key 'sni' in upstreams.web.tls. the keys here are: server_name, "
           "ca, certificate, verify."},
          {upstream("{server_name: https://a.test/}"),
           "c.yaml:1:61: upstreams.web.tls.server_name: 'https://a.test/' is not a host name. "
           "write 'a.test'."},
          {upstream("{server_name: a.test:443}"),
           "c.yaml:1:61: upstreams.web.tls.server_name: 'a.test:443' is not a host name. write "
           "'a.test'."},
          {upstream("{server_name: \"*.a.test\"}"),
           "c.yaml:1:61: upstreams.web.tls.server_name: '*.a.test' is not a host name. write one "
           "name or IP address that the upstream's certificate has, such as 'app.internal'."},
          {upstream("{certificate: {chain: own.pem}}"),
           "c.yaml:1:61: upstreams.web.tls.certificate has no 'key'. add it, such as 'key: "
           "client/privkey.pem'."},
          {upstream("{verify: off, ca: ca.pem}"),
           "c.yaml:1:65: tls.ca has no meaning where nothing is verified. remove 'verify: off'."},
          {"upstreams: {web: {endpoints: [\"unix:/run/a.sock\"], tls: on}}",
           "c.yaml:1:31: the endpoint unix:/run/a.sock has no host name that its certificate could "
           "be for. name it in this upstream: 'tls: {server_name: app.internal}'."},
      });
}

}  // namespace
}  // namespace wssgate::config
