// Values of a profile that are one word each: ids, keys, ARNs, regions.
#pragma once

#include "costmark/error.hpp"
#include "credentials/config/shared_files.hpp"

namespace costmark::config {

// Finds what people write into such a value by mistake: a comment behind it, which is a part of it
// in these files, and white space or a no-break space out of a web page. Errors:
// unusable_credentials, with file and line, without the value.
Status check_words(const Profile& profile);

}  // namespace costmark::config
