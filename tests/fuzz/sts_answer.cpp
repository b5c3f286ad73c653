// Any answer of STS is credentials or an error of one line that repeats nothing of it; its XML is
// read alike however it is spelled.
#include "credentials/sts/sts_answer.hpp"
#include "credentials/sts/xml.hpp"
#include "fuzz/property.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace costmark;
  const std::string text(reinterpret_cast<const char*>(data), size);
  std::size_t leaves = 0;
  const Status status = xml::read(text, [&](std::string_view path, const std::string& value) {
    ++leaves;
    COSTMARK_HOLDS(!path.empty() && path.front() != '/' && path.back() != '/');
    COSTMARK_HOLDS(value.size() <= text.size());
  });
  COSTMARK_HOLDS(status || status.error().code == Code::service);
  COSTMARK_HOLDS(status || (status.error().offset && *status.error().offset <= size));
  COSTMARK_HOLDS(status || fuzz::is_one_line(status.error().message));

  const auto credentials = sts::read_credentials(text, "AssumeRole", "fuzz");
  if (!credentials) {
    COSTMARK_HOLDS(credentials.error().code == Code::service);
    COSTMARK_HOLDS(fuzz::is_one_line(credentials.error().message));
    COSTMARK_HOLDS(credentials.error().message.find("CANARY") == std::string::npos);
    return 0;
  }
  COSTMARK_HOLDS(status.ok() && leaves >= 3);
  COSTMARK_HOLDS(!credentials.value()->secret_access_key().empty());
  return 0;
}
