#pragma once

#include <string>
#include <string_view>

namespace costmark {

// Writes the bytes that standard base64 stands for into `out`, with or without padding. False, and
// `out` is of no use, when it is not base64.
bool decode_base64(std::string_view text, std::string& out);

}  // namespace costmark
