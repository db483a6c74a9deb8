#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <vector>

#include "cli/commands.h"
#include "net/listener.h"
#include "pki/dev_ca.h"
#include "pki/x509_facts.h"
#include "support/clients.h"
#include "support/eventually.h"
#include "support/temp_folder.h"

namespace wssgate {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

/// `wssgate dev` in a process of its own.
class DevProcess {
 public:
  /// `with_log`: what it logs is read, too.
  explicit DevProcess(const cli::DevOptions& options, bool with_log = false) {
    std::array<int, 2> ends{};
    if (::pipe(ends.data()) != 0) throw std::runtime_error("pipe failed");
    pid_ = ::fork();
    if (pid_ == 0) {
      ::dup2(ends[1], STDOUT_FILENO);
      if (with_log) ::dup2(ends[1], STDERR_FILENO);
      ::_exit(cli::dev(options));
    }
    ::close(ends[1]);
    output_ = net::Fd(ends[0]);
  }
  DevProcess(const DevProcess&) = delete;
  DevProcess& operator=(const DevProcess&) = delete;
  ~DevProcess() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }

  /// What it prints, up to and with this text.
  std::string read_until(const std::string& end) {
    std::string text;
    for (char c = 0; text.find(end) == std::string::npos;) {
      if (::read(output_.get(), &c, 1) != 1) throw std::runtime_error("it ended, saying: " + text);
      text += c;
    }
    return text;
  }

  /// The exit code after SIGINT, as from Ctrl-C; -1 when it ended by a signal.
  int interrupt() {
    int status = 0;
    ::kill(pid_, SIGINT);
    ::waitpid(pid_, &status, 0);
    pid_ = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

 private:
  pid_t pid_ = 0;
  net::Fd output_;
};

class DevTest : public testing::Test {
 protected:
  cli::DevOptions options(const std::vector<std::string>& names = {}) const {
    cli::DevOptions made;
    made.names = names;
    made.port = 0;
    made.folder = folder_.path();
    return made;
  }

  static std::string refusal(const cli::DevOptions& options) {
    testing::internal::CaptureStderr();
    EXPECT_EQ(cli::dev(options), 1);
    return testing::internal::GetCapturedStderr();
  }

  test::TempFolder folder_;
};

SocketAddress loopback(const std::string& greeting) {
  const auto colon = greeting.find(':', greeting.find("wss://") + 6);
  const auto port = greeting.substr(colon, greeting.find('/', colon) - colon);
  return *SocketAddress::parse("127.0.0.1" + port);
}

TEST_F(DevTest, ServesAnEchoWithACertificateOfTheLocalCa) {
  DevProcess dev(options());
  const std::string greeting = dev.read_until("Ctrl-C stops it.");
  EXPECT_THAT(greeting, HasSubstr("--cacert " + folder_.path() + "/dev-ca/ca.pem https://loc"));

  test::TlsClient client(loopback(greeting), "localhost");
  EXPECT_THAT(client.leaf_names(), testing::ElementsAre("localhost"));
  client.write("GET /x HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_THAT(client.read_message(), HasSubstr("\r\n\r\nGET /x HTTP/1.1\n"));
  client.write(test::upgrade_request("localhost"));
  EXPECT_THAT(client.read_until("\r\n\r\n"), StartsWith("HTTP/1.1 101 "));
  client.write(std::string("\x81\x82\0\0\0\0hi", 8));
  EXPECT_EQ(client.read_exactly(4), "\x81\x02hi");

  // The tunnel is still open: it is given a second.
  EXPECT_EQ(dev.interrupt(), 0);
}

TEST_F(DevTest, AnswersToEachNameGivenAndTellsOfAddresses) {
  DevProcess dev(options({"app.test", "*.dev.test", "192.0.2.7", "App.test"}));
  const std::string greeting = dev.read_until("Ctrl-C stops it.");
  EXPECT_THAT(greeting, HasSubstr("wss://app.test:"));
  EXPECT_THAT(greeting, HasSubstr("'127.0.0.1 app.test any.dev.test' to /etc/hosts"));
  EXPECT_THAT(greeting, HasSubstr("192.0.2.7: in the certificate, but no client sends an IP"));

  test::TlsClient client(loopback(greeting), "chat.dev.test");
  EXPECT_THAT(client.leaf_names(), testing::ElementsAre("app.test", "*.dev.test"));
  EXPECT_THROW(test::TlsClient(loopback(greeting), "localhost"), test::TlsRefused);
  client.close();
  EXPECT_EQ(dev.interrupt(), 0);
}

TEST_F(DevTest, LeadsToTheUpstreamGiven) {
  cli::DevOptions to_nobody = options();
  to_nobody.upstream = "unix:" + folder_.path() + "/nobody.sock";
  DevProcess dev(to_nobody);
  const std::string greeting = dev.read_until("Ctrl-C stops it.");
  EXPECT_THAT(greeting, HasSubstr(to_nobody.upstream));
  test::TlsClient client(loopback(greeting), "localhost");
  client.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_THAT(client.read_message(), StartsWith("HTTP/1.1 502 "));
  client.close();
  EXPECT_EQ(dev.interrupt(), 0);
}

TEST_F(DevTest, KeepsItsCaFromOneStartToTheNext) {
  const auto ca = [&] {
    std::ifstream file(folder_.path() + "/dev-ca/ca.pem");
    return std::string(std::istreambuf_iterator<char>(file), {});
  };
  DevProcess first(options());
  EXPECT_THAT(first.read_until("Ctrl-C stops it."), HasSubstr("made just now"));
  const std::string made = ca();
  EXPECT_EQ(first.interrupt(), 0);
  DevProcess second(options());
  EXPECT_THAT(second.read_until("Ctrl-C stops it."), Not(HasSubstr("made just now")));
  EXPECT_EQ(ca(), made);
  EXPECT_EQ(second.interrupt(), 0);
}

TEST_F(DevTest, SaysLoudlyThatTheCaWasReplacedAndWhatToDo) {
  DevProcess first(options());
  EXPECT_THAT(first.read_until("Ctrl-C stops it."), Not(HasSubstr("REPLACED")));
  EXPECT_EQ(first.interrupt(), 0);
  DevProcess second(options({"app.example.com"}));
  const std::string greeting = second.read_until("Ctrl-C stops it.");
  EXPECT_THAT(greeting,
              StartsWith("!! THE LOCAL CA HAS BEEN REPLACED: it may not certify "
                         "'app.example.com'.\n"
                         "!! Whatever trusted the one before has to trust the new one. Run, for "
                         "this machine's stores\n"
                         "!! (it tells you what needs root):\n"
                         "!!   "));
  EXPECT_THAT(greeting, HasSubstr(" dev --install --folder " + folder_.path() + "\n\nwssgate "));
  EXPECT_EQ(second.interrupt(), 0);
}

pki::X509Ptr presented(const SocketAddress& address) {
  const test::TlsClient client(address, "localhost");
  return pki::X509Ptr(SSL_get1_peer_certificate(client.ssl()));
}

pki::X509Ptr first_in(const std::string& file) {
  const pki::BioPtr bio(BIO_new_file(file.c_str(), "r"));
  return pki::X509Ptr(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
}

std::chrono::hours life_left(const pki::X509Ptr& leaf) {
  return std::chrono::duration_cast<std::chrono::hours>(*pki::not_after(leaf.get()) -
                                                        std::chrono::system_clock::now());
}

// A process that has served for two months has a certificate that looks like this one: from the CA
// that it started with, and in the last third of its life.
TEST_F(DevTest, RenewsItsCertificateWhileItServes) {
  using std::chrono::hours;
  const auto now = std::chrono::system_clock::now();
  const std::vector<std::string> names = {"localhost", "127.0.0.1", "::1"};
  ASSERT_TRUE(pki::ensure_dev_certificate(folder_.path(), names, now - hours(24 * 100)));
  DevProcess dev(options());
  const std::string greeting = dev.read_until("Ctrl-C stops it.");
  EXPECT_THAT(greeting, Not(HasSubstr("made just now")));
  const SocketAddress address = loopback(greeting);
  const pki::X509Ptr first = presented(address);
  EXPECT_GT(life_left(first), hours(24 * 89)) << "renewed at the start";

  const auto old = pki::ensure_dev_certificate(folder_.path(), names, now - hours(24 * 61));
  ASSERT_TRUE(old);
  ASSERT_TRUE(old->is_new);
  ASSERT_FALSE(old->ca.is_new);
  EXPECT_TRUE(test::eventually([&] {
    const pki::X509Ptr on_disk = first_in(old->chain_file);
    return life_left(on_disk) > hours(24 * 89) &&
           X509_cmp(presented(address).get(), on_disk.get()) == 0;
  }));
  EXPECT_NE(X509_cmp(presented(address).get(), first.get()), 0);
  EXPECT_EQ(dev.interrupt(), 0);
}

// A warning in its log, for its clients refuse it from then on.
TEST_F(DevTest, SaysThatAnotherOneHasReplacedTheCa) {
  DevProcess dev(options(), true);
  dev.read_until("Ctrl-C stops it.");
  const auto other =
      pki::ensure_dev_ca(folder_.path(), {"app.example.com"}, std::chrono::system_clock::now());
  ASSERT_TRUE(other);
  ASSERT_TRUE(other->is_new);
  EXPECT_THAT(dev.read_until("another wssgate dev has replaced it"),
              HasSubstr("configuration_warning"));
  EXPECT_EQ(dev.interrupt(), 0);
}

TEST_F(DevTest, SaysThatAPortIsTakenAndHowToChooseAnother) {
  const net::Fd taken = net::listen_on(*SocketAddress::parse("127.0.0.1:0"), false);
  cli::DevOptions busy = options();
  busy.port = net::bound_address(taken.get()).port();
  const std::string said = refusal(busy);
  EXPECT_THAT(said, StartsWith("wssgate dev --port: cannot listen on 127.0.0.1:" +
                               std::to_string(busy.port)));
  EXPECT_THAT(said, EndsWith(": nothing is served\n"));
}

TEST_F(DevTest, ListsEachNameAndUpstreamThatCannotBe) {
  cli::DevOptions wrong = options({"a b", "", "*"});
  wrong.upstream = "3000";
  EXPECT_EQ(refusal(wrong),
            "wssgate dev --upstream: '3000' has no address. write one before it, such as "
            "'127.0.0.1:3000'.\n"
            "wssgate dev NAME: 'a b' is not a host name. write a DNS name such as "
            "'chat.example.com': labels of letters, digits and '-' between dots.\n"
            "wssgate dev NAME: a name is empty. leave it out, or write one.\n"
            "wssgate dev NAME: '*' covers names that belong to others. write each name, or a "
            "wildcard below a domain of yours, such as '*.example.com'.\n"
            "4 problems: nothing is served\n");
}

TEST_F(DevTest, RefusesWholeTopLevelDomains) {
  EXPECT_EQ(refusal(options({"dev"})),
            "wssgate dev NAME: 'dev' is a whole top-level domain, all of which the local CA could "
            "then certify. name what you serve, such as 'dev.test' or 'app.dev.internal'.\n"
            "1 problem: nothing is served\n");
}

TEST_F(DevTest, UninstallTakesNoNames) {
  cli::DevOptions uninstall = options({"app.test"});
  uninstall.uninstall = true;
  EXPECT_THAT(refusal(uninstall), HasSubstr("--uninstall takes no names: it removes the CA as a "));
}

TEST_F(DevTest, SaysWhichFolderItCannotWrite) {
  cli::DevOptions nowhere = options();
  nowhere.folder = folder_.write("file", "") + "/certs";
  EXPECT_THAT(refusal(nowhere),
              HasSubstr("wssgate dev --folder: cannot create '" + nowhere.folder));
}

}  // namespace
}  // namespace wssgate
