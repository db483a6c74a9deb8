#pragma once

#include <string>
#include <vector>

#include "doctor/diagnose.h"
#include "support/temp_folder.h"
#include "support/test_ca.h"

/// Probes as they would come from a host that does everything right, for tests to break.
namespace wssgate::doctor {

inline test::CertificateOptions good_options() {
  test::CertificateOptions options;
  options.common_name = "chat.test";
  options.names = {"chat.test"};
  options.not_before = test::day(2026, 1, 1);
  options.not_after = test::day(2026, 4, 1);
  return options;
}

inline Target chat_target() {
  Request request;
  request.url = "wss://chat.test/ws";
  return *make_target(request);
}

inline TlsAnswer handshake(const std::vector<const test::TestCertificate*>& chain) {
  TlsAnswer answer;
  answer.end = TlsAnswer::End::done;
  answer.version = "TLSv1.3";
  answer.group = "x25519";
  for (const auto* each : chain) answer.chain.push_back(pki::share(each->certificate()));
  answer.chain_sent = answer.chain.size();
  return answer;
}

inline TlsAnswer alert(int number) {
  TlsAnswer answer;
  answer.end = TlsAnswer::End::alert;
  answer.alert = number;
  return answer;
}

inline Probe good_probe(const std::string& address,
                        const std::vector<const test::TestCertificate*>& chain) {
  Probe probe;
  probe.address = *SocketAddress::parse(address);
  probe.connect = Step::ok;
  probe.tls = handshake(chain);
  probe.without_name = alert(109);
  probe.made_up_name = alert(112);
  probe.http.end = HttpAnswer::End::answered;
  probe.http.status = 101;
  probe.websocket.end = WebSocketAnswer::End::alive;
  probe.hsts_known = true;
  probe.hsts = "max-age=1";
  return probe;
}

/// A root that is trusted, an intermediate, and the time of 2026-02-01.
class Clinic {
 public:
  Clinic() {
    Report report;
    anchors_ = pki::TrustAnchors::load({{folder_.write("root.pem", ca_.root.pem()), {}}}, report);
  }

  const test::TestCa& ca() const { return ca_; }
  Judge judge() const {
    return {.anchors = anchors_, .has_own_roots = true, .now = test::day(2026, 2, 1)};
  }
  test::TestCertificate leaf(const test::CertificateOptions& options = good_options()) const {
    return ca_.intermediate.issue(options);
  }
  /// With the intermediate behind it.
  Probe probe(const test::TestCertificate& leaf, const std::string& address) const {
    return good_probe(address, {&leaf, &ca_.intermediate});
  }
  Diagnosis diagnose(const std::vector<Probe>& probes, const Target& target = chat_target()) const {
    return doctor::diagnose(target, probes, judge());
  }

 private:
  test::TempFolder folder_;
  test::TestCa ca_;
  pki::TrustAnchors anchors_;
};

template <class... Each>
std::vector<Probe> probes_of(Each&&... each) {
  std::vector<Probe> probes;
  (probes.push_back(std::forward<Each>(each)), ...);
  return probes;
}

inline std::vector<std::string> ids(const std::vector<Finding>& findings) {
  std::vector<std::string> names;
  for (const Finding& each : findings) names.emplace_back(finding_name(each.id));
  return names;
}

}  // namespace wssgate::doctor
