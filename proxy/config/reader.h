#pragma once

#include <string>
#include <type_traits>
#include <utility>
#include <variant>

#include "config/describe.h"
#include "config/yaml.h"

namespace wssgate::config {

/// What reading needs besides the node at hand.
struct ReadContext {
  Problems& problems;
  const std::string& base_folder;
};

/// Fills the model from one mapping of the YAML tree: the visitor of describe.h that loads. All
/// problems are collected; what could not be read is left empty, never at its default.
class Reader {
 public:
  /// Reads the mapping `node`, which stands at `where` ("hosts[0]", empty for the top level).
  template <class T>
  static void read(ReadContext& context, const YamlNode& node, const Key& key,
                   const std::string& where, T& target) {
    if (!is_kind(context, node, YamlNode::Kind::mapping, key, where)) return;
    if constexpr (requires { target.at; }) target.at = context.problems.at(node.place);
    Reader reader(context, node, where);
    describe(reader, target);
    reader.refuse_unknown();
  }

  template <class T, class Form>
  void value(const Key& key, T& target, const Form& form) {
    const YamlNode* const node = take(key);
    if (node == nullptr) return;
    if constexpr (std::is_same_v<T, std::string>) target.clear();
    read_value(*node, key, inner(key), form, [&](auto value) {
      assign(target, std::move(value), context_.problems.at(node->place));
    });
  }

  template <class T, class Form>
  void values(const Key& key, std::vector<T>& target, const Form& form) {
    for_each_item(key, [&](const YamlNode& item, const std::string& where) {
      read_value(item, key, where, form, [&](auto value) {
        append(target, std::move(value), context_.problems.at(item.place));
      });
    });
  }

  template <class T>
  void section(const Key& key, T& target) {
    if (const YamlNode* const node = take(key)) read(context_, *node, key, inner(key), target);
  }

  template <class T>
  void section(const Key& key, std::optional<T>& target) {
    const YamlNode* const node = take(key);
    if (node == nullptr) return;
    target.emplace();
    read(context_, *node, key, inner(key), *target);
  }

  template <class T>
  void switched(const Key& key, std::optional<T>& target) {
    const YamlNode* const node = mapping_.find(key.name);
    if (node == nullptr || node->kind != YamlNode::Kind::value) return section(key, target);
    const ChoiceForm<bool> form{{{"on", true}, {"off", false}}};
    read_value(*take(key), key, inner(key), form, [&](bool on) {
      if (on) target.emplace().at = context_.problems.at(node->place);
    });
  }

  template <class T>
  void sections(const Key& key, std::vector<T>& target) {
    for_each_item(key, [&](const YamlNode& item, const std::string& where) {
      read(context_, item, key, where, target.emplace_back());
    });
  }

  template <class T, class Form>
  void value_or_section(const Key& key, T& target, const Form& form) {
    if (const YamlNode* const node = take(key)) read_either(*node, key, inner(key), target, form);
  }

  template <class T, class Form>
  void values_or_sections(const Key& key, std::vector<T>& target, const Form& form) {
    for_each_item(key, [&](const YamlNode& item, const std::string& where) {
      read_either(item, key, where, target.emplace_back(), form);
    });
  }

  template <class T, class Form>
  void named(const Key& key, std::vector<T>& target, const Form& form) {
    const YamlNode* const node = take(key);
    if (node == nullptr || !is_kind(context_, *node, YamlNode::Kind::mapping, key, inner(key))) {
      return;
    }
    refuse_empty(*node, key);
    for (const YamlNode& child : node->children) {
      const auto name = form(child.key);
      if (const auto* fault = std::get_if<Fault>(&name)) {
        add_fault(child.key_place, inner(key), child.key, *fault);
      }
      T& element = target.emplace_back();
      element.name = child.key;
      read(context_, child, key, inner(key) + "." + child.key, element);
      element.at = context_.problems.at(child.key_place);
    }
  }

 private:
  Reader(ReadContext& context, const YamlNode& mapping, const std::string& where)
      : context_(context), mapping_(mapping), where_(where) {}

  template <class T>
  static void assign(Located<T>& target, T value, SourceLocation at) {
    target = {std::move(value), std::move(at)};
  }
  template <class T>
  static void assign(T& target, T value, const SourceLocation&) {
    target = std::move(value);
  }

  template <class T>
  static void append(std::vector<Located<T>>& list, T value, SourceLocation at) {
    list.push_back({std::move(value), std::move(at)});
  }
  template <class T>
  static void append(std::vector<T>& list, T value, const SourceLocation&) {
    list.push_back(std::move(value));
  }

  template <class Form>
  auto parse(const Form& form, const std::string& text) const {
    if constexpr (std::is_invocable_v<Form, std::string, std::string>) {
      return form(text, context_.base_folder);
    } else {
      return form(text);
    }
  }

  template <class Form, class Use>
  void read_value(const YamlNode& node, const Key& key, const std::string& where, const Form& form,
                  const Use& use) {
    const auto text = value_text(node, key, where);
    if (!text) return;
    auto parsed = parse(form, *text);
    if (const auto* fault = std::get_if<Fault>(&parsed)) {
      add_fault(node.place, where, *text, *fault);
    } else {
      use(std::get<0>(std::move(parsed)));
    }
  }

  template <class T, class Form>
  void read_either(const YamlNode& node, const Key& key, const std::string& where, T& target,
                   const Form& form) {
    if (node.kind == YamlNode::Kind::mapping) {
      read(context_, node, key, where, target);
      return;
    }
    read_value(node, key, where, form, [&](auto value) {
      target = T::of(std::move(value));
      target.at = context_.problems.at(node.place);
    });
  }

  template <class Read>
  void for_each_item(const Key& key, const Read& read_item) {
    const YamlNode* const node = take(key);
    if (node == nullptr || !is_kind(context_, *node, YamlNode::Kind::list, key, inner(key))) return;
    refuse_empty(*node, key);
    for (std::size_t i = 0; i < node->children.size(); ++i) {
      read_item(node->children[i], inner(key) + "[" + std::to_string(i) + "]");
    }
  }

  /// The value of a key, which is known from now on; null if it is not there.
  const YamlNode* take(const Key& key);
  /// The text of a value with its environment variables put in.
  std::optional<std::string> value_text(const YamlNode& node, const Key& key,
                                        const std::string& where);
  static bool is_kind(ReadContext& context, const YamlNode& node, YamlNode::Kind kind,
                      const Key& key, const std::string& where);
  void refuse_empty(const YamlNode& node, const Key& key);
  void refuse_unknown();
  void add_fault(Place place, const std::string& where, const std::string& text,
                 const Fault& fault);
  std::string inner(const Key& key) const;

  ReadContext& context_;
  const YamlNode& mapping_;
  const std::string& where_;
  std::vector<std::string_view> known_;
};

}  // namespace wssgate::config
