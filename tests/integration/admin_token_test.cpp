#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/types.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "support/http_text.h"
#include "support/live_gateway.h"

/// The token of admin.http is read again at each reload.
namespace wssgate::test {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const std::string kFirst(32, '1');
const std::string kSecond(32, '2');

class AdminToken : public testing::Test {
 protected:
  static std::string configured(const LiveGateway& gateway, const std::string& token) {
    std::string text = gateway.configuration(hosts_for({"test.example"}, "127.0.0.1:1"));
    const std::string admin = "admin: {";
    return text.replace(text.find(admin), admin.size(),
                        admin + "http: \"127.0.0.1:0\", token: " + token + ", ");
  }

  AdminToken()
      : gateway_([](LiveGateway& gateway) {
          gateway.install("test.example", gateway.mint({"test.example"}));
          write_token(gateway, "token.txt", kFirst);
          return configured(gateway, "token.txt");
        }),
        port_(*SocketAddress::parse(
            gateway_.await_events("admin_listening").at(0).at("address").get<std::string>())) {}

  static void write_token(const LiveGateway& gateway, const std::string& name,
                          const std::string& token, mode_t mode = 0600) {
    const std::string beside = gateway.folder().write("beside", token + "\n", mode);
    std::filesystem::rename(beside, gateway.path(name));
  }

  /// The status of the answer to whoever shows this token, and wants something changed.
  int answer_to(const std::string& token) const {
    RawClient client(port_);
    client.write("PUT /log-level?level=info HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " +
                 token + "\r\n\r\n");
    return status_of(client.read_all());
  }

  LiveGateway gateway_;
  SocketAddress port_;
};

TEST_F(AdminToken, IsTheFilesAfterAReload) {
  EXPECT_EQ(answer_to(kFirst), 200);
  EXPECT_EQ(answer_to(kSecond), 401);
  write_token(gateway_, "token.txt", kSecond);
  EXPECT_EQ(gateway_.reload()["ok"], true);
  EXPECT_EQ(answer_to(kFirst), 401);
  EXPECT_EQ(answer_to(kSecond), 200);
  EXPECT_THAT(gateway_.await_events("admin_token_replaced"), SizeIs(1));
  gateway_.reload();
  EXPECT_THAT(gateway_.events("admin_token_replaced"), SizeIs(1)) << "only where it is another one";
}

TEST_F(AdminToken, IsTheFilesSoonAfterThatHasChanged) {
  write_token(gateway_, "token.txt", kSecond);
  gateway_.await_events("admin_token_replaced");
  EXPECT_EQ(answer_to(kSecond), 200);
}

TEST_F(AdminToken, GoesOnWhereTheNewOneIsNoGood) {
  write_token(gateway_, "token.txt", kSecond, 0644);
  auto answer = gateway_.reload();
  EXPECT_EQ(answer["ok"], false);
  EXPECT_THAT(answer["refused"].dump(), HasSubstr("readable by every user"));
  EXPECT_EQ(answer_to(kFirst), 200);
  EXPECT_EQ(answer_to(kSecond), 401);

  write_token(gateway_, "token.txt", "short");
  answer = gateway_.reload();
  EXPECT_THAT(answer["refused"].dump(), HasSubstr("a token is one word of 16 to 512"));
  EXPECT_EQ(answer_to(kFirst), 200);
  EXPECT_EQ(answer_to("short"), 401);
  EXPECT_EQ(answer_to(""), 401);

  write_token(gateway_, "token.txt", kSecond);
  EXPECT_EQ(gateway_.reload()["ok"], true);
  EXPECT_EQ(answer_to(kSecond), 200);
}

TEST_F(AdminToken, MayComeFromAnotherFile) {
  write_token(gateway_, "other.txt", kSecond);
  gateway_.write("wssgate.yaml", configured(gateway_, "other.txt"));
  const auto answer = gateway_.reload();
  EXPECT_EQ(answer["ok"], true);
  EXPECT_THAT(answer["warnings"], IsEmpty());
  EXPECT_EQ(answer_to(kSecond), 200);
}

}  // namespace
}  // namespace wssgate::test
