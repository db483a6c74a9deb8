#include "wssbench/backend.h"

#include <fmt/format.h>

#include <utility>

#include "net/listener.h"
#include "net/worker.h"
#include "wssbench/backend_session.h"

namespace wssgate::bench {

/// One thread with its share of the connections.
struct Backend::Thread {
  Thread(const SocketAddress& wanted, bool shared)
      : listening(net::listen_on(wanted, shared)), address(net::bound_address(listening.get())) {}

  void start(std::size_t index) {
    listener = std::make_unique<net::Listener>(
        context.worker.loop(), std::move(listening), [this](net::Fd socket, const SocketAddress&) {
          context.worker.loop().spawn(run_backend_session(context, std::move(socket)));
        });
    context.worker.start(fmt::format("backend-{}", index));
  }

  BackendContext context;
  net::Fd listening;
  SocketAddress address;
  std::unique_ptr<net::Listener> listener;  // goes before the loop it lives on
};

Backend::Backend(const SocketAddress& address, std::size_t threads) : address_(address) {
  for (std::size_t i = 0; i < threads; ++i) {
    threads_.push_back(std::make_unique<Thread>(address_, threads > 1));
    address_ = threads_.back()->address;
  }
  for (std::size_t i = 0; i < threads; ++i) threads_[i]->start(i);
}

Backend::~Backend() {
  for (const auto& thread : threads_) thread->context.worker.stop();
}

}  // namespace wssgate::bench
