// Reads the leaves of a small XML document, such as an answer of AWS's query protocol.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "costmark/error.hpp"

namespace costmark::xml {

inline constexpr std::size_t deepest_nesting = 32;

// Given the local names from the root down to an element that has no elements inside, such as
// "ErrorResponse/Error/Code", and its text with entities decoded. The text is cleansed afterwards.
using Leaf = std::function<void(std::string_view path, const std::string& text)>;

// Calls `leaf` for every such element, in the order of the text. Strict where a mistake could
// change what is read: elements must close in order, only the five predefined entities and
// character references are known, a document type declaration is refused, nothing but comments may
// stand behind the root. Attributes, comments, processing instructions and name spaces are skipped.
//
// Errors: service, with the byte offset; the message never quotes the document. What was read up to
// there has been passed on.
Status read(std::string_view document, const Leaf& leaf);

}  // namespace costmark::xml
