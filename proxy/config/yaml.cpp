#include "config/yaml.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <sstream>
#include <utility>

#include "base/text.h"

namespace wssgate::config {
namespace {

using Kind = YamlNode::Kind;

// Five times what the configuration needs. It bounds the recursion of every reader of the tree.
constexpr std::size_t kDeepest = 32;

// Ends the parse after a problem that makes the rest meaningless.
struct Stop {};

// yaml-cpp counts from 0, and has -1 for no place.
Place place_of(const YAML::Mark& mark) { return {mark.line + 1, mark.column + 1}; }

// Builds the tree from the parser's events. yaml-cpp's own nodes are not used: they keep both of
// two equal keys, follow aliases without limit, and take several hundred bytes each.
class TreeBuilder : public YAML::EventHandler {
 public:
  explicit TreeBuilder(Problems& problems) : problems_(problems) {}

  std::optional<YamlNode> take_root() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (root_) {
      problems_.add(place_of(mark), "a second YAML document starts here, and only one is read",
                    "remove it together with its '---'");
      throw Stop();
    }
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t) override { add(make(Kind::nothing, mark)); }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    problems_.add(place_of(mark), "aliases are not read here",
                  "write the value out, or in quotes if it starts with '*' itself");
    add(make(Kind::reported, mark));
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                const std::string& value) override {
    refuse_tag(mark, tag);
    YamlNode node = make(Kind::value, mark);
    node.text = value;
    add(std::move(node));
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {
    open(Kind::list, mark, tag);
  }
  void OnSequenceEnd() override { close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {
    open(Kind::mapping, mark, tag);
  }
  void OnMapEnd() override {
    refuse_duplicates(open_.back().node);
    close();
  }

 private:
  struct Open {
    YamlNode node;
    std::optional<YamlNode> key;  // of a mapping: read, and waiting for its value
  };

  static YamlNode make(Kind kind, const YAML::Mark& mark) {
    YamlNode node;
    node.kind = kind;
    node.place = place_of(mark);
    return node;
  }

  // "?" and "!" are what the parser reports for plain and quoted values without a tag.
  void refuse_tag(const YAML::Mark& mark, const std::string& tag) {
    if (tag.empty() || tag == "?" || tag == "!") return;
    problems_.add(place_of(mark), fmt::format("the tag '{}' is not read here", printable(tag, 64)),
                  "remove it");
  }

  void open(Kind kind, const YAML::Mark& mark, const std::string& tag) {
    refuse_tag(mark, tag);
    if (open_.size() >= kDeepest) {
      problems_.add(place_of(mark),
                    fmt::format("this is nested more than {} levels deep", kDeepest),
                    "compare with conf/reference.yaml, which needs 6");
      throw Stop();
    }
    open_.push_back({make(kind, mark), std::nullopt});
  }

  void close() {
    YamlNode done = std::move(open_.back().node);
    open_.pop_back();
    add(std::move(done));
  }

  void add(YamlNode node) {
    if (open_.empty()) {
      root_ = std::move(node);
      return;
    }
    Open& parent = open_.back();
    if (parent.node.kind == Kind::list) {
      parent.node.children.push_back(std::move(node));
    } else if (!parent.key) {
      parent.key = std::move(node);
    } else {
      add_entry(parent, std::move(node));
    }
  }

  void add_entry(Open& mapping, YamlNode node) {
    YamlNode key = std::move(*mapping.key);
    mapping.key.reset();
    if (key.kind == Kind::value) {
      // The parser's place of a value that is not there is wherever the next thing stands.
      if (node.kind == Kind::nothing) node.place = key.place;
      node.key = std::move(key.text);
      node.key_place = key.place;
      mapping.node.children.push_back(std::move(node));
    } else if (key.kind != Kind::reported) {
      problems_.add(key.place, "a key is a word, and this is none",
                    "write 'key: value', the key in quotes if it is meant so");
    }
  }

  // Keeps the first of equal keys, so that what it says is still checked.
  void refuse_duplicates(YamlNode& mapping) {
    std::vector<YamlNode>& all = mapping.children;
    std::vector<std::size_t> order(all.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return all[a].key < all[b].key; });
    std::vector<bool> repeated(all.size(), false);
    for (std::size_t i = 1, first = 0; i < order.size(); ++i) {
      const YamlNode& before = all[order[first]];
      const YamlNode& node = all[order[i]];
      if (before.key != node.key) {
        first = i;
        continue;
      }
      repeated[order[i]] = true;
      problems_.add(
          node.key_place,
          fmt::format("the key '{}' stands here twice, first at line {}, column {}",
                      printable(node.key, 64), before.key_place.line, before.key_place.column),
          "keep one of them");
    }
    std::size_t kept = 0;
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (repeated[i]) continue;
      if (kept != i) all[kept] = std::move(all[i]);
      ++kept;
    }
    all.resize(kept);
  }

  Problems& problems_;
  std::vector<Open> open_;
  std::optional<YamlNode> root_;
};

// The length of the UTF-8 character at the front of `text` (RFC 3629 §4), 0 where it is none.
std::size_t character_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0U) != 0x80) return 0;
  }
  const unsigned char second = byte(1);
  const bool overlong = (first == 0xe0 && second < 0xa0) || (first == 0xf0 && second < 0x90);
  const bool outside = (first == 0xed && second > 0x9f) || (first == 0xf4 && second > 0x8f);
  return overlong || outside ? 0 : length;
}

bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte < 0x20 && c != '\t' && c != '\n' && c != '\r') || byte == 0x7f;
}

// YAML 1.2 §5.1 allows no control characters. yaml-cpp does not check: it takes \x04 for the end
// of the file and replaces what is no UTF-8, so that less or other than was written would be read.
bool check_characters(std::string_view text, Problems& problems) {
  Place place{1, 1};
  while (!text.empty()) {
    const std::size_t length = character_length(text);
    if (length == 0 || is_control(text[0])) {
      problems.add(place,
                   fmt::format("the byte {} does not belong in a configuration",
                               printable(text.substr(0, 1))),
                   "save the file as plain UTF-8 text");
      return false;
    }
    place.column = text[0] == '\n' ? 1 : place.column + 1;
    place.line += text[0] == '\n' ? 1 : 0;
    text.remove_prefix(length);
  }
  return true;
}

void add_syntax_error(const YAML::Exception& error, Problems& problems) {
  const Place place = place_of(error.mark);
  if (error.msg.rfind(YAML::ErrorMsg::UNKNOWN_ANCHOR, 0) == 0) {
    // What an unquoted wildcard is to YAML.
    problems.add(place, "a value that starts with '*' outside quotes is an alias to YAML",
                 "write it in quotes, such as \"*.example.com\"");
    return;
  }
  problems.add(
      place, fmt::format("this is not YAML: {}", printable(error.msg)),
      "check the indentation, quotes and brackets here and just above; a value that "
      "starts with '*', '[', '&' or '%', or a ${NAME} between [ ] or { }, stands in quotes");
}

}  // namespace

const YamlNode* YamlNode::find(std::string_view wanted) const {
  const auto found = std::find_if(children.begin(), children.end(),
                                  [&](const YamlNode& child) { return child.key == wanted; });
  return found == children.end() ? nullptr : &*found;
}

std::optional<YamlNode> parse_yaml(std::string_view text, Problems& problems) {
  if (!check_characters(text, problems)) return std::nullopt;
  TreeBuilder builder(problems);
  try {
    std::istringstream in{std::string(text)};
    YAML::Parser parser(in);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const Stop&) {
    return std::nullopt;
  } catch (const YAML::Exception& error) {
    add_syntax_error(error, problems);
    return std::nullopt;
  }
  auto root = builder.take_root();
  if (!root || root->kind == Kind::nothing) {
    problems.add({}, "the configuration is empty", "start from conf/simple.yaml");
    return std::nullopt;
  }
  return root;
}

}  // namespace wssgate::config
