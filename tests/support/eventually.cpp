#include "support/eventually.h"

#include <thread>

namespace wssgate::test {

bool eventually(const std::function<bool()>& so) {
  const auto give_up = std::chrono::steady_clock::now() + kPatience;
  while (!so()) {
    if (std::chrono::steady_clock::now() >= give_up) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

}  // namespace wssgate::test
