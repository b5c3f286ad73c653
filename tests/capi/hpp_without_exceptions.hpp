// A part of a program that is compiled without exceptions and uses costmark.hpp.
#pragma once

// Returns what is not so; empty when all is well. `origin` answers a chat completion.
const char* without_exceptions(const char* origin);
