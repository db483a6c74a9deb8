#include "protocol/http/request_id.h"

#include <gtest/gtest.h>

#include <string>

namespace wssgate::http {
namespace {

std::string taken(const std::string& value) {
  Headers headers;
  headers.add("x-request-id", value);
  return std::string(taken_request_id(headers));
}

TEST(RequestId, APlainOneIsTakenOver) {
  for (const std::string& good :
       {std::string("7"), std::string("3f2c8d0e-6c1a-4f0e-9a58-1f3b6e0d9c11"),
        std::string("Root=1-67891233-abcdef012345678912345678"), std::string("a.b_c~d+e/f=g:h-i"),
        std::string(128, 'x')}) {
    EXPECT_EQ(taken(good), good);
  }
}

TEST(RequestId, WhatCouldMisleadAReaderOfLogsIsNot) {
  for (const std::string& bad :
       {std::string(), std::string(129, 'x'), std::string("a b"), std::string("a\tb"),
        std::string("a\"b"), std::string("a,b"), std::string("a;b"), std::string("<4>a"),
        std::string("a\x1b[31m"), std::string("\xc3\xa4"), std::string("a\nb")}) {
    EXPECT_EQ(taken(bad), "") << bad;
  }
}

TEST(RequestId, OfSeveralNone) {
  Headers headers;
  EXPECT_EQ(taken_request_id(headers), "");
  headers.add("X-Request-ID", "a");
  headers.add("X-Request-Id", "a");
  EXPECT_EQ(taken_request_id(headers), "");
}

}  // namespace
}  // namespace wssgate::http
