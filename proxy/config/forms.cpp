#include "config/forms.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <optional>
#include <string_view>

#include "base/text.h"

namespace wssgate::config {
namespace {

std::optional<std::uint64_t> whole_number(std::string_view text) {
  std::uint64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc{} || rest != end) return std::nullopt;
  return number;
}

Fault outside(std::string least, std::string most) {
  return {"is out of range", fmt::format("write a value from {} to {}", least, most)};
}

template <class T>
Parsed<T> or_off(Parsed<T> parsed) {
  if (Fault* const fault = std::get_if<Fault>(&parsed)) fault->instead += ", or 'off'";
  return parsed;
}

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '-' || c == '_' ||
         c == '.';
}

std::string join_path(const std::string& text, const std::string& base_folder) {
  if (text.front() == '/' || base_folder.empty()) return text;
  return base_folder + (base_folder.back() == '/' ? "" : "/") + text;
}

std::optional<Fault> path_fault(const std::string& text) {
  if (text.find('\0') == std::string::npos) return std::nullopt;
  return Fault{"holds a NUL byte, which no path can", "write the path as plain text"};
}

}  // namespace

Parsed<Duration> DurationForm::operator()(const std::string& text) const {
  constexpr Duration most = std::chrono::hours(24 * 365);
  if (whole_number(text)) {
    return Fault{"has no unit", fmt::format("write '{}s' if these are seconds", text)};
  }
  const auto duration = parse_duration(text);
  if (!duration) {
    return Fault{"is not a duration",
                 "write a whole number with its unit, ms, s, m, h or d, such as '30s'"};
  }
  if (duration->count() <= 0 || *duration > most) {
    return outside("1ms", format_duration(most));
  }
  return *duration;
}

Parsed<Duration> DurationOrOffForm::operator()(const std::string& text) const {
  if (text == "off") return Duration(0);
  return or_off(DurationForm()(text));
}

Parsed<bool> BoolForm::operator()(const std::string& text) const {
  if (text == "true" || text == "false") return text == "true";
  return Fault{"is neither true nor false", "write 'true' or 'false'"};
}

Parsed<Duration> HstsAgeForm::operator()(const std::string& text) const {
  constexpr Duration most = std::chrono::hours(24 * 730);
  const auto age = parse_duration(text);
  if (age && age->count() == 0) return *age;
  if (age && *age <= most && age->count() % 1000 == 0) return *age;
  if (age) return outside("0s", format_duration(most));
  return std::get<Fault>(DurationForm()(text));
}

Parsed<std::uint16_t> RedirectForm::operator()(const std::string& text) const {
  if (text == "false") return std::uint16_t{0};
  if (text == "true") return std::uint16_t{443};
  const auto port = whole_number(text);
  if (port && *port >= 1 && *port <= 65535) return static_cast<std::uint16_t>(*port);
  return Fault{"is neither true, false nor a port",
               "write 'true' for port 443, or the port that clients reach the TLS listener at"};
}

Parsed<std::uint64_t> SizeForm::operator()(const std::string& text) const {
  if (const auto bytes = whole_number(text)) {
    return Fault{"has no unit", fmt::format("write '{}' if these are bytes", format_size(*bytes))};
  }
  const auto size = parse_size(text);
  if (!size) {
    return Fault{"is not a size",
                 "write a whole number with its unit, B, KiB, MiB or GiB, such as '32KiB'"};
  }
  if (*size < least || *size > most) return outside(format_size(least), format_size(most));
  return *size;
}

Parsed<std::uint64_t> SizeOrOffForm::operator()(const std::string& text) const {
  if (text == "off") return std::uint64_t{0};
  return or_off(size(text));
}

Parsed<std::uint64_t> CountForm::operator()(const std::string& text) const {
  const auto count = whole_number(text);
  if (!count) {
    return Fault{"is not a whole number",
                 fmt::format("write a number from {} to {}, in digits only", least, most)};
  }
  if (*count < least || *count > most) return outside(std::to_string(least), std::to_string(most));
  return *count;
}

Parsed<Rate> RateForm::operator()(const std::string& text) const {
  constexpr std::uint64_t most_count = 1'000'000;
  constexpr Duration most_period = std::chrono::hours(24);
  if (text == "none") return Rate{};
  const auto slash = text.find('/');
  const auto count = whole_number(std::string_view(text).substr(0, slash));
  std::string period = slash == std::string::npos ? "" : text.substr(slash + 1);
  if (!period.empty() && !is_digit(period.front())) period.insert(0, "1");
  const auto duration = parse_duration(period);
  if (!count || !duration || *count == 0 || duration->count() == 0) {
    return Fault{"is not a rate",
                 "write how many in which time, such as '20/s' or '100/10s', or 'none'"};
  }
  if (*count > most_count || *duration > most_period) {
    return outside("1/24h", fmt::format("{}/ms", most_count));
  }
  return Rate{*count, *duration};
}

Parsed<unsigned> WorkersForm::operator()(const std::string& text) const {
  constexpr std::uint64_t most = 1024;
  if (text == "auto") return 0U;
  const auto count = whole_number(text);
  if (count && *count >= 1 && *count <= most) return static_cast<unsigned>(*count);
  return Fault{"is not a number of workers",
               fmt::format("write 'auto' for one a core, or a number from 1 to {}", most)};
}

Parsed<std::string> RoutePathForm::operator()(const std::string& text) const {
  if (text.front() != '/') {
    return Fault{"does not start with '/'", fmt::format("write '/{}'", printable(text))};
  }
  if (text.find_first_of("?#") != std::string::npos) {
    return Fault{"holds a query or a fragment, and routes compare the path alone",
                 fmt::format("write '{}'", printable(text.substr(0, text.find_first_of("?#"))))};
  }
  if (text.find('%') != std::string::npos) {
    return Fault{"holds a percent-encoding, which routes do not compare",
                 "end the path at the segment before it"};
  }
  if (text.find('*') != std::string::npos) {
    return Fault{"holds a '*', and a route covers everything below its path already",
                 fmt::format("write '{}'", printable(text.substr(0, text.find('*'))))};
  }
  for (const std::string_view segment : split(text, '/')) {
    if (segment == "." || segment == "..") {
      return Fault{"holds the segment '" + std::string(segment) + "', which no request keeps",
                   "write the path that it leads to"};
    }
  }
  constexpr std::string_view others = "-._~!$&'()+,;=:@/";  // pchar of RFC 3986 §3.3, and '/'
  const auto fits = [&](char c) {
    return is_name_character(c) || others.find(c) != std::string_view::npos;
  };
  if (!std::all_of(text.begin(), text.end(), fits)) {
    return Fault{"holds characters that no request's path can",
                 "use letters, digits and -._~!$&'()+,;=:@/ only"};
  }
  return text;
}

Parsed<std::string> UpstreamNameForm::operator()(const std::string& text) const {
  if (text.size() <= 64 && std::all_of(text.begin(), text.end(), is_name_character)) return text;
  return Fault{"is not a name for an upstream",
               "use letters, digits, '-', '_' and '.', at most 64 of them"};
}

Parsed<std::string> UserForm::operator()(const std::string& text) const {
  if (text == "none") return std::string();
  if (text.size() <= 32 && std::all_of(text.begin(), text.end(), is_name_character)) return text;
  return Fault{"is not the name of a user",
               "use letters, digits, '-', '_' and '.', at most 32 of them"};
}

Parsed<std::string> TlsNameForm::operator()(const std::string& text) const {
  if (text.size() <= 64 && std::all_of(text.begin(), text.end(), is_name_character)) return text;
  return Fault{
      "is not a name",
      "write one name an entry; the syntax of OpenSSL's lists (':', '+', '!') is not read"};
}

Parsed<BalanceMethod> BalanceForm::operator()(const std::string& text) const {
  if (text == "hash") {
    return Fault{"does not say what to hash", "write '{hash: {by: client_address}}'"};
  }
  return ChoiceForm<BalanceMethod>{{{"least_connections", BalanceMethod::least_connections},
                                    {"round_robin", BalanceMethod::round_robin},
                                    {"random_two", BalanceMethod::random_two}}}(text);
}

Parsed<std::string> TokenForm::operator()(const std::string& text) const {
  constexpr std::string_view separators = " \"(),/;<=>?@{}&#";
  const auto fits = [&](char c) {
    return c > ' ' && c < 127 && separators.find(c) == std::string_view::npos;
  };
  if (std::all_of(text.begin(), text.end(), fits)) return text;
  return Fault{"holds characters that no name here can",
               "use letters, digits and !$%'*+-.:[]^_`|~ only"};
}

Parsed<std::string> PathForm::operator()(const std::string& text,
                                         const std::string& base_folder) const {
  if (auto fault = path_fault(text)) return *std::move(fault);
  return join_path(text, base_folder);
}

Parsed<std::string> CacheFolderForm::operator()(const std::string& text,
                                                const std::string& base_folder) const {
  if (text == "off") return std::string();
  return PathForm{}(text, base_folder);
}

Parsed<std::string> LogOutputForm::operator()(const std::string& text,
                                              const std::string& base_folder) const {
  constexpr std::array<std::string_view, 5> kWords = {"stdout", "stderr", "syslog", "journald",
                                                      "off"};
  if (std::find(kWords.begin(), kWords.end(), text) != kWords.end()) return text;
  if (auto fault = path_fault(text)) return *std::move(fault);
  if (text.find('/') == std::string::npos && text.find('.') == std::string::npos) {
    return Fault{"is neither stdout, stderr, syslog, journald, off nor a file's path",
                 fmt::format("write './{}' if it is a file", printable(text))};
  }
  return join_path(text, base_folder);
}

}  // namespace wssgate::config
