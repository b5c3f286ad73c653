// The memory that preparing a request works with.
#pragma once

#include <string>
#include <vector>

#include "client/prepare/way.hpp"
#include "costmark/free_list.hpp"
#include "costmark/http.hpp"
#include "costmark/json.hpp"
#include "costmark/signing.hpp"

namespace costmark::client {

// Nothing of it is needed once a request is prepared, so calls that wait for their answer do not
// hold one: a client keeps a few, for the threads that prepare at the same time.
struct Workspace {
  Way way;  // of the request, and of the one before it
  json::Document document;
  std::string body_project;
  std::string project_value;  // the project as JSON text
  std::string metadata;       // of Converse, as JSON text
  std::string previous_response;
  std::string chain_owner;
  std::string host;
  std::vector<Header> signed_headers;
  signing::PayloadHasher hasher;
  signing::PayloadHash payload_hash{};
  signing::Signature signature;

  // Wipes the secrets and keeps the memory.
  void clear() noexcept {
    signed_headers.clear();
    signature.clear();
  }
};

// For who prepares on more threads at once, memory is allocated and given back each time.
inline constexpr std::size_t most_workspaces = 16;

using Workspaces = FreeList<Workspace>;

}  // namespace costmark::client
