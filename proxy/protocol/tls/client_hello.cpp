#include "protocol/tls/client_hello.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "base/text.h"
#include "protocol/proxy_protocol.h"

namespace wssgate::tls {
namespace {

constexpr std::uint8_t kAlert = 21;        // content type, RFC 8446 §5.1
constexpr std::uint8_t kHandshake = 22;    // content type
constexpr std::uint8_t kClientHello = 1;   // handshake type, §4
constexpr std::uint8_t kVersionMajor = 3;  // of every version from SSL 3.0 to TLS 1.3
constexpr std::size_t kRecordHeader = 5;
constexpr std::size_t kMostInRecord = std::size_t{1} << 14U;
constexpr std::size_t kMessageHeader = 4;

constexpr std::uint16_t kServerName = 0;          // RFC 6066 §3
constexpr std::uint16_t kAlpn = 16;               // RFC 7301 §3.1
constexpr std::uint16_t kSessionTicket = 35;      // RFC 5077 §3.2
constexpr std::uint16_t kPreSharedKey = 41;       // RFC 8446 §4.2.11
constexpr std::uint16_t kSupportedVersions = 43;  // RFC 8446 §4.2.1
constexpr std::uint16_t kTls13 = 0x0304;

// How a request begins: RFC 9110 §9.3, RFC 5789, and the preface of HTTP/2 (RFC 9113 §3.4).
constexpr std::string_view kHttpBeginnings[] = {"GET ",    "HEAD ",    "POST ",    "PUT ",
                                                "DELETE ", "CONNECT ", "OPTIONS ", "TRACE ",
                                                "PATCH ",  "PRI "};

Error malformed(std::string detail) {
  return Error(Reason::malformed_client_hello, Side::client, std::move(detail));
}

Error not_tls(std::string detail) {
  return Error(Reason::not_tls, Side::client, std::move(detail));
}

Error too_large(std::size_t total, std::size_t limit) {
  return Error(Reason::client_hello_too_large, Side::client,
               fmt::format("the ClientHello takes {} bytes or more, over limits.client_hello of {}",
                           total, limit));
}

struct Beginning {
  std::string_view text;
  Reason reason;
  std::string_view explanation;
};

std::vector<Beginning> known_beginnings() {
  std::vector<Beginning> known;
  for (const std::string_view text : kHttpBeginnings) {
    known.push_back({text, Reason::plain_http,
                     "a plain HTTP request came to a TLS port; use https:// or wss://"});
  }
  for (const std::string_view text : {proxy_protocol::kV1Start, proxy_protocol::kV2Signature}) {
    known.push_back({text, Reason::proxy_header_refused, proxy_protocol::kNotListed});
  }
  return known;
}

// For bytes that do not begin with a handshake record.
std::variant<NeedMore, Error> recognise_other(ByteView bytes) {
  static const std::vector<Beginning> known = known_beginnings();
  std::size_t shortest = 0;
  for (const Beginning& beginning : known) {
    const std::size_t both = std::min(beginning.text.size(), bytes.size());
    if (!std::equal(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(both),
                    beginning.text.begin(), [](std::uint8_t byte, char c) {
                      return byte == static_cast<std::uint8_t>(c);
                    })) {
      continue;
    }
    if (both == beginning.text.size()) {
      return Error(beginning.reason, Side::client, std::string(beginning.explanation));
    }
    if (shortest == 0 || beginning.text.size() < shortest) shortest = beginning.text.size();
  }
  if (shortest != 0) return NeedMore{shortest};
  // "SSH-" tells; more might be a payload, which has no place in a log.
  constexpr std::size_t kEnoughToTell = 4;
  const ByteView first = bytes.first(std::min(bytes.size(), kEnoughToTell));
  return not_tls(fmt::format("the first bytes begin neither a TLS handshake nor HTTP: {}",
                             printable(std::string(first.begin(), first.end()))));
}

// What the first bytes show before any record is read; nothing where they may begin a TLS record.
std::optional<ClientHelloResult> judge_first_bytes(ByteView bytes) {
  if (bytes.empty()) return NeedMore{1};
  if ((bytes[0] & 0x80U) != 0) {
    // The SSLv2 record header (RFC 5246 appendix E.2): length with the top bit set, then the type.
    if (bytes.size() < 3) return NeedMore{3};
    if (bytes[2] == kClientHello) {
      return malformed("an SSLv2-style ClientHello: the client is too old to send a server name");
    }
  }
  if (bytes[0] == kAlert && (bytes.size() < 2 || bytes[1] == kVersionMajor)) {
    return not_tls("the first record is a TLS alert, not a ClientHello");
  }
  if (bytes[0] != kHandshake) {
    return std::visit([](auto answer) { return ClientHelloResult(std::move(answer)); },
                      recognise_other(bytes));
  }
  if (bytes.size() > 1 && bytes[1] != kVersionMajor) {
    return not_tls(fmt::format("the first record has major version {}, where TLS has 3", bytes[1]));
  }
  return std::nullopt;
}

// As much of a record's header as is there. `judge_first_bytes` has seen the first record's.
Result<void> check_record_header(ByteView header) {
  if (!header.empty() && header[0] != kHandshake) {
    return malformed(fmt::format(
        "a record of type {} interrupts the ClientHello's handshake records", header[0]));
  }
  if (header.size() > 1 && header[1] != kVersionMajor) {
    return malformed(fmt::format("a record of major version {}, where TLS has 3", header[1]));
  }
  if (header.size() < kRecordHeader) return {};
  const std::size_t length = (std::size_t{header[3]} << 8U) | header[4];
  if (length == 0) return malformed("a handshake record without payload (RFC 8446 section 5.1)");
  if (length > kMostInRecord) {
    return malformed(fmt::format("a record of {} bytes, over the 16384 of TLS", length));
  }
  return {};
}

// The fewest bytes on the wire that bring so many bytes of payload in new records.
std::size_t least_on_wire(std::size_t payload) {
  return payload + kRecordHeader * ((payload + kMostInRecord - 1) / kMostInRecord);
}

using Message = std::vector<std::uint8_t>;
using MessageResult = std::variant<Message, NeedMore, Error>;

// Joins the payloads of the first records to the one handshake message that they hold: one pass,
// each byte copied once.
class Reassembly {
 public:
  Reassembly(ByteView bytes, std::size_t limit) : bytes_(bytes), limit_(limit) {}

  MessageResult run() {
    for (;;) {
      if (auto stopped = read_record()) return std::move(*stopped);
    }
  }

 private:
  // Nothing where the message goes on in the next record.
  std::optional<MessageResult> read_record() {
    const ByteView rest = bytes_.subspan(at_);
    const ByteView header = rest.first(std::min(rest.size(), kRecordHeader));
    if (auto sound = check_record_header(header); !sound) return std::move(sound).error();
    if (header.size() < kRecordHeader) {
      const auto total = message_size();
      return need(at_ + (total ? least_on_wire(*total - message_.size()) : kRecordHeader));
    }
    const std::size_t length = (std::size_t{header[3]} << 8U) | header[4];
    const std::size_t end = at_ + kRecordHeader + length;
    if (end > limit_) return too_large(end, limit_);
    const std::size_t promised = message_.size() + length;
    const ByteView payload =
        rest.subspan(kRecordHeader, std::min(length, rest.size() - kRecordHeader));
    message_.insert(message_.end(), payload.begin(), payload.end());
    return judge_record(end, promised, payload.size() == length);
  }

  // A record ends at `end`; with it, `promised` bytes of the message are in records.
  std::optional<MessageResult> judge_record(std::size_t end, std::size_t promised, bool whole) {
    if (!message_.empty() && message_[0] != kClientHello) {
      return malformed(
          fmt::format("the first handshake message is of type {}, not a ClientHello", message_[0]));
    }
    at_ = end;
    const auto total = message_size();
    if (!total) return whole ? std::nullopt : std::optional<MessageResult>(need(end));
    if (promised > *total) {
      return malformed("bytes follow the ClientHello in its own record (RFC 8446 section 5.1)");
    }
    const std::size_t least = end + least_on_wire(*total - promised);
    if (least > limit_) return too_large(least, limit_);
    if (!whole) return NeedMore{least};
    if (promised == *total) return std::move(message_);
    return std::nullopt;
  }

  // The whole message's size, its header included, once that header is there.
  std::optional<std::size_t> message_size() const {
    ByteReader reader(message_);
    reader.u8();
    const auto length = reader.u24();
    if (!length) return std::nullopt;
    return kMessageHeader + *length;
  }

  MessageResult need(std::size_t total) const {
    if (total > limit_) return too_large(total, limit_);
    return NeedMore{total};
  }

  ByteView bytes_;
  std::size_t limit_;
  std::size_t at_ = 0;
  Message message_;
};

// RFC 6066 §3. Like OpenSSL, and as RFC 8446 §4.2 has it, one name of the one type there is.
Result<void> read_server_name(ByteView body, ClientHello& hello) {
  ByteReader outer(body);
  const auto list = outer.vector16();
  if (!list || !outer.empty()) return malformed("the server_name extension is framed wrongly");
  ByteReader names(*list);
  const auto type = names.u8();
  const auto name = names.vector16();
  if (!type || *type != 0 || !name || !names.empty()) {
    return malformed("the server_name list is not exactly one host_name");
  }
  if (name->empty()) return malformed("the host_name in server_name is empty");
  if (std::find(name->begin(), name->end(), 0) != name->end()) {
    return malformed("the host_name in server_name holds a NUL byte");
  }
  hello.server_name.emplace(name->begin(), name->end());
  return {};
}

Result<void> read_alpn(ByteView body, ClientHello& hello) {
  ByteReader outer(body);
  const auto list = outer.vector16();
  if (!list || list->empty() || !outer.empty()) {
    return malformed("the ALPN extension is framed wrongly");
  }
  ByteReader names(*list);
  while (!names.empty()) {
    const auto name = names.vector8();
    if (!name || name->empty()) return malformed("a protocol name in ALPN is empty or cut off");
    hello.alpn.emplace_back(name->begin(), name->end());
  }
  return {};
}

Result<void> read_supported_versions(ByteView body, ClientHello& hello) {
  ByteReader outer(body);
  const auto list = outer.vector8();
  if (!list || list->empty() || list->size() % 2 != 0 || !outer.empty()) {
    return malformed("the supported_versions extension is framed wrongly");
  }
  ByteReader versions(*list);
  while (const auto version = versions.u16()) {
    if (*version == kTls13) hello.offers_tls13 = true;
  }
  return {};
}

Result<void> read_extension(std::uint16_t type, ByteView body, ClientHello& hello) {
  switch (type) {
    case kServerName:
      return read_server_name(body, hello);
    case kAlpn:
      return read_alpn(body, hello);
    case kSupportedVersions:
      return read_supported_versions(body, hello);
    case kSessionTicket:
      if (!body.empty()) hello.offers_resumption = true;
      return {};
    case kPreSharedKey:
      hello.offers_resumption = true;
      return {};
    default:
      return {};
  }
}

Result<void> read_extensions(ByteView list, ClientHello& hello) {
  std::vector<std::uint16_t> seen;
  ByteReader reader(list);
  while (!reader.empty()) {
    const auto type = reader.u16();
    const auto body = reader.vector16();
    if (!type || !body) return malformed("an extension is cut off");
    if (auto read = read_extension(*type, *body, hello); !read) return read;
    seen.push_back(*type);
  }
  // RFC 8446 §4.2. Sorted, since thousands of empty extensions fit into a hello.
  std::sort(seen.begin(), seen.end());
  const auto twice = std::adjacent_find(seen.begin(), seen.end());
  if (twice == seen.end()) return {};
  return malformed(fmt::format("extension {} occurs twice", *twice));
}

// RFC 8446 §4.1.2, RFC 5246 §7.4.1.2.
Result<ClientHello> read_body(ByteView body) {
  ByteReader reader(body);
  const auto version_and_random = reader.bytes(2 + 32);
  const auto session_id = reader.vector8();
  if (!version_and_random || !session_id || session_id->size() > 32) {
    return malformed("the ClientHello is cut off, or its session id is over 32 bytes");
  }
  const auto ciphers = reader.vector16();
  if (!ciphers || ciphers->empty() || ciphers->size() % 2 != 0) {
    return malformed("the list of cipher suites is empty or framed wrongly");
  }
  const auto compression = reader.vector8();
  if (!compression || compression->empty()) {
    return malformed("the list of compression methods is empty or framed wrongly");
  }
  ClientHello hello;
  if (reader.empty()) return hello;  // a hello of before extensions (RFC 5246 §7.4.1.2)
  const auto extensions = reader.vector16();
  if (!extensions) return malformed("the list of extensions is cut off");
  if (!reader.empty()) return malformed("bytes follow the extensions");
  if (auto read = read_extensions(*extensions, hello); !read) return std::move(read).error();
  return hello;
}

}  // namespace

ClientHelloResult parse_client_hello(ByteView bytes, std::size_t limit) {
  if (auto judged = judge_first_bytes(bytes)) return std::move(*judged);
  MessageResult result = Reassembly(bytes, limit).run();
  if (const auto* more = std::get_if<NeedMore>(&result)) return *more;
  if (auto* error = std::get_if<Error>(&result)) return std::move(*error);
  const auto& message = std::get<Message>(result);
  Result<ClientHello> hello = read_body(ByteView(message).subspan(kMessageHeader));
  if (!hello) return std::move(hello).error();
  return std::move(hello).value();
}

std::array<std::uint8_t, 7> fatal_alert_record(std::uint8_t description) {
  constexpr std::uint8_t kFatal = 2;
  return {kAlert, kVersionMajor, 3, 0, 2, kFatal, description};
}

}  // namespace wssgate::tls
