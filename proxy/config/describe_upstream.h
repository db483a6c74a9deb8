#pragma once

#include "config/forms.h"
#include "config/key.h"
#include "config/model.h"

/// The part of describe.h's table that is about upstreams.
namespace wssgate::config {

template <class V>
void describe(V& v, Endpoint& e) {
  v.value(required("address", "127.0.0.1:3000", "ip:port, name:port or unix:/path."), e.text,
          EndpointForm{});
  v.value({"weight", "2", "Its share of the requests, against the weights of the others."},
          e.weight, CountForm{1, 1000});
  v.value({"backup", "true", "It gets requests only where no endpoint that is no backup is well."},
          e.backup, BoolForm{});
  v.value({"max_connections", "200",
           "Tunnels and requests that it carries at once; more wait in the upstream's queue. Left "
           "out, there is no limit."},
          e.max_connections, CountForm{1, 1'000'000});
}

template <class V>
void describe(V& v, HashSource& s) {
  v.value({"header", "X-User", "A header field."}, s.header, TokenForm{});
  v.value({"cookie", "session", "A cookie."}, s.cookie, TokenForm{});
  v.value({"query", "room", "A parameter in the query."}, s.query, TokenForm{});
}

template <class V>
void describe(V& v, Hash& h) {
  v.value_or_section(
      required("by", "client_address",
               "client_address, or {header: NAME}, {cookie: NAME}, {query: NAME}: of several, the "
               "first that the request has. A request without any goes by its client's address."),
      h.by, ChoiceForm<HashSource::Word>{{{"client_address", HashSource::Word::client_address}}});
}

template <class V>
void describe(V& v, Balance& b) {
  v.section(required("hash", "{by: client_address}",
                     "Requests that are the same in this go to the same endpoint."),
            b.hash);
}

template <class V>
void describe(V& v, Queue& q) {
  v.value({"length", "100", "Requests that may wait; further ones get 503."}, q.length,
          CountForm{0, 100'000});
  v.value({"timeout", "5s", "How long they wait; then they get 503."}, q.timeout, DurationForm{});
}

template <class V>
void describe(V& v, Ejection& e) {
  v.value({"failures", "3",
           "So many in a row: connections that fail, and answers that are missing, 502 or 504."},
          e.failures, CountForm{1, 1000});
  v.value({"time", "5s", "For how long the first time; each further time twice as long."}, e.time,
          DurationForm{});
  v.value({"max_time", "5m", "At most so long."}, e.max_time, DurationForm{});
}

template <class V>
void describe(V& v, Health& h) {
  v.value({"check", "http",
           "What is tried: http (GET, and a status from 200 to 399), tcp (a connection) or "
           "websocket (an upgrade, and 101)."},
          h.check,
          ChoiceForm<HealthCheck>{{{"http", HealthCheck::http},
                                   {"tcp", HealthCheck::tcp},
                                   {"websocket", HealthCheck::websocket}}});
  v.value({"path", "/healthz", "What is asked for."}, h.path, RoutePathForm{});
  v.value({"host", "chat.example.com", "The Host field; left out, the endpoint's address."}, h.host,
          TokenForm{});
  v.value({"interval", "5s", "From the end of one check to the next."}, h.interval, DurationForm{});
  v.value({"timeout", "2s", "For one check, all of it."}, h.timeout, DurationForm{});
  v.value({"healthy_after", "2", "Checks that pass in a row bring an endpoint back."},
          h.healthy_after, CountForm{1, 100});
  v.value({"unhealthy_after", "3", "Checks that fail in a row take it out."}, h.unhealthy_after,
          CountForm{1, 100});
}

template <class V>
void describe(V& v, UpstreamCertificate& c) {
  v.value(required("chain", "client/fullchain.pem",
                   "The client certificate and its intermediates, in PEM, the certificate first."),
          c.chain, PathForm{});
  v.value(required("key", "client/privkey.pem", "The certificate's private key, in PEM."), c.key,
          PathForm{});
}

template <class V>
void describe(V& v, UpstreamTls& t) {
  v.value({"server_name", "app.internal",
           "The name that is asked for (SNI) and that the upstream's certificate must be for. Left "
           "out, each endpoint's own host name or IP address."},
          t.server_name, ServerNameForm{});
  v.value({"ca", "internal-ca.pem",
           "A PEM file of the CAs that may issue the upstream's certificate, in place of the "
           "system's and of certificates.roots."},
          t.ca, PathForm{});
  v.section({"certificate", "{chain: client/fullchain.pem, key: client/privkey.pem}",
             "The client certificate that wssgate shows to the upstream."},
            t.certificate);
  v.value({"verify", "on",
           "off takes any certificate: whoever can get between this machine and the upstream "
           "reads and changes everything."},
          t.verify, ChoiceForm<bool>{{{"on", true}, {"off", false}}});
}

template <class V>
void describe(V& v, Upstream& u) {
  v.values_or_sections(
      required("endpoints", "[127.0.0.1:3000]",
               "The addresses of the backend: ip:port, name:port or unix:/path, or mappings with "
               "an address and more."),
      u.endpoints, EndpointForm{});
  v.value_or_section({"balance", "round_robin",
                      "Which endpoint a request or tunnel goes to: least_connections, "
                      "round_robin, random_two (the less busy of two), or {hash: {by: ...}}."},
                     u.balance, BalanceForm{});
  v.section({"queue", "{length: 100, timeout: 5s}",
             "Where requests wait while every endpoint has its max_connections."},
            u.queue);
  v.section({"ejection", "{failures: 3, time: 5s}",
             "An endpoint that fails gets no requests for a while, unless all do."},
            u.ejection);
  v.section({"health", "{path: /healthz}",
             "Endpoints are checked all the time; left out, only requests tell."},
            u.health);
  v.value({"slow_start", "30s",
           "An endpoint that comes back gets its share little by little, in this time."},
          u.slow_start, DurationForm{});
  v.value({"proxy_protocol", "v2",
           "The PROXY header that each connection to it begins with: off, v1, v2, or v2-ssl (with "
           "the server name and the client's TLS). Such connections are not reused."},
          u.proxy_protocol,
          ChoiceForm<ProxyHeader>{{{"off", ProxyHeader::off},
                                   {"v1", ProxyHeader::v1},
                                   {"v2", ProxyHeader::v2},
                                   {"v2-ssl", ProxyHeader::v2_ssl}}});
  v.switched({"tls", "on",
              "TLS towards the endpoints, their certificates verified: on, or what differs from "
              "that."},
             u.tls);
}

}  // namespace wssgate::config
