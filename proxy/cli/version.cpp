#include "cli/version.h"

#include <fmt/format.h>
#include <llhttp.h>
#include <openssl/crypto.h>
#include <openssl/opensslv.h>

#include <CLI/Version.hpp>
#include <asio/version.hpp>
#include <nlohmann/json.hpp>

namespace wssgate::cli {
namespace {

std::string openssl_text() {
  std::string running = OpenSSL_version(OPENSSL_FULL_VERSION_STRING);
  if (running == OPENSSL_FULL_VERSION_STR) return running;
  return fmt::format("{} (built with {})", running, OPENSSL_FULL_VERSION_STR);
}

}  // namespace

std::string version_text(std::string_view commit) {
  std::string text = "wssgate " WSSGATE_VERSION;
  if (!commit.empty()) text += fmt::format(" (commit {})", commit);
  const auto add = [&text](std::string_view library, std::string_view version) {
    text += fmt::format("\n{:<16}{}", library, version);
  };
  add("OpenSSL", openssl_text());
  add("Asio", fmt::format("{}.{}.{}", ASIO_VERSION / 100000, ASIO_VERSION / 100 % 1000,
                          ASIO_VERSION % 100));
  add("llhttp",
      fmt::format("{}.{}.{}", LLHTTP_VERSION_MAJOR, LLHTTP_VERSION_MINOR, LLHTTP_VERSION_PATCH));
  add("yaml-cpp", WSSGATE_YAML_CPP_VERSION);
  add("fmt",
      fmt::format("{}.{}.{}", FMT_VERSION / 10000, FMT_VERSION / 100 % 100, FMT_VERSION % 100));
  add("nlohmann-json", fmt::format("{}.{}.{}", NLOHMANN_JSON_VERSION_MAJOR,
                                   NLOHMANN_JSON_VERSION_MINOR, NLOHMANN_JSON_VERSION_PATCH));
  add("CLI11", CLI11_VERSION);
  add("prometheus-cpp", WSSGATE_PROMETHEUS_CPP_VERSION);
  return text;
}

}  // namespace wssgate::cli
