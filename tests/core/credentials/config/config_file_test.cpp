#include "credentials/config/config_file.hpp"

#include <gtest/gtest.h>
#include <time.h>

#include <string>

namespace costmark::config {
namespace {

using Kind = ConfigFile::Kind;

std::string value_of(const ConfigFile& file, std::string_view profile, std::string_view key) {
  const Section* section = file.profile(profile);
  if (section == nullptr) return "(no profile)";
  const Entry* entry = file.entry(*section, key);
  return entry == nullptr ? "(no key)" : std::string(entry->value);
}

ConfigFile parse(std::string_view text, Kind kind = Kind::config) {
  auto file = ConfigFile::parse(std::string(text), "config", kind);
  EXPECT_TRUE(file.ok()) << file.error().message;
  return file.ok() ? std::move(file).value() : ConfigFile();
}

TEST(ConfigFile, NamesProfilesAsBotocoreDoes) {
  const struct {
    const char* header;
    const char* profile;  // null: none
  } cases[] = {
      {"[default]", "default"},
      {"[profile dev]", "dev"},
      {"[profile default]", "default"},
      {"[profile \"my team\"]", "my team"},
      {"[profile 'my team']", "my team"},
      {"[profile my\\ team]", "my team"},
      {"[profile\tdev]", "dev"},
      {"[profile   dev  ]", "dev"},
      {"[profile dev] # comment", "dev"},
      {"[profile a]b] tail", "a]b"},
      {"  [profile dev]", "dev"},
      {"[profile \xC3\xA9quipe]", "\xC3\xA9quipe"},
      {"[dev]", nullptr},
      {"[profile]", nullptr},
      {"[profile a b]", nullptr},
      {"[profile \"open]", nullptr},
      {"[preview]", nullptr},
      {"[ profile dev]", nullptr},
      {"[sso-session dev]", nullptr},
      {"[services dev]", nullptr},
  };
  for (const auto& c : cases) {
    const auto file = parse(std::string(c.header) + "\nregion = r\n");
    for (const char* name :
         {"default", "dev", "my team", "a]b", "\xC3\xA9quipe", "a", "", "profile"}) {
      const bool wanted = c.profile != nullptr && std::string_view(c.profile) == name;
      EXPECT_EQ(file.profile(name) != nullptr, wanted) << c.header << " as " << name;
    }
  }
}

TEST(ConfigFile, CredentialsFilesHaveBareNames) {
  const auto file =
      parse("[default]\nk=1\n[my team]\nk=2\n[profile dev]\nk=3\n", Kind::credentials);
  EXPECT_EQ(value_of(file, "default", "k"), "1");
  EXPECT_EQ(value_of(file, "my team", "k"), "2");
  EXPECT_EQ(value_of(file, "dev", "k"), "(no profile)");
  EXPECT_EQ(value_of(file, "profile dev", "k"), "3");
}

TEST(ConfigFile, KeepsSessionsAndServicesApart) {
  const auto file = parse(
      "[sso-session corp]\nsso_region = eu-west-1\n"
      "[services local]\nsts =\n  endpoint_url = http://localhost:1\n");
  ASSERT_NE(file.sso_session("corp"), nullptr);
  EXPECT_EQ(file.entry(*file.sso_session("corp"), "sso_region")->value, "eu-west-1");
  EXPECT_EQ(file.sso_session("local"), nullptr);
  ASSERT_NE(file.services("local"), nullptr);
  EXPECT_EQ(file.entry(*file.services("local"), "sts")->sub_value("endpoint_url"),
            "http://localhost:1");
  EXPECT_EQ(file.profile("corp"), nullptr);
}

TEST(ConfigFile, Values) {
  const struct {
    const char* text;
    const char* value;
  } cases[] = {
      {"k = v", "v"},
      {"k=v", "v"},
      {"k: v", "v"},
      {"k v = w", "(no key)"},
      {"K = V", "V"},
      {"  k  =  v  ", "v"},
      {"k = a = b : c", "a = b : c"},
      {"k = v # not a comment", "v # not a comment"},
      {"k = v;w", "v;w"},
      {"k =", ""},
      {"k =\n\n\n", ""},
      {"k = v\r\n", "v"},
      {"k = v\rj = w", "v"},
      {"k = v\n  w", "v\nw"},
      {"k = v\n\n\tw  \n  x", "v\n\nw\nx"},
      {"k = v\n  # comment\n  w", "v\nw"},
      {"k = v\n; comment\n#comment\nj = w", "v"},
      {"k = v\n  [profile x]", "v\n[profile x]"},
      {"  k = v\n  j = w", "v"},
      {"[k = v", "(no key)"},
      {"k = \xC3\xA9", "\xC3\xA9"},
      {"k = v\n\n\n", "v"},
  };
  for (const auto& c : cases) {
    const auto file = parse("[default]\n" + std::string(c.text));
    EXPECT_EQ(value_of(file, "default", "k"), c.value) << c.text;
  }
}

TEST(ConfigFile, SubKeys) {
  const auto file = parse(
      "[default]\ns3 =\n  A = 1\n\n  # comment\n  b=2\n  b = 3\nregion = r\nk = v\n  x = y\n");
  const Entry* s3 = file.entry(*file.profile("default"), "s3");
  ASSERT_NE(s3, nullptr);
  EXPECT_TRUE(s3->nested);
  EXPECT_EQ(s3->sub_value("A"), "1");
  EXPECT_EQ(s3->sub_value("b"), "3");
  EXPECT_EQ(s3->sub_value("a"), std::nullopt);
  EXPECT_EQ(value_of(file, "default", "region"), "r");
  const Entry* k = file.entry(*file.profile("default"), "k");
  EXPECT_FALSE(k->nested);
  EXPECT_EQ(k->sub_value("x"), std::nullopt);
}

TEST(ConfigFile, DefaultSectionLendsItsKeys) {
  const auto file = parse("[DEFAULT]\nk = d\nj = d\n[profile a]\nk = a\n[DEFAULT]\ni = d\n");
  EXPECT_EQ(value_of(file, "a", "k"), "a");
  EXPECT_EQ(value_of(file, "a", "j"), "d");
  EXPECT_EQ(value_of(file, "a", "i"), "d");
  EXPECT_EQ(file.profile("DEFAULT"), nullptr);
}

TEST(ConfigFile, TheLastSpellingOfAProfileCounts) {
  const auto file = parse("[profile a]\nk = 1\nj = 1\n[profile \"a\"]\nk = 2\n");
  EXPECT_EQ(value_of(file, "a", "k"), "2");
  EXPECT_EQ(value_of(file, "a", "j"), "(no key)");
}

TEST(ConfigFile, SurvivesAMove) {
  auto file = parse("[default]\nk = v\n");  // short enough to live inside a std::string
  ConfigFile other = std::move(file);
  ConfigFile third;
  third = std::move(other);
  EXPECT_EQ(value_of(third, "default", "k"), "v");
}

TEST(ConfigFile, ByteOrderMarkIsSkipped) {
  EXPECT_EQ(value_of(parse("\xEF\xBB\xBF[default]\r\nk = v\r\n"), "default", "k"), "v");
}

TEST(ConfigFile, NothingIsNoError) {
  for (const char* text :
       {"", "\n", "\r\n\r\n", "# only a comment", "\xEF\xBB\xBF", "[a]", "[]]"}) {
    EXPECT_EQ(parse(text).profile("default"), nullptr) << text;
  }
}

TEST(ConfigFile, RefusedWithTheLineAndNoContent) {
  const struct {
    std::string text;
    const char* message;
  } cases[] = {
      {"CANARY = 1\n", "config:1: this stands before the first [section]"},
      {"\n# x\n  CANARY\n", "config:3: this stands before"},
      {"[default]\nCANARY\n", "config:2: this is neither 'key = value' nor a [section]"},
      {"[default]\r\n\r\nCANARY\r\n", "config:3: this is neither"},
      {"[default]\rk = 1\rCANARY\r", "config:3: this is neither"},
      {"[default]\n= CANARY\n", "config:2: this is neither"},
      {"[default]\n[]\n", "config:2: this is neither"},
      {"[default]\n[CANARY\n", "config:2: this is neither"},
      {"[default]\nk = CANARY\nj = 1\nK = CANARY\n",
       "config:4: this key is in its section twice, first on line 2"},
      {"[DEFAULT]\nk = 1\n[DEFAULT]\nk = CANARY\n", "config:4: this key is in its section twice"},
      {"[default]\nk = 1\n[profile a]\n[default]\n",
       "config:4: section [default] is there twice, first on line 1"},
      {"[default]\nk =\n  a = 1\n\n  CANARY\n", "config:5: this is indented below a key without"},
      {"[default]\nk = \xFF"
       "CANARY\n",
       "config:2: the line is not UTF-8 text"},
      {"[default]\n# \xC3(\n", "config:2: the line is not UTF-8"},
      {"[default]\n# \xE2\x82", "config:2: the line is not UTF-8"},
      {"[default]\n# \xC0\xAF\n", "config:2: the line is not UTF-8"},
      {"[default]\n# \xED\xA0\x80\n", "config:2: the line is not UTF-8"},
      {"[default]\n# \xF4\x90\x80\x80\n", "config:2: the line is not UTF-8"},
      {std::string("\xFF\xFE[\0d\0", 6), "config:1: the line is not UTF-8"},
      {"[default]\nk = v\n" + std::string(1U << 20U, 'C') + "ANARY\n", "config:3: this is neither"},
  };
  for (const auto& c : cases) {
    const auto file = ConfigFile::parse(c.text, "config", Kind::config);
    ASSERT_FALSE(file.ok()) << c.text.substr(0, 80);
    EXPECT_EQ(file.error().code, Code::unusable_credentials);
    EXPECT_TRUE(file.error().message.starts_with(c.message)) << file.error().message;
    EXPECT_EQ(file.error().message.find("CANARY"), std::string::npos) << file.error().message;
    EXPECT_LT(file.error().message.size(), 200U);
  }
}

TEST(ConfigFile, HugeLinesAreOnlyLines) {
  const std::string value(8U << 20U, 'v');
  const auto file = parse("[default]\n#" + value + "\nk = " + value + "\nj = w\n");
  EXPECT_EQ(value_of(file, "default", "k").size(), value.size());
  EXPECT_EQ(value_of(file, "default", "j"), "w");
}

double cpu_seconds() {
  timespec time{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

double time_to_parse(const std::string& text) {
  double best = 1e9;
  for (int run = 0; run < 5; ++run) {
    std::string copy = text;
    const double start = cpu_seconds();
    const auto file = ConfigFile::parse(std::move(copy), "config", Kind::config);
    best = std::min(best, cpu_seconds() - start);
    EXPECT_TRUE(file.ok());
  }
  return best;
}

TEST(ConfigFile, TenThousandLinesTakeMilliseconds) {
  std::string profiles;
  std::string keys = "[default]\n";
  std::string continued = "[default]\nk =\n";
  for (int i = 0; i < 2500; ++i) {
    const std::string n = std::to_string(i);
    profiles += "[profile p" + n + "]\nregion = us-east-1\nrole_arn = arn:" + n + "\nk = v\n";
    for (const char* part : {"a", "b", "c", "d"}) {
      keys += part + n + " = some value\n";
      continued += "  " + n + part + " = some value\n";
    }
  }
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || !defined(__OPTIMIZE__)
  constexpr double limit = 0.25;
#else
  constexpr double limit = 0.005;
#endif
  for (const std::string* text : {&profiles, &keys, &continued}) {
    const double seconds = time_to_parse(*text);
    RecordProperty("microseconds", static_cast<int>(seconds * 1e6));
    EXPECT_LT(seconds, limit);
  }
}

TEST(Shown, IsShortAndPrintable) {
  EXPECT_EQ(shown("a\nb\x7F\t"), "a?b??");
  EXPECT_EQ(shown("\xC3\xA9"), "\xC3\xA9");
  EXPECT_EQ(shown("\xFF"
                  "a"),
            "?a");
  EXPECT_EQ(shown(std::string(500, 'x')).size(), 203U);
}

}  // namespace
}  // namespace costmark::config
