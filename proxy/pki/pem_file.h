#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/report.h"
#include "base/result.h"
#include "pki/openssl_ptr.h"

namespace wssgate::pki {

/// A file that may hold a key, read whole: wiped when it goes.
class FileBytes {
 public:
  /// Regular files up to 4 MiB (a bundle of every public root is a quarter of one). The error's
  /// context says why not, such as "No such file or directory".
  static Result<FileBytes> read(const std::string& path);

  FileBytes(FileBytes&& other) noexcept { *this = std::move(other); }
  FileBytes& operator=(FileBytes&& other) noexcept;
  ~FileBytes();

  std::string_view view() const { return bytes_; }
  /// The permission bits of the very file that was read.
  mode_t mode() const { return mode_; }

 private:
  FileBytes() = default;

  std::string bytes_;
  mode_t mode_ = 0;
};

/// One "-----BEGIN label-----" block, borrowed from the file's bytes.
struct PemBlock {
  std::string_view label;
  /// Of its BEGIN, counted from 1.
  int line = 0;
  /// From BEGIN to END; shorter where the END is missing, and then it does not decode.
  std::string_view text;
};

/// The blocks in order; whatever text stands around them is skipped (RFC 7468 §2).
std::vector<PemBlock> split_pem(std::string_view bytes);

bool is_certificate_label(std::string_view label);
/// Of a private key, encrypted or not.
bool is_key_label(std::string_view label);

/// The bytes in the block; empty when it is damaged.
std::string decode_pem(const PemBlock& block);
/// Null when the block is damaged.
X509Ptr decode_certificate(const PemBlock& block);

/// What to tell someone whose file has no PEM block of the kind that was asked for.
struct Advice {
  std::string message;
  std::string hint;
};
Advice explain_missing_certificate(const std::string& path, std::string_view bytes,
                                   const std::vector<PemBlock>& blocks);
Advice explain_missing_key(const std::string& path, std::string_view bytes,
                           const std::vector<PemBlock>& blocks);

}  // namespace wssgate::pki
