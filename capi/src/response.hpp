// What stands behind costmark_response.
#pragma once

#include <string>
#include <vector>

#include "costmark/client.hpp"
#include "costmark/costmark.h"
#include "handle.hpp"

struct costmark_response {
  costmark::capi::Magic<0x636d'7265'7370'6f21> magic;
  costmark::Response core;
  // Whether the getters show `core`.
  bool filled = false;

  // Memory that is kept from one operation to the next. Header fields stand in `text`, each part
  // followed by a NUL.
  std::vector<costmark::Header> request_headers;
  std::string text;
  std::vector<costmark_header> headers;
  std::string request_id;
  std::string project;

  void clear() noexcept;
  void show_head(const costmark::Response& from);
  void show();
};
