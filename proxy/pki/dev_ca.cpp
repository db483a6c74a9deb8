#include "pki/dev_ca.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include "base/errno_text.h"
#include "base/hostname.h"
#include "pki/dev_issue.h"
#include "pki/dev_names.h"
#include "pki/pem_file.h"
#include "pki/private_file.h"
#include "pki/x509_facts.h"

namespace wssgate::pki {
namespace {

namespace fs = std::filesystem;

// A folder's name that people can read; longer ones are told apart by what follows.
constexpr std::size_t kLongestLabel = 100;
constexpr std::size_t kTagLength = 8;
constexpr std::string_view kRootLabel = "wssgate development CA";

Error failure(std::string context) {
  return Error(Reason::internal_error, Side::proxy, std::move(context));
}

struct Files {
  explicit Files(const std::string& folder)
      : ca_folder(folder + "/dev-ca"),
        root(ca_folder + "/ca.pem"),
        issuer(ca_folder + "/issuer.pem"),
        issuer_key(ca_folder + "/issuer.key"),
        earlier(ca_folder + "/earlier"),
        outdated(
            {ca_folder + "/ca.key", folder + "/dev/fullchain.pem", folder + "/dev/privkey.pem"}) {}

  std::string ca_folder;
  std::string root;
  std::string issuer;
  std::string issuer_key;
  std::string earlier;
  /// Of the first CAs, whose root issued by itself.
  std::vector<std::string> outdated;
};

/// Processes that serve from one folder would make a CA each, and the last one's would stay.
class FolderLock {
 public:
  explicit FolderLock(const std::string& folder)
      : fd_(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
    while (fd_ >= 0 && ::flock(fd_, LOCK_EX) != 0 && errno == EINTR) {
    }
  }
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;
  ~FolderLock() {
    if (fd_ >= 0) ::close(fd_);
  }

 private:
  int fd_;
};

struct ReadPair {
  DevPair pair;
  mode_t key_mode = 0600;

  bool is_private() const { return (key_mode & 0077) == 0; }
};

std::string pem(X509* certificate) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  char* text = nullptr;
  if (PEM_write_bio_X509(bio.get(), certificate) != 1) return {};
  const long length = BIO_get_mem_data(bio.get(), &text);
  return {text, static_cast<std::size_t>(length)};
}

Result<void> save_key(EVP_PKEY* key, const std::string& file) {
  const BioPtr bio(BIO_new(BIO_s_secmem()));
  char* text = nullptr;
  if (PEM_write_bio_PKCS8PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr) != 1) {
    ERR_clear_error();
    return failure("cannot write a key as PEM");
  }
  const long length = BIO_get_mem_data(bio.get(), &text);
  return write_whole_file(file, {text, static_cast<std::size_t>(length)}, 0600);
}

// The key first: a certificate without its key is what the next start recognises and mends.
Result<void> save(const DevPair& pair, const std::string& key_file, const std::string& chain,
                  const std::string& chain_file) {
  auto saved = save_key(pair.key.get(), key_file);
  if (saved) saved = write_whole_file(chain_file, chain, 0644);
  return saved;
}

X509Ptr first_certificate(std::string_view bytes) {
  for (const PemBlock& block : split_pem(bytes)) {
    if (is_certificate_label(block.label)) return decode_certificate(block);
  }
  return nullptr;
}

// Nothing when the file is missing. An error when there is something that this user may not read:
// that is not ours to replace. Under sudo, by whom this process acts as.
Result<bool> may_read(const std::string& path) {
  if (::faccessat(AT_FDCWD, path.c_str(), R_OK, AT_EACCESS) == 0) return true;
  if (errno == ENOENT) return false;
  return failure(fmt::format("cannot read '{}': {}", path, errno_text(errno)));
}

/// Whoever may change what is in the folder decides whom this user's machine trusts, and may have
/// the key of what is in it.
Result<void> must_be_own(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return {};  // whoever reads it says why
  if (status.st_uid != ::geteuid()) {
    return failure(
        fmt::format("'{}' belongs to another user ({}, and you are {}), who could so make you "
                    "trust a CA of theirs. If it is yours all the same, run: chown -R {} '{}'",
                    path, status.st_uid, ::geteuid(), ::geteuid(), path));
  }
  if ((status.st_mode & 0022) != 0) {
    return failure(
        fmt::format("other users may write '{}' (mode {:04o}), and could so make you trust a CA of "
                    "theirs. If all in it is yours, run: chmod go-w '{}'",
                    path, status.st_mode & 07777, path));
  }
  return {};
}

Result<void> must_be_own(const Files& files) {
  for (const std::string& path : {files.ca_folder, files.root, files.issuer, files.issuer_key}) {
    if (auto own = must_be_own(path); !own) return own;
  }
  return {};
}

/// What is in it belongs to one user of one machine. Done where it can be: nothing depends on it.
void keep_out_of_git(const std::string& folder) {
  const std::string file = folder + "/.gitignore";
  if (::access(file.c_str(), F_OK) != 0) (void)write_whole_file(file, "*\n", 0644);
}

/// Null when the file is missing or damaged.
Result<X509Ptr> read_certificate(const std::string& path) {
  const auto readable = may_read(path);
  if (!readable) return readable.error();
  if (!*readable) return X509Ptr();
  const auto bytes = FileBytes::read(path);
  X509Ptr certificate = bytes ? first_certificate(bytes->view()) : nullptr;
  ERR_clear_error();
  return certificate;
}

// An empty pair when the files are missing, damaged or do not fit each other.
Result<ReadPair> read_pair(const std::string& certificate_file, const std::string& key_file) {
  ReadPair read;
  auto certificate = read_certificate(certificate_file);
  if (!certificate) return certificate.error();
  const auto readable = may_read(key_file);
  if (!readable) return readable.error();
  if (!*certificate || !*readable) return read;
  const auto key = FileBytes::read(key_file);
  if (!key) return read;
  read.key_mode = key->mode();
  const BioPtr bio = memory_bio(key->view());
  read.pair.certificate = std::move(*certificate);
  read.pair.key.reset(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr));
  if (!read.pair.key ||
      X509_check_private_key(read.pair.certificate.get(), read.pair.key.get()) != 1) {
    read.pair = DevPair();
  }
  ERR_clear_error();
  return read;
}

bool has_names(const X509* certificate, const DevNames& names) {
  std::vector<std::string> dns;
  for (const HostPattern& name : dns_names(certificate)) dns.push_back(name.text());
  return dns == names.dns && addresses_of(certificate) == names.addresses;
}

bool contains_exactly(const std::string& file, const std::string& content) {
  const auto bytes = FileBytes::read(file);
  return bytes && bytes->view() == content;
}

bool lasts_until(const X509* certificate, TimePoint time) {
  const auto end = not_after(certificate);
  return end && *end >= time;
}

DevRoot describe(const std::string& file, const X509* certificate) {
  return {file, common_name(certificate), fingerprint(certificate)};
}

/// Of this version or an earlier one. Stores lose what this is true of.
bool is_dev_root(const X509* certificate) {
  const std::string name = common_name(certificate);
  return (name == kRootLabel || name.starts_with(std::string(kRootLabel) + ' ')) &&
         X509_NAME_cmp(X509_get_subject_name(certificate), X509_get_issuer_name(certificate)) ==
             0 &&
         X509_get_ext_by_NID(certificate, NID_name_constraints, -1) >= 0;
}

/// A certificate that any development CA may issue.
bool can_issue(const DevAuthority& authority, TimePoint now) {
  const auto trial = make_dev_leaf(authority.issuer, DevNames{{"localhost"}, {}}, now);
  return trial && verifies(authority, *trial, now);
}

/// What keeps this CA from being used any longer, as DevCa::replaced_because; empty: nothing.
std::string fault_of(const DevAuthority& authority, const std::optional<DevNames>& permitted,
                     const DevNames& wanted, TimePoint now) {
  constexpr const char* kOtherLimits = "it is not limited as the CAs of this version are";
  if (!permitted) return kOtherLimits;
  if (!authority.issuer.certificate) return "its files are damaged or not complete";
  if (permitted != permitted_beyond_local(authority.issuer.certificate.get())) return kOtherLimits;
  if (!is_limited(authority)) return kOtherLimits;
  if (const auto domain = first_top_level(*permitted)) {
    return fmt::format("it may certify all of '{}'", *domain);
  }
  for (const X509* certificate : {authority.root.get(), authority.issuer.certificate.get()}) {
    if (!lasts_until(certificate, now + kDevLeafLife)) {
      return fmt::format("it ends at {}", iso_time(X509_get0_notAfter(certificate)));
    }
  }
  if (const auto name = first_not_permitted(*permitted, wanted)) {
    return fmt::format("it may not certify '{}'", *name);
  }
  if (!can_issue(authority, now)) return "what it issues does not verify";
  return {};
}

/// The root that is about to be replaced may still be trusted somewhere: without its key it is
/// harmless, but whoever trusts it should find it.
Result<void> keep_earlier(const Files& files, const X509Ptr& root) {
  if (!root) return {};
  auto kept = ensure_folder(files.earlier, 0755);
  const std::string file = fmt::format("{}/{}.pem", files.earlier, fingerprint(root.get()));
  if (kept) kept = write_whole_file(file, pem(root.get()), 0644);
  return kept;
}

Result<void> save(const Files& files, const DevAuthority& authority) {
  auto saved = save(authority.issuer, files.issuer_key, pem(authority.issuer.certificate.get()),
                    files.issuer);
  if (saved) saved = write_whole_file(files.root, pem(authority.root.get()), 0644);
  if (!saved) return saved;
  for (const std::string& file : files.outdated) ::unlink(file.c_str());
  return saved;
}

struct Opened {
  DevAuthority authority;
  DevCa ca;
};

/// Names that a CA permitted, without those that none may.
DevNames without_top_level(DevNames names) {
  std::erase_if(names.dns, [](const std::string& name) {
    return first_top_level(DevNames{{name}, {}}).has_value();
  });
  return names;
}

/// With the folder locked.
Result<Opened> open_ca(const Files& files, const DevNames& names, TimePoint now) {
  if (const auto domain = first_top_level(names)) {
    return failure(fmt::format("'{}' would be a CA for every name of a top-level domain", *domain));
  }
  if (auto own = must_be_own(files); !own) return own.error();
  auto root = read_certificate(files.root);
  if (!root) return root.error();
  auto issuer = read_pair(files.issuer, files.issuer_key);
  if (!issuer) return issuer.error();
  if (!issuer->is_private()) {
    return failure(
        fmt::format("other users could read '{}' (mode {:04o}) and so issue certificates "
                    "that you trust. Distrust that CA, remove '{}' and start again",
                    files.issuer_key, issuer->key_mode, files.ca_folder));
  }
  Opened opened;
  opened.authority.root = std::move(*root);
  opened.authority.issuer = std::move(issuer->pair);
  const DevNames wanted = beyond_local(names);
  std::optional<DevNames> permitted;
  if (opened.authority.root) {
    permitted = permitted_beyond_local(opened.authority.root.get());
    opened.ca.replaced_because = fault_of(opened.authority, permitted, wanted, now);
    opened.ca.is_new = !opened.ca.replaced_because.empty();
  } else {
    opened.ca.is_new = true;
  }
  if (opened.ca.is_new) {
    if (auto kept = keep_earlier(files, opened.authority.root); !kept) return kept.error();
    auto made =
        make_dev_authority(joined(without_top_level(permitted.value_or(DevNames())), wanted), now);
    if (!made) return made.error();
    opened.authority = std::move(*made);
    if (!can_issue(opened.authority, now)) return failure("the new development CA does not verify");
    if (auto saved = save(files, opened.authority); !saved) return saved.error();
  }
  opened.ca.root = describe(files.root, opened.authority.root.get());
  const auto permits = permitted_beyond_local(opened.authority.root.get()).value_or(DevNames());
  opened.ca.permitted = permits.dns;
  opened.ca.permitted.insert(opened.ca.permitted.end(), permits.addresses.begin(),
                             permits.addresses.end());
  return opened;
}

/// Each set of names has a folder: two processes that serve other names take nothing from each
/// other.
std::string leaf_folder(const std::string& folder, const DevNames& names) {
  const std::string all = names.subject_alt_name();
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  EVP_Digest(all.data(), all.size(), digest.data(), nullptr, EVP_sha256(), nullptr);
  std::string tag;
  for (std::size_t i = 0; i < kTagLength / 2; ++i) tag += fmt::format("{:02x}", digest[i]);
  const auto first = HostPattern::parse(names.dns.front());
  const std::string label = (first->is_wildcard() ? "any." : "") + first->suffix();
  return fmt::format("{}/dev/{}-{}", folder, label.substr(0, kLongestLabel), tag);
}

}  // namespace

Result<DevCa> ensure_dev_ca(const std::string& folder, const std::vector<std::string>& texts,
                            TimePoint now) {
  const auto names = DevNames::parse(texts);
  if (!names) return names.error();
  const Files files(folder);
  if (auto made = ensure_folder(files.ca_folder, 0700); !made) return made.error();
  const FolderLock lock(files.ca_folder);
  auto opened = open_ca(files, *names, now);
  if (!opened) return opened.error();
  keep_out_of_git(files.ca_folder);
  return std::move(opened->ca);
}

Result<DevCertificate> ensure_dev_certificate(const std::string& folder,
                                              const std::vector<std::string>& texts,
                                              TimePoint now) {
  const auto names = DevNames::parse(texts);
  if (!names) return names.error();
  if (names->dns.empty()) {
    return failure("a development certificate needs at least one host name: add localhost");
  }
  const Files files(folder);
  const std::string place = leaf_folder(folder, *names);
  if (auto made = ensure_folder(files.ca_folder, 0700); !made) return made.error();
  if (auto made = ensure_folder(place, 0755); !made) return made.error();
  const FolderLock lock(files.ca_folder);
  auto opened = open_ca(files, *names, now);
  if (!opened) return opened.error();
  for (const std::string& made_in : {files.ca_folder, folder + "/dev"}) keep_out_of_git(made_in);

  DevCertificate dev{std::move(opened->ca), place + "/fullchain.pem", place + "/privkey.pem",
                     false};
  auto leaf = read_pair(dev.chain_file, dev.key_file);
  if (!leaf) return leaf.error();
  X509* const certificate = leaf->pair.certificate.get();
  const std::string issuer = pem(opened->authority.issuer.certificate.get());
  if (certificate != nullptr && leaf->is_private() && has_names(certificate, *names) &&
      lasts_until(certificate, now + kDevLeafLife / 3) &&
      verifies(opened->authority, leaf->pair, now) &&
      contains_exactly(dev.chain_file, pem(certificate) + issuer)) {
    return dev;
  }
  auto made = make_dev_leaf(opened->authority.issuer, *names, now);
  if (!made) return made.error();
  if (!verifies(opened->authority, *made, now)) {
    return failure("the new development certificate does not verify");
  }
  const std::string chain = pem(made->certificate.get()) + issuer;
  if (auto saved = save(*made, dev.key_file, chain, dev.chain_file); !saved) return saved.error();
  dev.is_new = true;
  return dev;
}

std::optional<DevRoot> find_dev_root(const std::string& folder) {
  const std::string file = Files(folder).root;
  const auto root = read_certificate(file);
  if (!root || !*root || !is_dev_root(root->get())) return std::nullopt;
  return describe(file, root->get());
}

std::vector<DevRoot> earlier_dev_roots(const std::string& folder) {
  std::vector<DevRoot> roots;
  std::error_code error;
  fs::directory_iterator entry(Files(folder).earlier, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    const auto root = read_certificate(entry->path().string());
    if (!root || !*root || !is_dev_root(root->get())) continue;
    DevRoot found = describe(entry->path().string(), root->get());
    if (entry->path().stem() == found.fingerprint) roots.push_back(std::move(found));
  }
  std::sort(roots.begin(), roots.end(),
            [](const DevRoot& a, const DevRoot& b) { return a.file < b.file; });
  return roots;
}

void forget_dev_root(const DevRoot& earlier) { ::unlink(earlier.file.c_str()); }

}  // namespace wssgate::pki
