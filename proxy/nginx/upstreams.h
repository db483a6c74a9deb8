#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "nginx/draft.h"
#include "nginx/findings.h"
#include "nginx/model.h"
#include "nginx/proxy_pass.h"

namespace wssgate::nginx {

/// The upstreams of a draft, each made when something first leads to it. The same servers over
/// other TLS terms are another upstream.
class UpstreamWriter {
 public:
  UpstreamWriter(const std::string& main_file, Findings& findings)
      : main_file_(main_file), findings_(findings) {}

  /// The name of the upstream for this target. "" where none of its servers can be written.
  std::string of(const ProxyTarget& target, const Scope& scope);
  /// The same for what is passed through, with a PROXY header or not.
  std::string of_stream(const std::string& address, const Realm& stream, const Directive& at,
                        bool proxy_protocol);
  /// kClosedUpstream's.
  std::string closed();

  /// A note for each block that nothing led to.
  void tell_unused(const Realm& realm);

  std::vector<DraftUpstream> take() { return std::move(upstreams_); }

 private:
  DraftUpstream from_block(const Upstream& upstream);
  void balance(const Upstream& upstream, DraftUpstream& into);
  void hash(const Directive& directive, DraftUpstream& into);
  void health(const Upstream& upstream, DraftUpstream& into);
  DraftTls tls(const ProxyTarget& target, const Scope& scope, const DraftUpstream& upstream);
  std::string keep(DraftUpstream upstream);
  void lost(const Directive& at, std::string what, std::string why);
  void note(const Directive& at, std::string what, std::string why);

  const std::string& main_file_;
  Findings& findings_;
  std::vector<DraftUpstream> upstreams_;
  std::set<std::string> names_;
  /// By the name that each would have alone.
  std::map<std::string, std::vector<std::size_t>> namesakes_;
  std::set<const Directive*> used_;
};

}  // namespace wssgate::nginx
