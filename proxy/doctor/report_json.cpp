#include "base/report_json.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "base/text.h"
#include "doctor/answer_verdicts.h"
#include "doctor/chain_walk.h"
#include "doctor/render.h"
#include "doctor/tls_verdicts.h"
#include "pki/x509_facts.h"

namespace wssgate::doctor {
namespace {

using Json = nlohmann::ordered_json;

std::string_view step_name(Step step) {
  switch (step) {
    case Step::ok:
      return "ok";
    case Step::refused:
      return "refused";
    case Step::no_route:
      return "no_route";
    case Step::unreachable:
      return "unreachable";
    case Step::timed_out:
      return "timed_out";
    case Step::closed:
      return "closed";
    case Step::reset:
      return "reset";
    case Step::interrupted:
      return "interrupted";
    case Step::tls_alert:
    case Step::failed:
      break;
  }
  return "failed";
}

std::string_view end_name(TlsAnswer::End end) {
  using End = TlsAnswer::End;
  switch (end) {
    case End::not_tried:
      return "not_tried";
    case End::done:
      return "done";
    case End::alert:
      return "alert";
    case End::not_tls:
      return "not_tls";
    case End::timed_out:
      return "timed_out";
    case End::closed:
      return "closed";
    case End::reset:
      return "reset";
    case End::interrupted:
      return "interrupted";
    case End::failed:
      break;
  }
  return "failed";
}

std::string_view end_name(WebSocketAnswer::End end) {
  using End = WebSocketAnswer::End;
  switch (end) {
    case End::not_tried:
      return "not_tried";
    case End::alive:
      return "alive";
    case End::bad_101:
      return "bad_101";
    case End::no_pong:
      return "no_pong";
    case End::flooded:
      return "flooded";
    case End::closed:
      return "closed";
    case End::reset:
      return "reset";
    case End::not_frames:
      return "not_frames";
    case End::interrupted:
      break;
  }
  return "interrupted";
}

Json certificate_json(const X509* certificate) {
  const EVP_PKEY* const key = X509_get0_pubkey(certificate);
  return {{"subject", pki::subject_label(certificate)},
          {"names", alternative_names(certificate)},
          {"issuer", pki::issuer_label(certificate)},
          {"not_before", pki::iso_time(X509_get0_notBefore(certificate))},
          {"not_after", pki::iso_time(X509_get0_notAfter(certificate))},
          {"key", key == nullptr ? "" : pki::describe_key(key)},
          {"fingerprint", pki::fingerprint(certificate)}};
}

Json tls_json(const TlsAnswer& tls) {
  Json json = {{"end", end_name(tls.end)}, {"took_ms", tls.took.count()}};
  if (tls.alert != 0) json["alert"] = tls.alert;
  if (!tls.detail.empty()) json["detail"] = printable(tls.detail);
  if (tls.end == TlsAnswer::End::done) {
    json["version"] = tls.version;
    json["cipher"] = tls.cipher;
    json["group"] = tls.group;
    json["alpn"] = printable(tls.alpn);
    json["asks_for_client_certificate"] = tls.asks_for_client_certificate;
  }
  Json chain = Json::array();
  for (const auto& each : tls.chain) chain.push_back(certificate_json(each.get()));
  json["chain"] = std::move(chain);
  return json;
}

/// Of another name: what is shown to it, not all of its chain.
Json other_name_json(const TlsAnswer& tls) {
  Json json = {{"end", end_name(tls.end)}, {"served", served(tls)}};
  if (tls.alert != 0) json["alert"] = tls.alert;
  if (!tls.chain.empty()) json["fingerprint"] = pki::fingerprint(tls.chain.front().get());
  return json;
}

Json effect_json(const Effect& effect) {
  return {{"outlook", outlook_name(effect.outlook)}, {"why", effect.why}};
}

Json websocket_json(const WebSocketAnswer& websocket) {
  Json json = {{"end", end_name(websocket.end)}};
  if (websocket.subprotocol) json["subprotocol"] = printable(*websocket.subprotocol);
  if (websocket.close_code) json["close_code"] = *websocket.close_code;
  if (websocket.end == WebSocketAnswer::End::alive) {
    json["pong_ms"] = websocket.pong_after.count();
  }
  if (!websocket.detail.empty()) json["detail"] = printable(websocket.detail);
  return json;
}

Json probe_json(const Target& target, const Probe& probe, const AddressVerdict& verdict) {
  Json json = {{"address", probe.address.text()},
               {"connect", step_name(probe.connect)},
               {"connect_ms", probe.connect_took.count()}};
  if (probe.connect != Step::ok) return json;
  if (target.secure) {
    json["tls"] = tls_json(probe.tls);
    json["only_small_hello_passes"] = probe.only_small_hello_passes;
    json["only_outdated_passes"] = probe.only_outdated_passes;
    json["chain"] = verdict.chain;
    json["staple"] = {{"state", verdict.staple.word}, {"why", verdict.staple.why}};
    json["browsers"] = effect_json(verdict.browsers);
    json["strict_clients"] = effect_json(verdict.strict);
    json["without_name"] = other_name_json(probe.without_name);
    json["made_up_name"] = other_name_json(probe.made_up_name);
  }
  if (probe.http.end != HttpAnswer::End::not_tried) {
    json["answer"] = {{"text", answer_text(probe, target)},
                      {"status", probe.http.status},
                      {"fields", telling_fields(probe.http)},
                      {"took_ms", probe.http.took.count()}};
  }
  if (target.websocket) json["websocket"] = websocket_json(probe.websocket);
  if (probe.hsts_known) json["hsts"] = probe.hsts ? Json(printable(*probe.hsts)) : Json();
  return json;
}

Json finding_json(const Finding& finding, const std::vector<Probe>& probes) {
  Json at = Json::array();
  for (const std::size_t each : finding.addresses) at.push_back(probes[each].address.text());
  return {{"id", finding_name(finding.id)},
          {"level", level_name(finding.level)},
          {"what", finding.what},
          {"change", finding.change},
          {"browsers", effect_json(finding.browsers)},
          {"strict_clients", effect_json(finding.strict)},
          {"addresses", std::move(at)}};
}

Json difference_json(const Difference& difference, const std::vector<Probe>& probes) {
  Json groups = Json::array();
  for (const Difference::Group& group : difference.groups) {
    Json at = Json::array();
    for (const std::size_t each : group.addresses) at.push_back(probes[each].address.text());
    groups.push_back({{"value", group.value}, {"addresses", std::move(at)}});
  }
  return {{"what", difference.what}, {"groups", std::move(groups)}};
}

}  // namespace

std::string report_json(const Target& target, const std::vector<Probe>& probes,
                        const Diagnosis& diagnosis, std::chrono::system_clock::time_point now,
                        bool indented) {
  Json addresses = Json::array();
  for (std::size_t i = 0; i < probes.size(); ++i) {
    addresses.push_back(probe_json(target, probes[i], diagnosis.verdicts[i]));
  }
  Json findings = Json::array();
  for (const Finding& each : diagnosis.findings) findings.push_back(finding_json(each, probes));
  Json differences = Json::array();
  for (const Difference& each : diagnosis.differences) {
    differences.push_back(difference_json(each, probes));
  }
  const Remedy& remedy = diagnosis.remedy;
  const Json all = {{"url", target.shown()},
                    {"time", pki::iso_time(now)},
                    {"exit_code", static_cast<int>(diagnosis.exit_code)},
                    {"sentence", diagnosis.sentence},
                    {"remedy",
                     {{"nginx", remedy.nginx},
                      {"haproxy", remedy.haproxy},
                      {"caddy", remedy.caddy},
                      {"wssgate", remedy.wssgate}}},
                    {"findings", std::move(findings)},
                    {"differences", std::move(differences)},
                    {"addresses", std::move(addresses)}};
  // A header may hold any bytes; they were escaped, but a label of a certificate is UTF-8 or not.
  return all.dump(indented ? 2 : -1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace wssgate::doctor
