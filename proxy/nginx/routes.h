#pragma once

#include <set>
#include <string>
#include <vector>

#include "nginx/draft.h"
#include "nginx/findings.h"
#include "nginx/model.h"
#include "nginx/proxy_pass.h"
#include "nginx/upstreams.h"

namespace wssgate::nginx {

/// Makes the routes of a host of a server's locations. What nginx answers by itself, guards, or
/// sends on under another path becomes a route to kClosedUpstream, so that what a location kept
/// from clients is not open afterwards. Expressions without a fixed beginning cannot be closed; the
/// report shouts it.
class RouteWriter {
 public:
  RouteWriter(Model& model, UpstreamWriter& upstreams, Findings& findings)
      : model_(model), upstreams_(upstreams), findings_(findings) {}

  /// The longest path first.
  std::vector<DraftRoute> of(const Server& server);
  /// One route for every path, which gets 502.
  DraftRoute everything_closed(const std::string& comment);

 private:
  struct Candidate;
  void close(Candidate& route);
  /// The location with a backend that `try_files … @name` leads to in the end; null without one.
  const Location* fallback(const Directive* try_files) const;
  void find_fallbacks();
  void candidates(const Location& location, std::vector<Candidate>& all);
  bool candidate(const Location& location, Candidate& into);
  bool expression(const Location& location, Candidate& into);
  void open_expression(const Location& location, const std::vector<Candidate>& kept);
  bool keeps_path(const Location& location, const ProxyTarget& target, const std::string& path);
  void read_guards(const Location& location);
  bool is_guarded(const Location& at, const Location& location);
  bool proxied(const Location& at, Candidate& into);
  void host_field(const Location& location, const Directive& pass, const std::string& address);
  void judge_exact(const Location& location, const Candidate& route,
                   const std::vector<Candidate>& all);
  void judge_order(const Location& location, const Candidate& route, std::vector<Candidate>& all);
  std::vector<Candidate> one_a_path(const std::vector<Candidate>& found);
  void judge_segments(const Candidate& route);
  void everything_else(const Server& server, std::vector<Candidate>& all);
  void read_all(const Directive& block);
  void lost(const Directive& at, std::string what, std::string why);
  void note(const Directive& at, std::string what, std::string why);

  Model& model_;
  UpstreamWriter& upstreams_;
  Findings& findings_;
  const Server* server_ = nullptr;  ///< whose locations these are
  /// Those that a `try_files` leads to.
  std::set<const Location*> fallbacks_;
};

}  // namespace wssgate::nginx
