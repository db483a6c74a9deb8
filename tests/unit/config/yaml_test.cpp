#include <gtest/gtest.h>

#include "unit/config/loading.h"

namespace wssgate::config {
namespace {

// What YAML allows and a configuration does without.
TEST(Refusals, WhatYamlAllowsInWholeFiles) {
  expect_refusals(
      Text::whole,
      {
          {"", "c.yaml: the configuration is empty. start from conf/simple.yaml."},
          {"# nothing\n", "c.yaml: the configuration is empty. start from conf/simple.yaml."},
          {"a: [1",
           "c.yaml:1:1: this is not YAML: end of sequence flow not found. check the indentation, "
           "quotes and brackets here and just above; a value that starts with '*', '[', '&' or "
           "'%', "
           "or a ${NAME} between [ ] or { }, stands in quotes."},
          {"a: 1\n---\nb: 2",
           "c.yaml:2:1: a second YAML document starts here, and only one is read. remove it "
           "together with its '---'."},
          {"a: 1\n  b: 2",
           "c.yaml:2:4: this is not YAML: illegal map value. check the indentation, quotes and "
           "brackets here and just above; a value that starts with '*', '[', '&' or '%', or a "
           "${NAME} between [ ] or { }, stands in "
           "quotes."},
          {"a: 1\n]",
           "c.yaml:2:1: this is not YAML: illegal flow end. check the indentation, quotes and "
           "brackets here and just above; a value that starts with '*', '[', '&' or '%', or a "
           "${NAME} between [ ] or { }, stands in "
           "quotes."},
          {"a: \x04\nb: 1",
           R"(c.yaml:1:4: the byte \x04 does not belong in a configuration. save the file as plain UTF-8 text.)"},
          {"a: 1\nb: \xc3\xa9\xff",
           R"(c.yaml:2:5: the byte \xff does not belong in a configuration. save the file as plain UTF-8 text.)"},
      });
}

TEST(Refusals, WhatYamlAllows) {
  expect_refusals(
      Text::fragment,
      {
          {"workers: 2\nlimits: {connections: 1}\nworkers: 3",
           "c.yaml:3:1: the key 'workers' stands here twice, first at line 1, column 1. keep one "
           "of them."},
          {"timeouts: {connect: 1s, drain: 1s, connect: 2s}",
           "c.yaml:1:36: the key 'connect' stands here twice, first at line 1, column 12. keep one "
           "of them."},
          {"x: &a 1\nworkers: *a",
           "c.yaml:1:1: unknown key 'x' in the top level. the keys here are: listeners, workers, "
           "user, admin, certificates, tickets, hosts, stapling, upstreams, resolver, "
           "trusted_proxies, request_id, "
           "timeouts, "
           "limits, "
           "websocket, log."
           "\n"
           "c.yaml:2:10: aliases are not read here. write the value out, or in quotes if it starts "
           "with '*' itself."},
          {"workers: !!int 3",
           "c.yaml:1:10: the tag 'tag:yaml.org,2002:int' is not read here. remove it."},
          {"? [a]\n: 1",
           "c.yaml:1:3: a key is a word, and this is none. write 'key: value', the key in quotes "
           "if it is meant so."},
          {"<<: {workers: 1}",
           "c.yaml:1:1: unknown key '<<' in the top level. the keys here are: listeners, workers, "
           "user, admin, certificates, tickets, hosts, stapling, upstreams, resolver, "
           "trusted_proxies, request_id, "
           "timeouts, "
           "limits, "
           "websocket, log."},
          {"hosts: [{names: [*.example.com], routes: [{upstream: web}]}]",
           R"(c.yaml:1:18: a value that starts with '*' outside quotes is an alias to YAML. write it in quotes, such as "*.example.com".)"},
          {"log: [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]",
           "c.yaml:1:37: this is nested more than 32 levels deep. compare with "
           "conf/reference.yaml, which needs 6."},
      });
}

}  // namespace
}  // namespace wssgate::config
