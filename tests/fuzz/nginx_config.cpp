#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/load.h"
#include "nginx/import.h"
#include "require.h"

namespace {

/// The input's files: the first is the main one, "%%" on a line of its own begins the next, and
/// each is called after its number.
class Input : public wssgate::nginx::Sources {
 public:
  explicit Input(std::string_view text) {
    constexpr std::string_view kBetween = "\n%%\n";
    for (auto end = text.find(kBetween); end != std::string_view::npos; end = text.find(kBetween)) {
      files_.emplace_back(text.substr(0, end));
      text.remove_prefix(end + kBetween.size());
    }
    files_.emplace_back(text);
  }

  std::optional<std::string> read(const std::string& path, std::string& why) const override {
    for (std::size_t i = 0; i < files_.size(); ++i) {
      if (path == std::to_string(i)) return files_[i];
    }
    why = "there is no such file";
    return std::nullopt;
  }
  std::vector<std::string> match(const std::string& /*pattern*/,
                                 std::string& /*why*/) const override {
    std::vector<std::string> names;
    for (std::size_t i = 1; i < files_.size(); ++i) names.push_back(std::to_string(i));
    return names;
  }

 private:
  std::vector<std::string> files_;
};

/// A certificate for one name, RSA where its path says so.
wssgate::nginx::CertificateFacts certificate(const std::string& chain, const std::string& /*key*/) {
  wssgate::nginx::CertificateFacts facts;
  if (const auto name = wssgate::HostPattern::parse("chat.test")) facts.names.push_back(*name);
  facts.rsa = chain.find("rsa") != std::string::npos;
  return facts;
}

bool is_ascii(std::string_view text) {
  for (const char c : text) {
    if (static_cast<unsigned char>(c) >= 0x80) return false;
  }
  return true;
}

}  // namespace

/// Whatever nginx would start with becomes a configuration that wssgate loads without a problem, or
/// none; and two readings of one input come to the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using wssgate::fuzz::require;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const Input input(text);
  wssgate::Report report;
  const auto made = wssgate::nginx::import_file("0", input, certificate, {}, report);
  if (!report.ok()) return 0;
  wssgate::Report again;
  require(wssgate::nginx::import_file("0", input, certificate, {}, again).yaml == made.yaml,
          "the same text each time");
  if (!made.serves || !is_ascii(text)) return 0;
  wssgate::Report problems;
  (void)wssgate::config::load_text(made.yaml, "made.yaml", "", problems);
  if (!problems.ok()) std::fputs((made.yaml + problems.text()).c_str(), stderr);
  require(problems.ok(), "what is written loads");
  return 0;
}
