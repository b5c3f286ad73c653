// Says what frames are in streams of AWS's framing, for tests in Python that know it from
// elsewhere.
//
// Input, over and over: the size of a piece (16 bits, big-endian), the length of a stream (32 bits)
// and its bytes, which are read in pieces of that size. Output, one line for each stream: for each
// frame its headers as NAME:TYPE:VALUE, in hexadecimal and each behind a ' ', then '|', the payload
// and ';'; last the number of the fault and, where there is one, its offset.
#include <cstdio>
#include <string>
#include <string_view>

#include "http/aws_event_stream.hpp"

namespace {

using costmark::http::AwsEventStream;
using costmark::http::AwsFrame;

bool read_bytes(std::string& out, std::size_t size) {
  out.resize(size);
  return std::fread(out.data(), 1, size, stdin) == size;
}

bool read_number(std::size_t& out, std::size_t bytes) {
  std::string text;
  if (!read_bytes(text, bytes)) return false;
  out = 0;
  for (const char c : text) out = out << 8U | static_cast<unsigned char>(c);
  return true;
}

void print_hex(std::string_view bytes) {
  for (const char c : bytes) std::printf("%02x", static_cast<unsigned char>(c));
}

void print_frame(const AwsFrame& frame) {
  std::string_view rest = frame.headers;
  while (const auto header = costmark::http::take_header(rest)) {
    std::putchar(' ');
    print_hex(header->name);
    std::printf(":%d:", static_cast<int>(header->type));
    print_hex(header->value);
  }
  std::putchar('|');
  print_hex(frame.payload);
  std::putchar(';');
}

void print_stream(AwsEventStream& parser, std::string_view stream, std::size_t piece_size) {
  parser.reset();
  while (!stream.empty()) {
    const std::string piece(stream.substr(0, piece_size));
    stream.remove_prefix(piece.size());
    std::string_view rest = piece;
    while (const auto frame = parser.next(rest)) print_frame(*frame);
  }
  std::printf("%d", static_cast<int>(parser.fault()));
  if (parser.fault() != costmark::http::AwsFault::none) {
    std::printf("@%llu", static_cast<unsigned long long>(parser.fault_at()));
  }
  std::putchar('\n');
}

}  // namespace

int main() {
  AwsEventStream parser;
  std::size_t piece_size = 0;
  std::size_t length = 0;
  std::string stream;
  while (read_number(piece_size, 2) && read_number(length, 4) && read_bytes(stream, length)) {
    print_stream(parser, stream, piece_size == 0 ? 1 : piece_size);
  }
  return 0;
}
