// What stands behind costmark_config.
#pragma once

#include <memory>
#include <string>

#include "callbacks.hpp"
#include "costmark/client.hpp"
#include "costmark/costmark.h"
#include "handle.hpp"
#include "secret.hpp"

struct costmark_config {
  costmark::capi::Magic<0x636d'636f'6e66'6721> magic;
  costmark::Options options;
  std::string host_api_key;
  // Shared with every client that is made from this configuration.
  std::shared_ptr<const costmark::capi::CredentialsCallback> credentials;
  std::shared_ptr<const costmark::capi::BearerTokenCallback> bearer_token;
  std::shared_ptr<const costmark::capi::LogCallback> log;
  std::shared_ptr<const costmark::capi::ClockCallback> clock;
  std::shared_ptr<const costmark::capi::UsageCallback> usage;

  costmark_config() = default;
  ~costmark_config() { costmark::capi::wipe(host_api_key); }

  costmark::ClientConfig for_client() const;
};
