// The labels of a call as the `requestMetadata` of Converse, which model invocation logs show.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "costmark/error.hpp"
#include "costmark/labels.hpp"

namespace costmark::client {

// Writes to `out` the JSON object `given`, as it stands, with the labels whose names it does not
// have behind its members; without `given`, an object of the labels. An object in which something
// stands for no character or number is left as it is. Errors: invalid_argument where AWS would
// refuse what is written, or its number and size.
Status add_to_metadata(std::string_view given, std::span<const NameValue> labels, std::string& out);

}  // namespace costmark::client
