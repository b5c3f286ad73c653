// Another spelling of a route that may spend may spend. Input: which route, then for each character
// of its path how it is spelled; then whatever stands between and behind.
#include <array>
#include <string>

#include "attribution/lenient_path.hpp"
#include "attribution/route.hpp"
#include "base/text.hpp"
#include "fuzz/property.hpp"

namespace {

using namespace costmark;
using attribution::LenientPath;

constexpr std::array<std::string_view, 10> spending_paths{"/v1/chat/completions",
                                                          "/openai/v1/responses",
                                                          "/anthropic/v1/messages",
                                                          "/v1/embeddings",
                                                          "/v1/batches",
                                                          "/v1/files",
                                                          "/v1/audio/speech",
                                                          "/v1/images/generations",
                                                          "/model/m/converse",
                                                          "/v1/responses/compact"};

// A source of decisions, which says 0 when it is used up.
class Choices {
 public:
  explicit Choices(std::string_view bytes) : bytes_(bytes) {}
  std::size_t next(std::size_t below) {
    if (bytes_.empty()) return 0;
    const auto byte = static_cast<unsigned char>(bytes_.front());
    bytes_.remove_prefix(1);
    return byte % below;
  }

 private:
  std::string_view bytes_;
};

std::string escaped(char c) {
  constexpr std::string_view digits = "0123456789abcdef";
  const auto byte = static_cast<unsigned char>(c);
  return {'%', digits[byte >> 4U], digits[byte & 15U]};
}

// Every character of `text` as an escape.
std::string escaped_all(std::string_view text) {
  std::string out;
  for (const char c : text) out += escaped(c);
  return out;
}

std::string spelled_character(char c, Choices& choices) {
  switch (choices.next(6)) {
    case 1:
      return std::string(1, text::upper(c));
    case 2:
      return escaped(c);
    case 3:
      return escaped_all(escaped(c));
    case 4:
      return "%25" + escaped(c).substr(1);
    case 5:
      return "%u00" + escaped(c).substr(1);
    default:
      return std::string(1, c);
  }
}

constexpr std::array<std::string_view, 15> ends{"",      "/",   ".",      "...",    "%20",
                                                "%20.",  ";",   ";a=/..", "%3f/x",  "%00.png",
                                                "/x/..", "%2f", "%a0",    "%85%20", "%u00a0"};

// The last two are for paths that do not end at the first ';'.
constexpr std::array<std::string_view, 14> slashes{
    "/",      "//",         "/./",  "%2f",   "%252F", "\\",    "%5c",
    "/y/../", "/y/%2e%2e/", "%20/", "/%2e/", "./%09", ";a=b/", "/;x/"};

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Choices choices({reinterpret_cast<const char*>(data), size});
  const std::string_view path = spending_paths[choices.next(spending_paths.size())];
  const std::string_view end = ends[choices.next(ends.size())];
  const std::size_t slashes_that_fit = slashes.size() - (end.starts_with(';') ? 2 : 0);
  std::string spelled;
  for (const char c : path) {
    spelled += c == '/' ? slashes[choices.next(slashes_that_fit)] : spelled_character(c, choices);
  }
  spelled += end;

  const auto plain = attribution::route_of("POST", LenientPath(path));
  const auto found = attribution::route_of("POST", LenientPath(spelled));
  COSTMARK_HOLDS(plain.may_spend());
  COSTMARK_HOLDS(found.kind == plain.kind);
  COSTMARK_HOLDS(found.api == plain.api);

  // Reading what was read changes nothing, whatever the bytes are.
  const LenientPath any({reinterpret_cast<const char*>(data), size});
  COSTMARK_HOLDS(LenientPath(any.text()).text() == any.text() || !any.cuts().empty());
  return 0;
}
