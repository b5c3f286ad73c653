// Whatever an answer holds and however it is cut, the caller gets every byte of it, but for the
// chunks that are hidden; and it says the same. Input: API, status, hiding ('h') and streaming
// ('s') in four characters, the content type, where to cut, the answer.
#include <algorithm>

#include "costmark/json.hpp"
#include "costmark/usage.hpp"
#include "fuzz/property.hpp"
#include "http/event_stream.hpp"

namespace {

using namespace costmark;

struct Read {
  std::string passed;
  Answer answer;
};

struct Head {
  Api api;
  int status;
  bool hides;
  bool streamed;
  std::string content_type;
};

Read read(AnswerReader& reader, const Head& head, const std::vector<std::string>& pieces) {
  Read out;
  reader.begin(head.api, head.status, head.content_type, head.streamed, head.hides);
  for (const std::string& piece : pieces) out.passed += reader.feed(piece);
  out.passed += reader.finish();
  COSTMARK_HOLDS(reader.finish().empty());
  out.answer = reader.answer();
  return out;
}

// Whether `passed` is `text` without some whole events, each of which can be a usage chunk.
bool lacks_only_usage_chunks(std::string_view text, std::string_view passed) {
  http::EventStream stream;
  constexpr std::string_view mark = "\xEF\xBB\xBF";
  const std::size_t start = text.find_first_not_of(" \t\r\n", text.starts_with(mark) ? 3 : 0);
  if (start == std::string_view::npos || !passed.starts_with(text.substr(0, start))) {
    return passed == text;
  }
  text.remove_prefix(start);
  passed.remove_prefix(start);
  std::string_view rest = text;
  std::uint64_t decided = 0;
  const auto stretch = [&](std::uint64_t end) {
    const auto begin = static_cast<std::size_t>(decided);
    decided = end;
    return text.substr(begin, static_cast<std::size_t>(end) - begin);
  };
  const auto passes = [&](std::string_view part) {
    if (!passed.starts_with(part)) return false;
    passed.remove_prefix(part.size());
    return true;
  };
  while (true) {
    auto event = stream.next(rest);
    if (!event) event = stream.finish();
    if (!event) break;
    if (!passes(stretch(event->begin))) return false;
    const std::string_view whole = stretch(event->end);
    const bool candidate = event->data.find("\"usage\"") != std::string_view::npos &&
                           event->data.find('{') != std::string_view::npos;
    if (candidate && !passed.starts_with(whole)) continue;
    if (!passes(whole)) return false;
  }
  return passes(stretch(text.size())) && passed.empty();
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  std::string numbers = input.field();
  numbers.resize(4, '\0');
  Head head{static_cast<Api>(static_cast<unsigned char>(numbers[0]) % 8),
            100 + static_cast<unsigned char>(numbers[1]) * 2, numbers[2] == 'h', numbers[3] == 's',
            input.field()};
  const std::string cuts = input.field();
  const std::string_view text = input.rest();

  AnswerReader reader;
  const Read whole = read(reader, head, {std::string(text)});
  const Read cut = read(reader, head, fuzz::pieces_of(text, cuts));
  COSTMARK_HOLDS(cut.passed == whole.passed);
  COSTMARK_HOLDS(cut.answer == whole.answer);
  COSTMARK_HOLDS(lacks_only_usage_chunks(text, whole.passed));
  COSTMARK_HOLDS(whole.answer.usage_json.empty() || json::validate(whole.answer.usage_json).ok());
  COSTMARK_HOLDS(whole.answer.usage_json.size() <= Answer::max_usage_json);
  COSTMARK_HOLDS(whole.answer.error_code.size() <= Answer::max_error_code);

  head.hides = false;
  const Read shown = read(reader, head, fuzz::pieces_of(text, cuts));
  COSTMARK_HOLDS(shown.passed == text);
  COSTMARK_HOLDS(shown.answer == whole.answer);
  return 0;
}
