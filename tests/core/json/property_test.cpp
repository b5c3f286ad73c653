// Random texts, edited, against a reader that shares nothing with the library.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "costmark/json.hpp"
#include "random_json.hpp"
#include "reference.hpp"
#include "rounds.hpp"

namespace costmark::json {
namespace {

using reference::Data;
using reference::Value;

struct Path {
  std::string_view spelled;
  std::vector<std::string> names;
};

const std::vector<Path> paths{{"a", {"a"}},
                              {"project_id", {"project_id"}},
                              {"stream_options.include_usage", {"stream_options", "include_usage"}},
                              {"b.a", {"b", "a"}},
                              {"b.c.\xC3\xA9", {"b", "c", "\xC3\xA9"}},
                              {"\U0001F600", {"\U0001F600"}},
                              {"a\\.b", {"a.b"}},
                              {"\\\\", {"\\"}},
                              {"\n", {"\n"}}};

std::vector<std::string_view> spelled_paths() {
  std::vector<std::string_view> out;
  for (const Path& path : paths) out.push_back(path.spelled);
  return out;
}

// False when the path leads through something that is no object.
bool set_data(Data& data, const std::vector<std::string>& names, const Data& value) {
  Data* at = &data;
  for (const std::string& name : names) {
    if (!at->object) return false;
    const auto [entry, made] = at->members.try_emplace(name);
    if (made) entry->second.object = true;
    at = &entry->second;
  }
  *at = value;
  return true;
}

void remove_data(Data& data, const std::vector<std::string>& names) {
  Data* at = &data;
  for (std::size_t i = 0; i + 1 < names.size(); ++i) {
    const auto entry = at->members.find(names[i]);
    if (entry == at->members.end() || !entry->second.object) return;
    at = &entry->second;
  }
  at->members.erase(names.back());
}

const Value::Entry* last_member(const Value& object, const std::string& name) {
  const Value::Entry* found = nullptr;
  for (const auto& entry : object.entries) {
    if (entry.key == name) found = &entry;
  }
  return object.first == '{' ? found : nullptr;
}

const Value* find(const Value& root, const std::vector<std::string>& names) {
  const Value* at = &root;
  for (const std::string& name : names) {
    const Value::Entry* entry = last_member(*at, name);
    if (entry == nullptr) return nullptr;
    at = &entry->value;
  }
  return at;
}

TEST(Property, FindsWhatTheReferenceFinds) {
  RandomJson random(1);
  Document document;
  const std::vector<std::string_view> spelled = spelled_paths();
  std::size_t found = 0;
  for (int round = 0; round < tests::rounds(20'000); ++round) {
    const std::string text = random.object();
    ASSERT_TRUE(validate(text)) << text;
    ASSERT_TRUE(document.open(text, spelled, round % 2 == 0 ? Mode::lenient : Mode::strict));
    const Value root = reference::parse(text);
    for (std::size_t i = 0; i < paths.size(); ++i) {
      const Value* value = find(root, paths[i].names);
      ASSERT_EQ(document.member(i).kind != Kind::absent, value != nullptr) << text;
      if (value == nullptr) continue;
      ++found;
      ASSERT_EQ(document.member(i).value_begin, value->begin) << text;
      ASSERT_EQ(document.member(i).value_end, value->end) << text;
      ASSERT_EQ(document.raw(i), text.substr(value->begin, value->end - value->begin));
    }
  }
  EXPECT_GT(found, static_cast<std::size_t>(tests::rounds(10'000)));
}

TEST(Property, EditsMeanWhatTheReferenceSays) {
  RandomJson random(2);
  Document document;
  const std::vector<std::string_view> spelled = spelled_paths();
  for (int round = 0; round < tests::rounds(20'000); ++round) {
    const std::string text = random.object();
    ASSERT_TRUE(document.open(text, spelled));
    Data expected = reference::data(text);
    std::vector<std::string> values(paths.size());
    for (std::size_t i = 0; i < paths.size(); ++i) {
      const std::size_t choice = random.below(3);
      if (choice == 0) {
        values[i] = random.value(2);
        Data attempt = expected;
        const bool possible = set_data(attempt, paths[i].names, reference::data(values[i]));
        ASSERT_EQ(document.set(i, values[i]).ok(), possible) << text << " " << paths[i].spelled;
        if (possible) expected = attempt;
      } else if (choice == 1) {
        ASSERT_TRUE(document.remove(i));
        remove_data(expected, paths[i].names);
      }
    }
    const Result<std::string_view> edited = document.finish();
    ASSERT_TRUE(edited) << text << ": " << edited.error().message;
    ASSERT_TRUE(validate(edited.value())) << text << "\n-> " << edited.value();
    ASSERT_EQ(reference::data(edited.value()), expected) << text << "\n-> " << edited.value();
  }
}

// To the byte: the rest of the text is the rest of the result.
TEST(Property, BytesOutsideTheEditStay) {
  RandomJson random(3);
  std::array<std::size_t, 3> seen{};
  for (int round = 0; round < tests::rounds(20'000); ++round) {
    const std::string text = random.object();
    const Value root = reference::parse(text);
    const auto count = std::count_if(root.entries.begin(), root.entries.end(),
                                     [](const auto& entry) { return entry.key == "a"; });
    const std::string after = set(text, "a", "[ 7 ]").value();
    if (count == 0) {
      ++seen[0];
      const std::string comma = root.entries.empty() ? "" : ",";
      ASSERT_EQ(after, text.substr(0, root.begin + 1) + "\"a\":[ 7 ]" + comma +
                           text.substr(root.begin + 1));
      ASSERT_EQ(remove(text, "a").value(), text);
    } else if (count == 1) {
      ++seen[1];
      const Value& value = last_member(root, "a")->value;
      ASSERT_EQ(after, text.substr(0, value.begin) + "[ 7 ]" + text.substr(value.end));
    }
    if (count > 0) {
      ++seen[2];
      // What is left are whole members, each as it was spelled, in order.
      const std::string left = remove(text, "a").value();
      std::string expected;
      std::string actual;
      for (const auto& entry : root.entries) {
        if (entry.key != "a") {
          expected += text.substr(entry.key_begin, entry.value.end - entry.key_begin) + ';';
        }
      }
      for (const auto& entry : reference::parse(left).entries) {
        actual += left.substr(entry.key_begin, entry.value.end - entry.key_begin) + ';';
      }
      ASSERT_EQ(actual, expected) << text;
      ASSERT_EQ(left.substr(0, root.begin), text.substr(0, root.begin));
      ASSERT_TRUE(left.ends_with(text.substr(root.end - 1)));
    }
  }
  const auto enough = static_cast<std::size_t>(tests::rounds(1'000));
  for (const std::size_t times : seen) EXPECT_GT(times, enough);
}

// Padding moves every token across the scanner's 64-byte blocks.
TEST(Property, ResultsDoNotDependOnAlignment) {
  RandomJson random(4);
  for (int round = 0; round < 100; ++round) {
    const std::string text = random.object();
    const std::string plain = set(text, "b.a", "1").ok() ? set(text, "b.a", "1").value() : "";
    for (std::size_t pad = 0; pad < 130; ++pad) {
      const Result<std::string> shifted = set(std::string(pad, ' ') + text, "b.a", "1");
      ASSERT_EQ(shifted.ok(), !plain.empty());
      if (shifted) {
        ASSERT_EQ(shifted.value().substr(pad), plain);
      }
    }
  }
}

}  // namespace
}  // namespace costmark::json
