#include "costmark/credentials.hpp"

#include <atomic>

#include "base/cleanse.hpp"
#include "base/text.hpp"

namespace costmark {
namespace {

void cleanse_secrets(Credentials::Fields& fields) noexcept {
  cleanse(fields.secret_access_key);
  cleanse(fields.session_token);
}

bool holds_control_character(std::string_view text) noexcept {
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7F) return true;
  }
  return false;
}

// Everything but the secret ends up in an HTTP header.
Status check(const Credentials::Fields& fields) {
  const struct {
    const char* name;
    std::string_view value;
    bool required;
    bool one_word;
  } rules[] = {
      {"access key id", fields.access_key_id, true, true},
      {"secret access key", fields.secret_access_key, true, false},
      {"session token", fields.session_token, false, true},
      {"account id", fields.account_id, false, true},
  };
  for (const auto& rule : rules) {
    if (rule.required && rule.value.empty()) {
      return Status(Code::no_credentials, std::string("credentials have no ") + rule.name);
    }
    if (holds_control_character(rule.value)) {
      return Status(Code::no_credentials,
                    std::string("credentials: the ") + rule.name +
                        " holds a control character, such as a line break left over from a file");
    }
    if (rule.one_word && !rule.value.empty() && !text::is_visible_ascii(rule.value)) {
      return Status(Code::no_credentials,
                    std::string("credentials: the ") + rule.name +
                        " holds a space or a character outside of ASCII, such as a no-break space "
                        "out of a web page");
    }
  }
  return {};
}

std::uint64_t next_serial() noexcept {
  static std::atomic<std::uint64_t> last{0};
  return ++last;
}

}  // namespace

Result<std::shared_ptr<const Credentials>> Credentials::create(Fields fields) {
  if (auto status = check(fields); !status) {
    cleanse_secrets(fields);
    return status;
  }
  return std::shared_ptr<const Credentials>(
      std::make_shared<const Credentials>(Checked(), std::move(fields)));
}

Credentials::Credentials(Checked, Fields fields) noexcept
    : fields_(std::move(fields)), serial_(next_serial()) {}

Credentials::~Credentials() {
  cleanse_secrets(fields_);
}

}  // namespace costmark
