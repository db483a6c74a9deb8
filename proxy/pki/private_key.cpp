#include "pki/private_key.h"

#include <fmt/format.h>
#include <openssl/decoder.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "pki/pem_file.h"
#include "pki/x509_facts.h"

namespace wssgate::pki {
namespace {

bool is_encrypted(const PemBlock& block) {
  return block.label == "ENCRYPTED PRIVATE KEY" ||
         block.text.find("Proc-Type: 4,ENCRYPTED") != std::string_view::npos;
}

// Never ask on the terminal.
int no_passphrase(char*, int, int, void*) { return -1; }

/// OpenSSL's machinery for reading keys, kept: making it for each key would be nearly half of what
/// loading a certificate costs.
class KeyReader {
 public:
  /// Null where it cannot read the block.
  KeyPtr read(const PemBlock& block) {
    if (!machinery_) {
      machinery_.reset(OSSL_DECODER_CTX_new_for_pkey(&key_, "PEM", nullptr, nullptr,
                                                     EVP_PKEY_KEYPAIR, nullptr, nullptr));
    }
    const BioPtr bio = memory_bio(block.text);
    const bool read = machinery_ && OSSL_DECODER_from_bio(machinery_.get(), bio.get()) == 1;
    KeyPtr key(std::exchange(key_, nullptr));
    if (read) return key;
    machinery_.reset();  // who knows what a failure has left in it
    return nullptr;
  }

 private:
  EVP_PKEY* key_ = nullptr;  // where the machinery puts what it has read
  std::unique_ptr<OSSL_DECODER_CTX, OpensslDeleter<OSSL_DECODER_CTX_free>> machinery_;
};

KeyPtr decode_key(const PemBlock& block) {
  thread_local KeyReader reader;
  KeyPtr key = reader.read(block);
  if (!key) {
    const BioPtr bio = memory_bio(block.text);
    key.reset(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr));
  }
  ERR_clear_error();
  return key;
}

}  // namespace

void refuse_shared_secret(std::string_view what, const std::string& path, mode_t mode,
                          Report& report) {
  if ((mode & 0007) == 0) return;
  report.add({path, 0, 0},
             fmt::format("{} is {} by every user (mode {:04o})", what,
                         (mode & 0004) != 0 ? "readable" : "usable", mode),
             fmt::format("chmod 600 {}", path));
}

KeyPtr load_private_key(const CertificateSource& source, const Result<FileBytes>& file,
                        Report& report) {
  const std::string& path = source.key_file;
  if (!file) {
    report.add(source.named_at,
               fmt::format("cannot read the private key '{}': {}", path, file.error().context),
               "name a file that wssgate's user may read");
    return nullptr;
  }
  refuse_shared_secret("the private key", path, file->mode(), report);

  const auto blocks = split_pem(file->view());
  const auto block = std::find_if(blocks.begin(), blocks.end(),
                                  [](const PemBlock& b) { return is_key_label(b.label); });
  if (block == blocks.end()) {
    auto advice = explain_missing_key(path, file->view(), blocks);
    report.add({path, 0, 0}, std::move(advice.message), std::move(advice.hint));
    return nullptr;
  }
  const SourceLocation at{path, block->line, 1};
  if (is_encrypted(*block)) {
    report.add(
        at, "the private key is encrypted, and nobody is there to type its passphrase",
        fmt::format("store it decrypted with mode 0600: openssl pkey -in {} -out privkey.pem",
                    path));
    return nullptr;
  }
  KeyPtr key = decode_key(*block);
  if (!key) {
    report.add(at, "the private key is damaged: its PEM block does not decode",
               "copy the whole file again, or issue a new key and certificate");
    return nullptr;
  }
  if (!key_type(key.get())) {
    report.add(at, fmt::format("{} keys cannot serve here", describe_key(key.get())),
               "use an ECDSA P-256 key, or RSA with 2048 bits or more");
    return nullptr;
  }
  return key;
}

}  // namespace wssgate::pki
