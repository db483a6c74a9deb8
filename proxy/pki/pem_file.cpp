#include "pki/pem_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/errno_text.h"

namespace wssgate::pki {
namespace {

constexpr std::size_t kLargestFile = std::size_t{4} * 1024 * 1024;
constexpr std::string_view kBegin = "-----BEGIN ";
constexpr std::string_view kEnd = "-----END ";
constexpr std::string_view kDashes = "-----";

Error unreadable(std::string why) {
  return Error(Reason::internal_error, Side::proxy, std::move(why));
}
Error unreadable(int error) { return unreadable(errno_text(error)); }

struct Descriptor {
  int fd;
  explicit Descriptor(int opened) : fd(opened) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd >= 0) ::close(fd);
  }
};

std::optional<std::string_view> begin_label(std::string_view line) {
  if (line.substr(0, kBegin.size()) != kBegin) return std::nullopt;
  line.remove_prefix(kBegin.size());
  const auto end = line.find(kDashes);
  if (end == std::string_view::npos) return std::nullopt;
  return line.substr(0, end);
}

bool has_block(const std::vector<PemBlock>& blocks, std::string_view label) {
  return std::any_of(blocks.begin(), blocks.end(),
                     [&](const PemBlock& block) { return block.label == label; });
}

template <class T, auto kDecode, auto kFree>
bool is_der(std::string_view bytes) {
  const auto* data = reinterpret_cast<const unsigned char*>(bytes.data());
  T* object = kDecode(nullptr, &data, static_cast<long>(bytes.size()));
  ERR_clear_error();
  kFree(object);
  return object != nullptr;
}

template <class Predicate>
bool has_block_that(const std::vector<PemBlock>& blocks, Predicate fits) {
  return std::any_of(blocks.begin(), blocks.end(),
                     [&](const PemBlock& block) { return fits(block.label); });
}

// What keeps every kind of PEM from being seen; nothing when it is something else.
std::optional<Advice> explain_foreign_text(std::string_view bytes, const std::string& use_pem) {
  const std::string_view start = bytes.substr(0, 2);
  if (bytes.empty()) return Advice{"the file is empty", use_pem};
  if (start == "\xff\xfe" || start == "\xfe\xff") {
    return Advice{"the file is UTF-16 text, which is not PEM",
                  "save it as ASCII or UTF-8 (PowerShell: Out-File -Encoding ascii)"};
  }
  if (bytes.substr(0, 4) == "\xfe\xed\xfe\xed") {
    return Advice{"this is a Java keystore, not PEM",
                  "convert it: keytool -importkeystore -deststoretype PKCS12, and take certificate "
                  "and key out of that with openssl pkcs12"};
  }
  return std::nullopt;
}

bool is_pkcs12(std::string_view bytes) { return is_der<PKCS12, d2i_PKCS12, PKCS12_free>(bytes); }

}  // namespace

Result<FileBytes> FileBytes::read(const std::string& path) {
  // O_NONBLOCK: a fifo without a writer would hold up the start for ever.
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (file.fd < 0) return unreadable(errno);
  struct stat status {};
  if (::fstat(file.fd, &status) != 0) return unreadable(errno);
  if (S_ISDIR(status.st_mode)) return unreadable(EISDIR);
  if (!S_ISREG(status.st_mode)) return unreadable("Not a regular file");
  const auto size = static_cast<std::size_t>(status.st_size);
  if (size > kLargestFile) return unreadable("Larger than 4 MiB");

  FileBytes content;
  content.mode_ = status.st_mode & 07777;
  content.bytes_.resize(size);  // once: growing would leave copies of a key behind
  std::size_t have = 0;
  while (have < size) {
    const ssize_t got = ::read(file.fd, content.bytes_.data() + have, size - have);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return unreadable(errno);
    if (got == 0) break;
    have += static_cast<std::size_t>(got);
  }
  content.bytes_.resize(have);
  return content;
}

FileBytes& FileBytes::operator=(FileBytes&& other) noexcept {
  std::swap(bytes_, other.bytes_);
  mode_ = other.mode_;
  return *this;
}

FileBytes::~FileBytes() { OPENSSL_cleanse(bytes_.data(), bytes_.size()); }

std::vector<PemBlock> split_pem(std::string_view bytes) {
  constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
  if (bytes.substr(0, kByteOrderMark.size()) == kByteOrderMark) {
    bytes.remove_prefix(kByteOrderMark.size());
  }
  std::vector<PemBlock> blocks;
  bool inside = false;
  std::size_t block_start = 0;
  const auto end_block = [&](std::size_t end) {
    blocks.back().text = bytes.substr(block_start, end - block_start);
    inside = false;
  };
  int line_number = 0;
  for (std::size_t start = 0; start < bytes.size();) {
    ++line_number;
    const auto newline = bytes.find('\n', start);
    const std::size_t next = newline == std::string_view::npos ? bytes.size() : newline + 1;
    const std::string_view line = bytes.substr(start, next - start);
    if (const auto label = begin_label(line)) {
      if (inside) end_block(start);
      blocks.push_back(PemBlock{*label, line_number, {}});
      block_start = start;
      inside = true;
    } else if (inside && line.substr(0, kEnd.size()) == kEnd) {
      end_block(next);
    }
    start = next;
  }
  if (inside) end_block(bytes.size());
  return blocks;
}

bool is_certificate_label(std::string_view label) {
  return label == "CERTIFICATE" || label == "X509 CERTIFICATE";
}

bool is_key_label(std::string_view label) {
  constexpr std::string_view kSuffix = "PRIVATE KEY";
  return label.size() >= kSuffix.size() && label != "OPENSSH PRIVATE KEY" &&
         label.substr(label.size() - kSuffix.size()) == kSuffix;
}

std::string decode_pem(const PemBlock& block) {
  const BioPtr bio = memory_bio(block.text);
  char* label = nullptr;
  char* header = nullptr;
  unsigned char* data = nullptr;
  long length = 0;
  std::string bytes;
  if (PEM_read_bio(bio.get(), &label, &header, &data, &length) == 1) {
    bytes.assign(reinterpret_cast<const char*>(data), static_cast<std::size_t>(length));
  }
  ERR_clear_error();
  OPENSSL_free(label);
  OPENSSL_free(header);
  OPENSSL_free(data);
  return bytes;
}

X509Ptr decode_certificate(const PemBlock& block) {
  const BioPtr bio = memory_bio(block.text);
  X509Ptr certificate(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
  ERR_clear_error();
  return certificate;
}

Advice explain_missing_certificate(const std::string& path, std::string_view bytes,
                                   const std::vector<PemBlock>& blocks) {
  const std::string use_pem = "give the PEM chain here (fullchain.pem)";
  if (auto foreign = explain_foreign_text(bytes, use_pem)) return std::move(*foreign);
  if (is_pkcs12(bytes)) {
    return {"this is a PKCS#12 bundle, not PEM",
            fmt::format("take the chain out of it: openssl pkcs12 -in {} -nokeys -out fullchain.pem"
                        " (then put the server's certificate first)",
                        path)};
  }
  if (is_der<X509, d2i_X509, X509_free>(bytes)) {
    return {"this is a DER certificate, not PEM",
            fmt::format("convert it: openssl x509 -inform der -in {} -out cert.pem, and append "
                        "the intermediates",
                        path)};
  }
  if (has_block(blocks, "PKCS7")) {
    return {"this is a PKCS#7 bundle, not a PEM chain",
            fmt::format("convert it: openssl pkcs7 -print_certs -in {} -out fullchain.pem", path)};
  }
  if (has_block(blocks, "CERTIFICATE REQUEST") || has_block(blocks, "NEW CERTIFICATE REQUEST")) {
    return {"this is a certificate request, not a certificate",
            "have a CA sign it and give the chain that it returns"};
  }
  if (has_block(blocks, "TRUSTED CERTIFICATE")) {
    return {"this is OpenSSL's own TRUSTED CERTIFICATE form, not a plain certificate",
            fmt::format("convert it: openssl x509 -in {} -out cert.pem, and append the "
                        "intermediates",
                        path)};
  }
  if (has_block_that(blocks, is_key_label)) {
    return {"this file holds a private key, not a certificate chain",
            use_pem + "; perhaps chain and key are swapped"};
  }
  return {"there is no PEM certificate in this file", use_pem};
}

Advice explain_missing_key(const std::string& path, std::string_view bytes,
                           const std::vector<PemBlock>& blocks) {
  const std::string use_pem = "give the PEM private key here (privkey.pem)";
  if (auto foreign = explain_foreign_text(bytes, use_pem)) return std::move(*foreign);
  if (is_pkcs12(bytes)) {
    return {"this is a PKCS#12 bundle, not PEM",
            fmt::format("take the key out of it: openssl pkcs12 -in {} -nocerts -nodes -out "
                        "privkey.pem",
                        path)};
  }
  if (is_der<EVP_PKEY, d2i_AutoPrivateKey, EVP_PKEY_free>(bytes)) {
    return {"this is a DER private key, not PEM",
            fmt::format("convert it: openssl pkey -inform der -in {} -out privkey.pem", path)};
  }
  if (has_block(blocks, "PUBLIC KEY")) {
    return {"this is a public key, not a private key", use_pem};
  }
  if (has_block(blocks, "OPENSSH PRIVATE KEY")) {
    return {"this is an OpenSSH key, not a PEM private key", use_pem};
  }
  if (has_block_that(blocks, is_certificate_label)) {
    return {"this file holds a certificate, not a private key",
            use_pem + "; perhaps chain and key are swapped"};
  }
  return {"there is no PEM private key in this file", use_pem};
}

}  // namespace wssgate::pki
