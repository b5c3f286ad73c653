#include <string>

#include "base/file.hpp"
#include "costmark/client.hpp"

namespace costmark {

Result<PriceBook> load_price_book(const std::string& path) {
  std::string text;
  const FileRead read = read_file(path, PriceBook::largest_text, text);
  if (read.ok()) return PriceBook::parse(text, path);
  std::string why = read.reason();
  if (read.fault == FileRead::Fault::irregular) why = "it is not a regular file";
  if (read.fault == FileRead::Fault::too_large) why = "it is larger than 16 MiB";
  return Error{Code::invalid_option, "the price book " + path + " cannot be read: " + why};
}

}  // namespace costmark
