// A column that grows value by value, in the memory layout of Arrow.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "costmark/arrow.hpp"

namespace costmark::ledger {

class Column {
 public:
  enum class Type : std::uint8_t { boolean, int32, int64, text, list, map, structure };

  Column(std::string name, Type type, bool is_nullable = true);
  // Adds a column within this one. A list has one, a map one structure of two.
  Column& add_child(std::string name, Type type, bool is_nullable = true);

  void add_null();
  void add(bool value);
  void add(std::int64_t value);
  // Of a text: appends to it what `write` appends to a string.
  template <class Write>
  void add_text(Write write) {
    write(bytes_);
    close();
  }
  // Of a list or a map: what was added to its child since the last call is one value.
  void close();
  // Of a structure: its children have one more value each.
  void add_structure() { add_valid(); }

  Column& child(std::size_t index) { return *children_[index]; }
  std::int64_t size() const noexcept { return size_; }
  std::size_t bytes() const noexcept;

  // Both are released by their `release`.
  void export_schema(ArrowSchema& out) const;
  // Moves the values out; the column is empty afterwards.
  void export_values(ArrowArray& out);

 private:
  struct Values;
  struct Schema;
  bool has_offsets() const noexcept {
    return type_ == Type::text || type_ == Type::list || type_ == Type::map;
  }
  void add_valid();
  void add_bit(std::vector<std::uint8_t>& bits, bool value) const;

  std::string name_;
  Type type_;
  bool is_nullable_;
  std::int64_t size_ = 0;
  std::int64_t nulls_ = 0;
  std::vector<std::uint8_t> valid_;
  std::vector<std::uint8_t> bits_;
  std::vector<std::int32_t> int32s_;  // values, or where each text or list ends
  std::vector<std::int64_t> int64s_;
  std::string bytes_;
  std::vector<std::unique_ptr<Column>> children_;
};

}  // namespace costmark::ledger
