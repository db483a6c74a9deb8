#include "config/schema.h"

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "config/describe.h"

namespace wssgate::config {
namespace {

using Json = nlohmann::ordered_json;

// What a form takes, as far as a schema can say it.

/// YAML 1.1, which many programs still read, makes "off" the truth value false.
Json or_off(Json form) { return {{"anyOf", {{{"enum", {"off", false}}}, std::move(form)}}}; }

template <class Form>
Json form_schema(const Form&) {
  return {{"type", "string"}};
}
template <class Form>
Json form_schema(const OrNone<Form>& form);
template <class Form, class T>
Json form_schema(const OptionalForm<Form, T>& form);
template <class T>
Json form_schema(const ChoiceForm<T>& form);
Json form_schema(const BoolForm&) { return {{"type", "boolean"}}; }
Json form_schema(const DurationForm&) {
  return {{"type", "string"}, {"pattern", "^[0-9]+(ms|s|m|h|d)$"}};
}
Json form_schema(const DurationOrOffForm&) { return or_off(form_schema(DurationForm{})); }
Json form_schema(const HstsAgeForm&) {
  return {{"type", "string"}, {"pattern", "^[0-9]+(ms|s|m|h|d)$"}};
}
Json form_schema(const SizeForm&) {
  return {{"type", "string"}, {"pattern", "^[0-9]+(B|KiB|MiB|GiB)$"}};
}
Json form_schema(const SizeOrOffForm&) { return or_off(form_schema(SizeForm{})); }
Json form_schema(const RateForm&) {
  return {{"type", "string"}, {"pattern", "^(none|[0-9]+/[0-9]*(ms|s|m|h|d))$"}};
}
Json form_schema(const CountForm& form) {
  return {{"type", "integer"}, {"minimum", form.least}, {"maximum", form.most}};
}
Json form_schema(const WorkersForm&) {
  return {
      {"anyOf", {{{"const", "auto"}}, {{"type", "integer"}, {"minimum", 1}, {"maximum", 1024}}}}};
}
Json form_schema(const RedirectForm&) {
  return {{"anyOf",
           {{{"type", "boolean"}}, {{"type", "integer"}, {"minimum", 1}, {"maximum", 65535}}}}};
}
template <class Form>
Json form_schema(const OrNone<Form>& form) {
  return {{"anyOf", {{{"const", "none"}}, form_schema(form.form)}}};
}
template <class Form, class T>
Json form_schema(const OptionalForm<Form, T>& form) {
  return form_schema(form.form);
}
/// A word that YAML takes for a number ("1.2") or a truth value ("off") is met as that, too.
template <class T>
Json form_schema(const ChoiceForm<T>& form) {
  Json words = Json::array();
  for (const auto& [word, value] : form.words) {
    words.push_back(word);
    if (word == "on" || word == "off") words.push_back(word == "on");
    if (const Json parsed = Json::parse(word, nullptr, false); parsed.is_number()) {
      words.push_back(parsed);
    }
  }
  return {{"enum", words}};
}

/// Any value may come from the environment.
Json or_environment(Json form) {
  if (form == Json{{"type", "string"}}) return form;
  return {{"anyOf", {std::move(form), {{"type", "string"}, {"pattern", "\\$\\{"}}}}};
}

/// The visitor of describe.h that writes the schema of one mapping.
class SchemaWriter {
 public:
  template <class T>
  static Json of() {
    SchemaWriter writer;
    T defaults{};
    describe(writer, defaults);
    Json schema = {{"type", "object"},
                   {"properties", std::move(writer.properties_)},
                   {"additionalProperties", false}};
    if (!writer.required_.empty()) schema["required"] = std::move(writer.required_);
    if constexpr (std::is_same_v<T, Host>) {  // what it asks for depends on another key
      schema["anyOf"] = {{{"required", {"routes"}}}, {{"required", {"passthrough"}}}};
    }
    return schema;
  }

  template <class T, class Form>
  void value(const Key& key, T&, const Form& form) {
    add(key, or_environment(form_schema(form)));
  }
  template <class T, class Form>
  void values(const Key& key, std::vector<T>&, const Form& form) {
    add(key, list(key, or_environment(form_schema(form))));
  }
  template <class T>
  void section(const Key& key, T&) {
    add(key, of<T>());
  }
  template <class T>
  void section(const Key& key, std::optional<T>&) {
    add(key, of<T>());
  }
  template <class T>
  void switched(const Key& key, std::optional<T>&) {
    add(key, {{"anyOf", {{{"enum", {"on", "off", true, false}}}, of<T>()}}});
  }
  template <class T>
  void sections(const Key& key, std::vector<T>&) {
    add(key, list(key, of<T>()));
  }
  template <class T, class Form>
  void value_or_section(const Key& key, T&, const Form& form) {
    add(key, {{"anyOf", {or_environment(form_schema(form)), of<T>()}}});
  }
  template <class T, class Form>
  void values_or_sections(const Key& key, std::vector<T>&, const Form& form) {
    add(key, list(key, {{"anyOf", {or_environment(form_schema(form)), of<T>()}}}));
  }
  template <class T, class Form>
  void named(const Key& key, std::vector<T>&, const Form&) {
    add(key, {{"type", "object"}, {"additionalProperties", of<T>()}, {"minProperties", 1}});
  }

 private:
  static Json list(const Key& key, Json item) {
    Json schema = {{"type", "array"}, {"items", std::move(item)}};
    if (key.presence != Presence::optional) schema["minItems"] = 1;
    return schema;
  }

  void add(const Key& key, const Json& schema) {
    const bool is_conditional = key.name == "routes";  // Host, above
    if (key.presence == Presence::required && !is_conditional) required_.push_back(key.name);
    Json described = {{"description", key.doc}, {"examples", {key.example}}};
    described.update(schema);
    properties_[std::string(key.name)] = std::move(described);
  }

  Json properties_ = Json::object();
  Json required_ = Json::array();
};

}  // namespace

nlohmann::ordered_json schema() {
  Json schema = {{"$schema", "http://json-schema.org/draft-07/schema#"},
                 {"title", "wssgate's configuration"}};
  schema.update(SchemaWriter::of<Config>());
  return schema;
}

}  // namespace wssgate::config
