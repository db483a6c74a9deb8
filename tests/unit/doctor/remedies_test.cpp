#include "doctor/remedies.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/doctor/facts.h"

namespace wssgate::doctor {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(Remedies, HaveAllFourServersOrNone) {
  const Target target = chat_target();
  for (std::size_t i = 0; i < kFindingCount; ++i) {
    for (const char* cause : {"", "name", "versions", "client_certificate", "alpn", "forwarding",
                              "path", "upstream", "redirect", "origin", "auth", "host", "limit"}) {
      Finding finding;
      finding.id = static_cast<FindingId>(i);
      finding.cause = cause;
      const Remedy remedy = remedy_for(finding, target);
      const bool one = remedy.nginx.empty() || remedy.haproxy.empty() || remedy.caddy.empty() ||
                       remedy.wssgate.empty();
      EXPECT_EQ(one, remedy.empty()) << finding_name(finding.id) << " " << cause;
    }
  }
}

TEST(Remedies, HaveTheNamesFilledIn) {
  Finding finding;
  finding.id = FindingId::name_not_covered;
  const Remedy remedy = remedy_for(finding, chat_target());
  EXPECT_THAT(remedy.nginx, HasSubstr("listen 443 ssl; server_name chat.test;"));
  EXPECT_THAT(remedy.wssgate, HasSubstr("names: [chat.test]"));
  finding.id = FindingId::upgrade_refused;
  finding.cause = "path";
  EXPECT_THAT(remedy_for(finding, chat_target()).nginx, HasSubstr("location /ws {"));
  finding.cause = "forwarding";
  // nginx's own variables stay.
  EXPECT_THAT(remedy_for(finding, chat_target()).nginx, HasSubstr("Upgrade $http_upgrade;"));
}

TEST(Remedies, HoldNoQuery) {
  Request request;
  request.url = "wss://chat.test/ws?token=hidden";
  Finding finding;
  finding.id = FindingId::upgrade_refused;
  finding.cause = "path";
  EXPECT_THAT(remedy_for(finding, *make_target(request)).nginx, Not(HasSubstr("hidden")));
}

}  // namespace
}  // namespace wssgate::doctor
