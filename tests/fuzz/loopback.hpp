// An HTTP server in this process that answers as the fuzz target says: well, badly, or not at all.
#pragma once

#include <string>

namespace costmark::fuzz {

// "http://127.0.0.1:PORT". The server is started with the first call, and stays.
const std::string& loopback_url();

// How requests are answered from now on. `kind`: which sort of answer, any number; `piece`: what
// some of them contain.
void script_loopback(unsigned kind, std::string piece);

}  // namespace costmark::fuzz
