#include <gtest/gtest.h>

#include <cstdlib>

#include "unit/config/loading.h"

namespace wssgate::config {
namespace {

// Single values with units, words and paths.
TEST(Refusals, Values) {
  expect_refusals(
      Text::fragment,
      {
          {"timeouts: {connect: 30}",
           "c.yaml:1:21: timeouts.connect: '30' has no unit. write '30s' if these are seconds."},
          {"timeouts: {connect: 0s}",
           "c.yaml:1:21: timeouts.connect: '0s' is out of range. write a value from 1ms to 365d."},
          {"timeouts: {connect: -5s}",
           "c.yaml:1:21: timeouts.connect: '-5s' is not a duration. write a whole number with its "
           "unit, ms, s, m, h or d, such as '30s'."},
          {"timeouts: {connect: fast}",
           "c.yaml:1:21: timeouts.connect: 'fast' is not a duration. write a whole number with its "
           "unit, ms, s, m, h or d, such as '30s'."},
          {"timeouts: {connect: 400d}",
           "c.yaml:1:21: timeouts.connect: '400d' is out of range. write a value from 1ms to "
           "365d."},
          {"timeouts: {connect: 5 s}",
           "c.yaml:1:21: timeouts.connect: '5 s' is not a duration. write a whole number with its "
           "unit, ms, s, m, h or d, such as '30s'."},
          {"listeners: [{address: 127.0.0.1:80, redirect_to_https: yes}]",
           "c.yaml:1:56: listeners[0].redirect_to_https: 'yes' is neither true, false nor a port. "
           "write 'true' for port 443, or the port that clients reach the TLS listener at."},
          {"admin: {address: 127.0.0.1:9180}",
           "c.yaml:1:18: admin.address: '127.0.0.1:9180' is not the address of an admin socket. "
           "write 'unix:' and an absolute path of at most 107 bytes, such as "
           "'unix:/run/wssgate/admin.sock', or 'off'."},
          {"hosts: [{names: [a.example], routes: [{upstream: web}], hsts: {max_age: 731d}}]",
           "c.yaml:1:73: hosts[0].hsts.max_age: '731d' is out of range. write a value from 0s to "
           "730d."},
          {"hosts: [{names: [a.example], routes: [{upstream: web}], hsts: {max_age: 500ms}}]",
           "c.yaml:1:73: hosts[0].hsts.max_age: '500ms' is out of range. write a value from 0s to "
           "730d."},
          {"hosts: [{names: [a.example], routes: [{upstream: web}], hsts: {max_age: 10}}]",
           "c.yaml:1:73: hosts[0].hsts.max_age: '10' has no unit. write '10s' if these are "
           "seconds."},
          {"hosts: [{names: [a.example], routes: [{upstream: web}], hsts: {max_age: 1d, "
           "include_subdomains: 1}}]",
           "c.yaml:1:97: hosts[0].hsts.include_subdomains: '1' is neither true nor false. write "
           "'true' or 'false'."},
          {"hosts: [{names: [a.example], routes: [{upstream: web}], hsts: {max_age: 365d, "
           "preload: true}}]",
           "c.yaml:1:63: hsts.preload needs include_subdomains and a max_age of at least 365d. set "
           "both, or leave 'preload' out."},
          {"limits: {requests_per_address: 20}",
           "c.yaml:1:32: limits.requests_per_address: '20' is not a rate. write how many in which "
           "time, such as '20/s' or '100/10s', or 'none'."},
          {"limits: {requests_per_address: 0/s}",
           "c.yaml:1:32: limits.requests_per_address: '0/s' is not a rate. write how many in which "
           "time, such as '20/s' or '100/10s', or 'none'."},
          {"limits: {requests_per_address: 20/fortnight}",
           "c.yaml:1:32: limits.requests_per_address: '20/fortnight' is not a rate. write how many "
           "in which time, such as '20/s' or '100/10s', or 'none'."},
          {"limits: {handshakes_per_address: 1/25h}",
           "c.yaml:1:34: limits.handshakes_per_address: '1/25h' is out of range. write a value "
           "from 1/24h to 1000000/ms."},
          {"limits: {connections_per_address: 0}",
           "c.yaml:1:35: limits.connections_per_address: '0' is out of range. write a value from 1 "
           "to 10000000, or 'none'."},
          {"limits: {request_head: 65536}",
           "c.yaml:1:24: limits.request_head: '65536' has no unit. write '64KiB' if these are "
           "bytes."},
          {"limits: {request_head: 32KB}",
           "c.yaml:1:24: limits.request_head: '32KB' is not a size. write a whole number with its "
           "unit, B, KiB, MiB or GiB, such as '32KiB'."},
          {"limits: {request_head: 2MiB}",
           "c.yaml:1:24: limits.request_head: '2MiB' is out of range. write a value from 1KiB to "
           "1MiB."},
          {"limits: {client_hello: 100KiB}",
           "c.yaml:1:24: limits.client_hello: '100KiB' is out of range. write a value from 512B to "
           "64KiB."},
          {"limits: {client_hello: 100B}",
           "c.yaml:1:24: limits.client_hello: '100B' is out of range. write a value from 512B to "
           "64KiB."},
          {"limits: {connections: 0}",
           "c.yaml:1:23: limits.connections: '0' is out of range. write a value from 1 to "
           "10000000."},
          {"limits: {connections: many}",
           "c.yaml:1:23: limits.connections: 'many' is not a whole number. write a number from 1 "
           "to 10000000, in digits only."},
          {"limits: {connections: 1KiB}",
           "c.yaml:1:23: limits.connections: '1KiB' is not a whole number. write a number from 1 "
           "to 10000000, in digits only."},
          {"workers: 0",
           "c.yaml:1:10: workers: '0' is not a number of workers. write 'auto' for one a core, or "
           "a number from 1 to 1024."},
          {"workers: 2000",
           "c.yaml:1:10: workers: '2000' is not a number of workers. write 'auto' for one a core, "
           "or a number from 1 to 1024."},
          {"workers: atuo",
           "c.yaml:1:10: workers: 'atuo' is not a number of workers. write 'auto' for one a core, "
           "or a number from 1 to 1024."},
          {"log: {level: warning}",
           "c.yaml:1:14: log.level: 'warning' is not one of the words that can stand here. write "
           "one of: debug, info, warn, error, off."},
          {"log: {level: chatty}",
           "c.yaml:1:14: log.level: 'chatty' is not one of the words that can stand here. write "
           "one of: debug, info, warn, error, off."},
          {"log: {format: xml}",
           "c.yaml:1:15: log.format: 'xml' is not one of the words that can stand here. write one "
           "of: json, text."},
          {"log: {access: stdot}",
           "c.yaml:1:15: log.access: 'stdot' is neither stdout, stderr, syslog, journald, off nor "
           "a file's path. "
           "write './stdot' if it is a file."},
          {"log: {output: sysolg}",
           "c.yaml:1:15: log.output: 'sysolg' is neither stdout, stderr, syslog, journald, off nor "
           "a file's path. write './sysolg' if it is a file."},
          {"request_id: no",
           "c.yaml:1:13: request_id: 'no' is not one of the words that can stand here. write one "
           "of: take_over, trusted, make, off."},
          {R"(log: {access: "a\0b"})",
           R"(c.yaml:1:15: log.access: 'a\x00b' holds a NUL byte, which no path can. write the path as plain text.)"},
          {"stapling: {http_proxy: \"https://proxy.test:3128\"}",
           "c.yaml:1:24: stapling.http_proxy: 'https://proxy.test:3128' is reached by https, and "
           "OCSP is asked for in plain HTTP (it is signed). name the proxy's http port, such as "
           "'http://proxy.internal:3128'."},
          {"stapling: {http_proxy: \"http://proxy.test\"}",
           "c.yaml:1:24: stapling.http_proxy: 'http://proxy.test' has no port. write "
           "'http://proxy.test:3128' if that is its port."},
          {"stapling: {http_proxy: \"http://me:secret@proxy.test:3128\"}",
           "c.yaml:1:24: stapling.http_proxy: 'http://***@proxy.test:3128' holds a user's "
           "name, and wssgate does not log in to proxies. name a proxy that lets this machine ask "
           "without."},
          {"stapling: {http_proxy: \"proxy.test:3128\"}",
           "c.yaml:1:24: stapling.http_proxy: 'proxy.test:3128' is not an HTTP proxy's URL. write "
           "one such as 'http://proxy.internal:3128', or 'none'."},
          {"stapling: {http_proxy: \"http://proxy.test:3128/path\"}",
           "c.yaml:1:24: stapling.http_proxy: 'http://proxy.test:3128/path' is not an HTTP proxy's "
           "URL. write one such as 'http://proxy.internal:3128', or 'none'."},
          {R"(stapling: {cache: "a\0b"})",
           R"(c.yaml:1:19: stapling.cache: 'a\x00b' holds a NUL byte, which no path can. write the path as plain text.)"},
          {"stapling: {timeout: 10}",
           "c.yaml:1:21: stapling.timeout: '10' has no unit. write '10s' if these are seconds."},
          {"hosts: [{names: [a.example], ocsp: on, routes: [{upstream: web}]}]",
           "c.yaml:1:36: hosts[0].ocsp: 'on' is not one of the words that can stand here. write "
           "one of: auto, required, off."},
          {"certificates: {folders: certs}",
           "c.yaml:1:25: certificates.folders: a list is expected here, and this is a single "
           "value. write it like 'folders: [certs/]'."},
          {R"(certificates: {intermediates: ""})",
           "c.yaml:1:31: certificates.intermediates is empty. write it like 'intermediates: "
           "intermediates/'."},
          {R"(certificates: {roots: [""]})",
           "c.yaml:1:24: certificates.roots[0] is empty. write it like 'roots: "
           "[private-root.pem]'."},
          {"trusted_proxies: [10.0.0.0/33]",
           "c.yaml:1:19: trusted_proxies[0]: '10.0.0.0/33' is not a network. write an IP address, "
           "or a block such as '10.0.0.0/8'."},
          {"trusted_proxies: [lb.example]",
           "c.yaml:1:19: trusted_proxies[0]: 'lb.example' is not a network. write an IP address, "
           "or a block such as '10.0.0.0/8'."},
      });
}

// Variables in values.
TEST(Refusals, Environment) {
  ASSERT_EQ(setenv("WSSGATE_EMPTY", "", 1), 0);
  unsetenv("WSSGATE_UNSET");
  expect_refusals(
      Text::fragment,
      {
          {"workers: ${WSSGATE_UNSET}",
           "c.yaml:1:10: workers: '${WSSGATE_UNSET}' needs the environment variable WSSGATE_UNSET, "
           "which is not set. set it, or write a default: ${WSSGATE_UNSET:-default}."},
          {"workers: ${WSSGATE_EMPTY}",
           "c.yaml:1:10: workers: '${WSSGATE_EMPTY}' is empty once its variables are put in. set "
           "the variable, or write a default: ${NAME:-default}."},
          {"workers: ${1X}",
           "c.yaml:1:10: workers: '${1X}' refers to '1X', which is no variable's name. write "
           "${NAME} or ${NAME:-default}, or $${ for a literal ${."},
          {R"(workers: "${WSSGATE")",
           "c.yaml:1:10: workers: '${WSSGATE' holds '${' without a closing '}'. close it, or write "
           "$${ for a literal ${."},
          {"workers: ${WSSGATE_EMPTY:-many}",
           "c.yaml:1:10: workers: 'many' is not a number of workers. write 'auto' for one a core, "
           "or a number from 1 to 1024."},
          {R"(workers: "$${X}")",
           "c.yaml:1:10: workers: '${X}' is not a number of workers. write 'auto' for one a core, "
           "or a number from 1 to 1024."},
          {"workers: ${}",
           "c.yaml:1:10: workers: '${}' refers to '', which is no variable's name. write ${NAME} "
           "or ${NAME:-default}, or $${ for a literal ${."},
      });
}

}  // namespace
}  // namespace wssgate::config
