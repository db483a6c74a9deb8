#include <gtest/gtest.h>

#include "unit/config/loading.h"

namespace wssgate::config {
namespace {

// Addresses to listen on.
TEST(Refusals, Listeners) {
  expect_refusals(
      Text::fragment,
      {
          {R"(listeners: [{address: "443"}])",
           "c.yaml:1:23: listeners[0].address: '443' has no address. write '0.0.0.0:443' for every "
           "IPv4 address, '[::]:443' for IPv6."},
          {R"(listeners: [{address: ":443"}])",
           "c.yaml:1:23: listeners[0].address: ':443' has no address. write '0.0.0.0:443' for "
           "every IPv4 address, '[::]:443' for IPv6."},
          {R"(listeners: [{address: "*:443"}])",
           "c.yaml:1:23: listeners[0].address: '*:443' has no address. write '0.0.0.0:443' for "
           "every IPv4 address, '[::]:443' for IPv6."},
          {R"(listeners: [{address: "localhost:443"}])",
           "c.yaml:1:23: listeners[0].address: 'localhost:443' has a name, and a listener takes an "
           "IP address. write '0.0.0.0:443' for every IPv4 address, '[::]:443' for IPv6."},
          {R"(listeners: [{address: "127.0.0.1"}])",
           "c.yaml:1:23: listeners[0].address: '127.0.0.1' has no port. write '127.0.0.1:443'."},
          {R"(listeners: [{address: "::1"}])",
           "c.yaml:1:23: listeners[0].address: '::1' has no port, and no brackets around the IPv6 "
           "address. write '[::1]:443'."},
          {R"(listeners: [{address: "::1:443"}])",
           "c.yaml:1:23: listeners[0].address: '::1:443' has no brackets around the IPv6 address. "
           "write '[::1]:443'."},
          {R"(listeners: [{address: "https://0.0.0.0:443"}])",
           "c.yaml:1:23: listeners[0].address: 'https://0.0.0.0:443' is a URL, and an address and "
           "port is expected. write 0.0.0.0:443, not https://0.0.0.0:443."},
          {R"(listeners: [{address: "unix:/run/x"}])",
           "c.yaml:1:23: listeners[0].address: 'unix:/run/x' is a unix socket, and clients come "
           "over TCP. write '0.0.0.0:443' for every IPv4 address, '[::]:443' for IPv6."},
          {R"(listeners: [{address: "0.0.0.0:99999"}])",
           "c.yaml:1:23: listeners[0].address: '0.0.0.0:99999' has no valid port. write a port "
           "from 1 to 65535 after the last ':'."},
          {R"(listeners: [{address: "0.0.0.0:https"}])",
           "c.yaml:1:23: listeners[0].address: '0.0.0.0:https' has no valid port. write a port "
           "from 1 to 65535 after the last ':'."},
          {R"(listeners: [{address: "nonsense"}])",
           "c.yaml:1:23: listeners[0].address: 'nonsense' has a name, and a listener takes an IP "
           "address. write '0.0.0.0:443' for every IPv4 address, '[::]:443' for IPv6."},
          {R"(listeners: [{address: "300.0.0.1:443"}])",
           "c.yaml:1:23: listeners[0].address: '300.0.0.1:443' is not an address and port. write "
           "one such as '0.0.0.0:443'."},
          {"listeners: [{address: 127.0.0.1:443}, {address: 127.0.0.1:443}]",
           "c.yaml:1:49: the listener 127.0.0.1:443 stands twice, first at line 1, column 23. "
           "remove one of them."},
          {"listeners: [{address: 127.0.0.1:443}, {address: 0.0.0.0:443}]",
           "c.yaml:1:23: the listener 127.0.0.1:443 is part of 0.0.0.0:443, at line 1, column 49. "
           "remove one of them."},
          {R"(listeners: [{address: "[::]:443"}, {address: "[::1]:443"}])",
           "c.yaml:1:46: the listener [::1]:443 is part of [::]:443, at line 1, column 23. "
           "remove one of them."},
      });
}

// Addresses of backends.
TEST(Refusals, Endpoints) {
  expect_refusals(
      Text::fragment,
      {
          {R"(upstreams: {web: {endpoints: ["http://127.0.0.1:3000"]}})",
           "c.yaml:1:31: upstreams.web.endpoints[0]: 'http://127.0.0.1:3000' is a URL, and an "
           "address and port is expected. write 127.0.0.1:3000, not http://127.0.0.1:3000."},
          {R"(upstreams: {web: {endpoints: ["http://app.internal/x"]}})",
           "c.yaml:1:31: upstreams.web.endpoints[0]: 'http://app.internal/x' is a URL, and an "
           "address and port is expected. write app.internal:80, not http://app.internal/x."},
          {"upstreams: {web: {endpoints: [127.0.0.1]}}",
           "c.yaml:1:31: upstreams.web.endpoints[0]: '127.0.0.1' has no port. write "
           "'127.0.0.1:3000'."},
          {"upstreams: {web: {endpoints: [app.internal]}}",
           "c.yaml:1:31: upstreams.web.endpoints[0]: 'app.internal' has no port. write "
           "'app.internal:3000'."},
          {"upstreams: {web: {endpoints: [3000]}}",
           "c.yaml:1:31: upstreams.web.endpoints[0]: '3000' has no address. write one before it, "
           "such as '127.0.0.1:3000'."},
          {R"(upstreams: {web: {endpoints: ["::1:3000"]}})",
           "c.yaml:1:31: upstreams.web.endpoints[0]: '::1:3000' has no brackets around the IPv6 "
           "address. write '[::1]:3000'."},
          {R"(upstreams: {web: {endpoints: ["::1"]}})",
           "c.yaml:1:31: upstreams.web.endpoints[0]: '::1' has no port, and no brackets around the "
           "IPv6 address. write '[::1]:3000'."},
          {R"(upstreams: {web: {endpoints: ["fe80::abcd:3000"]}})",
           "c.yaml:1:31: upstreams.web.endpoints[0]: 'fe80::abcd:3000' has no brackets around the "
           "IPv6 address. write '[fe80::abcd]:3000'."},
          {R"(upstreams: {web: {endpoints: ["[app]:3000"]}})",
           "c.yaml:1:31: upstreams.web.endpoints[0]: '[app]:3000' is not an address and port. "
           "write one such as '127.0.0.1:3000'."},
          {"upstreams: {web: {endpoints: [127.0.0.1:0]}}",
           "c.yaml:1:31: upstreams.web.endpoints[0]: '127.0.0.1:0' has no valid port. write a port "
           "from 1 to 65535 after the last ':'."},
          {"upstreams: {web: {endpoints: [127.0.0.1:99999]}}",
           "c.yaml:1:31: upstreams.web.endpoints[0]: '127.0.0.1:99999' has no valid port. write a "
           "port from 1 to 65535 after the last ':'."},
          {"upstreams: {web: {endpoints: [app:http]}}",
           "c.yaml:1:31: upstreams.web.endpoints[0]: 'app:http' has no valid port. write a port "
           "from 1 to 65535 after the last ':'."},
          {R"(upstreams: {web: {endpoints: ["*:3000"]}})",
           "c.yaml:1:31: upstreams.web.endpoints[0]: '*:3000' has no address. write the address "
           "that the backend listens on."},
          {"upstreams: {web: {endpoints: [300.1.1.1:3000]}}",
           "c.yaml:1:31: upstreams.web.endpoints[0]: '300.1.1.1:3000' is not an address and port. "
           "write one such as '127.0.0.1:3000'."},
          {R"(upstreams: {web: {endpoints: ["unix:run/x.sock"]}})",
           "c.yaml:1:31: upstreams.web.endpoints[0]: 'unix:run/x.sock' is not the path of a unix "
           "socket. write 'unix:' and an absolute path of at most 107 bytes, such as "
           "'unix:/run/chat.sock'."},
          {R"(upstreams: {web: {endpoints: ["unix:"]}})",
           "c.yaml:1:31: upstreams.web.endpoints[0]: 'unix:' is not the path of a unix socket. "
           "write 'unix:' and an absolute path of at most 107 bytes, such as "
           "'unix:/run/chat.sock'."},
          {R"(upstreams: {web: {endpoints: ["unix:/xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"]}})",
           "c.yaml:1:31: upstreams.web.endpoints[0]: "
           "'unix:/"
           "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
           "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx' is not the path of a unix socket. write 'unix:' and "
           "an absolute path of at most 107 bytes, such as 'unix:/run/chat.sock'."},
          {"upstreams: {web: {endpoints: [127.0.0.1:3000, 127.0.0.1:3000]}}",
           "c.yaml:1:47: the endpoint 127.0.0.1:3000 stands twice in this upstream, first at line "
           "1, column 31. remove one of them."},
      });
}

}  // namespace
}  // namespace wssgate::config
