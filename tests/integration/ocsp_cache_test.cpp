// OCSP responses outlive the process that fetched them.

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "control/ocsp_stapler.h"
#include "support/eventually.h"
#include "support/ocsp_responder.h"

namespace wssgate {
namespace {

using namespace std::chrono_literals;
using control::OcspStapler;
using control::StapleState;
using test::RawClient;
using test::ScriptedResponder;
using test::StapledCertificate;

struct OcspCache : testing::Test {
  test::TempFolder folder;
  ScriptedResponder responder;
  StapledCertificate certificate{{responder.url()}};
  std::string cache = folder.path() + "/deep/ocsp";
  std::string file = cache + "/" + certificate.certificate->fingerprint + ".der";

  OcspStapler::Settings settings() const { return {.cache_folder = cache}; }
  std::vector<control::StapleWish> wishes() const {
    return {{certificate.certificate, certificate.slot, true}};
  }
  /// What a process has after its first attempt.
  control::StapleStatus after_start() {
    certificate.slot = std::make_shared<pki::StapleSlot>();
    OcspStapler stapler(settings(), nullptr);
    stapler.adopt(wishes());
    EXPECT_TRUE(stapler.await_first_attempts(10s));
    return stapler.status().at(0);
  }
  std::string kept() const {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  void answer_revoked() {
    auto answer = StapledCertificate::lasting(1h);
    answer.status = V_OCSP_CERTSTATUS_REVOKED;
    responder.answers(certificate.response(answer));
  }
  void fall_silent() {
    responder.does([](RawClient& client, int) { client.read_all(); });
  }
};

TEST_F(OcspCache, IsThereBeforeTheFirstHandshakeAfterARestart) {
  const std::string response = certificate.response();
  responder.answers(response);
  EXPECT_EQ(after_start().state, StapleState::good);
  EXPECT_EQ(kept(), response);

  fall_silent();
  certificate.slot = std::make_shared<pki::StapleSlot>();
  OcspStapler restarted(settings(), nullptr);
  restarted.adopt(wishes());
  ASSERT_TRUE(certificate.staple()) << "as soon as adopt() returns";
  EXPECT_EQ(certificate.staple()->der, response);
  EXPECT_EQ(restarted.status().at(0).state, StapleState::good);
  EXPECT_EQ(responder.connections(), 1) << "it is good for long";
}

TEST_F(OcspCache, IsReadableByAllAndWrittenByOne) {
  responder.answers(certificate.response());
  after_start();
  struct stat status {};
  ASSERT_EQ(::stat(file.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0644U & ~022U);
  ASSERT_EQ(::stat(cache.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0755U);
}

TEST_F(OcspCache, IsVerifiedAnew) {
  const auto other = certificate.ca.intermediate.leaf({"b.test"});
  const std::string wrong[] = {
      test::ocsp_response(other, certificate.ca.intermediate, StapledCertificate::lasting(1h)),
      certificate.response(test::OcspAnswer{.this_update = test::day(2020, 1, 1),
                                            .next_update = test::day(2020, 1, 8)}),
      certificate.response().substr(0, 100), ""};
  responder.answers(test::ocsp_refusal(OCSP_RESPONSE_STATUS_TRYLATER));
  for (const std::string& response : wrong) {
    folder.write("deep/ocsp/" + certificate.certificate->fingerprint + ".der", response);
    EXPECT_EQ(after_start().state, StapleState::failing);
    EXPECT_FALSE(certificate.staple());
  }
}

TEST_F(OcspCache, DoesNotBringBackWhatWasRevoked) {
  responder.answers(certificate.response());
  EXPECT_EQ(after_start().state, StapleState::good);
  std::filesystem::remove(file);  // or nobody would be asked for half an hour
  answer_revoked();
  EXPECT_EQ(after_start().state, StapleState::revoked);

  fall_silent();
  certificate.slot = std::make_shared<pki::StapleSlot>();
  OcspStapler restarted(settings(), nullptr);
  restarted.adopt(wishes());
  EXPECT_TRUE(certificate.slot->revoked());
  EXPECT_EQ(restarted.status().at(0).state, StapleState::revoked);
}

// Another process may share the folder and still serve what this one has replaced.
TEST_F(OcspCache, KeepsWhatIsGoneUntilItExpires) {
  const std::string expired = certificate.response(
      test::OcspAnswer{.this_update = test::day(2020, 1, 1), .next_update = test::day(2020, 1, 8)});
  const std::string old = "deep/ocsp/" + std::string(64, 'a') + ".der";
  const std::string others[] = {folder.write("deep/ocsp/notes.der", expired),
                                folder.write("deep/ocsp/" + std::string(64, 'b') + ".der", "x")};
  responder.answers(certificate.response());
  OcspStapler stapler(settings(), nullptr);
  stapler.adopt(wishes());
  ASSERT_TRUE(stapler.await_first_attempts(10s));
  const std::string expired_file = folder.write(old, expired);
  stapler.adopt({});
  EXPECT_TRUE(stapler.status().empty());
  EXPECT_TRUE(test::eventually([&] { return !std::filesystem::exists(expired_file); }));
  EXPECT_TRUE(std::filesystem::exists(file));
  for (const std::string& other : others) EXPECT_TRUE(std::filesystem::exists(other)) << other;
}

TEST_F(OcspCache, IsPurgedAtTheStart) {
  const std::string expired = certificate.response(
      test::OcspAnswer{.this_update = test::day(2020, 1, 1), .next_update = test::day(2020, 1, 8)});
  const std::string old = folder.write("deep/ocsp/" + std::string(64, 'a') + ".der", expired);
  const OcspStapler stapler(settings(), nullptr);
  EXPECT_TRUE(test::eventually([&] { return !std::filesystem::exists(old); }));
}

TEST_F(OcspCache, NeedNotBeWritable) {
  cache = folder.write("file", "") + "/ocsp";
  responder.answers(certificate.response());
  EXPECT_EQ(after_start().state, StapleState::good);
}

TEST_F(OcspCache, MayBeOff) {
  cache.clear();
  responder.answers(certificate.response());
  EXPECT_EQ(after_start().state, StapleState::good);
  EXPECT_FALSE(std::filesystem::exists("/" + certificate.certificate->fingerprint + ".der"));
}

}  // namespace
}  // namespace wssgate
