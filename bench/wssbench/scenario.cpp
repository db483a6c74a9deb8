#include "wssbench/scenario.h"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <fstream>
#include <iterator>
#include <utility>

#include "base/report.h"
#include "base/text.h"
#include "wssbench/failure.h"

namespace wssgate::bench {
namespace {

constexpr std::size_t kMostCount = 1'000'000'000;
constexpr std::uint64_t kMostMessageSize = std::uint64_t{1} << 30U;
constexpr std::size_t kUsualSize = 128;

/// Reads a scenario, and collects what is wrong with it.
class Reader {
 public:
  explicit Reader(std::string file) : file_(std::move(file)) {}

  Scenario read(const YAML::Node& root);
  const Report& report() const { return report_; }

 private:
  void wrong(const YAML::Node& at, std::string what, std::string hint);
  bool check_keys(const YAML::Node& map, const std::vector<std::string_view>& known,
                  std::string_view what);
  User read_user(const YAML::Node& node);
  Step read_step(const YAML::Node& node);
  void read_echo(const YAML::Node& node, Step& step);
  void read_think(const YAML::Node& node, Step& step);
  double read_weight(const YAML::Node& node);
  std::size_t read_count(const YAML::Node& node);
  std::size_t read_size(const YAML::Node& node);
  std::string read_text(const YAML::Node& node);

  std::string file_;
  Report report_;
};

void Reader::wrong(const YAML::Node& at, std::string what, std::string hint) {
  const YAML::Mark mark = at.Mark();
  report_.add({file_, mark.line + 1, mark.column + 1}, std::move(what), std::move(hint));
}

bool Reader::check_keys(const YAML::Node& map, const std::vector<std::string_view>& known,
                        std::string_view what) {
  if (!map.IsMap()) {
    wrong(map, fmt::format("{} is no mapping", what), "see bench/README.md for an example");
    return false;
  }
  for (const auto& entry : map) {
    const std::string key = entry.first.Scalar();
    if (std::find(known.begin(), known.end(), key) != known.end()) continue;
    const std::string_view meant = nearest(key, known);
    wrong(entry.first, fmt::format("unknown key '{}' in {}", printable(key), what),
          meant.empty() ? fmt::format("write one of: {}", fmt::join(known, ", "))
                        : fmt::format("write '{}' if you meant that", meant));
  }
  return true;
}

std::string Reader::read_text(const YAML::Node& node) {
  if (!node.IsScalar()) wrong(node, "this is no text", "write a string");
  return node.IsScalar() ? node.Scalar() : "";
}

std::size_t Reader::read_count(const YAML::Node& node) {
  std::size_t count = 0;
  if (node.IsScalar() && YAML::convert<std::size_t>::decode(node, count) && count >= 1 &&
      count <= kMostCount) {
    return count;
  }
  wrong(node, "this is no number of times", "write a whole number from 1 on");
  return 1;
}

std::size_t Reader::read_size(const YAML::Node& node) {
  const std::string text = read_text(node);
  const bool bare = !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
  const auto size = parse_size(bare ? text + "B" : text);
  if (size && *size >= 1 && *size <= kMostMessageSize) return *size;
  wrong(node, "this is no size of a message",
        "write a number of bytes up to 1GiB, such as 128 or 16KiB");
  return kUsualSize;
}

double Reader::read_weight(const YAML::Node& node) {
  double weight = 0;
  if (node.IsScalar() && YAML::convert<double>::decode(node, weight) && weight > 0) return weight;
  wrong(node, "this is no weight", "write a number above 0");
  return 1;
}

void Reader::read_echo(const YAML::Node& node, Step& step) {
  step.size = kUsualSize;
  if (node.IsScalar()) {
    step.count = read_count(node);
    return;
  }
  if (!check_keys(node, {"size", "count"}, "an echo")) return;
  if (node["size"]) step.size = read_size(node["size"]);
  if (node["count"]) step.count = read_count(node["count"]);
}

void Reader::read_think(const YAML::Node& node, Step& step) {
  const std::string text = read_text(node);
  const auto dots = text.find("..");
  const auto least = parse_duration(text.substr(0, dots));
  const auto most = dots == std::string::npos ? least : parse_duration(text.substr(dots + 2));
  if (!least || !most || *most < *least) {
    wrong(node, "this is no time to think", "write a duration or two, such as 500ms or 1s..3s");
    return;
  }
  step.least = *least;
  step.most = *most;
}

Step Reader::read_step(const YAML::Node& node) {
  Step step;
  if (!check_keys(node, {"send", "receive", "echo", "think", "close"}, "a step")) return step;
  if (node.size() != 1) {
    wrong(node, "a step does one thing", "give each its own '- '");
    return step;
  }
  const auto entry = *node.begin();
  const std::string key = entry.first.Scalar();
  if (key == "send") {
    step.kind = Step::Kind::send;
    step.text = read_text(entry.second);
  } else if (key == "receive") {
    step.kind = Step::Kind::receive;
    step.count = read_count(entry.second);
  } else if (key == "echo") {
    step.kind = Step::Kind::echo;
    read_echo(entry.second, step);
  } else if (key == "think") {
    read_think(entry.second, step);
  } else if (key == "close") {
    step.kind = Step::Kind::close;
    const std::size_t code = read_count(entry.second);
    if (code < 1000 || code > 4999)
      wrong(entry.second, "this is no close code", "write 1000 to 4999");
    step.code = static_cast<std::uint16_t>(code);
  }
  return step;
}

User Reader::read_user(const YAML::Node& node) {
  User user;
  if (!check_keys(node, {"name", "weight", "path", "steps"}, "a user")) return user;
  if (node["name"]) user.name = read_text(node["name"]);
  if (node["weight"]) user.weight = read_weight(node["weight"]);
  if (node["path"]) user.path = read_text(node["path"]);
  const bool path_fits =
      user.path.empty() ||
      (user.path.front() == '/' && user.path.find_first_of(" \r\n") == std::string::npos);
  if (!path_fits) wrong(node["path"], "this is no path", "write it as /path?query");
  const YAML::Node steps = node["steps"];
  if (!steps || !steps.IsSequence() || steps.size() == 0) {
    wrong(node, "this user has no steps", "list them under 'steps:'");
    return user;
  }
  for (const YAML::Node& step : steps) user.steps.push_back(read_step(step));
  return user;
}

Scenario Reader::read(const YAML::Node& root) {
  Scenario scenario;
  if (!check_keys(root, {"users"}, "a scenario")) return scenario;
  const YAML::Node users = root["users"];
  if (!users || !users.IsSequence() || users.size() == 0) {
    wrong(root, "there are no users", "list them under 'users:'");
    return scenario;
  }
  for (const YAML::Node& user : users) scenario.users.push_back(read_user(user));
  return scenario;
}

}  // namespace

const User& Scenario::draw(double chance) const {
  double sum = 0;
  for (const User& user : users) sum += user.weight;
  double left = chance * sum;
  for (const User& user : users) {
    left -= user.weight;
    if (left < 0) return user;
  }
  return users.back();
}

Result<Scenario> Scenario::parse(const std::string& yaml, const std::string& file) {
  YAML::Node root;
  // yaml-cpp tells syntax errors by throwing.
  try {
    root = YAML::Load(yaml);
  } catch (const YAML::Exception& error) {
    return refused(
        fmt::format("{}:{}:{}: {}", file, error.mark.line + 1, error.mark.column + 1, error.msg));
  }
  Reader reader(file);
  Scenario scenario = reader.read(root);
  if (!reader.report().ok()) return refused("the scenario is wrong\n" + reader.report().text());
  return scenario;
}

Result<Scenario> Scenario::load(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  if (!in) return refused(fmt::format("cannot read the scenario '{}'", printable(file)));
  return parse(text, file);
}

}  // namespace wssgate::bench
