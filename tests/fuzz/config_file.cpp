// Any text is a config file or an error that names the line and repeats nothing of it; what is read
// stands in the text.
#include "credentials/config/config_file.hpp"
#include "fuzz/property.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace costmark;
  const std::string text(reinterpret_cast<const char*>(data), size);
  for (const auto kind :
       {config::ConfigFile::Kind::config, config::ConfigFile::Kind::credentials}) {
    const auto file = config::ConfigFile::parse(text, "the file", kind);
    if (!file) {
      COSTMARK_HOLDS(file.error().code == Code::unusable_credentials);
      COSTMARK_HOLDS(fuzz::is_one_line(file.error().message));
      COSTMARK_HOLDS(file.error().message.starts_with("the file:"));
      COSTMARK_HOLDS(file.error().message.find("CANARY") == std::string::npos);
      continue;
    }
    for (const std::string_view name : {"default", "dev", "a b"}) {
      const config::Section* section = file.value().profile(name);
      if (section == nullptr) continue;
      for (const config::Entry& entry : section->entries) {
        COSTMARK_HOLDS(!entry.key.empty() && entry.key.size() + entry.value.size() <= text.size());
        COSTMARK_HOLDS(entry.line > 0 && entry.line <= text.size() + 1);
        COSTMARK_HOLDS(file.value().entry(*section, entry.key) != nullptr);
        (void)entry.sub_value("region");
      }
    }
  }
  return 0;
}
