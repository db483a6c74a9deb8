#include <gtest/gtest.h>

#include "unit/config/loading.h"

namespace wssgate::config {
namespace {

// Names of hosts.
TEST(Refusals, HostNames) {
  expect_refusals(
      Text::fragment,
      {
          {"hosts: [{names: [127.0.0.1], routes: [{upstream: web}]}]",
           "c.yaml:1:18: hosts[0].names[0]: '127.0.0.1' is an IP address, and no client sends one "
           "as its server name (RFC 6066). write the DNS name that clients connect to."},
          {R"(hosts: [{names: ["::1"], routes: [{upstream: web}]}])",
           "c.yaml:1:18: hosts[0].names[0]: '::1' is an IP address, and no client sends one as its "
           "server name (RFC 6066). write the DNS name that clients connect to."},
          {R"(hosts: [{names: ["[::1]"], routes: [{upstream: web}]}])",
           "c.yaml:1:18: hosts[0].names[0]: '[::1]' is an IP address, and no client sends one as "
           "its server name (RFC 6066). write the DNS name that clients connect to."},
          {"hosts: [{names: [127.0.0.1:443], routes: [{upstream: web}]}]",
           "c.yaml:1:18: hosts[0].names[0]: '127.0.0.1:443' is an IP address, and no client sends "
           "one as its server name (RFC 6066). write the DNS name that clients connect to."},
          {R"(hosts: [{names: ["*"], routes: [{upstream: web}]}])",
           "c.yaml:1:18: hosts[0].names[0]: '*' covers names that belong to others. write each "
           "name, or a wildcard below a domain of yours, such as '*.example.com'."},
          {R"(hosts: [{names: ["*.com"], routes: [{upstream: web}]}])",
           "c.yaml:1:18: hosts[0].names[0]: '*.com' covers names that belong to others. write each "
           "name, or a wildcard below a domain of yours, such as '*.example.com'."},
          {R"(hosts: [{names: ["a.*.example"], routes: [{upstream: web}]}])",
           "c.yaml:1:18: hosts[0].names[0]: 'a.*.example' has its wildcard where none can be. a "
           "'*' stands for the whole first label only, as in '*.example.com'."},
          {R"(hosts: [{names: ["w*.example.com"], routes: [{upstream: web}]}])",
           "c.yaml:1:18: hosts[0].names[0]: 'w*.example.com' has its wildcard where none can be. a "
           "'*' stands for the whole first label only, as in '*.example.com'."},
          {R"(hosts: [{names: ["https://a.example/ws"], routes: [{upstream: web}]}])",
           "c.yaml:1:18: hosts[0].names[0]: 'https://a.example/ws' is a URL, and a host name is "
           "expected. write 'a.example'."},
          {"hosts: [{names: [a.example:443], routes: [{upstream: web}]}]",
           "c.yaml:1:18: hosts[0].names[0]: 'a.example:443' holds a port, and a host name is "
           "expected. write 'a.example'; ports stand in 'listeners'."},
          {"hosts: [{names: [a.example/ws], routes: [{upstream: web}]}]",
           "c.yaml:1:18: hosts[0].names[0]: 'a.example/ws' holds a path, and a host name is "
           "expected. write 'a.example' and put the path into a route."},
          {"hosts: [{names: [b\xc3\xbc"
           "cher.example], routes: [{upstream: web}]}]",
           R"(c.yaml:1:18: hosts[0].names[0]: 'b\xc3\xbccher.example' holds characters outside ASCII. write the name's A-label form, such as 'xn--bcher-kva.example'.)"},
          {"hosts: [{names: [a..example], routes: [{upstream: web}]}]",
           "c.yaml:1:18: hosts[0].names[0]: 'a..example' is not a host name. write a DNS name such "
           "as 'chat.example.com': labels of letters, digits and '-' between dots."},
          {"hosts: [{names: [a_b!.example], routes: [{upstream: web}]}]",
           "c.yaml:1:18: hosts[0].names[0]: 'a_b!.example' is not a host name. write a DNS name "
           "such as 'chat.example.com': labels of letters, digits and '-' between dots."},
          {"hosts: [{names: [a.example, A.example.], routes: [{upstream: web}]}]",
           "c.yaml:1:29: the name 'a.example' stands twice in this host, first at line 1, column "
           "18. remove one of them."},
          {"hosts:\n  - {names: [a.example], routes: [{upstream: web}]}\n  - {names: [b.example, "
           "a.example], routes: [{upstream: web}]}\n",
           "c.yaml:3:25: the name 'a.example' belongs to another host already, at line 2, column "
           "14. keep it in one of the two, and put all its routes there."},
      });
}

// Paths, upstreams and the WebSocket rule of routes.
TEST(Refusals, Routes) {
  expect_refusals(
      Text::fragment,
      {
          {R"(hosts: [{names: [a.example], routes: [{path: "ws", upstream: web}]}])",
           "c.yaml:1:46: hosts[0].routes[0].path: 'ws' does not start with '/'. write '/ws'."},
          {R"(hosts: [{names: [a.example], routes: [{path: "/ws?x=1", upstream: web}]}])",
           "c.yaml:1:46: hosts[0].routes[0].path: '/ws?x=1' holds a query or a fragment, and "
           "routes compare the path alone. write '/ws'."},
          {R"(hosts: [{names: [a.example], routes: [{path: "/ws#x", upstream: web}]}])",
           "c.yaml:1:46: hosts[0].routes[0].path: '/ws#x' holds a query or a fragment, and routes "
           "compare the path alone. write '/ws'."},
          {R"(hosts: [{names: [a.example], routes: [{path: "/a%20b", upstream: web}]}])",
           "c.yaml:1:46: hosts[0].routes[0].path: '/a%20b' holds a percent-encoding, which routes "
           "do not compare. end the path at the segment before it."},
          {R"(hosts: [{names: [a.example], routes: [{path: "/ws/*", upstream: web}]}])",
           "c.yaml:1:46: hosts[0].routes[0].path: '/ws/*' holds a '*', and a route covers "
           "everything below its path already. write '/ws/'."},
          {R"(hosts: [{names: [a.example], routes: [{path: "/a/../b", upstream: web}]}])",
           "c.yaml:1:46: hosts[0].routes[0].path: '/a/../b' holds the segment '..', which no "
           "request keeps. write the path that it leads to."},
          {R"(hosts: [{names: [a.example], routes: [{path: "/a/./b", upstream: web}]}])",
           "c.yaml:1:46: hosts[0].routes[0].path: '/a/./b' holds the segment '.', which no request "
           "keeps. write the path that it leads to."},
          {R"(hosts: [{names: [a.example], routes: [{path: "/a b", upstream: web}]}])",
           "c.yaml:1:46: hosts[0].routes[0].path: '/a b' holds characters that no request's path "
           "can. use letters, digits and -._~!$&'()+,;=:@/ only."},
          {"hosts: [{names: [a.example], routes: [{path: \"/\xc3\xa9\", upstream: web}]}]",
           R"(c.yaml:1:46: hosts[0].routes[0].path: '/\xc3\xa9' holds characters that no request's path can. use letters, digits and -._~!$&'()+,;=:@/ only.)"},
          {"hosts: [{names: [a.example], routes: [{path: /x, upstream: web}, {path: /x, upstream: "
           "web}]}]",
           "c.yaml:1:66: the path '/x' has two routes in this host, the first at line 1, column "
           "39. keep one of them."},
          {"hosts: [{names: [a.example], routes: [{path: /}]}]",
           "c.yaml:1:39: hosts[0].routes[0] has no 'upstream'. add it, such as 'upstream: chat'."},
          {"hosts: [{names: [a.example], routes: [{upstream: wbe}]}]",
           "c.yaml:1:50: no upstream is called 'wbe'. define it under 'upstreams', which has: "
           "web."},
          {"hosts: [{names: [a.example], routes: [{upstream: backend}]}]",
           "c.yaml:1:50: no upstream is called 'backend'. define it under 'upstreams', which has: "
           "web."},
          {"hosts: [{names: [a.example], routes: [{upstream: a b}]}]",
           "c.yaml:1:50: hosts[0].routes[0].upstream: 'a b' is not a name for an upstream. use "
           "letters, digits, '-', '_' and '.', at most 64 of them."},
          {"hosts: [{names: [a.example], routes: [{upstream: web, websocket: on}]}]",
           "c.yaml:1:66: hosts[0].routes[0].websocket: 'on' is not one of the words that can stand "
           "here. write one of: allowed, required, refused."},
          {"hosts: [{names: [a.example], routes: [{upstream: web, websocket: require}]}]",
           "c.yaml:1:66: hosts[0].routes[0].websocket: 'require' is not one of the words that can "
           "stand here. write 'required' if you meant that."},
          {"hosts: [{names: [a.example], routes: [{upstream: web, websocket: refused, "
           "allowed_origins: [same-host]}]}]",
           "c.yaml:1:93: allowed_origins has no meaning where WebSockets are refused. remove it, "
           "or 'websocket: refused'."},
          {"hosts: [{names: [a.example], routes: [{upstream: web, allowed_origins: []}]}]",
           R"(c.yaml:1:72: hosts[0].routes[0].allowed_origins is empty. leave the key out if that is meant, or write it like 'allowed_origins: [same-host, "https://app.example.com"]'.)"},
      });
}

// Allowed origins.
TEST(Refusals, Origins) {
  expect_refusals(
      Text::fragment,
      {
          {R"(hosts: [{names: [a.example], routes: [{upstream: web, allowed_origins: ["*"]}]}])",
           "c.yaml:1:73: hosts[0].routes[0].allowed_origins[0]: '*' allows every origin. leave the "
           "key out if every website may connect."},
          {R"(hosts: [{names: [a.example], routes: [{upstream: web, allowed_origins: ["null"]}]}])",
           "c.yaml:1:73: hosts[0].routes[0].allowed_origins[0]: 'null' is an origin that any "
           "website can send. write the origins that are meant."},
          {"hosts: [{names: [a.example], routes: [{upstream: web, allowed_origins: [null]}]}]",
           R"(c.yaml:1:73: hosts[0].routes[0].allowed_origins[0]: a single value is expected here, and nothing stands here. write it like 'allowed_origins: [same-host, "https://app.example.com"]', or remove the key.)"},
          {R"(hosts: [{names: [a.example], routes: [{upstream: web, allowed_origins: ["https://app.example.com/"]}]}])",
           "c.yaml:1:73: hosts[0].routes[0].allowed_origins[0]: 'https://app.example.com/' holds a "
           "path, and an origin has none. write 'https://app.example.com'."},
          {R"(hosts: [{names: [a.example], routes: [{upstream: web, allowed_origins: ["https://app.example.com/x"]}]}])",
           "c.yaml:1:73: hosts[0].routes[0].allowed_origins[0]: 'https://app.example.com/x' holds "
           "a path, and an origin has none. write 'https://app.example.com'."},
          {"hosts: [{names: [a.example], routes: [{upstream: web, allowed_origins: "
           "[app.example.com]}]}]",
           "c.yaml:1:73: hosts[0].routes[0].allowed_origins[0]: 'app.example.com' has no scheme. "
           "write 'https://app.example.com'."},
          {R"(hosts: [{names: [a.example], routes: [{upstream: web, allowed_origins: ["app.example.com:8080"]}]}])",
           "c.yaml:1:73: hosts[0].routes[0].allowed_origins[0]: 'app.example.com:8080' has no "
           "scheme. write 'https://app.example.com:8080'."},
          {R"(hosts: [{names: [a.example], routes: [{upstream: web, allowed_origins: ["wss://app.example.com"]}]}])",
           "c.yaml:1:73: hosts[0].routes[0].allowed_origins[0]: 'wss://app.example.com' has the "
           "scheme of the WebSocket, and an origin has that of the website. write "
           "'https://app.example.com'."},
          {R"(hosts: [{names: [a.example], routes: [{upstream: web, allowed_origins: ["https://*.com"]}]}])",
           "c.yaml:1:73: hosts[0].routes[0].allowed_origins[0]: 'https://*.com' is not an origin. "
           "write 'same-host', or a scheme and host such as 'https://app.example.com' or "
           "'https://*.example.com'."},
          {R"(hosts: [{names: [a.example], routes: [{upstream: web, allowed_origins: ["https://*"]}]}])",
           "c.yaml:1:73: hosts[0].routes[0].allowed_origins[0]: 'https://*' is not an origin. "
           "write 'same-host', or a scheme and host such as 'https://app.example.com' or "
           "'https://*.example.com'."},
          {R"(hosts: [{names: [a.example], routes: [{upstream: web, allowed_origins: ["https://a.*.com"]}]}])",
           "c.yaml:1:73: hosts[0].routes[0].allowed_origins[0]: 'https://a.*.com' is not an "
           "origin. write 'same-host', or a scheme and host such as 'https://app.example.com' or "
           "'https://*.example.com'."},
          {R"(hosts: [{names: [a.example], routes: [{upstream: web, allowed_origins: ["https://"]}]}])",
           "c.yaml:1:73: hosts[0].routes[0].allowed_origins[0]: 'https://' is not an origin. write "
           "'same-host', or a scheme and host such as 'https://app.example.com' or "
           "'https://*.example.com'."},
          {R"(hosts: [{names: [a.example], routes: [{upstream: web, allowed_origins: ["https://a.example:0"]}]}])",
           "c.yaml:1:73: hosts[0].routes[0].allowed_origins[0]: 'https://a.example:0' is not an "
           "origin. write 'same-host', or a scheme and host such as 'https://app.example.com' or "
           "'https://*.example.com'."},
          {R"(hosts: [{names: [a.example], routes: [{upstream: web, allowed_origins: ["ht!tp://a.example"]}]}])",
           "c.yaml:1:73: hosts[0].routes[0].allowed_origins[0]: 'ht!tp://a.example' has no valid "
           "scheme. write 'https' or 'http' before the '://'."},
      });
}

}  // namespace
}  // namespace wssgate::config
