// What clients and the Projects API stand on: options, read and checked, and an identity.
#pragma once

#include <cstdint>

#include "client/lock_file.hpp"
#include "client/prepare/authorize.hpp"
#include "client/send/send_settings.hpp"
#include "client/settings.hpp"
#include "costmark/client.hpp"

namespace costmark::client {

struct Foundation {
  Settings settings;
  SendSettings sending;
  Identity identity;
  LockFile lock;
};

// Gives `config` the environment and the clock of the process where it has none, takes the options
// that the environment sets, and reads all of them. Errors: those of Client::create about options,
// endpoint and credentials.
Result<Foundation> lay_foundation(ClientConfig& config, EndpointUse use);

}  // namespace costmark::client
