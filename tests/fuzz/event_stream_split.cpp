// A stream of events is the same however it is cut. Input: where to cut, the longest event, the
// stream.
#include <algorithm>

#include "fuzz/property.hpp"
#include "http/event_stream.hpp"

namespace {

using costmark::http::Event;
using costmark::http::EventStream;

struct Seen {
  std::string type, data, id;
  std::uint64_t begin, end;
  bool oversized;
};

std::vector<Seen> read(EventStream& stream, const std::vector<std::string>& pieces) {
  std::vector<Seen> seen;
  for (const std::string& piece : pieces) {
    std::string_view rest = piece;
    while (const auto event = stream.next(rest)) {
      COSTMARK_HOLDS(event->begin < event->end && event->end <= stream.position());
      seen.push_back({std::string(event->type), std::string(event->data), std::string(event->id),
                      event->begin, event->end, event->oversized});
    }
    COSTMARK_HOLDS(rest.empty());
  }
  return seen;
}

// Where an event ends does not depend on the cuts, but for the LF of a CRLF that they divide.
bool same_place(std::uint64_t whole, std::uint64_t cut, std::string_view text) {
  return whole == cut || (cut + 1 == whole && text[static_cast<std::size_t>(cut)] == '\n');
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  costmark::fuzz::Input input(data, size);
  const std::string cuts = input.field();
  const std::string longest = input.field();
  const std::string_view text = input.rest();
  const std::size_t limit = longest.empty() ? EventStream::default_max_event_bytes
                                            : static_cast<unsigned char>(longest.front());

  EventStream whole(limit);
  EventStream cut(limit);
  const std::vector<Seen> expected = read(whole, {std::string(text)});
  const std::vector<Seen> found = read(cut, costmark::fuzz::pieces_of(text, cuts));
  COSTMARK_HOLDS(found.size() == expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    COSTMARK_HOLDS(found[i].type == expected[i].type && found[i].data == expected[i].data);
    COSTMARK_HOLDS(found[i].id == expected[i].id && found[i].oversized == expected[i].oversized);
    COSTMARK_HOLDS(same_place(expected[i].begin, found[i].begin, text));
    COSTMARK_HOLDS(same_place(expected[i].end, found[i].end, text));
  }
  COSTMARK_HOLDS(whole.position() == text.size() && cut.position() == text.size());
  COSTMARK_HOLDS(same_place(whole.block_begin(), cut.block_begin(), text));
  COSTMARK_HOLDS(whole.retry_ms() == cut.retry_ms());

  const auto expected_last = whole.finish();
  const auto last = cut.finish();
  COSTMARK_HOLDS(last.has_value() == expected_last.has_value());
  if (last) {
    COSTMARK_HOLDS(last->type == expected_last->type && last->data == expected_last->data);
    COSTMARK_HOLDS(last->oversized == expected_last->oversized && last->end == text.size());
  }
  return 0;
}
