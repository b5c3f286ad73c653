// Strict mode takes exactly the texts of RFC 8259, and says where a text stops being one.
#include <array>

#include "costmark/json.hpp"
#include "fuzz/property.hpp"
#include "fuzz/rfc8259.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace costmark;
  const std::string_view text = fuzz::Input(data, size).rest();

  const bool valid = fuzz::Rfc8259(text, json::max_depth).accepts();
  const Status judged = json::validate(text);
  COSTMARK_HOLDS(judged.ok() == valid);
  if (!judged) {
    COSTMARK_HOLDS(judged.error().code == Code::invalid_json);
    COSTMARK_HOLDS(judged.error().offset && *judged.error().offset <= size);
    COSTMARK_HOLDS(fuzz::is_one_line(judged.error().message));
  }

  json::Document document;
  constexpr std::array<std::string_view, 1> paths{"project_id"};
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  const bool object = first != std::string_view::npos && text[first] == '{';
  COSTMARK_HOLDS(document.open(text, paths, json::Mode::strict).ok() == (valid && object));
  // What a text of the grammar is does not depend on the mode.
  if (valid) COSTMARK_HOLDS(document.open(text, paths, json::Mode::lenient).ok() == object);
  return 0;
}
