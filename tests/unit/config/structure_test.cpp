#include <gtest/gtest.h>

#include "unit/config/loading.h"

namespace wssgate::config {
namespace {

// Keys that are unknown or missing, and values of another kind.
TEST(Refusals, StructureInWholeFiles) {
  expect_refusals(Text::whole,
                  {
                      {"- a",
                       "c.yaml:1:1: the top level: a mapping is expected here, and this is a list. "
                       "write it like 'listeners: [{address: 0.0.0.0:443}]'."},
                      {"hello",
                       "c.yaml:1:1: the top level: a mapping is expected here, and this is a "
                       "single value. write it like 'listeners: [{address: 0.0.0.0:443}]'."},
                      {"{}",
                       "c.yaml:1:1: the top level has no 'listeners'. add it, such as 'listeners: "
                       "[{address: 0.0.0.0:443}]'."
                       "\n"
                       "c.yaml:1:1: the top level has no 'hosts'. add it, such as 'hosts: [{names: "
                       "[chat.example.com], routes: [{path: /, upstream: web}]}]'."
                       "\n"
                       "c.yaml:1:1: the top level has no 'upstreams'. add it, such as 'upstreams: "
                       "{web: {endpoints: [127.0.0.1:3000]}}'."},
                  });
}

TEST(Refusals, Structure) {
  expect_refusals(
      Text::fragment,
      {
          {"timeuots: {connect: 3s}",
           "c.yaml:1:1: unknown key 'timeuots' in the top level. write 'timeouts' if you meant "
           "that."},
          {"frobnicate: 1",
           "c.yaml:1:1: unknown key 'frobnicate' in the top level. the keys here are: listeners, "
           "workers, user, admin, certificates, tickets, hosts, stapling, upstreams, "
           "resolver, trusted_proxies, request_id, "
           "timeouts, "
           "limits, websocket, log."},
          {"timeouts: {conect: 3s}",
           "c.yaml:1:12: unknown key 'conect' in timeouts. write 'connect' if you meant that."},
          {"hosts: [{names: [a.example], frob: auto, routes: [{upstream: web}]}]",
           "c.yaml:1:30: unknown key 'frob' in hosts[0]. the keys here are: names, "
           "passthrough, routes, certificate, hsts, ocsp, client_certificates, tls."},
          {"hosts: [{names: [a.example], client_certificates: {mode: optional}, routes: "
           "[{upstream: "
           "web}]}]",
           "c.yaml:1:51: hosts[0].client_certificates has no 'ca'. add it, such as 'ca: "
           "clients-ca.pem'."},
          {"hosts: [{names: [a.example], client_certificates: {ca: a.pem, mode: maybe}, routes: "
           "[{upstream: web}]}]",
           "c.yaml:1:69: hosts[0].client_certificates.mode: 'maybe' is not one of the words that "
           "can "
           "stand here. write one of: required, optional."},
          {"listeners: [{address: 127.0.0.1:1, tls: {presets: modern}}]",
           "c.yaml:1:42: unknown key 'presets' in listeners[0].tls. write 'preset' if you meant "
           "that."},
          {"listeners: [{address: 127.0.0.1:1, tls: modern}]",
           "c.yaml:1:41: listeners[0].tls: a mapping is expected here, and this is a single value. "
           "write it like 'tls: {preset: modern}'."},
          {"listeners: [{address: 127.0.0.1:1, tls: {preset: old}}]",
           "c.yaml:1:50: listeners[0].tls.preset: 'old' is not one of the words that can stand "
           "here. "
           "write one of: modern, intermediate."},
          {"listeners: [{address: 127.0.0.1:1, tls: {min_version: old}}]",
           "c.yaml:1:55: listeners[0].tls.min_version: 'old' is not one of the words that can "
           "stand "
           "here. write one of: 1.2, 1.3."},
          {"listeners: [{address: 127.0.0.1:1, tls: {ciphers: \"A:B\"}}]",
           "c.yaml:1:51: listeners[0].tls.ciphers: a list is expected here, and this is a single "
           "value. write it like 'ciphers: [TLS_AES_128_GCM_SHA256, "
           "ECDHE-ECDSA-AES128-GCM-SHA256]'."},
          {"listeners: [{address: 127.0.0.1:1, tls: {ciphers: [\"A:B\"]}}]",
           "c.yaml:1:52: listeners[0].tls.ciphers[0]: 'A:B' is not a name. write one name an "
           "entry; "
           "the syntax of OpenSSL's lists (':', '+', '!') is not read."},
          {"listeners: [{address: 127.0.0.1:1, tls: {groups: []}}]",
           "c.yaml:1:50: listeners[0].tls.groups is empty. leave the key out if that is meant, or "
           "write it like 'groups: [X25519, prime256v1]'."},
          {"listeners: [{address: 127.0.0.1:1, redirect_to_https: true, tls: {preset: modern}}]",
           "c.yaml:1:66: tls has no meaning on a listener that redirects. remove it, or "
           "'redirect_to_https'."},
          {"tickets: {keys: [a]}",
           "c.yaml:1:17: tickets.keys: a single value is expected here, and this is a list. write "
           "it "
           "like 'keys: ticket-keys.txt'."},
          {"timeouts:\n",
           "c.yaml:1:1: timeouts: a mapping is expected here, and nothing stands here. write it "
           "like 'timeouts: {connect: 3s}', or remove the key."},
          {"timeouts: 5s",
           "c.yaml:1:11: timeouts: a mapping is expected here, and this is a single value. write "
           "it like 'timeouts: {connect: 3s}'."},
          {"timeouts: [5s]",
           "c.yaml:1:11: timeouts: a mapping is expected here, and this is a list. write it like "
           "'timeouts: {connect: 3s}'."},
          {"workers: [1]",
           "c.yaml:1:10: workers: a single value is expected here, and this is a list. write it "
           "like 'workers: auto'."},
          {"workers: {n: 1}",
           "c.yaml:1:10: workers: a single value is expected here, and this is a mapping. write it "
           "like 'workers: auto'."},
          {"workers:\n",
           "c.yaml:1:1: workers: a single value is expected here, and nothing stands here. write "
           "it like 'workers: auto', or remove the key."},
          {R"(workers: "")", "c.yaml:1:10: workers is empty. write it like 'workers: auto'."},
          {"trusted_proxies: 10.0.0.0/8",
           "c.yaml:1:18: trusted_proxies: a list is expected here, and this is a single value. "
           "write it like 'trusted_proxies: [10.0.0.0/8]'."},
          {"listeners:\n",
           "c.yaml:1:1: listeners: a list is expected here, and nothing stands here. write it like "
           "'listeners: [{address: 0.0.0.0:443}]'."},
          {"listeners: []",
           "c.yaml:1:12: listeners is empty. add at least one, like 'listeners: [{address: "
           "0.0.0.0:443}]'."},
          {"listeners: 0.0.0.0:443",
           "c.yaml:1:12: listeners: a list is expected here, and this is a single value. write it "
           "like 'listeners: [{address: 0.0.0.0:443}]'."},
          {"listeners: [0.0.0.0:443]",
           "c.yaml:1:13: listeners[0]: a mapping is expected here, and this is a single value. "
           "write it like 'listeners: [{address: 0.0.0.0:443}]'."},
          {"listeners: [{}]",
           "c.yaml:1:13: listeners[0] has no 'address'. add it, such as 'address: 0.0.0.0:443'."},
          {"hosts: []",
           "c.yaml:1:8: hosts is empty. add at least one, like 'hosts: [{names: "
           "[chat.example.com], routes: [{path: /, upstream: web}]}]'."},
          {"upstreams: {}",
           "c.yaml:1:12: upstreams is empty. add at least one, like 'upstreams: {web: {endpoints: "
           "[127.0.0.1:3000]}}'."},
          {"upstreams: [web]",
           "c.yaml:1:12: upstreams: a mapping is expected here, and this is a list. write it like "
           "'upstreams: {web: {endpoints: [127.0.0.1:3000]}}'."},
          {"upstreams: {web: 127.0.0.1:3000}",
           "c.yaml:1:18: upstreams.web: a mapping is expected here, and this is a single value. "
           "write it like 'upstreams: {web: {endpoints: [127.0.0.1:3000]}}'."},
          {"upstreams: {web: {}}",
           "c.yaml:1:18: upstreams.web has no 'endpoints'. add it, such as 'endpoints: "
           "[127.0.0.1:3000]'."},
          {"upstreams: {web: {endpoints: []}}",
           "c.yaml:1:30: upstreams.web.endpoints is empty. add at least one, like 'endpoints: "
           "[127.0.0.1:3000]'."},
          {R"(upstreams: {"a b": {endpoints: [127.0.0.1:1]}, web: {endpoints: [127.0.0.1:1]}})",
           "c.yaml:1:13: upstreams: 'a b' is not a name for an upstream. use letters, digits, '-', "
           "'_' and '.', at most 64 of them."},
          {"hosts: [{names: [], routes: []}]",
           "c.yaml:1:17: hosts[0].names is empty. add at least one, like 'names: "
           "[chat.example.com]'."
           "\n"
           "c.yaml:1:29: hosts[0].routes is empty. add at least one, like 'routes: [{path: /, "
           "upstream: web}]'."},
          {"hosts: [{}]",
           "c.yaml:1:9: hosts[0] has no 'names'. add it, such as 'names: [chat.example.com]'."
           "\n"
           "c.yaml:1:9: hosts[0] has no 'routes'. add it, such as 'routes: [{path: /, upstream: "
           "web}]'."},
          {"hosts: [{names: a.example, routes: [{}]}]",
           "c.yaml:1:17: hosts[0].names: a list is expected here, and this is a single value. "
           "write it like 'names: [chat.example.com]'."
           "\n"
           "c.yaml:1:37: hosts[0].routes[0] has no 'upstream'. add it, such as 'upstream: chat'."},
          {"hosts: [{names: [[a.example]], routes: [{upstream: web}]}]",
           "c.yaml:1:18: hosts[0].names[0]: a single value is expected here, and this is a list. "
           "write it like 'names: [chat.example.com]'."},
          {"hosts: [{names: [a.example], certificate: {chain: a.pem}, routes: [{upstream: web}]}]",
           "c.yaml:1:43: hosts[0].certificate has no 'key'. add it, such as 'key: "
           "chat/privkey.pem'."},
          {"hosts: [{names: [a.example], routes: [{upstream: web, allowed_origins: same-host}]}]",
           R"(c.yaml:1:72: hosts[0].routes[0].allowed_origins: a list is expected here, and this is a single value. write it like 'allowed_origins: [same-host, "https://app.example.com"]'.)"},
      });
}

}  // namespace
}  // namespace wssgate::config
