// Content codings.
#pragma once

#include <string_view>

namespace costmark::http {

// Whether libcurl undoes every coding that an Accept-Encoding field allows. False for "*", which
// allows any.
bool decodes_all(std::string_view accept_encoding) noexcept;

}  // namespace costmark::http
