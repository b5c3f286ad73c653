// The asked paths as a tree of member names, and what the scan found for each of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "costmark/json.hpp"

namespace costmark::json {

inline constexpr std::size_t npos = std::numeric_limits<std::size_t>::max();

// One place in the text where a member stands, with the commas around it.
struct Occurrence {
  std::size_t key_begin = 0;
  std::size_t key_end = 0;
  std::size_t value_begin = 0;
  std::size_t value_end = 0;
  std::size_t comma_before = npos;  // npos for the first member of its object
  std::size_t comma_after = npos;   // npos for the last one
  std::size_t ordinal = 0;          // place among the members of its object
  std::size_t next = npos;          // the following occurrence of the same member
};

enum class Plan : std::uint8_t { none, set, remove };

// A member name below its parent's. Links are positions in the tree's table; 0, the root, is never
// a child or a sibling and so means "none".
struct Node {
  std::size_t key_offset = 0;
  std::size_t key_size = 0;
  std::size_t parent = 0;
  std::size_t first_child = 0;
  std::size_t next_sibling = 0;
  std::size_t depth = 0;  // 0 for the root

  Member member;             // of the last occurrence
  std::size_t first = npos;  // first and last occurrence
  std::size_t last = npos;
  std::size_t size = 0;  // members in the object, when it is one and was scanned

  Plan plan = Plan::none;
  std::string_view value;  // what to set
};

class PathTree {
 public:
  static constexpr std::size_t root = 0;

  // Starts anew with these paths; if they are those of the last time, the tree stands, and only
  // what was found is forgotten. Errors: invalid_argument for a path that is no path.
  Status build(std::span<const std::string_view> paths);
  void clear();

  std::size_t path_count() const noexcept { return ends_.size(); }
  std::size_t node_of_path(std::size_t path) const noexcept { return ends_[path]; }
  Node& operator[](std::size_t node) noexcept { return nodes_[node]; }
  const Node& operator[](std::size_t node) const noexcept { return nodes_[node]; }
  std::string_view key(const Node& node) const noexcept {
    return std::string_view(keys_).substr(node.key_offset, node.key_size);
  }
  const Occurrence& occurrence(std::size_t index) const noexcept { return occurrences_[index]; }

  // The child of `parent` that the bytes between a key's quotes spell; 0 when it was not asked for.
  std::size_t match(std::size_t parent, std::string_view escaped_key) const noexcept;

  // Records where a member was found. What had been found below an earlier occurrence no longer
  // counts: of duplicated members the last one is the value.
  void record(std::size_t index, Kind kind, Occurrence occurrence);
  void forget_below(std::size_t index) noexcept;

  // A node below the one at `index` that has a plan; 0 when there is none.
  std::size_t planned_below(std::size_t index) const noexcept;

  std::size_t capacity() const noexcept;

 private:
  bool is_built_of(std::span<const std::string_view> paths) const noexcept;
  void forget_all();
  Status add(std::string_view path);
  std::size_t child(std::size_t parent, std::size_t key_offset);

  std::vector<Node> nodes_;
  std::vector<std::size_t> ends_;
  std::vector<std::string> paths_;  // those that the tree was built of
  std::vector<Occurrence> occurrences_;
  std::string keys_;
};

}  // namespace costmark::json
