// Any answer of a container's or an instance's endpoint is credentials or an error of one line that
// repeats nothing of it but a plain code.
#include "credentials/metadata/endpoint_answer.hpp"
#include "fuzz/property.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace costmark;
  const std::string text(reinterpret_cast<const char*>(data), size);
  auto fields = read_endpoint_answer(text, "who");
  if (!fields) {
    COSTMARK_HOLDS(fields.error().code == Code::unusable_credentials);
    COSTMARK_HOLDS(fuzz::is_one_line(fields.error().message));
    COSTMARK_HOLDS(fields.error().message.starts_with("who"));
    const bool code = fields.error().message.find("has Code ") != std::string::npos;
    COSTMARK_HOLDS(code || fields.error().message.find("CANARY") == std::string::npos);
    return 0;
  }
  COSTMARK_HOLDS(fields.value().expires_at.has_value());
  const auto credentials = make_credentials(std::move(fields).value(), "who");
  COSTMARK_HOLDS(credentials || fuzz::is_one_line(credentials.error().message));
  COSTMARK_HOLDS(!credentials || !credentials.value()->access_key_id().empty());
  return 0;
}
