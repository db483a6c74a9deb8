#include "config/load.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "unit/config/loading.h"

namespace wssgate::config {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;
using testing::SizeIs;

template <class T>
std::vector<T> values_of(const std::vector<Located<T>>& list) {
  std::vector<T> values;
  for (const auto& element : list) values.push_back(element.value);
  return values;
}

TEST(Load, ReadsEveryKey) {
  const auto [config, problems] = load(R"(listeners:
  - address: 127.0.0.1:8443
  - address: "[::1]:0"
workers: 3
certificates: {folders: [certs/, /etc/certs], roots: [root.pem], intermediates: inter}
hosts:
  - names: [Chat.Example.com., "*.chat.example.com"]
    routes:
      - path: /ws/
        upstream: chat
        websocket: required
        allowed_origins: [same-host, "https://App.Example.com:443", "http://*.example.org:81", "http://[::1]:3000"]
      - {upstream: web, websocket: refused}
    certificate: {chain: chat.pem, key: /keys/chat.pem}
  - {names: [b.example], routes: [{path: /, upstream: web, websocket: allowed}]}
upstreams:
  chat: {endpoints: [127.0.0.1:3000, "[::1]:3000", app.internal:3000, "unix:/run/chat.sock"]}
  web: {endpoints: [10.0.0.1:80]}
  unused: {endpoints: [10.0.0.2:80]}
trusted_proxies: [10.0.0.0/8, "fd00::/8", 192.168.0.1]
timeouts: {client_hello: 1s, handshake: 2s, request_head: 3s, connect: 400ms, upgrade: 5s, idle_http: 6m, drain: 7h, drain_delay: 8s}
limits: {connections: 12, request_head: 1MiB, client_hello: 512B}
request_id: trusted
log: {level: warn, format: text, output: syslog, access: logs/access.log}
)");
  ASSERT_TRUE(config) << problems;
  EXPECT_EQ(problems, "");
  EXPECT_EQ(config->file, "c.yaml");

  ASSERT_THAT(config->listeners, SizeIs(2));
  EXPECT_EQ(config->listeners[0].address.value.text(), "127.0.0.1:8443");
  EXPECT_EQ(config->listeners[0].address.at.file, "c.yaml");
  EXPECT_EQ(config->listeners[0].address.at.line, 2);
  EXPECT_EQ(config->listeners[0].address.at.column, 14);
  EXPECT_EQ(config->listeners[1].address.value.text(), "[::1]:0");
  EXPECT_EQ(config->workers, 3U);

  EXPECT_THAT(values_of(config->certificates.folders),
              testing::ElementsAre("conf/certs/", "/etc/certs"));
  EXPECT_THAT(values_of(config->certificates.roots), testing::ElementsAre("conf/root.pem"));
  EXPECT_EQ(config->certificates.intermediates.value, "conf/inter");

  ASSERT_THAT(config->hosts, SizeIs(2));
  const Host& host = config->hosts[0];
  EXPECT_EQ(host.at.line, 7);
  ASSERT_THAT(host.names, SizeIs(2));
  EXPECT_EQ(host.names[0].value.text(), "chat.example.com");
  EXPECT_EQ(host.names[1].value.text(), "*.chat.example.com");
  EXPECT_EQ(host.names[1].at.column, 32);
  ASSERT_TRUE(host.certificate);
  EXPECT_EQ(host.certificate->chain.value, "conf/chat.pem");
  EXPECT_EQ(host.certificate->key.value, "/keys/chat.pem");
  EXPECT_EQ(host.certificate->key.at.line, 14);
  EXPECT_FALSE(config->hosts[1].certificate);

  ASSERT_THAT(host.routes, SizeIs(2));
  EXPECT_EQ(host.routes[0].at.line, 9);
  EXPECT_EQ(host.routes[0].path, "/ws/");
  EXPECT_EQ(host.routes[0].upstream.value, "chat");
  EXPECT_EQ(host.routes[0].upstream.at.line, 10);
  EXPECT_EQ(host.routes[0].websocket, WebSocketRule::required);
  EXPECT_THAT(values_of(host.routes[0].allowed_origins),
              testing::ElementsAre("same-host", "https://app.example.com",
                                   "http://*.example.org:81", "http://[::1]:3000"));
  EXPECT_EQ(host.routes[1].path, "/");
  EXPECT_EQ(host.routes[1].websocket, WebSocketRule::refused);

  ASSERT_THAT(config->upstreams, SizeIs(3));
  EXPECT_EQ(config->upstreams[0].name, "chat");
  EXPECT_EQ(config->upstreams[0].at.line, 17);
  ASSERT_THAT(config->upstreams[0].endpoints, SizeIs(4));
  EXPECT_EQ(config->upstreams[0].endpoints[1].text, "[::1]:3000");
  EXPECT_EQ(config->upstreams[0].endpoints[1].at.column, 38);
  EXPECT_EQ(config->upstreams[0].endpoints[3].text, "unix:/run/chat.sock");

  ASSERT_THAT(config->trusted_proxies, SizeIs(3));
  EXPECT_TRUE(config->trusted_proxies[0].contains(*SocketAddress::parse("10.9.8.7:1")));
  EXPECT_TRUE(config->trusted_proxies[1].contains(*SocketAddress::parse("[fd01::1]:1")));
  EXPECT_FALSE(config->trusted_proxies[2].contains(*SocketAddress::parse("192.168.0.2:1")));

  EXPECT_EQ(config->timeouts.client_hello, milliseconds(1'000));
  EXPECT_EQ(config->timeouts.handshake, milliseconds(2'000));
  EXPECT_EQ(config->timeouts.request_head, milliseconds(3'000));
  EXPECT_EQ(config->timeouts.connect, milliseconds(400));
  EXPECT_EQ(config->timeouts.upgrade, milliseconds(5'000));
  EXPECT_EQ(config->timeouts.idle_http, milliseconds(360'000));
  EXPECT_EQ(config->timeouts.drain, milliseconds(25'200'000));
  EXPECT_EQ(config->timeouts.drain_delay, milliseconds(8'000));
  EXPECT_EQ(config->limits.connections, 12U);
  EXPECT_EQ(config->limits.request_head, 1024U * 1024U);
  EXPECT_EQ(config->limits.client_hello, 512U);
  EXPECT_EQ(config->log.level, log::Level::warn);
  EXPECT_EQ(config->log.format, log::Format::text);
  EXPECT_EQ(config->request_id, RequestIdRule::trusted);
  EXPECT_EQ(config->log.output, "syslog");
  EXPECT_EQ(config->log.access, "conf/logs/access.log");
}

TEST(Load, LeavesWhatIsNotWrittenAtItsDefault) {
  const auto [config, problems] = load(complete("timeouts: {}"));
  ASSERT_TRUE(config) << problems;
  EXPECT_EQ(config->workers, 0U);
  EXPECT_EQ(config->timeouts.connect, Timeouts().connect);
  EXPECT_EQ(config->limits.connections, Limits().connections);
  EXPECT_EQ(config->request_id, RequestIdRule::take_over);
  EXPECT_EQ(config->log.output, "stderr");
  EXPECT_EQ(config->log.access, "stdout");
  EXPECT_TRUE(config->certificates.folders.empty());
  EXPECT_EQ(config->hosts[0].routes[0].path, "/");
  EXPECT_EQ(config->hosts[0].routes[0].websocket, WebSocketRule::allowed);
}

TEST(Load, PutsInEnvironmentVariables) {
  ASSERT_EQ(setenv("WSSGATE_TEST_PORT", "8443", 1), 0);
  ASSERT_EQ(setenv("WSSGATE_TEST_LIST", "[a, ${WSSGATE_TEST_PORT}]", 1), 0);
  ASSERT_EQ(setenv("WSSGATE_TEST_EMPTY", "", 1), 0);
  unsetenv("WSSGATE_TEST_UNSET");
  const auto [config, problems] = load(complete(R"(
listeners: [{address: "127.0.0.1:${WSSGATE_TEST_PORT}"}, {address: "${WSSGATE_TEST_UNSET:-0.0.0.0}:1"}]
workers: ${WSSGATE_TEST_EMPTY:-7}
certificates: {folders: ["a/$${X}/$$/${WSSGATE_TEST_EMPTY}b", "${WSSGATE_TEST_LIST}"]}
)"));
  ASSERT_TRUE(config) << problems;
  EXPECT_EQ(config->listeners[0].address.value.text(), "127.0.0.1:8443");
  EXPECT_EQ(config->listeners[1].address.value.text(), "0.0.0.0:1");
  EXPECT_EQ(config->workers, 7U);
  // What a variable holds is neither read as YAML nor expanded again.
  EXPECT_THAT(values_of(config->certificates.folders),
              testing::ElementsAre("conf/a/${X}/$$/b", "conf/[a, ${WSSGATE_TEST_PORT}]"));
}

TEST(Load, BoundsWhatVariablesAddUpTo) {
  ASSERT_EQ(setenv("WSSGATE_TEST_LONG", std::string(40'000, 'x').c_str(), 1), 0);
  const Loaded loaded =
      load(complete("certificates: {folders: [\"${WSSGATE_TEST_LONG}${WSSGATE_TEST_LONG}\"]}"));
  EXPECT_FALSE(loaded.config);
  EXPECT_THAT(loaded.problems, HasSubstr("is more than 64 KiB long once its variables are put in"));
  unsetenv("WSSGATE_TEST_LONG");
}

TEST(Load, TellsAllProblemsInOneGoInTheirOrder) {
  const Loaded loaded = load(R"(listener: []
listeners:
  - address: 443
workers: some
hosts:
  - names: ["*.com", a.example]
    routes:
      - {path: ws, upstream: chat, websokcet: required}
      - {path: /a, upstream: hcat}
  - names: [a.example]
upstreams:
  chatter:
    endpoints: ["http://127.0.0.1:3000"]
  chat:
    endpoints: 127.0.0.1:3000
timeouts: {connect: 3}
timeouts: {drain: 3}
)");
  EXPECT_FALSE(loaded.config);
  EXPECT_EQ(
      loaded.problems,
      R"(c.yaml:1:1: unknown key 'listener' in the top level. write 'listeners' if you meant that.
c.yaml:3:14: listeners[0].address: '443' has no address. write '0.0.0.0:443' for every IPv4 address, '[::]:443' for IPv6.
c.yaml:4:10: workers: 'some' is not a number of workers. write 'auto' for one a core, or a number from 1 to 1024.
c.yaml:6:13: hosts[0].names[0]: '*.com' covers names that belong to others. write each name, or a wildcard below a domain of yours, such as '*.example.com'.
c.yaml:8:16: hosts[0].routes[0].path: 'ws' does not start with '/'. write '/ws'.
c.yaml:8:36: unknown key 'websokcet' in hosts[0].routes[0]. write 'websocket' if you meant that.
c.yaml:9:30: no upstream is called 'hcat'. define it under 'upstreams', which has: chatter, chat.
c.yaml:10:5: hosts[1] has no 'routes'. add it, such as 'routes: [{path: /, upstream: web}]'.
c.yaml:10:13: the name 'a.example' belongs to another host already, at line 6, column 22. keep it in one of the two, and put all its routes there.
c.yaml:13:17: upstreams.chatter.endpoints[0]: 'http://127.0.0.1:3000' is a URL, and an address and port is expected. write 127.0.0.1:3000, not http://127.0.0.1:3000.
c.yaml:15:16: upstreams.chat.endpoints: a list is expected here, and this is a single value. write it like 'endpoints: [127.0.0.1:3000]'.
c.yaml:16:21: timeouts.connect: '3' has no unit. write '3s' if these are seconds.
c.yaml:17:1: the key 'timeouts' stands here twice, first at line 16, column 1. keep one of them.
)");
}

TEST(Load, ProblemsAlreadyInTheReportAreNotItsOwn) {
  Report report;
  report.add({"other.yaml", 1, 1}, "something", "do it");
  EXPECT_THAT(load_text(complete(""), "c.yaml", "", report).hosts, SizeIs(1));
  EXPECT_THAT(report.problems(), SizeIs(1));
}

TEST(Load, WhatIsLeftOfABrokenConfigurationIsUsable) {
  Report report;
  const Config config = load_text(R"(
listeners: [{address: nowhere}, {address: 127.0.0.1:443}]
hosts:
  - {names: [127.0.0.1], routes: [{upstream: web}]}
  - {names: [a.example], routes: [{path: nothing, upstream: web}, {upstream: web}],
     certificate: {chain: a.pem}}
upstreams: {web: {endpoints: [127.0.0.1:3000]}}
)",
                                  "c.yaml", "", report);
  EXPECT_FALSE(report.ok());
  ASSERT_THAT(config.listeners, SizeIs(1));
  ASSERT_THAT(config.hosts, SizeIs(1));
  EXPECT_THAT(config.hosts[0].routes, SizeIs(1));
  EXPECT_FALSE(config.hosts[0].certificate);
}

TEST(Load, BoundsSizeAndExplanations) {
  const std::string comment = "#" + std::string(kLargestFile, 'x');
  EXPECT_EQ(load(comment).problems,
            "c.yaml: the configuration is larger than 4 MiB. see that this is the right file, or "
            "use wildcards for names that share routes.\n");
  EXPECT_TRUE(load(complete("") + comment.substr(0, kLargestFile - 4096)).config);

  std::string keys;
  for (int i = 0; i < 100'000; ++i) keys += "unknown_key_" + std::to_string(i) + ": 1\n";
  Report report;
  load_text(complete(keys), "c.yaml", "", report);
  EXPECT_THAT(report.problems(), SizeIs(1001));
  EXPECT_THAT(report.text(), testing::StartsWith("c.yaml: more than 1000 problems were found"));
}

// Each of these has brought some YAML reader to a crash or to a standstill.
TEST(Load, SurvivesHostileStructures) {
  const auto repeated = [](std::string_view text, std::size_t count) {
    std::string all;
    for (std::size_t i = 0; i < count; ++i) all += text;
    return all;
  };
  std::string bomb = "a: &a [x, x]\n";
  for (char c = 'b'; c < 'z'; ++c) {
    const std::string before(1, static_cast<char>(c - 1));
    bomb += std::string(1, c) + ": &" + c + " [*" + before + ", *" + before + "]\n";
  }
  for (const std::string& text :
       {repeated("[", 100'000), repeated("{", 100'000), repeated("- ", 100'000),
        repeated("? ", 100'000), repeated("{a: ", 100'000), "[" + repeated("[],", 100'000) + "]",
        repeated("--- a\n", 1000), bomb, std::string("hosts: &h [*h]\n")}) {
    const Loaded loaded = load(text);
    EXPECT_FALSE(loaded.config) << text.substr(0, 20);
    EXPECT_NE(loaded.problems, "") << text.substr(0, 20);
  }
}

TEST(LoadFile, ReadsPathsFromTheFilesOwnFolder) {
  const std::filesystem::path folder =
      std::filesystem::path(testing::TempDir()) / ("wssgate-load-" + std::to_string(getpid()));
  std::filesystem::create_directories(folder);
  const std::string path = (folder / "x.yaml").string();
  std::ofstream(path) << complete("certificates: {folders: [certs]}");
  Report report;
  const auto config = load_file(path, report);
  ASSERT_TRUE(report.ok()) << report.text();
  EXPECT_EQ(config.file, path);
  EXPECT_EQ(config.certificates.folders[0].value, (folder / "certs").string());
  std::filesystem::remove_all(folder);
}

TEST(LoadFile, SaysWhyAFileCannotBeRead) {
  Report report;
  load_file("/nowhere/wssgate.yaml", report);
  load_file("/", report);
  EXPECT_EQ(report.text(),
            "/: the configuration cannot be read: Is a directory. name the file with -c, and see "
            "that this user may read it.\n"
            "/nowhere/wssgate.yaml: the configuration cannot be read: No such file or directory. "
            "name the file with -c, and see that this user may read it.\n");
}

}  // namespace
}  // namespace wssgate::config
