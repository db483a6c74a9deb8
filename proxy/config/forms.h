#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/address.h"
#include "base/hostname.h"
#include "base/units.h"
#include "config/model.h"
#include "config/problems.h"

/// The forms a single value can be written in. Each form is a function object from a value's text
/// (never empty) to what it means, or to the Fault that says what to write instead.
namespace wssgate::config {

/// Completes the sentence "'<the value>' …", and says what to do.
struct Fault {
  std::string what;
  std::string instead;
};

template <class T>
using Parsed = std::variant<T, Fault>;

/// More than zero, and at most a year: a deadline is meant to pass.
struct DurationForm {
  Parsed<Duration> operator()(const std::string& text) const;
};

/// A duration, or "off" (0).
struct DurationOrOffForm {
  Parsed<Duration> operator()(const std::string& text) const;
};

/// "true" or "false".
struct BoolForm {
  Parsed<bool> operator()(const std::string& text) const;
};

/// Whole seconds up to two years, and none.
struct HstsAgeForm {
  Parsed<Duration> operator()(const std::string& text) const;
};

/// "false" (0), "true" (443), or a port.
struct RedirectForm {
  Parsed<std::uint16_t> operator()(const std::string& text) const;
};

struct SizeForm {
  std::uint64_t least;
  std::uint64_t most;
  Parsed<std::uint64_t> operator()(const std::string& text) const;
};

/// A size, or "off" (0).
struct SizeOrOffForm {
  SizeForm size;
  Parsed<std::uint64_t> operator()(const std::string& text) const;
};

/// What another form makes, for a key that may be left out.
template <class Form, class T>
struct OptionalForm {
  Form form;
  Parsed<std::optional<T>> operator()(const std::string& text) const {
    auto parsed = form(text);
    if (Fault* const fault = std::get_if<Fault>(&parsed)) return std::move(*fault);
    return std::optional<T>(std::get<T>(std::move(parsed)));
  }
};

struct CountForm {
  std::uint64_t least;
  std::uint64_t most;
  Parsed<std::uint64_t> operator()(const std::string& text) const;
};

/// What the form says, or "none" (0).
template <class Form>
struct OrNone {
  Form form;
  Parsed<std::uint64_t> operator()(const std::string& text) const {
    if (text == "none") return std::uint64_t{0};
    auto parsed = form(text);
    if (auto* fault = std::get_if<Fault>(&parsed)) fault->instead += ", or 'none'";
    return parsed;
  }
};

/// "20/s", "100/10s", or "none".
struct RateForm {
  Parsed<Rate> operator()(const std::string& text) const;
};

/// "auto" (0) or 1 to 1024.
struct WorkersForm {
  Parsed<unsigned> operator()(const std::string& text) const;
};

/// One of a few words.
template <class T>
struct ChoiceForm {
  std::vector<std::pair<std::string_view, T>> words;

  Parsed<T> operator()(const std::string& text) const {
    std::vector<std::string_view> known;
    for (const auto& [word, value] : words) {
      if (word == text) return value;
      known.push_back(word);
    }
    return Fault{"is not one of the words that can stand here",
                 suggest(text, known, "write one of:")};
  }
};

/// An IP address and port; port 0 takes any free one.
struct ListenAddressForm {
  Parsed<SocketAddress> operator()(const std::string& text) const;
};

/// "unix:/path" or "off".
struct AdminAddressForm {
  Parsed<std::string> operator()(const std::string& text) const;
};

struct NetworkForm {
  Parsed<Network> operator()(const std::string& text) const;
};

struct HostPatternForm {
  Parsed<HostPattern> operator()(const std::string& text) const;
};

/// "ip:port", "[v6]:port", "name:port" or "unix:/path".
struct EndpointForm {
  Parsed<std::string> operator()(const std::string& text) const;
};

/// A host name in its canonical form, or an IP address without brackets.
struct ServerNameForm {
  Parsed<std::string> operator()(const std::string& text) const;
};

/// The name of a way to balance; "hash" is none by itself.
struct BalanceForm {
  Parsed<BalanceMethod> operator()(const std::string& text) const;
};

/// The name of a header field, a cookie or a query parameter, or a Host: visible ASCII without
/// what separates them from others.
struct TokenForm {
  Parsed<std::string> operator()(const std::string& text) const;
};

/// The path of a route: what a request's path can start with, without a percent-encoding.
struct RoutePathForm {
  Parsed<std::string> operator()(const std::string& text) const;
};

/// "same-host" or an origin (RFC 6454 §6.2), perhaps with a wildcard label; in lower case and
/// without the scheme's default port, as browsers send it.
struct OriginForm {
  Parsed<std::string> operator()(const std::string& text) const;
};

/// A user's name, or "none" (empty). Whether there is one is the system's to say.
struct UserForm {
  Parsed<std::string> operator()(const std::string& text) const;
};

/// A reference to an upstream by its name. That it exists is checked once all are read.
struct UpstreamNameForm {
  Parsed<std::string> operator()(const std::string& text) const;
};

/// The name of a cipher suite or of a key exchange group. Whether there is one is OpenSSL's to say.
struct TlsNameForm {
  Parsed<std::string> operator()(const std::string& text) const;
};

/// A file or folder; relative ones stand below `base_folder`, the configuration file's own.
struct PathForm {
  Parsed<std::string> operator()(const std::string& text, const std::string& base_folder) const;
};

/// A folder, or "off" (empty).
struct CacheFolderForm {
  Parsed<std::string> operator()(const std::string& text, const std::string& base_folder) const;
};

/// "http://host:port" as "host:port", or "none" (empty).
struct HttpProxyForm {
  Parsed<std::string> operator()(const std::string& text) const;
};

/// "stdout", "stderr", "syslog", "journald", "off", or a file.
struct LogOutputForm {
  Parsed<std::string> operator()(const std::string& text, const std::string& base_folder) const;
};

}  // namespace wssgate::config
