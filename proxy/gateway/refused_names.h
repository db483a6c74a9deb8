#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace wssgate::gateway {

/// Server names that were refused since nobody configured them, and how often: those that come
/// most, within a bounded memory, since names are the clients' choice. It is the "space saving" of
/// Metwally, Agrawal and El Abbadi (2005): a new name takes the place of the rarest one, and may
/// have come as often as that one before. Belongs to one thread.
class RefusedNames {
 public:
  using TimePoint = std::chrono::system_clock::time_point;

  static constexpr std::size_t kMostNames = 256;

  struct Count {
    /// At most; it came `times - uncertain` at least.
    std::uint64_t times = 0;
    std::uint64_t uncertain = 0;
    TimePoint last;

    std::uint64_t at_least() const { return times - uncertain; }
  };
  struct Named {
    std::string name;
    Count count;
  };

  /// `name` as the client sent it; what is kept is in lower case, escaped and cut (printable).
  void add(std::string_view name, TimePoint now);
  /// Those of another worker: what a full list of the two lacks may have come to it as often as
  /// what it gave up last.
  void add(const RefusedNames& others);

  /// `most` of those that have certainly come most, and the latest first among equals.
  std::vector<Named> top(std::size_t most) const;
  std::size_t size() const { return counts_.size(); }
  /// How often a name had to give its place away: 0 means that the list is complete.
  std::uint64_t evicted() const { return evicted_; }

 private:
  using Counts = std::unordered_map<std::string, Count>;
  Counts::iterator rarest();
  void cut();

  Counts counts_;
  /// How often at most a name may have come that is not here.
  std::uint64_t given_up_ = 0;
  std::uint64_t evicted_ = 0;
};

}  // namespace wssgate::gateway
