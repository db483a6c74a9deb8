// What a client says of its request's identity: what is taken of it can stand in any log.
#include "protocol/http/trace_context.h"

#include <cstdint>
#include <string_view>

#include "protocol/http/request_id.h"
#include "require.h"

namespace {

using wssgate::fuzz::require;
namespace http = wssgate::http;

bool lies_within(std::string_view part, std::string_view whole) {
  return part.empty() ||
         (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view value(reinterpret_cast<const char*>(data), size);
  http::Headers headers;
  headers.add("traceparent", value);
  headers.add("X-Request-ID", value);

  const std::string_view trace = http::trace_id(headers);
  require(lies_within(trace, value), "a trace id is part of the value");
  require(trace.empty() || trace.size() == 32, "a trace id has 32 digits");
  require(trace.find_first_not_of("0123456789abcdef") == std::string_view::npos,
          "a trace id is lower-case hexadecimal");
  require(trace.empty() || trace.find_first_not_of('0') != std::string_view::npos,
          "a trace id is not zero");

  const std::string_view id = http::taken_request_id(headers);
  require(id.empty() || id == value, "a request id is taken whole");
  require(id.size() <= 128, "a request id is short");
  for (const char c : id) require(c > ' ' && c < 0x7f && c != '"' && c != '\\', "and plain");
  return 0;
}
