#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "nginx/certificates.h"
#include "nginx/draft.h"
#include "nginx/findings.h"
#include "nginx/model.h"
#include "nginx/routes.h"
#include "nginx/upstreams.h"

namespace wssgate::nginx {

/// Makes a host of each server with TLS, with its names, certificate and terms.
class HostWriter {
 public:
  HostWriter(Model& model, const std::string& main_file, CertificateReader& certificates,
             UpstreamWriter& upstreams, Findings& findings)
      : model_(model),
        main_file_(main_file),
        certificates_(certificates),
        routes_(model, upstreams, findings),
        findings_(findings) {}

  std::vector<DraftHost> write();

 private:
  /// A host that is written only where another's wildcard would take its names.
  struct LeftOut {
    const Directive* at = nullptr;
    DraftHost host;
    std::string what;
    std::string hint;
  };

  void server(const Server& server);
  void leave_out(const Directive& at, DraftHost host, std::string what, std::string hint);
  void close_taken();
  /// The names that are this server's, and no other's before it.
  std::vector<std::string> names_of(const Server& server);
  bool certificate(const Server& server, DraftHost& host);
  void terms(const Server& server, DraftHost& host);
  void hsts(const Server& server, DraftHost& host);
  void elsewhere_hsts(const Server& server);
  void client_certificates(const Server& server, DraftHost& host);
  void unused_files(const Server& server);

  void read_all(const Directive& block);
  void lost(const Directive& at, std::string what, std::string why);
  void note(const Directive& at, std::string what, std::string why);

  Model& model_;
  const std::string& main_file_;
  CertificateReader& certificates_;
  RouteWriter routes_;
  Findings& findings_;
  std::vector<DraftHost> hosts_;
  std::vector<LeftOut> left_out_;
  /// Each name with the server that has it.
  std::map<std::string, const Server*> owners_;
};

}  // namespace wssgate::nginx
