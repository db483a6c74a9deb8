#include "cli/dev_request.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <variant>

#include "base/address.h"
#include "base/text.h"
#include "config/forms.h"
#include "pki/dev_names.h"
#include "trust/places.h"

namespace wssgate::cli {
namespace {

bool is_ip_literal(const std::string& name) {
  return SocketAddress::parse(name + ":0") || SocketAddress::parse("[" + name + "]:0");
}

}  // namespace

DevRequest DevRequest::read(const std::vector<std::string>& names, Report& report) {
  DevRequest request;
  for (const std::string& name : names) {
    if (name.empty()) {
      report.add(at_option("NAME"), "a name is empty", "leave it out, or write one");
      continue;
    }
    if (is_ip_literal(name)) {
      request.addresses.push_back(name);
      continue;
    }
    auto parsed = config::HostPatternForm()(name);
    if (const auto* fault = std::get_if<config::Fault>(&parsed)) {
      report.add(at_option("NAME"), fmt::format("'{}' {}", printable(name), fault->what),
                 fault->instead);
      continue;
    }
    const auto& host = std::get<HostPattern>(parsed);
    if (pki::first_top_level(pki::DevNames{{host.text()}, {}})) {
      report.add(
          at_option("NAME"),
          fmt::format(
              "'{}' is a whole top-level domain, all of which the local CA could then certify",
              printable(name)),
          fmt::format("name what you serve, such as '{0}.test' or 'app.{0}.internal'",
                      host.suffix()));
      continue;
    }
    const bool known =
        std::find(request.hosts.begin(), request.hosts.end(), host) != request.hosts.end();
    if (!known) request.hosts.push_back(host);
  }
  return request;
}

std::vector<std::string> DevRequest::names() const {
  std::vector<std::string> names;
  for (const HostPattern& host : hosts) names.push_back(host.text());
  names.insert(names.end(), addresses.begin(), addresses.end());
  return names;
}

std::vector<std::string> DevRequest::certificate_names() const {
  std::vector<std::string> names;
  for (const HostPattern& host : hosts) names.push_back(host.text());
  for (const char* loopback : {"127.0.0.1", "::1"}) names.emplace_back(loopback);
  names.insert(names.end(), addresses.begin(), addresses.end());
  return names;
}

std::string DevRequest::name() const {
  const auto exact = std::find_if(hosts.begin(), hosts.end(),
                                  [](const HostPattern& host) { return !host.is_wildcard(); });
  return exact != hosts.end() ? exact->text() : "any." + hosts.front().suffix();
}

std::string folder_remedy(const std::string& folder) {
  const auto caller = trust::Places::of_this_process().caller;
  struct stat status {};
  std::string first = absolute(folder);
  while (::stat(first.c_str(), &status) != 0 && first.size() > 1) {
    first = std::filesystem::path(first).parent_path().string();
  }
  if (!caller || status.st_uid == caller->user) return "--folder keeps the local CA elsewhere";
  return fmt::format(
      "under sudo, all in there is done as user {}, who is not its owner: {}--folder keeps the "
      "local CA elsewhere",
      caller->user,
      first == absolute(folder)
          ? fmt::format("'chown -R {} {}' makes it theirs, and ", caller->user, cli::quoted(first))
          : std::string());
}

std::string absolute(const std::string& path) {
  return std::filesystem::absolute(path).lexically_normal().string();
}

std::string own_path() {
  std::error_code error;
  const auto path = std::filesystem::read_symlink("/proc/self/exe", error);
  return error ? "wssgate" : path.string();
}

std::string own_command() {
  const std::string own = own_path();
  const std::string in_path = trust::Places::of_this_process().find_program("wssgate");
  std::error_code error;
  const bool same = !in_path.empty() && std::filesystem::equivalent(in_path, own, error);
  return same ? "wssgate" : quoted(own);
}

std::string quoted(const std::string& text) {
  const bool plain = std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return (std::isalnum(c) != 0) ||
           std::string_view("/._-+:@%").find(char(c)) != std::string::npos;
  });
  if (plain) return text;
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

}  // namespace wssgate::cli
