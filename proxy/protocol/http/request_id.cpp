#include "protocol/http/request_id.h"

#include <algorithm>

#include "base/text.h"
#include "protocol/http/fields.h"

namespace wssgate::http {
namespace {

constexpr std::size_t kMost = 128;

bool is_id_character(char c) {
  constexpr std::string_view kOthers = "._~+/=:-";
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         kOthers.find(c) != std::string_view::npos;
}

}  // namespace

std::string_view taken_request_id(const Headers& headers) {
  const Header* found = nullptr;
  for (const Header& field : headers) {
    if (field.name.size() != kRequestId.size() || !iequals(field.name, kRequestId)) continue;
    if (found != nullptr) return {};
    found = &field;
  }
  if (found == nullptr || found->value.size() > kMost) return {};
  const bool plain = std::all_of(found->value.begin(), found->value.end(), is_id_character);
  return plain ? found->value : std::string_view();
}

}  // namespace wssgate::http
