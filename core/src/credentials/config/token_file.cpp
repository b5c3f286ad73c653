#include "credentials/config/token_file.hpp"

#include "credentials/config/config_file.hpp"
#include "file.hpp"

namespace costmark {

Result<std::string> read_token_file(const std::string& path, std::string_view who) {
  const auto fault = [&](const std::string& what) {
    return Error{Code::unusable_credentials,
                 std::string(who) + ": " + config::shown(path) + " " + what};
  };
  std::string token;
  const FileRead read = read_file(path, largest_token, token);
  switch (read.fault) {
    case FileRead::Fault::absent:
    case FileRead::Fault::failed:
      return fault("cannot be read: " + read.reason());
    case FileRead::Fault::irregular:
      return fault("is no regular file");
    case FileRead::Fault::too_large:
      return fault("is larger than " + std::to_string(largest_token) + " bytes");
    case FileRead::Fault::none:
      break;
  }
  if (!token.empty()) return token;
  return fault("is empty; a file that is being rotated is put in place by rename");
}

}  // namespace costmark
