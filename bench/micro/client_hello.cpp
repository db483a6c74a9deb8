#include "protocol/tls/client_hello.h"

#include <benchmark/benchmark.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

/// What it costs to find the server name in hellos of OpenSSL's client.
namespace wssgate {
namespace {

constexpr std::size_t kLimit = std::size_t{64} * 1024;
constexpr std::size_t kRecordHeader = 5;
// What the group X25519MLKEM768 adds to a hello: the encapsulation key and one more share.
constexpr std::size_t kPostQuantumShare = 1184 + 36;
constexpr unsigned kUnknownExtension = 65000;

ByteView view(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

int add_share(SSL* /*ssl*/, unsigned /*type*/, unsigned /*context*/, const unsigned char** out,
              std::size_t* length, X509* /*certificate*/, std::size_t /*index*/, int* /*alert*/,
              void* argument) {
  const auto& share = *static_cast<const std::string*>(argument);
  *out = reinterpret_cast<const unsigned char*>(share.data());
  *length = share.size();
  return 1;
}

/// The first flight of OpenSSL's client, with so many bytes more than it has by itself.
std::string hello(std::size_t more) {
  std::string share(more, 'k');
  const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context(SSL_CTX_new(TLS_client_method()),
                                                                  SSL_CTX_free);
  if (more > 0) {
    SSL_CTX_add_custom_ext(context.get(), kUnknownExtension, SSL_EXT_CLIENT_HELLO, add_share,
                           nullptr, &share, nullptr, nullptr);
  }
  const std::unique_ptr<SSL, decltype(&SSL_free)> ssl(SSL_new(context.get()), SSL_free);
  BIO* const sent = BIO_new(BIO_s_mem());
  SSL_set_bio(ssl.get(), BIO_new(BIO_s_mem()), sent);
  std::string name = "chat.example.com";
  // SSL_set_tlsext_host_name() is a macro with a C cast.
  SSL_ctrl(ssl.get(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, name.data());
  SSL_connect(ssl.get());  // wants an answer, which never comes
  char* bytes = nullptr;
  const auto size = BIO_get_mem_data(sent, &bytes);
  if (size <= 0) throw std::runtime_error("OpenSSL's client sent no hello");
  return {bytes, static_cast<std::size_t>(size)};
}

/// The same message in records of `most` bytes each.
std::string re_record(std::string_view record, std::size_t most) {
  const std::string_view version = record.substr(1, 2);
  record.remove_prefix(kRecordHeader);
  std::string cut;
  for (; !record.empty(); record.remove_prefix(std::min(most, record.size()))) {
    const std::string_view piece = record.substr(0, most);
    cut.append("\x16").append(version);
    cut += static_cast<char>(piece.size() >> 8U);
    cut += static_cast<char>(piece.size() & 0xffU);
    cut += piece;
  }
  return cut;
}

void parse_until_named(benchmark::State& state, std::string_view bytes) {
  for (auto _ : state) {
    auto result = tls::parse_client_hello(view(bytes), kLimit);
    if (!std::holds_alternative<tls::ClientHello>(result)) state.SkipWithError("no hello");
    benchmark::DoNotOptimize(result);
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * bytes.size()));
}

void client_hello_small(benchmark::State& state) { parse_until_named(state, hello(0)); }
BENCHMARK(client_hello_small);

void client_hello_post_quantum(benchmark::State& state) {
  parse_until_named(state, hello(kPostQuantumShare));
}
BENCHMARK(client_hello_post_quantum);

void client_hello_in_records(benchmark::State& state) {
  const auto most = static_cast<std::size_t>(state.range(0));
  parse_until_named(state, re_record(hello(kPostQuantumShare), most));
}
BENCHMARK(client_hello_in_records)->ArgName("bytes")->Arg(1)->Arg(64)->Arg(512);

/// Two TCP segments: looked at when the first is there, and again with both.
void client_hello_in_two_segments(benchmark::State& state) {
  const std::string bytes = hello(kPostQuantumShare);
  const std::string_view first = std::string_view(bytes).substr(0, bytes.size() / 2);
  for (auto _ : state) {
    auto half = tls::parse_client_hello(view(first), kLimit);
    auto whole = tls::parse_client_hello(view(bytes), kLimit);
    if (!std::holds_alternative<tls::NeedMore>(half))
      state.SkipWithError("half a hello was enough");
    benchmark::DoNotOptimize(whole);
  }
}
BENCHMARK(client_hello_in_two_segments);

}  // namespace
}  // namespace wssgate
