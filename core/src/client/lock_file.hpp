// The file costmark.lock: which projects there are, by account, region, plane and name, and their
// tags. docs/ledger.md lists its members.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "attribution/project_names.hpp"
#include "costmark/error.hpp"
#include "costmark/labels.hpp"
#include "costmark/options.hpp"

namespace costmark::client {

struct LockedProject {
  attribution::NamedProject project;
  NameValues tags;
};

struct LockFile {
  std::string path;  // empty: none is read
  std::vector<LockedProject> projects;

  attribution::ProjectNames names() const;
};

// Errors: invalid_option, with line, column and the byte offset of what is wrong.
Result<LockFile> parse_lock_file(std::string_view text, const std::string& path);

// That of option `lock`; none without it. Errors: invalid_option.
Result<LockFile> configured_lock_file(const Options& options);

}  // namespace costmark::client
