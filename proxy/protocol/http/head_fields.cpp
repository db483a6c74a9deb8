#include <fmt/format.h>
#include <llhttp.h>

#include "base/text.h"
#include "protocol/http/head_scan.h"

namespace wssgate::http {
namespace {

/// What llhttp's callbacks fill. A head is fed in one piece, so each name and value comes in one.
struct Collected {
  Headers headers;
  std::string_view name;
  std::string_view value;
  bool complete = false;
};

Collected& collected(llhttp_t* parser) { return *static_cast<Collected*>(parser->data); }

int on_name(llhttp_t* parser, const char* at, std::size_t length) {
  collected(parser).name = {at, length};
  collected(parser).value = {};
  return HPE_OK;
}

int on_value(llhttp_t* parser, const char* at, std::size_t length) {
  collected(parser).value = {at, length};
  return HPE_OK;
}

int on_value_complete(llhttp_t* parser) {
  Collected& into = collected(parser);
  into.headers.add(into.name, trim(into.value));
  return HPE_OK;
}

int on_headers_complete(llhttp_t* parser) {
  collected(parser).complete = true;
  return HPE_PAUSED;
}

const llhttp_settings_t& settings() {
  static const llhttp_settings_t instance = [] {
    llhttp_settings_t s;
    llhttp_settings_init(&s);
    s.on_header_field = on_name;
    s.on_header_value = on_value;
    s.on_header_value_complete = on_value_complete;
    s.on_headers_complete = on_headers_complete;
    return s;
  }();
  return instance;
}

bool refuses_method(llhttp_errno_t code) {
  // The start line's form has been checked, so an unexpected constant is a method of RTSP or ICE.
  return code == HPE_INVALID_METHOD || code == HPE_INVALID_CONSTANT;
}

}  // namespace

Result<Headers> parse_fields(std::string_view head, const HeadLines& lines, Side side) {
  Collected into;
  into.headers.reserve(lines.fields);
  llhttp_t parser;
  llhttp_init(&parser, side == Side::client ? HTTP_REQUEST : HTTP_RESPONSE, &settings());
  parser.data = &into;
  const llhttp_errno_t code = llhttp_execute(&parser, head.data(), head.size());
  if (code != HPE_PAUSED) {
    if (side == Side::client && refuses_method(code)) {
      return Error(Reason::method_refused, side, "a method that HTTP does not know");
    }
    return malformed(side,
                     fmt::format("the head does not parse: {}", llhttp_get_error_reason(&parser)));
  }
  if (!into.complete || into.headers.size() != lines.fields) {
    return malformed(side, "the head's fields can be read in more than one way");
  }
  return std::move(into.headers);
}

}  // namespace wssgate::http
