// credential_process: a program of the user's that prints credentials.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

#include "costmark/credentials.hpp"
#include "costmark/error.hpp"
#include "costmark/wait.hpp"

namespace costmark {

struct ProcessLimits {
  std::chrono::milliseconds timeout = std::chrono::seconds(60);
  std::size_t output = 256U << 10U;  // bytes on standard output
  Wait wait{};                       // what ends it earlier
};

struct CredentialProcess {
  std::string_view command;     // split into words as by a shell; there is no shell
  std::string_view where;       // names the setting in errors, such as "~/.aws/config:3"
  std::string_view account_id;  // of the profile, unless the program names one
  std::string source;           // of the credentials
};

// Runs the program and reads the JSON object that it prints. It gets no descriptors but /dev/null,
// the pipe for its output, and /dev/null for its errors, and a process group of its own, which is
// killed when time or output run over. Its environment is this process's. Neither its output nor
// its errors are ever repeated. Safe with any number of threads, with any handling of SIGCHLD, and
// blocks only the calling thread. Errors: timeout; cancelled when the wait was over before;
// unusable_credentials for everything else, so that a chain does not go on to some other identity.
Result<CredentialsPtr> run_credential_process(const CredentialProcess& process,
                                              const ProcessLimits& limits = {});

}  // namespace costmark
