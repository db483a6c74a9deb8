#include "config/load.h"

#include <fmt/format.h>

#include <cerrno>
#include <filesystem>
#include <fstream>

#include "base/errno_text.h"
#include "config/reader.h"
#include "config/validate.h"

namespace wssgate::config {
namespace {

// At most one byte more than may be, so that too large a file is seen without reading all of it.
std::optional<std::string> read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return std::nullopt;
  std::string text(kLargestFile + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (in.bad()) return std::nullopt;
  text.resize(static_cast<std::size_t>(in.gcount()));
  return text;
}

/// Takes out what a problem left without its essentials: every value that stays is a good one.
void keep_readable_part(Config& config) {
  std::erase_if(config.listeners, [](const Listener& l) { return l.address.value.length() == 0; });
  std::erase_if(config.hosts, [](const Host& h) { return h.names.empty(); });
  for (Host& host : config.hosts) {
    std::erase_if(host.routes, [](const Route& r) { return r.path.empty(); });
    const bool half = host.certificate && (host.certificate->chain.value.empty() ||
                                           host.certificate->key.value.empty());
    if (half) host.certificate.reset();
    if (host.client_certificates && host.client_certificates->ca.value.empty()) {
      host.client_certificates.reset();
    }
  }
  for (Upstream& upstream : config.upstreams) {
    if (!upstream.tls || !upstream.tls->certificate) continue;
    const UpstreamCertificate& files = *upstream.tls->certificate;
    if (files.chain.value.empty() || files.key.value.empty()) upstream.tls->certificate.reset();
  }
}

}  // namespace

Config load_file(const std::string& path, Report& report) {
  std::error_code ignored;
  const bool is_folder = std::filesystem::is_directory(path, ignored);
  errno = is_folder ? EISDIR : 0;
  const auto text = is_folder ? std::nullopt : read_file(path);
  if (!text) {
    report.add({path}, fmt::format("the configuration cannot be read: {}", errno_text(errno)),
               "name the file with -c, and see that this user may read it");
    return {};
  }
  return load_text(*text, path, std::filesystem::path(path).parent_path().string(), report);
}

Config load_text(std::string_view yaml, const std::string& file_name,
                 const std::string& base_folder, Report& report) {
  Problems problems(report, file_name);
  if (yaml.size() > kLargestFile) {
    problems.add({}, "the configuration is larger than 4 MiB",
                 "see that this is the right file, or use wildcards for names that share routes");
    return {};
  }
  const auto root = parse_yaml(yaml, problems);
  if (!root) return {};
  Config config;
  config.file = file_name;
  ReadContext context{problems, base_folder};
  constexpr Key top{"listeners", "[{address: 0.0.0.0:443}]", ""};
  Reader::read(context, *root, top, "", config);
  validate(config, problems);
  if (problems.any()) keep_readable_part(config);
  return config;
}

}  // namespace wssgate::config
