// What no caller can reach from outside: struct versions to come, and exceptions from below.
#include <gtest/gtest.h>

#include <cstring>
#include <stdexcept>
#include <string>

#include "guard.hpp"
#include "views.hpp"

namespace costmark::capi {
namespace {

// A struct as its second version has it; the first ended before `second`.
struct Grown {
  std::size_t struct_size;
  std::uint64_t first;
  std::uint64_t second;
};
constexpr std::size_t grown_first_size = offsetof(Grown, second);

TEST(ReadStruct, GivesZeroForFieldsThatAnOlderCallerDoesNotHave) {
  Grown from{grown_first_size, 1, 99}, out{7, 7, 7};
  ASSERT_TRUE(read_struct(&from, grown_first_size, "grown", out).ok());
  EXPECT_EQ(out.first, 1U);
  EXPECT_EQ(out.second, 0U);
}

TEST(ReadStruct, RefusesLessThanTheFirstVersion) {
  Grown from{grown_first_size - 1, 1, 2}, out{};
  const Status status = read_struct(&from, grown_first_size, "grown", out);
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, Code::invalid_argument);
  EXPECT_NE(status.error().message.find("grown.struct_size is 15"), std::string::npos);
}

TEST(Show, LeavesAloneWhatAnOlderCallerDoesNotHave) {
  Grown to{grown_first_size, 0, 99};
  show(Grown{sizeof(Grown), 1, 2}, &to);
  EXPECT_EQ(to.struct_size, grown_first_size);
  EXPECT_EQ(to.first, 1U);
  EXPECT_EQ(to.second, 99U);
}

TEST(Show, ZeroesWhatANewerCallerHas) {
  struct {
    Grown known;
    std::uint64_t third;
  } to{{sizeof to, 7, 7}, 7};
  show(Grown{sizeof(Grown), 1, 2}, &to.known);
  EXPECT_EQ(to.known.struct_size, sizeof to);
  EXPECT_EQ(to.known.second, 2U);
  EXPECT_EQ(to.third, 0U);
  show_nothing(&to.known);
  EXPECT_EQ(to.known.struct_size, sizeof to);
  EXPECT_EQ(to.known.first, 0U);
}

TEST(Numbers, DifferForEver) {
  const std::uint64_t first = next_number();
  EXPECT_GT(first, 0U);
  EXPECT_GT(next_number(), first);
}

costmark_error_view view_of(const costmark_error* error) {
  costmark_error_view out = COSTMARK_ERROR_VIEW_INIT;
  costmark_error_read(error, &out);
  return out;
}

TEST(ReadText, KeepsAbsentApartFromEmpty) {
  std::string_view out = "before";
  ASSERT_TRUE(read_text(nullptr, 0, "text", out).ok());
  EXPECT_EQ(out.data(), nullptr);
  ASSERT_TRUE(read_text("", 0, "text", out).ok());
  EXPECT_NE(out.data(), nullptr);
}

costmark_status fail_with(auto thrown, costmark_error** error) {
  return guarded(error, [&]() -> Status { throw thrown; });
}

TEST(Guard, TurnsEveryExceptionIntoAStatus) {
  costmark_error* error = nullptr;
  EXPECT_EQ(fail_with(std::runtime_error("what happened"), &error), COSTMARK_INTERNAL);
  EXPECT_NE(std::strstr(view_of(error).message.data, "what happened"), nullptr);
  costmark_error_free(error);
  EXPECT_EQ(fail_with(42, &error), COSTMARK_INTERNAL);
  costmark_error_free(error);
  EXPECT_EQ(fail_with(42, nullptr), COSTMARK_INTERNAL);
}

TEST(Guard, HasAStaticErrorForWantOfMemory) {
  costmark_error *first = nullptr, *second = nullptr;
  EXPECT_EQ(fail_with(std::bad_alloc(), &first), COSTMARK_OUT_OF_MEMORY);
  EXPECT_EQ(fail_with(std::bad_alloc(), &second), COSTMARK_OUT_OF_MEMORY);
  EXPECT_EQ(first, second);
  costmark_error_free(first);
  costmark_error_free(first);
  EXPECT_STREQ(view_of(second).message.data, "out of memory");
  EXPECT_EQ(view_of(second).retryable, 1U);
}

TEST(Guard, HandsOverEverythingThatAnErrorKnows) {
  costmark_error* error = nullptr;
  EXPECT_EQ(
      guarded(&error,
              [] { return Status(Error{Code::throttled, "slow down", 12, 429, "req-1", true}); }),
      COSTMARK_THROTTLED);
  const costmark_error_view view = view_of(error);
  EXPECT_EQ(view.has_offset, 1U);
  EXPECT_EQ(view.offset, 12U);
  EXPECT_EQ(view.http_status, 429);
  EXPECT_STREQ(view.request_id.data, "req-1");
  EXPECT_EQ(view.retryable, 1U);
  costmark_error_free(error);
}

TEST(GuardedNew, StoresNullOnFailure) {
  int* place = reinterpret_cast<int*>(1);
  EXPECT_EQ(guarded_new(&place, nullptr,
                        []() -> Result<std::unique_ptr<int>> { throw std::bad_alloc(); }),
            COSTMARK_OUT_OF_MEMORY);
  EXPECT_EQ(place, nullptr);
}

}  // namespace
}  // namespace costmark::capi
