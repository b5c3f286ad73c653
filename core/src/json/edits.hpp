// From plans on a tree of members to splices of the text.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "json/path_tree.hpp"
#include "json/text_buffer.hpp"
#include "json/validate.hpp"

namespace costmark::json {

class Edits {
 public:
  // Works out the splices that carry out the plans in `tree`, in ascending order.
  void plan(const PathTree& tree);
  void clear();

  // The first fault in what the splices take out of `text`: only whole keys and values go.
  std::optional<Fault> find_fault_in_removed(std::string_view text) const noexcept;

  const std::vector<Splice>& splices() const noexcept { return splices_; }
  std::string_view inserted() const noexcept { return inserted_; }
  std::size_t capacity() const noexcept;

 private:
  struct Span {
    std::size_t begin;
    std::size_t end;
  };

  void plan_object(std::size_t object);
  void plan_child(std::size_t child);
  void remove_members(std::size_t object);
  void insert_members(std::size_t object);
  void write_members(std::size_t parent, bool& comma);
  bool has_absent_to_set(std::size_t node) const noexcept;

  const PathTree* tree_ = nullptr;
  std::vector<Splice> splices_;
  std::vector<Occurrence> removed_;  // members of one object that go
  std::vector<Span> taken_out_;
  std::string inserted_;
};

}  // namespace costmark::json
