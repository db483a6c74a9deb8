#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "pki/dev_ca.h"
#include "support/temp_folder.h"
#include "support/test_ca.h"
#include "trust/places.h"
#include "trust/step.h"

namespace wssgate::trust {

/// A machine in a temporary folder: its programs are scripts that write down how they were called.
class StoresTest : public testing::Test {
 protected:
  StoresTest() {
    const auto ca =
        pki::ensure_dev_ca(folder_.path() + "/certs", {}, std::chrono::system_clock::now());
    root_ = ca.value().root;
    places_.root = folder_.path() + "/machine";
    places_.home = folder_.path() + "/home";
    places_.data_home = places_.home + "/.local/share";
    places_.config_home = places_.home + "/.config";
    places_.path = {folder_.path() + "/bin", "/usr/bin", "/bin"};
    std::filesystem::create_directories(places_.home);
  }

  /// A program of this name, which writes its arguments into a line and goes on with `script`.
  void give_program(const std::string& name, const std::string& script = "exit 0") const {
    folder_.write("bin/" + name,
                  "#!/bin/sh\necho \"" + name + " $*\" >> '" + calls_file() + "'\n" + script + "\n",
                  0755);
  }

  /// How programs were called, oldest first.
  std::vector<std::string> calls() const {
    std::vector<std::string> lines;
    std::ifstream file(calls_file());
    for (std::string line; std::getline(file, line);) lines.push_back(line);
    return lines;
  }

  static std::string content(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  /// Another CA's certificate, in PEM.
  static std::string stranger() {
    test::CertificateOptions options;
    options.common_name = "stranger";
    return test::TestCertificate::self_signed(options).pem();
  }

  std::string calls_file() const { return folder_.path() + "/calls"; }

  test::TempFolder folder_;
  pki::DevRoot root_;
  Places places_;
};

/// The steps' outcomes, for a comparison at one look.
inline std::vector<Outcome> outcomes(const Steps& steps) {
  std::vector<Outcome> all;
  for (const Step& step : steps) all.push_back(step.outcome);
  return all;
}

}  // namespace wssgate::trust
