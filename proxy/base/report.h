#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace wssgate {

/// A place in a file that a person edits. Line and column count from 1; 0 means the whole file.
struct SourceLocation {
  std::string file;
  int line = 0;
  int column = 0;

  bool operator==(const SourceLocation&) const = default;
};

/// An error keeps what it is about from serving; a warning does not, and will become one.
enum class Severity : std::uint8_t { error, warning };

/// One thing that is wrong with a configuration or a certificate, and what to do about it.
/// Both texts are sentences without a closing full stop.
struct Problem {
  /// What is told of otherwise than by its text: by the clock, or once for each upstream.
  enum class Kind : std::uint8_t {
    other,
    /// The coming end of a certificate that is sent: a leaf or an intermediate.
    member_expiring,
    /// The same of the root that a chain ends in, which is not sent.
    root_expiring,
    unverified_upstream
  };

  SourceLocation at;
  std::string message;
  std::string hint;
  Severity severity = Severity::error;
  Kind kind = Kind::other;

  bool operator==(const Problem&) const = default;
};

/// Every problem found in one go: checking never stops at the first. Shared by `check`, start-up
/// and reload.
class Report {
 public:
  void add(SourceLocation at, std::string message, std::string hint);
  void warn(SourceLocation at, std::string message, std::string hint,
            Problem::Kind kind = Problem::Kind::other);
  void add(Problem problem);
  /// All that another report holds.
  void append(const Report& other);

  /// There is no error: what was checked may serve, perhaps with warnings.
  bool ok() const { return errors_ == 0; }
  std::size_t errors() const { return errors_; }
  /// In the order they were found.
  const std::vector<Problem>& problems() const { return problems_; }
  /// Ordered by place.
  std::vector<Problem> by_place() const;

  /// One line a problem, ordered by place: `file:line:column: what is wrong. what to do.`, with
  /// "warning: " before the message of a warning.
  std::string text() const;

 private:
  std::vector<Problem> problems_;
  std::size_t errors_ = 0;
};

}  // namespace wssgate
