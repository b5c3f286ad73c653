#include <algorithm>
#include <cstring>
#include <iterator>
#include <string_view>

#include "costmark/costmark.h"

#define COSTMARK_TEXT_OF(number) #number
#define COSTMARK_TEXT(number) COSTMARK_TEXT_OF(number)

namespace {

constexpr std::string_view features[] = {
    "operation", "usage",  "sign", "presign", "json", "bearer_token", "credentials", "routes",
#ifndef COSTMARK_WITHOUT_NETWORK
    "send",      "verify",
#endif
};

static_assert(COSTMARK_VERSION_NUMBER == COSTMARK_VERSION_MAJOR * 1000000 +
                                             COSTMARK_VERSION_MINOR * 1000 +
                                             COSTMARK_VERSION_PATCH);

}  // namespace

const char* costmark_version() noexcept {
  return COSTMARK_TEXT(COSTMARK_VERSION_MAJOR) "." COSTMARK_TEXT(
      COSTMARK_VERSION_MINOR) "." COSTMARK_TEXT(COSTMARK_VERSION_PATCH);
}

uint32_t costmark_version_number() noexcept {
  return COSTMARK_VERSION_NUMBER;
}

uint32_t costmark_abi_version() noexcept {
  return COSTMARK_ABI_VERSION;
}

bool costmark_has_feature(const char* name, size_t name_len) noexcept {
  if (name == nullptr) return false;
  return std::any_of(std::begin(features), std::end(features), [&](std::string_view feature) {
    return feature.size() == name_len && std::memcmp(feature.data(), name, name_len) == 0;
  });
}
