#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "base/result.h"
#include "wssbench/statistics.h"

namespace wssgate::bench {

enum class Judgement : std::uint8_t {
  faster,  ///< b is
  slower,  ///< b is
  no_difference_told,
  unjudged,  ///< too few figures to say anything about chance
};
std::string_view judgement_text(Judgement judgement);

/// One figure of both sides.
struct Measure {
  std::string name;
  std::string unit;
  double a = 0;
  double b = 0;
  Ratio ratio;
  /// Mann-Whitney's.
  double chance = 1;
  Judgement judgement = Judgement::unjudged;
};

struct Comparison {
  std::vector<Measure> measures;
  /// What to know when reading them.
  std::vector<std::string> notes;

  /// Some measure of b is slower, beyond chance.
  bool slower() const;
  std::string text() const;
  nlohmann::ordered_json json() const;
};

/// Compares runs as --json writes them. Error: internal_error with a sentence: they do not measure
/// the same thing.
Result<Comparison> compare_runs(const std::vector<nlohmann::json>& a,
                                const std::vector<nlohmann::json>& b);

}  // namespace wssgate::bench
