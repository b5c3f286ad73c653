#include "ledger/column.hpp"

#include <array>
#include <utility>

namespace costmark::ledger {
namespace {

const char* format_of(Column::Type type) noexcept {
  constexpr std::array<const char*, 7> formats{"b", "i", "l", "u", "+l", "+m", "+s"};
  return formats[static_cast<std::size_t>(type)];
}

}  // namespace

// What an exported schema views.
struct Column::Schema {
  std::string name;
  std::vector<ArrowSchema> children;
  std::vector<ArrowSchema*> pointers;

  static void release(ArrowSchema* schema) {
    const std::unique_ptr<Schema> held(static_cast<Schema*>(schema->private_data));
    for (ArrowSchema& child : held->children) {
      if (child.release != nullptr) child.release(&child);
    }
    schema->release = nullptr;
  }
};

// What an exported array views.
struct Column::Values {
  std::vector<std::uint8_t> valid;
  std::vector<std::uint8_t> bits;
  std::vector<std::int32_t> int32s;
  std::vector<std::int64_t> int64s;
  std::string bytes;
  std::vector<ArrowArray> children;
  std::vector<ArrowArray*> pointers;
  std::array<const void*, 3> buffers{};

  static void release(ArrowArray* array) {
    const std::unique_ptr<Values> held(static_cast<Values*>(array->private_data));
    for (ArrowArray& child : held->children) {
      if (child.release != nullptr) child.release(&child);
    }
    array->release = nullptr;
  }
};

Column::Column(std::string name, Type type, bool is_nullable)
    : name_(std::move(name)), type_(type), is_nullable_(is_nullable) {
  if (has_offsets()) int32s_.push_back(0);
}

Column& Column::add_child(std::string name, Type type, bool is_nullable) {
  return *children_.emplace_back(std::make_unique<Column>(std::move(name), type, is_nullable));
}

void Column::add_null() {
  add_bit(valid_, false);
  ++size_;
  ++nulls_;
  if (has_offsets()) int32s_.push_back(int32s_.back());
  if (type_ == Type::int32) int32s_.push_back(0);
  if (type_ == Type::int64) int64s_.push_back(0);
  if (type_ == Type::boolean) bits_.resize(valid_.size());
}

void Column::add(bool value) {
  add_bit(bits_, value);
  add_valid();
}

void Column::add(std::int64_t value) {
  if (type_ == Type::int32) {
    int32s_.push_back(static_cast<std::int32_t>(value));
  } else {
    int64s_.push_back(value);
  }
  add_valid();
}

void Column::close() {
  const std::int64_t end =
      type_ == Type::text ? static_cast<std::int64_t>(bytes_.size()) : children_.front()->size_;
  int32s_.push_back(static_cast<std::int32_t>(end));
  add_valid();
}

void Column::add_valid() {
  add_bit(valid_, true);
  ++size_;
}

void Column::add_bit(std::vector<std::uint8_t>& bits, bool value) const {
  const auto bit = static_cast<unsigned>(size_ % 8);
  if (bit == 0) bits.push_back(0);
  bits.back() = static_cast<std::uint8_t>(bits.back() | (static_cast<unsigned>(value) << bit));
}

std::size_t Column::bytes() const noexcept {
  std::size_t sum = bytes_.size();
  for (const auto& child : children_) sum += child->bytes();
  return sum;
}

void Column::export_schema(ArrowSchema& out) const {
  auto held = std::make_unique<Schema>();
  held->name = name_;
  held->children.resize(children_.size());
  for (std::size_t i = 0; i < children_.size(); ++i) {
    children_[i]->export_schema(held->children[i]);
    held->pointers.push_back(&held->children[i]);
  }
  out = {};
  out.format = format_of(type_);
  out.name = held->name.c_str();
  out.flags = is_nullable_ ? ARROW_FLAG_NULLABLE : 0;
  out.n_children = static_cast<std::int64_t>(held->pointers.size());
  out.children = held->pointers.data();
  out.release = Schema::release;
  out.private_data = held.release();
}

void Column::export_values(ArrowArray& out) {
  auto held = std::make_unique<Values>();
  held->children.resize(children_.size());
  for (std::size_t i = 0; i < children_.size(); ++i) {
    children_[i]->export_values(held->children[i]);
    held->pointers.push_back(&held->children[i]);
  }
  held->valid = std::exchange(valid_, {});
  held->bits = std::exchange(bits_, {});
  held->int32s = std::exchange(int32s_, {});
  held->int64s = std::exchange(int64s_, {});
  held->bytes = std::exchange(bytes_, {});
  if (has_offsets()) int32s_.push_back(0);
  out = {};
  out.length = std::exchange(size_, 0);
  out.null_count = std::exchange(nulls_, 0);
  out.n_buffers = type_ == Type::structure ? 1 : type_ == Type::text ? 3 : 2;
  if (type_ == Type::list || type_ == Type::map) out.n_buffers = 2;
  if (out.null_count > 0) held->buffers[0] = held->valid.data();
  switch (type_) {
    case Type::boolean:
      held->buffers[1] = held->bits.data();
      break;
    case Type::int64:
      held->buffers[1] = held->int64s.data();
      break;
    case Type::text:
      held->buffers[2] = held->bytes.data();
      [[fallthrough]];
    case Type::int32:
    case Type::list:
    case Type::map:
      held->buffers[1] = held->int32s.data();
      break;
    case Type::structure:
      break;
  }
  out.n_children = static_cast<std::int64_t>(held->pointers.size());
  out.buffers = held->buffers.data();
  out.children = held->pointers.data();
  out.release = Values::release;
  out.private_data = held.release();
}

}  // namespace costmark::ledger
