#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

#include "pki/certificate.h"
#include "pki/pem_file.h"

namespace wssgate::pki {

/// The unencrypted PEM private key in `file`, which is `source.key_file`, of a type that serves.
/// Problems go to `report`; null when there is no key to use (a key that others may read is
/// returned all the same, so that what is wrong with its certificate is told in the same go).
KeyPtr load_private_key(const CertificateSource& source, const Result<FileBytes>& file,
                        Report& report);

/// A problem when the permission bits let every user at the file. `what` it is: "the private key".
void refuse_shared_secret(std::string_view what, const std::string& path, mode_t mode,
                          Report& report);

}  // namespace wssgate::pki
