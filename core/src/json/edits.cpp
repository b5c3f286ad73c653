#include "json/edits.hpp"

#include <algorithm>

#include "costmark/json.hpp"
#include "json/reuse.hpp"

namespace costmark::json {

void Edits::clear() {
  reset(splices_);
  reset(removed_);
  reset(taken_out_);
  reset(inserted_);
}

void Edits::plan(const PathTree& tree) {
  clear();
  tree_ = &tree;
  plan_object(PathTree::root);
  tree_ = nullptr;
  const auto by_place = [](const Splice& a, const Splice& b) {
    return a.begin != b.begin ? a.begin < b.begin : a.end < b.end;
  };
  std::sort(splices_.begin(), splices_.end(), by_place);
}

// `object` is a node that stands in the text as an object.
void Edits::plan_object(std::size_t object) {
  removed_.clear();
  const PathTree& tree = *tree_;
  for (std::size_t i = tree[object].first_child; i != 0; i = tree[i].next_sibling) plan_child(i);
  remove_members(object);
  insert_members(object);
  for (std::size_t i = tree[object].first_child; i != 0; i = tree[i].next_sibling) {
    if (tree[i].plan == Plan::none && tree[i].member.kind == Kind::object) plan_object(i);
  }
}

// Of a member to set, the last occurrence gets the value and the others go.
void Edits::plan_child(std::size_t child) {
  const Node& node = (*tree_)[child];
  if (node.plan == Plan::none) return;
  for (std::size_t i = node.first; i != npos;) {
    const Occurrence& found = tree_->occurrence(i);
    if (node.plan == Plan::set && i == node.last) {
      splices_.push_back({found.value_begin, found.value_end, inserted_.size(), node.value.size()});
      taken_out_.push_back({found.value_begin, found.value_end});
      inserted_.append(node.value);
    } else {
      removed_.push_back(found);
    }
    i = found.next;
  }
}

// Each member that goes takes one comma along: the one before it, or the one behind it as long as
// nothing before it stays.
void Edits::remove_members(std::size_t object) {
  std::sort(removed_.begin(), removed_.end(),
            [](const Occurrence& a, const Occurrence& b) { return a.key_begin < b.key_begin; });
  for (std::size_t i = 0; i < removed_.size(); ++i) {
    const Occurrence& gone = removed_[i];
    const bool leading = gone.ordinal == i;
    const std::size_t begin = leading ? gone.key_begin : gone.comma_before;
    const bool last = gone.ordinal + 1 == (*tree_)[object].size;
    const std::size_t end = leading && !last ? gone.comma_after + 1 : gone.value_end;
    splices_.push_back({begin, end, 0, 0});
    taken_out_.push_back({gone.key_begin, gone.key_end});
    taken_out_.push_back({gone.value_begin, gone.value_end});
  }
}

// New members go right behind the opening brace: there, only a few bytes have to move.
void Edits::insert_members(std::size_t object) {
  const Node& node = (*tree_)[object];
  const std::size_t offset = inserted_.size();
  bool comma = false;
  write_members(object, comma);
  if (inserted_.size() == offset) return;
  if (node.size > removed_.size()) inserted_.push_back(',');
  const std::size_t place = node.member.value_begin + 1;
  splices_.push_back({place, place, offset, inserted_.size() - offset});
}

// Writes the absent members below `parent` that are to be set or lead to one that is.
void Edits::write_members(std::size_t parent, bool& comma) {
  const PathTree& tree = *tree_;
  for (std::size_t i = tree[parent].first_child; i != 0; i = tree[i].next_sibling) {
    if (tree[i].member || !has_absent_to_set(i)) continue;
    if (comma) inserted_.push_back(',');
    comma = true;
    append_string(inserted_, tree.key(tree[i]));
    inserted_.push_back(':');
    if (tree[i].plan == Plan::set) {
      inserted_.append(tree[i].value);
    } else {
      bool inner_comma = false;
      inserted_.push_back('{');
      write_members(i, inner_comma);
      inserted_.push_back('}');
    }
  }
}

bool Edits::has_absent_to_set(std::size_t node) const noexcept {
  const PathTree& tree = *tree_;
  if (tree[node].plan == Plan::set) return true;
  for (std::size_t i = tree[node].first_child; i != 0; i = tree[i].next_sibling) {
    if (has_absent_to_set(i)) return true;
  }
  return false;
}

std::optional<Fault> Edits::find_fault_in_removed(std::string_view text) const noexcept {
  for (const Span& span : taken_out_) {
    if (auto fault = find_fault(text.substr(span.begin, span.end - span.begin))) {
      fault->offset += span.begin;
      return fault;
    }
  }
  return std::nullopt;
}

std::size_t Edits::capacity() const noexcept {
  return splices_.capacity() * sizeof(Splice) + removed_.capacity() * sizeof(Occurrence) +
         taken_out_.capacity() * sizeof(Span) + inserted_.capacity();
}

}  // namespace costmark::json
