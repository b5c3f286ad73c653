// The tags of projects: what rows say about the project that paid, beside its id.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "attribution/project_names.hpp"
#include "client/lock_file.hpp"
#include "costmark/error.hpp"
#include "costmark/labels.hpp"

namespace costmark::client {

// Immutable: read once, when a client is made, so that no call looks anything up elsewhere. Those
// of `tell_project_tags` come after them.
class ProjectTags {
 public:
  // Of option `tags`: "proj_a: team=search, env=prod; proj_b: team=ops". Projects are named as
  // `names` has them at `place`. Errors: invalid_option with the byte offset.
  Status add_option(std::string_view text, const attribution::ProjectNames& names,
                    const attribution::ProjectPlace& place);
  void add_lock(const LockFile& lock);

  // Empty when none are known. A project is known by account, region and id; where one of the
  // first two is not known on either side, it does not count.
  std::span<const NameValue> of(std::string_view account, std::string_view region,
                                std::string_view project) const noexcept;

 private:
  struct Entry {
    std::string account;
    std::string region;
    NameValues tags;
  };
  // Entries that were added first win.
  std::map<std::string, std::vector<Entry>, std::less<>> projects_;
};

}  // namespace costmark::client
