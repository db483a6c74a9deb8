#pragma once

#include <string>

#include "base/result.h"
#include "base/units.h"
#include "net/fd.h"

namespace wssgate::control {

/// Ends the waiting of other threads: once pulled, it stays so.
class StopSignal {
 public:
  StopSignal();
  void pull();
  /// Readable once it was pulled.
  int fd() const { return event_.get(); }

 private:
  net::Fd event_;
};

/// How responders are asked.
struct FetchTerms {
  /// "host:port" of an HTTP proxy; empty: directly.
  std::string http_proxy;
  /// For all of it: the name's look-up, connecting, and the whole answer however slowly it comes.
  Duration timeout{10'000};
};

/// Sends the DER `request` to the OCSP responder at `url` (http only) and returns its answer, of at
/// most kLargestOcspResponse bytes; nothing of it is verified. Blocks, but for no longer than the
/// terms say, and ends at once when `stop` is pulled. The error says why not, for a person; what
/// the responder wrote is in it as printable text.
Result<std::string> fetch_ocsp(const std::string& url, const std::string& request,
                               const FetchTerms& terms, const StopSignal& stop);

}  // namespace wssgate::control
