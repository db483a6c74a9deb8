#pragma once

#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// HTTP/1.1 messages as text, and what stands in them.
namespace wssgate::test {

/// "GET target" for test.example; `extra` are more header lines, each with CRLF.
std::string get(const std::string& target, const std::string& extra = "");
std::string post(const std::string& target, const std::string& body, const std::string& extra = "");
/// Any other start; nothing is added but the empty line.
std::string request(const std::string& start_line, const std::string& fields);

int status_of(const std::string& response);
std::string body_of(const std::string& message);
std::optional<std::string> field_of(const std::string& message, std::string_view name);
/// "GET /path HTTP/1.1".
std::string start_line_of(const std::string& message);
/// The payload of a chunked message, without its trailers.
std::string dechunked(const std::string& message);

/// What a backend's threads note down for the test to wait for (kPatience at most).
class Journal {
 public:
  void add(std::string entry);
  /// The entries, once there are at least `count`; throws when they do not come.
  std::vector<std::string> wait_for(std::size_t count) const;
  std::vector<std::string> entries() const { return wait_for(0); }

 private:
  mutable std::mutex mutex_;
  mutable std::condition_variable added_;
  std::vector<std::string> entries_;
};

/// Of this process, in bytes.
std::size_t resident_memory();

}  // namespace wssgate::test
