#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

/// The development CA and its certificates, on the disk of whoever runs `wssgate dev`:
///
///   folder/dev-ca/ca.pem                    the root that clients are to trust; nobody has its key
///   folder/dev-ca/{issuer.pem,issuer.key}   the CA below it that issues, limited as the root is to
///                                           localhost, .test, .localhost, .internal, loopback and
///                                           private addresses, and the names that were asked for
///   folder/dev-ca/earlier/*.pem             roots that it has replaced, for who still trusts them
///   folder/dev/NAME-…/{fullchain.pem,privkey.pem}   a certificate for one set of names
///
/// Keys have mode 0600 from their first byte. One process at a time changes the folder. `dev-ca`
/// and `dev` tell git to ignore all that is in them.
namespace wssgate::pki {

/// A root certificate in a file.
struct DevRoot {
  std::string file;
  /// Its common name, which no other CA has.
  std::string label;
  /// SHA-256, in lower-case hex.
  std::string fingerprint;
};

struct DevCa {
  DevRoot root;
  /// It was made just now: whoever trusted an earlier one has to trust this one.
  bool is_new = false;
  /// The names that it may certify beyond those that every one may: each with all below it.
  std::vector<std::string> permitted;
  /// What was the matter with the one before, as a clause ("it may not certify 'example.com'");
  /// empty where there was none.
  std::string replaced_because;
};

/// What `wssgate dev` serves with.
struct DevCertificate {
  DevCa ca;
  std::string chain_file;
  std::string key_file;
  bool is_new = false;
};

/// The CA of `folder`, which may certify `names`. It is kept, except when it is damaged, ends
/// within the life of a certificate, is limited in another way than those made today, or does not
/// permit a name; a new one permits what the one before did, too, unless that was limited in
/// another way. It permits no name that is a whole top-level domain.
///
/// Refused: a CA that another user owns or may write, for this one is about to be trusted.
Result<DevCa> ensure_dev_ca(const std::string& folder, const std::vector<std::string>& names,
                            std::chrono::system_clock::time_point now);

/// The same, and a certificate of it for `names`: at most 90 days long, and re-made when less than
/// a third of its life is left at `now`, or when the CA is another.
///
/// `names` are DNS names ("*.dev.test" too) and IP literals; at least one is a DNS name, since the
/// server name of a handshake is never an address.
Result<DevCertificate> ensure_dev_certificate(const std::string& folder,
                                              const std::vector<std::string>& names,
                                              std::chrono::system_clock::time_point now);

/// The root of `folder`, if there is one that was made here. Changes nothing.
std::optional<DevRoot> find_dev_root(const std::string& folder);
/// Those that it has replaced and that `forget_dev_root` has not been told of, each in a file that
/// is called as the fingerprint; no other certificates. Changes nothing.
std::vector<DevRoot> earlier_dev_roots(const std::string& folder);
/// An earlier root that nothing trusts any more.
void forget_dev_root(const DevRoot& earlier);

}  // namespace wssgate::pki
