#include "net/worker.h"

#include <pthread.h>

#include <string>

namespace wssgate::net {

void Worker::start(const std::string& name) {
  thread_ = std::thread([this] { loop_.run(); });
  pthread_setname_np(thread_.native_handle(), name.c_str());
}

void Worker::stop() {
  loop_.stop();
  if (thread_.joinable()) thread_.join();
}

}  // namespace wssgate::net
