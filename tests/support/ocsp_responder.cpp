#include "support/ocsp_responder.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <stdexcept>
#include <system_error>
#include <vector>

#include "support/eventually.h"

namespace wssgate::test {
namespace {

std::string content(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// A line of OpenSSL's certificate database.
std::string index_line(const TestCertificate& leaf, char state) {
  if (state == ' ') return {};
  const ASN1_INTEGER* number = X509_get0_serialNumber(leaf.certificate());
  BIGNUM* serial = ASN1_INTEGER_to_BN(number, nullptr);
  char* hex = BN_bn2hex(serial);
  const std::string revoked = state == 'R' ? "260501000000Z,keyCompromise" : "";
  std::string line = std::string(1, state) + "\t490101000000Z\t" + revoked + "\t" + hex +
                     "\tunknown\t/CN=a.test\n";
  OPENSSL_free(hex);
  BN_free(serial);
  return line;
}

// "ACCEPT [::]:43787 PID=8224" or "ACCEPT 0.0.0.0:43787 PID=8224".
std::string port_in(const std::string& output) {
  const auto end = output.find(" PID=");
  if (output.compare(0, 7, "ACCEPT ") != 0 || end == std::string::npos) return {};
  const auto colon = output.rfind(':', end);
  return output.substr(colon + 1, end - colon - 1);
}

}  // namespace

ScriptedResponder::ScriptedResponder()
    : backend_([this](RawClient& client, int number) {
        Script script;
        {
          const std::lock_guard lock(mutex_);
          script = script_;
        }
        if (script) script(client, number);
      }) {}

void ScriptedResponder::does(Script script) {
  const std::lock_guard lock(mutex_);
  script_ = std::move(script);
}

void ScriptedResponder::answers(const std::string& der) {
  does([der](RawClient& client, int) {
    client.read_message();
    client.write("HTTP/1.0 200 OK\r\nContent-Type: application/ocsp-response\r\nContent-Length: " +
                 std::to_string(der.size()) + "\r\n\r\n" + der);
  });
}

OpensslResponder::OpensslResponder(const TestCertificate& leaf, char state,
                                   const TestCertificate& issuer, const TestCertificate& signer) {
  const std::string out = folder_.path() + "/out";
  std::vector<std::string> owned = {"openssl",  "ocsp",
                                    "-port",    "0",
                                    "-ndays",   "7",
                                    "-index",   folder_.write("index.txt", index_line(leaf, state)),
                                    "-CA",      folder_.write("ca.pem", issuer.pem()),
                                    "-rsigner", folder_.write("signer.pem", signer.pem()),
                                    "-rkey",    folder_.write("signer.key", signer.key_pem())};
  std::vector<char*> argv;
  for (std::string& argument : owned) argv.push_back(argument.data());
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  constexpr int kCreate = O_WRONLY | O_CREAT | O_TRUNC;
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, out.c_str(), kCreate, 0600);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  const int failed = posix_spawnp(&pid_, "openssl", &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) throw std::system_error(failed, std::system_category(), "openssl");
  if (!eventually([&] { return !port_in(content(out)).empty(); })) {
    throw std::runtime_error("openssl ocsp does not start: " + content(out));
  }
  address_ = *SocketAddress::parse("127.0.0.1:" + port_in(content(out)));
}

OpensslResponder::~OpensslResponder() {
  if (pid_ < 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

ScriptedResponder::Script OpensslResponder::relay() const {
  return [address = address_](RawClient& client, int) {
    RawClient responder(address);
    responder.write(client.read_message());
    client.write(responder.read_all());
  };
}

namespace {

TestCertificate leaf_with(const TestCertificate& issuer, const std::vector<std::string>& urls) {
  CertificateOptions options;
  options.common_name = "a.test";
  options.names = {"a.test"};
  for (const std::string& url : urls) {
    options.authority_info_access +=
        (options.authority_info_access.empty() ? "OCSP;URI:" : ",OCSP;URI:") + url;
  }
  return issuer.issue(options);
}

}  // namespace

StapledCertificate::StapledCertificate(const std::vector<std::string>& urls)
    : leaf(leaf_with(ca.intermediate, urls)), certificate(loaded(leaf, ca.intermediate)) {}

OcspAnswer StapledCertificate::lasting(std::chrono::seconds time) {
  OcspAnswer answer;
  answer.this_update = std::chrono::system_clock::now();
  answer.next_update = answer.this_update + time;
  return answer;
}

std::string StapledCertificate::response(OcspAnswer answer) const {
  return ocsp_response(leaf, ca.intermediate, answer);
}

std::shared_ptr<const pki::Staple> StapledCertificate::staple() const {
  return slot->good(std::chrono::system_clock::now());
}

}  // namespace wssgate::test
