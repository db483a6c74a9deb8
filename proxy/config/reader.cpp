#include "config/reader.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "config/environment.h"

namespace wssgate::config {
namespace {

/// A URL without the user and password in it: problems end up in logs.
std::string without_login(const std::string& text) {
  const auto scheme = text.find("://");
  if (scheme == std::string::npos) return text;
  const auto authority = scheme + 3;
  const auto login_end = text.substr(0, text.find('/', authority)).rfind('@');
  if (login_end == std::string::npos || login_end < authority) return text;
  return text.substr(0, authority) + "***" + text.substr(login_end);
}

using Kind = YamlNode::Kind;

std::string_view name_of(Kind kind) {
  switch (kind) {
    case Kind::value:
      return "a single value";
    case Kind::list:
      return "a list";
    case Kind::mapping:
      return "a mapping";
    case Kind::nothing:
    case Kind::reported:
      break;
  }
  return "nothing";
}

std::string example_of(const Key& key) { return fmt::format("'{}: {}'", key.name, key.example); }

std::string place_name(const std::string& where) {
  return where.empty() ? "the top level" : printable(where);
}

}  // namespace

std::string Reader::inner(const Key& key) const {
  return where_.empty() ? std::string(key.name) : fmt::format("{}.{}", where_, key.name);
}

const YamlNode* Reader::take(const Key& key) {
  known_.push_back(key.name);
  const YamlNode* const node = mapping_.find(key.name);
  if (node == nullptr && key.presence == Presence::required) {
    context_.problems.add(mapping_.place,
                          fmt::format("{} has no '{}'", place_name(where_), key.name),
                          fmt::format("add it, such as {}", example_of(key)));
  }
  return node;
}

bool Reader::is_kind(ReadContext& context, const YamlNode& node, Kind kind, const Key& key,
                     const std::string& where) {
  if (node.kind == kind) return true;
  if (node.kind == Kind::reported) return false;
  if (node.kind == Kind::nothing) {
    context.problems.add(
        node.place,
        fmt::format("{}: {} is expected here, and nothing stands here", place_name(where),
                    name_of(kind)),
        fmt::format("write it like {}{}", example_of(key),
                    key.presence == Presence::required ? "" : ", or remove the key"));
    return false;
  }
  context.problems.add(node.place,
                       fmt::format("{}: {} is expected here, and this is {}", place_name(where),
                                   name_of(kind), name_of(node.kind)),
                       fmt::format("write it like {}", example_of(key)));
  return false;
}

std::optional<std::string> Reader::value_text(const YamlNode& node, const Key& key,
                                              const std::string& where) {
  if (!is_kind(context_, node, Kind::value, key, where)) return std::nullopt;
  auto expanded = expand_environment(node.text);
  if (const auto* fault = std::get_if<Fault>(&expanded)) {
    add_fault(node.place, where, node.text, *fault);
    return std::nullopt;
  }
  std::string text = std::get<std::string>(std::move(expanded));
  if (!text.empty()) return text;
  const bool by_variable = !node.text.empty();
  context_.problems.add(node.place,
                        by_variable ? fmt::format("{}: '{}' is empty once its variables are put in",
                                                  place_name(where), printable(node.text))
                                    : fmt::format("{} is empty", place_name(where)),
                        by_variable ? "set the variable, or write a default: ${NAME:-default}"
                                    : fmt::format("write it like {}", example_of(key)));
  return std::nullopt;
}

void Reader::refuse_empty(const YamlNode& node, const Key& key) {
  if (!node.children.empty() || key.presence == Presence::optional) return;
  context_.problems.add(node.place, fmt::format("{} is empty", inner(key)),
                        key.presence == Presence::required
                            ? fmt::format("add at least one, like {}", example_of(key))
                            : fmt::format("leave the key out if that is meant, or write it like {}",
                                          example_of(key)));
}

void Reader::refuse_unknown() {
  for (const YamlNode& child : mapping_.children) {
    if (context_.problems.full()) return;
    if (std::find(known_.begin(), known_.end(), child.key) != known_.end()) continue;
    context_.problems.add(
        child.key_place,
        fmt::format("unknown key '{}' in {}", printable(child.key, 64), place_name(where_)),
        suggest(child.key, known_, "the keys here are:"));
  }
}

void Reader::add_fault(Place place, const std::string& where, const std::string& text,
                       const Fault& fault) {
  context_.problems.add(
      place,
      fmt::format("{}: '{}' {}", place_name(where), printable(without_login(text)), fault.what),
      fault.instead);
}

}  // namespace wssgate::config
