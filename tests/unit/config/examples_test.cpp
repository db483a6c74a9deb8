#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <type_traits>

#include "config/describe.h"
#include "config/load.h"

namespace wssgate::config {
namespace {

std::filesystem::path conf_folder() {
  std::filesystem::path folder = std::filesystem::path(__FILE__).parent_path();
  return folder.parent_path().parent_path().parent_path() / "conf";
}

// Required values come with their place, and have no default to show.
template <class T>
std::string show(const Located<T>&) {
  return {};
}

template <class T>
std::string show(const T& value) {
  if constexpr (std::is_same_v<T, Duration>) {
    return format_duration(value);
  } else if constexpr (std::is_same_v<T, Rate>) {
    return std::to_string(value.count) + "/" + format_duration(value.period);
  } else if constexpr (std::is_enum_v<T>) {
    return std::to_string(static_cast<int>(value));
  } else if constexpr (std::is_integral_v<T>) {
    return std::to_string(value);
  } else {
    return value;
  }
}

/// A visitor of the table of keys that collects where each key goes, what it holds, and which have
/// a default. Of lists it visits the first element, as if there were one where there is none.
class Collector {
 public:
  template <class T>
  static Collector of(T& target, const std::string& where = "") {
    Collector collector;
    collector.where_ = where;
    describe(collector, target);
    return collector;
  }

  template <class T, class Form>
  void value(const Key& key, T& target, const Form&) {
    note(key, true);
    if (key.presence != Presence::required) defaults[path(key)] = show(target);
  }
  template <class T, class Form>
  void values(const Key& key, std::vector<T>& target, const Form&) {
    note(key, !target.empty());
  }
  template <class T>
  void section(const Key& key, T& target) {
    note(key, true);
    merge(of(target, path(key)));
  }
  template <class T>
  void section(const Key& key, std::optional<T>& target) {
    note(key, target.has_value());
    T none;
    merge(of(target ? *target : none, path(key)));
  }
  template <class T>
  void switched(const Key& key, std::optional<T>& target) {
    section(key, target);
  }
  template <class T>
  void sections(const Key& key, std::vector<T>& target) {
    note(key, !target.empty());
    T none;
    merge(of(target.empty() ? none : target.front(), path(key)));
  }
  template <class T, class Form>
  void value_or_section(const Key& key, T& target, const Form&) {
    note(key, true);
    merge(of(target, path(key)));
  }
  template <class T, class Form>
  void values_or_sections(const Key& key, std::vector<T>& target, const Form&) {
    sections(key, target);
  }
  template <class T, class Form>
  void named(const Key& key, std::vector<T>& target, const Form&) {
    sections(key, target);
  }

  std::set<std::string> keys;
  /// Keys whose list or section holds something.
  std::set<std::string> filled;
  std::map<std::string, std::string> defaults;

 private:
  std::string path(const Key& key) const { return where_ + "/" + std::string(key.name); }
  void note(const Key& key, bool is_filled) {
    EXPECT_TRUE(keys.insert(path(key)).second) << path(key);
    EXPECT_FALSE(key.example.empty()) << path(key);
    EXPECT_TRUE(!key.doc.empty() && key.doc.back() == '.') << path(key);
    if (is_filled) filled.insert(path(key));
  }
  void merge(const Collector& inner) {
    keys.insert(inner.keys.begin(), inner.keys.end());
    filled.insert(inner.filled.begin(), inner.filled.end());
    defaults.insert(inner.defaults.begin(), inner.defaults.end());
  }

  std::string where_;
};

/// The keys that stand in a YAML text as lines or flow entries of their own, comments left out.
std::set<std::string> keys_written(const std::filesystem::path& file) {
  std::ifstream in(file);
  std::set<std::string> keys;
  std::string line;
  while (std::getline(in, line)) {
    line.resize(std::min(line.find('#'), line.size()));
    const auto colon = line.find(':');
    if (colon == std::string::npos) continue;
    const auto start = line.find_first_not_of(" -");
    keys.insert(line.substr(start, colon - start));
  }
  return keys;
}

TEST(Examples, AllLoad) {
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(conf_folder())) {
    if (entry.path().extension() != ".yaml") continue;
    Report report;
    load_file(entry.path().string(), report);
    EXPECT_TRUE(report.ok()) << report.text();
    names.insert(entry.path().filename().string());
  }
  for (const char* name :
       {"reference.yaml", "simple.yaml", "several-hosts.yaml", "lets-encrypt.yaml",
        "private-ca.yaml", "client-certificates.yaml", "tls-upstreams.yaml"}) {
    EXPECT_TRUE(names.count(name)) << name;
  }
}

TEST(Reference, HasEveryKeyAtItsDefault) {
  Report report;
  Config reference = load_file((conf_folder() / "reference.yaml").string(), report);
  ASSERT_TRUE(report.ok()) << report.text();
  const Collector written = Collector::of(reference);
  Config model;
  const Collector known = Collector::of(model);

  EXPECT_EQ(written.defaults, known.defaults);
  EXPECT_GT(known.defaults.size(), 14U);
  EXPECT_EQ(written.filled, known.keys) << "a list or section of reference.yaml shows nothing";

  const std::set<std::string> names = keys_written(conf_folder() / "reference.yaml");
  for (const std::string& key : known.keys) {
    EXPECT_TRUE(names.count(key.substr(key.rfind('/') + 1))) << key << " is not in reference.yaml";
  }
}

}  // namespace
}  // namespace wssgate::config
