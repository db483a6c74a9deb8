#include "base/bytes.h"

#include <gtest/gtest.h>

#include <vector>

namespace wssgate {
namespace {

using Bytes = std::vector<std::uint8_t>;

TEST(ByteReader, ReadsBigEndianIntegersInOrder) {
  const Bytes bytes = {0xff, 0x80, 0x01, 0x80, 0x00, 0x02, 0xff, 0xfe, 0xfd,
                       0xfc, 0x80, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07};
  ByteReader reader(bytes);
  EXPECT_EQ(reader.u8(), 0xffU);
  EXPECT_EQ(reader.u16(), 0x8001U);
  EXPECT_EQ(reader.u24(), 0x800002U);
  EXPECT_EQ(reader.u32(), 0xfffefdfcU);
  EXPECT_EQ(reader.left(), 8U);
  EXPECT_EQ(reader.u64(), 0x8001020304050607U);
  EXPECT_TRUE(reader.empty());
}

TEST(ByteReader, WhatDoesNotFitConsumesNothing) {
  const Bytes bytes = {0xff, 0xff};
  ByteReader reader(bytes);
  EXPECT_FALSE(reader.u24());
  EXPECT_FALSE(reader.u32());
  EXPECT_FALSE(reader.u64());
  EXPECT_FALSE(reader.bytes(3));
  EXPECT_FALSE(reader.bytes(SIZE_MAX));
  EXPECT_FALSE(reader.vector8());
  EXPECT_FALSE(reader.vector16());
  EXPECT_EQ(reader.u16(), 0xffffU);
  EXPECT_FALSE(reader.u8());
  EXPECT_FALSE(reader.vector8());
}

TEST(ByteReader, VectorsTakeTheirLengthAndNoMore) {
  const Bytes bytes = {2, 'a', 'b', 0, 1, 'c', 0, 0, 0, 'd'};
  ByteReader reader(bytes);
  const auto first = reader.vector8();
  ASSERT_TRUE(first);
  EXPECT_EQ(Bytes(first->begin(), first->end()), (Bytes{'a', 'b'}));
  const auto second = reader.vector16();
  ASSERT_TRUE(second);
  EXPECT_EQ(Bytes(second->begin(), second->end()), (Bytes{'c'}));
  EXPECT_EQ(reader.vector16().value().size(), 0U);
  EXPECT_EQ(reader.vector8().value().size(), 0U);
  EXPECT_EQ(reader.left(), 1U);
}

TEST(ByteReader, NothingHoldsNothing) {
  ByteReader reader{ByteView()};
  EXPECT_TRUE(reader.empty());
  EXPECT_FALSE(reader.u8());
  EXPECT_EQ(reader.bytes(0).value().size(), 0U);
}

}  // namespace
}  // namespace wssgate
