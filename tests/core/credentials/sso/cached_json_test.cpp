#include "credentials/sso/cached_json.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <sstream>

#include "credentials/files.hpp"

namespace costmark {
namespace {

std::string content(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::size_t files_in(const std::string& folder) {
  const std::filesystem::directory_iterator all(folder);
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

mode_t mode_of(const std::string& path) {
  struct stat status{};
  EXPECT_EQ(::stat(path.c_str(), &status), 0);
  return status.st_mode & 07777U;
}

TEST(CachedJson, WritesInPlaceForThisUserAlone) {
  const Home home;
  const std::string path = home.path("token.json");
  home.write("token.json", "old, and longer than what is to come");
  ::chmod(path.c_str(), 0644);
  const auto inode = std::filesystem::hard_link_count(path);
  ASSERT_EQ(inode, 1U);
  std::filesystem::create_hard_link(path, home.path("witness"));
  ASSERT_TRUE(write_cached_json(path, "{\"new\":1}").ok());
  EXPECT_EQ(content(path), "{\"new\":1}");
  EXPECT_EQ(mode_of(path), 0600U);
  // The old file was replaced, not written over: whoever reads it now finishes with the old text.
  EXPECT_EQ(content(home.path("witness")), "old, and longer than what is to come");
  EXPECT_EQ(files_in(home.path("")), 3U) << "a temporary file is left";  // .aws, token, witness
}

TEST(CachedJson, WhatCannotBeWrittenLeavesNothingBehind) {
  const Home home;
  const auto gone = write_cached_json(home.path("no/such/folder/token.json"), "{}");
  ASSERT_FALSE(gone.ok());
  EXPECT_EQ(gone.error().code, Code::unusable_credentials);
  EXPECT_NE(gone.error().message.find("token.json cannot be written: No such file"),
            std::string::npos)
      << gone.error().message;
  std::filesystem::create_directory(home.path("token.json"));
  EXPECT_FALSE(write_cached_json(home.path("token.json"), "{}").ok());
  EXPECT_EQ(files_in(home.path("")), 2U) << "a temporary file is left";
}

TEST(CachedJson, ReadsRegularFilesUpToItsLimit) {
  const Home home;
  Secret text;
  auto status = read_cached_json(home.path("none.json"), text);
  EXPECT_EQ(status.error().code, Code::no_credentials);
  status = read_cached_json(home.path(".aws/none/deep.json"), text);
  EXPECT_EQ(status.error().code, Code::no_credentials);
  home.write("file", "");
  EXPECT_EQ(read_cached_json(home.path("file/below"), text).error().code, Code::no_credentials);
  ASSERT_TRUE(read_cached_json(home.path("file"), text).ok());
  EXPECT_EQ(text.text, "");

  home.write("largest", std::string(largest_cached_json, 'x'));
  ASSERT_TRUE(read_cached_json(home.path("largest"), text).ok());
  EXPECT_EQ(text.text.size(), largest_cached_json);
  home.write("larger", std::string(largest_cached_json + 1, 'x'));
  status = read_cached_json(home.path("larger"), text);
  EXPECT_NE(status.error().message.find("is larger than 1 MiB"), std::string::npos);
  EXPECT_EQ(text.text, "");

  status = read_cached_json(home.path(".aws"), text);
  EXPECT_NE(status.error().message.find("is no regular file"), std::string::npos);
  ASSERT_EQ(::mkfifo(home.path("pipe").c_str(), 0600), 0);
  status = read_cached_json(home.path("pipe"), text);
  EXPECT_NE(status.error().message.find("is no regular file"), std::string::npos);
  ASSERT_EQ(::symlink("loop", home.path("loop").c_str()), 0);
  status = read_cached_json(home.path("loop"), text);
  EXPECT_EQ(status.error().code, Code::unusable_credentials);
}

TEST(CachedJson, ChangesMembersAndNothingElse) {
  const struct {
    const char* text;
    std::array<StringMember, 2> members;
    const char* expected;
  } cases[] = {
      {R"( { "a" : "1", "unknown": [1, {"x": 1e3}], "o": {"b": "2"} } )",
       {{{"a", "x"}, {"o.b", "y"}}},
       R"( { "a" : "x", "unknown": [1, {"x": 1e3}], "o": {"b": "y"} } )"},
      {R"({"k":1,"o":{"z":0}})",
       {{{"a", "x"}, {"o.b", "y"}}},
       R"({"a":"x","k":1,"o":{"b":"y","z":0}})"},
      {R"({"o":{"b":null},"a":{"long":["one"]}})",
       {{{"a", ""}, {"o.b", "\"\\\n"}}},
       R"({"o":{"b":"\"\\\u000a"},"a":""})"},
      {R"({"a":"1","a":"2"})", {{{"a", "3"}, {"none.b", "4"}}}, R"({"a":"1","a":"3"})"},
      {R"({"\u0061":"1"})", {{{"a", "2"}, {"c", "3"}}}, R"({"c":"3","\u0061":"2"})"},
  };
  for (const auto& c : cases) {
    Secret out;
    ASSERT_TRUE(with_members(c.text, c.members, out).ok()) << c.text;
    std::string text = out.text;
    if (const auto at = text.find("\\n"); at != std::string::npos) text.replace(at, 2, "\\u000a");
    EXPECT_EQ(text, c.expected);
  }
  Secret out;
  const std::array<StringMember, 1> one{{{"a", "x"}}};
  EXPECT_EQ(with_members("[1]", one, out).error().code, Code::invalid_json);
  EXPECT_EQ(with_members("{\"a\":1", one, out).error().code, Code::invalid_json);
}

TEST(CachedJson, WhatCouldNotBeWrittenServesUntilTheFileChanges) {
  const Home home;
  std::filesystem::create_directory(home.path("cache"));
  const std::string path = home.path("cache/token.json");
  home.write("cache/token.json", "old");
  CachedJson file;
  Secret text;
  std::filesystem::rename(home.path("cache"), home.path("elsewhere"));
  file.store(path, "new");  // its folder is gone: it cannot be written
  ASSERT_TRUE(file.read(path, text).ok());
  EXPECT_EQ(text.text, "new");
  EXPECT_FALSE(file.read(home.path("cache/other.json"), text).ok());

  std::filesystem::rename(home.path("elsewhere"), home.path("cache"));
  ASSERT_TRUE(file.read(path, text).ok());
  EXPECT_EQ(text.text, "old") << "the file is back, and another than the one that was kept for";
  file.store(path, "newer");
  EXPECT_EQ(content(path), "newer");
  ASSERT_TRUE(file.read(path, text).ok());
  EXPECT_EQ(text.text, "newer");
}

TEST(CachedJson, AnAttemptIsRecentForItsTimeAndItsFile) {
  const Home home;
  const std::string path = home.path("token.json");
  home.write("token.json", "1");
  CachedJson file;
  EXPECT_EQ(file.recent_attempt(path, 100), nullptr);
  file.note_attempt(path, 100, 60, Error{Code::service, "why"});
  for (const UnixSeconds now : {100, 101, 159}) {
    ASSERT_NE(file.recent_attempt(path, now), nullptr) << now;
    EXPECT_EQ(file.recent_attempt(path, now)->failure->message, "why");
  }
  EXPECT_EQ(file.recent_attempt(path, 160), nullptr);
  EXPECT_EQ(file.recent_attempt(path, 99), nullptr) << "the clock was set back";
  EXPECT_EQ(file.recent_attempt(home.path("other"), 101), nullptr);
  home.write("token.json", "22");
  EXPECT_EQ(file.recent_attempt(path, 101), nullptr) << "somebody has logged in";
}

TEST(SecretObject, TimesAsTheyAreFound) {
  static constexpr std::array<std::string_view, 6> names{"z",     "utc", "offset",
                                                         "naive", "n",   "none"};
  SecretObject object;
  ASSERT_TRUE(object
                  .open(R"({"z":"2025-01-02T03:04:05Z","utc":"2025-01-02T03:04:05UTC",)"
                        R"("offset":"2025-01-02T04:04:05+01:00","naive":"2025-01-02T03:04:05",)"
                        R"("n":1735787045})",
                        names)
                  .ok());
  for (const std::size_t i : {0U, 1U, 2U}) EXPECT_EQ(object.time(i), 1735787045) << names[i];
  for (const std::size_t i : {3U, 4U, 5U}) EXPECT_EQ(object.time(i), std::nullopt) << names[i];
}

}  // namespace
}  // namespace costmark
