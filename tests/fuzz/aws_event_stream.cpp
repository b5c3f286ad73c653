// Frames are the same however the stream is cut, and frames that are built read back. Input: where
// to cut, the headers and the payload of a frame, a stream.
#include "http/aws_event_stream.hpp"

#include "core/http/aws_frames.hpp"
#include "fuzz/property.hpp"

namespace {

using costmark::http::AwsEventStream;
using costmark::http::AwsFault;

struct Seen {
  std::string headers, payload;
  std::uint64_t begin, end;

  friend bool operator==(const Seen&, const Seen&) = default;
};

std::vector<Seen> read(AwsEventStream& stream, const std::vector<std::string>& pieces) {
  std::vector<Seen> seen;
  for (const std::string& piece : pieces) {
    std::string_view rest = piece;
    while (const auto frame = stream.next(rest)) {
      COSTMARK_HOLDS(stream.fault() == AwsFault::none);
      COSTMARK_HOLDS(frame->begin < frame->end && frame->end <= stream.position());
      seen.push_back(
          {std::string(frame->headers), std::string(frame->payload), frame->begin, frame->end});
    }
    COSTMARK_HOLDS(rest.empty());
  }
  return seen;
}

std::vector<Seen> read_cut_or_whole(std::string_view text, std::string_view cuts, AwsFault& fault) {
  AwsEventStream whole;
  AwsEventStream cut;
  std::vector<Seen> seen = read(whole, {std::string(text)});
  COSTMARK_HOLDS(read(cut, costmark::fuzz::pieces_of(text, cuts)) == seen);
  COSTMARK_HOLDS(whole.fault() == cut.fault() && whole.fault_at() == cut.fault_at());
  COSTMARK_HOLDS(whole.fault_at() <= text.size());
  COSTMARK_HOLDS(whole.position() == text.size() && cut.position() == text.size());
  COSTMARK_HOLDS(whole.within_frame() == cut.within_frame());
  fault = whole.fault();
  return seen;
}

bool are_headers(std::string_view text) {
  while (costmark::http::take_header(text)) {
  }
  return text.empty();
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  costmark::fuzz::Input input(data, size);
  const std::string cuts = input.field();
  const std::string headers = input.field();
  const std::string payload = input.field();
  const std::string_view stream = input.rest();
  AwsFault fault = AwsFault::none;

  const std::string built = costmark::http::aws_frame(headers, payload);
  const std::vector<Seen> read_back = read_cut_or_whole(built + built, cuts, fault);
  if (are_headers(headers)) {
    COSTMARK_HOLDS(fault == AwsFault::none && read_back.size() == 2);
    COSTMARK_HOLDS(read_back[1] == (Seen{headers, payload, built.size(), 2 * built.size()}));
  } else {
    COSTMARK_HOLDS(fault == AwsFault::header && read_back.empty());
  }

  // What comes before the bad bytes is not touched by them.
  const std::vector<Seen> mixed = read_cut_or_whole(built + std::string(stream), cuts, fault);
  COSTMARK_HOLDS(!are_headers(headers) || (!mixed.empty() && mixed[0] == read_back[0]));
  read_cut_or_whole(stream, cuts, fault);
  return 0;
}
