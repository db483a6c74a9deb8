#include "support/http_text.h"

#include <unistd.h>

#include <fstream>
#include <stdexcept>

#include "base/text.h"
#include "support/eventually.h"

namespace wssgate::test {

std::string request(const std::string& start_line, const std::string& fields) {
  return start_line + "\r\n" + fields + "\r\n";
}

std::string get(const std::string& target, const std::string& extra) {
  return request("GET " + target + " HTTP/1.1", "Host: test.example\r\n" + extra);
}

std::string post(const std::string& target, const std::string& body, const std::string& extra) {
  return request("POST " + target + " HTTP/1.1", "Host: test.example\r\nContent-Length: " +
                                                     std::to_string(body.size()) + "\r\n" + extra) +
         body;
}

int status_of(const std::string& response) {
  if (response.substr(0, 9) != "HTTP/1.1 ") throw std::runtime_error("no response: " + response);
  return std::stoi(response.substr(9, 3));
}

std::string body_of(const std::string& message) {
  const auto end = message.find("\r\n\r\n");
  if (end == std::string::npos) throw std::runtime_error("no end of head: " + message);
  return message.substr(end + 4);
}

std::optional<std::string> field_of(const std::string& message, std::string_view name) {
  for (const std::string_view line :
       split(std::string_view(message).substr(0, message.find("\r\n\r\n")), '\n')) {
    const auto colon = line.find(':');
    if (colon != std::string_view::npos && iequals(line.substr(0, colon), name)) {
      std::string_view value = line.substr(colon + 1);
      if (!value.empty() && value.back() == '\r') value.remove_suffix(1);
      return std::string(trim(value));
    }
  }
  return std::nullopt;
}

std::string start_line_of(const std::string& message) {
  return message.substr(0, message.find("\r\n"));
}

std::string dechunked(const std::string& message) {
  std::string chunks = body_of(message);
  std::string payload;
  for (;;) {
    const auto line_end = chunks.find("\r\n");
    const std::size_t size = std::stoul(chunks.substr(0, line_end), nullptr, 16);
    if (size == 0) return payload;
    payload += chunks.substr(line_end + 2, size);
    chunks.erase(0, line_end + 2 + size + 2);
  }
}

void Journal::add(std::string entry) {
  const std::lock_guard lock(mutex_);
  entries_.push_back(std::move(entry));
  added_.notify_all();
}

std::vector<std::string> Journal::wait_for(std::size_t count) const {
  std::unique_lock lock(mutex_);
  const bool there = added_.wait_for(lock, kPatience, [&] { return entries_.size() >= count; });
  if (!there) throw std::runtime_error("only " + std::to_string(entries_.size()) + " entries came");
  return entries_;
}

std::size_t resident_memory() {
  std::size_t total = 0;
  std::size_t resident = 0;
  std::ifstream("/proc/self/statm") >> total >> resident;
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace wssgate::test
