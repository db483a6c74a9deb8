#include "net/tls_wire.h"

#include <openssl/bio.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <new>

namespace wssgate::net {
namespace {

// A caller with little room gets the rest from what is kept; a record takes one receive all the
// same.
constexpr std::size_t kLeastInput = std::size_t{16} * 1024;
// Up to kMostOutput, and one more record.
constexpr std::size_t kUsualOutput = TlsWire::kMostOutput + std::size_t{17} * 1024;

std::span<char> input_buffer() {
  using Buffer = std::array<char, TlsWire::kMostInput>;
  thread_local const auto buffer = std::make_unique_for_overwrite<Buffer>();
  return *buffer;
}

TlsWire& wire_of(BIO* bio) { return *static_cast<TlsWire*>(BIO_get_data(bio)); }

}  // namespace

std::string& TlsWire::output() {
  thread_local std::string buffer;
  return buffer;
}

void TlsWire::attach(SSL* ssl) {
  BIO* const bio = BIO_new(method());
  if (bio == nullptr) throw std::bad_alloc();
  BIO_set_data(bio, this);
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl, bio, bio);
}

Result<Received> TlsWire::fill(TcpStream& plain, std::size_t most) {
  if (has_input() || ended_) return Received{};
  kept_.clear();
  const auto room = input_buffer().first(std::clamp(most, kLeastInput, kMostInput));
  auto got = plain.read(room);
  if (!got) return got;
  input_ = {room.data(), got->bytes};
  ended_ = got->end;
  return got;
}

void TlsWire::keep_input() {
  if (!kept_.empty()) {
    kept_.erase(0, kept_.size() - input_.size());
  } else if (has_input()) {
    kept_ = input_;
  }
  if (kept_.empty()) std::string().swap(kept_);  // an idle stream holds no buffer
  input_ = kept_;
}

BIO_METHOD* TlsWire::method() {
  static BIO_METHOD* const method = [] {
    BIO_METHOD* const made = BIO_meth_new(BIO_TYPE_SOURCE_SINK | BIO_get_new_index(), "TlsWire");
    if (made == nullptr) throw std::bad_alloc();
    BIO_meth_set_read(made, on_read);
    BIO_meth_set_write(made, on_write);
    BIO_meth_set_ctrl(made, on_control);
    return made;
  }();
  return method;
}

int TlsWire::on_read(BIO* bio, char* into, int size) {
  TlsWire& wire = wire_of(bio);
  BIO_clear_retry_flags(bio);
  const std::size_t count = std::min(wire.input_.size(), static_cast<std::size_t>(size));
  if (count == 0) {
    if (wire.ended_) return 0;
    BIO_set_retry_read(bio);
    return -1;
  }
  std::memcpy(into, wire.input_.data(), count);
  wire.input_.remove_prefix(count);
  return static_cast<int>(count);
}

int TlsWire::on_write(BIO*, const char* bytes, int size) {
  try {  // no exception may pass through OpenSSL
    std::string& out = output();
    if (out.capacity() < kUsualOutput) out.reserve(kUsualOutput);
    out.append(bytes, static_cast<std::size_t>(size));
    return size;
  } catch (const std::bad_alloc&) {
    return -1;
  }
}

long TlsWire::on_control(BIO* bio, int command, long, void*) {
  if (command == BIO_CTRL_FLUSH) return 1;
  if (command == BIO_CTRL_EOF) return wire_of(bio).ended_ ? 1 : 0;
  return 0;
}

}  // namespace wssgate::net
