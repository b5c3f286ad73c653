// Nicolas Seriot's JSONTestSuite: y_ must be accepted, n_ refused, i_ is up to the parser.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "costmark/json.hpp"

namespace costmark::json {
namespace {

struct Vector {
  std::string name;
  std::string text;
};

class JsonTestSuite : public ::testing::Test {
 protected:
  void SetUp() override {
    const std::filesystem::path folder = std::filesystem::path(COSTMARK_VECTORS) / "json";
    if (!std::filesystem::is_directory(folder)) {
      GTEST_SKIP() << "JSONTestSuite is not at " << folder;
    }
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
      if (entry.path().extension() != ".json") continue;
      std::ifstream file(entry.path(), std::ios::binary);
      vectors_.push_back(
          {entry.path().filename().string(), {std::istreambuf_iterator<char>(file), {}}});
    }
    ASSERT_GE(std::count_if(vectors_.begin(), vectors_.end(),
                            [](const Vector& vector) { return vector.name[0] == 'n'; }),
              180);
  }

  // Names to edit: one that no vector has, and those that vectors do have.
  static constexpr const char* paths[] = {"project_id", "a", "b", "x", "id", "a.b", "key", "asd"};

  static bool has_object_root(const std::string& text) {
    const std::size_t first = text.find_first_not_of(" \t\r\n");
    return first != std::string::npos && text[first] == '{';
  }

  std::vector<Vector> vectors_;
};

TEST_F(JsonTestSuite, ValidateAgrees) {
  for (const Vector& vector : vectors_) {
    if (vector.name[0] == 'y') {
      EXPECT_TRUE(validate(vector.text)) << vector.name;
    }
    if (vector.name[0] == 'n') {
      EXPECT_FALSE(validate(vector.text)) << vector.name;
    }
  }
}

TEST_F(JsonTestSuite, StrictModeRefusesWhatIsInvalid) {
  for (const Vector& vector : vectors_) {
    if (vector.name[0] != 'n') continue;
    for (const char* const path : paths) {
      const Result<std::string> edited = set(vector.text, path, "1", Mode::strict);
      ASSERT_FALSE(edited) << vector.name;
      EXPECT_EQ(edited.error().code, Code::invalid_json) << vector.name;
      EXPECT_TRUE(edited.error().offset) << vector.name;
      EXPECT_FALSE(remove(vector.text, path, Mode::strict)) << vector.name;
    }
  }
}

TEST_F(JsonTestSuite, LenientEditsRepairNothing) {
  for (const Vector& vector : vectors_) {
    if (vector.name[0] != 'n') continue;
    for (const char* const path : paths) {
      for (const auto& edited : {set(vector.text, path, "1"), remove(vector.text, path)}) {
        if (edited) {
          EXPECT_FALSE(validate(edited.value())) << vector.name;
        } else {
          EXPECT_TRUE(edited.error().offset) << vector.name;
          EXPECT_NE(edited.error().code, Code::internal) << vector.name;
        }
      }
    }
  }
}

TEST_F(JsonTestSuite, ValidObjectsAreEdited) {
  int objects = 0;
  for (const Vector& vector : vectors_) {
    if (vector.name[0] != 'y') continue;
    const bool object = has_object_root(vector.text);
    objects += object ? 1 : 0;
    for (const Mode mode : {Mode::lenient, Mode::strict}) {
      for (const char* const path : paths) {
        const Result<std::string> removed = remove(vector.text, path, mode);
        ASSERT_EQ(removed.ok(), object) << vector.name;
        if (!object) {
          EXPECT_NE(removed.error().message.find(", not an object"), std::string::npos);
          continue;
        }
        EXPECT_TRUE(validate(removed.value())) << vector.name;
        const Result<std::string> edited = set(vector.text, path, "[1]", mode);
        if (edited) {
          EXPECT_TRUE(validate(edited.value())) << vector.name;
        } else {
          EXPECT_EQ(edited.error().code, Code::invalid_argument) << vector.name;
        }
      }
    }
  }
  EXPECT_GE(objects, 10);
}

TEST_F(JsonTestSuite, WhatIsUpToTheParserKeepsItsValidity) {
  for (const Vector& vector : vectors_) {
    if (vector.name[0] != 'i') continue;
    const bool valid = validate(vector.text).ok();
    for (const char* const path : paths) {
      const Result<std::string> edited = set(vector.text, path, "1");
      if (edited) {
        EXPECT_EQ(validate(edited.value()).ok(), valid) << vector.name;
      } else {
        EXPECT_FALSE(valid && has_object_root(vector.text)) << vector.name;
      }
    }
  }
}

}  // namespace
}  // namespace costmark::json
