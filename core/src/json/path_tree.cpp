#include "json/path_tree.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "json/reuse.hpp"
#include "json/strings.hpp"
#include "json/validate.hpp"

namespace costmark::json {
namespace {

Status malformed(std::string_view path, const char* reason) {
  return {Code::invalid_argument,
          "the JSON path '" + std::string(path) + "' " + reason +
              "; a path is member names separated by dots, such as stream_options.include_usage"};
}

}  // namespace

Status PathTree::build(std::span<const std::string_view> paths) {
  if (is_built_of(paths)) {
    forget_all();
    return {};
  }
  clear();
  nodes_.emplace_back();
  for (const std::string_view path : paths) {
    if (Status status = add(path); !status) {
      clear();
      return status;
    }
  }
  paths_.assign(paths.begin(), paths.end());
  return {};
}

bool PathTree::is_built_of(std::span<const std::string_view> paths) const noexcept {
  return !nodes_.empty() && std::equal(paths.begin(), paths.end(), paths_.begin(), paths_.end());
}

void PathTree::forget_all() {
  for (Node& node : nodes_) {
    node.member = {};
    node.first = npos;
    node.last = npos;
    node.size = 0;
    node.plan = Plan::none;
    node.value = {};
  }
  reset(occurrences_);
}

void PathTree::clear() {
  reset(nodes_);
  reset(ends_);
  paths_.clear();
  reset(occurrences_);
  reset(keys_);
}

Status PathTree::add(std::string_view path) {
  std::size_t node = root;
  std::size_t key_offset = keys_.size();
  std::size_t run = 0;  // start of the bytes not yet copied
  for (std::size_t i = 0; i <= path.size(); ++i) {
    if (i == path.size() || path[i] == '.') {
      keys_.append(path.substr(run, i - run));
      if (keys_.size() == key_offset) return malformed(path, "has an empty name");
      if (nodes_[node].depth == max_depth) return malformed(path.substr(0, 40), "is too deep");
      node = child(node, key_offset);
      key_offset = keys_.size();
      run = i + 1;
    } else if (path[i] == '\\') {
      keys_.append(path.substr(run, i - run));
      run = ++i;
      if (i == path.size()) {
        return malformed(path, "ends with a backslash, which must precede a character");
      }
    }
  }
  // A name is written into texts when its member is made, so it must be what texts may hold.
  if (!text::is_utf8(path)) return {Code::invalid_argument, "a JSON path is not valid UTF-8"};
  ends_.push_back(node);
  return {};
}

// The child of that name, made if there is none; the name is the end of `keys_`.
std::size_t PathTree::child(std::size_t parent, std::size_t key_offset) {
  const std::string_view name = std::string_view(keys_).substr(key_offset);
  std::size_t previous = 0;
  for (std::size_t i = nodes_[parent].first_child; i != 0; i = nodes_[i].next_sibling) {
    if (key(nodes_[i]) == name) {
      keys_.resize(key_offset);
      return i;
    }
    previous = i;
  }
  const std::size_t made = nodes_.size();
  Node node;
  node.key_offset = key_offset;
  node.key_size = name.size();
  node.parent = parent;
  node.depth = nodes_[parent].depth + 1;
  nodes_.push_back(node);
  (previous == 0 ? nodes_[parent].first_child : nodes_[previous].next_sibling) = made;
  return made;
}

std::size_t PathTree::match(std::size_t parent, std::string_view escaped_key) const noexcept {
  for (std::size_t i = nodes_[parent].first_child; i != 0; i = nodes_[i].next_sibling) {
    if (spells(escaped_key, key(nodes_[i]))) return i;
  }
  return 0;
}

void PathTree::record(std::size_t index, Kind kind, Occurrence occurrence) {
  Node& node = nodes_[index];
  node.member.kind = kind;
  ++node.member.count;
  node.member.value_begin = occurrence.value_begin;
  node.member.value_end = occurrence.value_end;
  const std::size_t made = occurrences_.size();
  (node.last == npos ? node.first : occurrences_[node.last].next) = made;
  node.last = made;
  occurrences_.push_back(occurrence);
}

void PathTree::forget_below(std::size_t index) noexcept {
  for (std::size_t i = nodes_[index].first_child; i != 0; i = nodes_[i].next_sibling) {
    nodes_[i].member = {};
    nodes_[i].first = npos;
    nodes_[i].last = npos;
    forget_below(i);
  }
}

std::size_t PathTree::planned_below(std::size_t index) const noexcept {
  for (std::size_t i = nodes_[index].first_child; i != 0; i = nodes_[i].next_sibling) {
    if (nodes_[i].plan != Plan::none) return i;
    if (const std::size_t found = planned_below(i); found != 0) return found;
  }
  return 0;
}

std::size_t PathTree::capacity() const noexcept {
  return nodes_.capacity() * sizeof(Node) + ends_.capacity() * sizeof(std::size_t) +
         occurrences_.capacity() * sizeof(Occurrence) + keys_.capacity();
}

}  // namespace costmark::json
