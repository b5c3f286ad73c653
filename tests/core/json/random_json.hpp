// Random valid JSON objects in every spelling the grammar has; the same for the same seed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>

namespace costmark::json {

class RandomJson {
 public:
  explicit RandomJson(std::uint32_t seed) : random_(seed) {}

  std::size_t below(std::size_t limit) { return random_() % limit; }

  std::string object(std::size_t depth = 4) {
    std::string out = space();
    write_object(out, depth);
    return out + space();
  }

  std::string value(std::size_t depth) {
    std::string out;
    write_value(out, depth);
    return out;
  }

  // Few names, some of them spelled with escapes, so that members collide.
  std::string key() {
    static constexpr const char* keys[] = {"a",
                                           "b",
                                           "c",
                                           "\\u0061",
                                           "\\u0062",
                                           "stream_options",
                                           "project_id",
                                           "\\u0070roject_id",
                                           "projec\\u0074_id",
                                           "",
                                           "\\ud83d\\ude00",
                                           "\U0001F600",
                                           "\\uD800",
                                           "a.b",
                                           "\\\\",
                                           "\\\"a",
                                           "include_usage",
                                           "messages",
                                           "\xC3\xA9",
                                           "\\u00e9",
                                           "\\n"};
    return keys[below(std::size(keys))];
  }

 private:
  std::string space() {
    std::string out;
    while (below(3) == 0) out += " \t\r\n"[below(4)];
    return out;
  }

  void write_object(std::string& out, std::size_t depth) {
    out += "{" + space();
    const std::size_t count = below(6);
    for (std::size_t i = 0; i < count; ++i) {
      if (i > 0) out += "," + space();
      out += '"' + key() + '"' + space() + ':' + space();
      write_value(out, depth - 1);
      out += space();
    }
    out += '}';
  }

  void write_value(std::string& out, std::size_t depth) {
    const std::size_t kind = below(depth == 0 ? 4 : 8);
    if (kind == 0) {
      out += word();
    } else if (kind == 1) {
      out += number();
    } else if (kind <= 3) {
      out += string();
    } else if (kind <= 6) {
      write_object(out, depth);
    } else {
      out += "[" + space();
      const std::size_t count = below(4);
      for (std::size_t i = 0; i < count; ++i) {
        if (i > 0) out += "," + space();
        write_value(out, depth - 1);
        out += space();
      }
      out += ']';
    }
  }

  std::string word() {
    static constexpr const char* words[] = {"true", "false", "null"};
    return words[below(3)];
  }

  std::string number() {
    static constexpr const char* numbers[] = {"0",
                                              "-0",
                                              "1",
                                              "-12",
                                              "3.25",
                                              "1e5",
                                              "1E+400",
                                              "-1.0e-7",
                                              "0.0",
                                              "123456789012345678901234567890",
                                              "9007199254740993",
                                              "1e-999"};
    return numbers[below(std::size(numbers))];
  }

  std::string string() {
    static constexpr const char* parts[] = {
        "x",
        "hello ",
        "\\n",
        "\\\"",
        "\\\\",
        "\\/",
        "\\u00e9",
        "\\ud83d\\ude00",
        "\\ud800",
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\xC3\xA9",
        "\xE2\x82\xAC",
        "\U0001F600",
        "project_id",
        "\x7F",
        "a longer run of plain text, past one word and past one block of the scanner ........"};
    std::string out = "\"";
    const std::size_t count = below(6);
    for (std::size_t i = 0; i < count; ++i) out += parts[below(std::size(parts))];
    return out + '"';
  }

  std::mt19937 random_;
};

}  // namespace costmark::json
