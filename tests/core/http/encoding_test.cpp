#include "http/encoding.hpp"

#include <gtest/gtest.h>

namespace costmark::http {
namespace {

constexpr Decoders none{};
constexpr Decoders gzip{true, false, false};
constexpr Decoders all{true, true, true};

TEST(Encoding, EveryAllowedCodingMustBeKnown) {
  const struct {
    const char* accept_encoding;
    bool by_none;
    bool by_gzip;
    bool by_all;
  } cases[] = {
      {"", true, true, true},
      {"identity", true, true, true},
      {"IDENTITY;q=0.5", true, true, true},
      {"gzip", false, true, true},
      {"x-gzip, Deflate", false, true, true},
      {"gzip;q=1.0, identity; q=0.5", false, true, true},
      {"gzip, br", false, false, true},
      {"gzip,br,zstd", false, false, true},
      {"zstd", false, false, true},
      {" , gzip , ,", false, true, true},
      {"*", false, false, false},
      {"gzip, *;q=0", false, false, false},
      {"compress", false, false, false},
      {"gzip, dcb", false, false, false},
      {"gzipped", false, false, false},
      {";q=1", true, true, true},
  };
  for (const auto& each : cases) {
    EXPECT_EQ(decodes_all(each.accept_encoding, none), each.by_none) << each.accept_encoding;
    EXPECT_EQ(decodes_all(each.accept_encoding, gzip), each.by_gzip) << each.accept_encoding;
    EXPECT_EQ(decodes_all(each.accept_encoding, all), each.by_all) << each.accept_encoding;
  }
}

}  // namespace
}  // namespace costmark::http
