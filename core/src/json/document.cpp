#include "costmark/json.hpp"

#include <cstdint>
#include <optional>
#include <utility>

#include "json/edits.hpp"
#include "json/path_tree.hpp"
#include "json/scanner.hpp"
#include "json/strings.hpp"
#include "json/text_buffer.hpp"
#include "json/validate.hpp"

namespace costmark::json {
namespace {

constexpr Member absent_member;

const char* name_of_root(char first) noexcept {
  switch (first) {
    case '[':
      return "an array";
    case '"':
      return "a string";
    case 't':
    case 'f':
      return "a boolean";
    case 'n':
      return "null";
    default:
      return "a number";
  }
}

Status not_an_object(std::string_view text) {
  const std::size_t offset = text.find_first_not_of(" \t\n\r");
  return {Code::invalid_json,
          std::string("the body is ") + name_of_root(text[offset]) + ", not an object", offset};
}

Status refused(std::string_view text) {
  if (text.empty()) return {Code::invalid_json, "the body is empty, not a JSON object", 0};
  if (const std::optional<Fault> fault = find_fault(text)) return fault_status(*fault);
  return {Code::internal, "the JSON scan refused a text that is valid"};
}

Status scan_status(Scan scan, std::string_view text) {
  switch (scan) {
    case Scan::complete:
      return {};
    case Scan::malformed:
      return refused(text);
    case Scan::not_an_object:
      return not_an_object(text);
    case Scan::out_of_memory:
      return {Code::out_of_memory, "no memory to scan the JSON body"};
    case Scan::unsupported:
      break;
  }
  return {Code::internal, "simdjson was built without support for this processor"};
}

}  // namespace

struct Document::Impl {
  enum class State : std::uint8_t {
    empty,
    open,      // looked up; edits can be planned
    finished,  // edited; offsets no longer hold
  };

  State state = State::empty;
  Mode mode = Mode::lenient;
  PathTree tree;
  TextBuffer buffer;
  Scanner scanner;
  Edits edits;

  Status open(std::string_view text, std::span<const std::string_view> paths);
  Status check_no_plan_around(std::size_t place) const;
  Status check_parent(const Node& node) const;
  Status check_value(const Node& node, std::string_view value) const;
  Status plan(std::size_t index, Plan what, std::string_view value);
};

Status Document::Impl::open(std::string_view text, std::span<const std::string_view> paths) {
  if (Status status = tree.build(paths); !status) return status;
  if (text.empty()) return refused(text);
  if (text.size() > Scanner::max_size) {
    return {Code::invalid_argument, "the body is larger than 4 GiB, the most that can be edited"};
  }
  if (mode == Mode::strict) {
    if (const std::optional<Fault> fault = find_fault(text)) return fault_status(*fault);
  }
  buffer.load(text, Scanner::padding);
  if (Status status = scan_status(scanner.run(buffer.text(), tree), buffer.text()); !status) {
    return status;
  }
  state = State::open;
  return {};
}

// What happens to a member happens to all below it: plans for both have no one meaning.
Status Document::Impl::check_no_plan_around(std::size_t place) const {
  std::size_t parent = tree.planned_below(place) != 0 ? place : PathTree::root;
  for (std::size_t i = tree[place].parent; i != PathTree::root; i = tree[i].parent) {
    if (tree[i].plan != Plan::none) parent = i;
  }
  if (parent == PathTree::root) return {};
  return {Code::invalid_argument, "JSON member '" + std::string(tree.key(tree[parent])) +
                                      "' and a member of it cannot be edited at once"};
}

// The nearest parent that exists must be an object; those below it will be made.
Status Document::Impl::check_parent(const Node& node) const {
  for (std::size_t i = node.parent; i != PathTree::root; i = tree[i].parent) {
    const Member& parent = tree[i].member;
    if (!parent) continue;
    if (parent.kind == Kind::object) break;
    return {Code::invalid_argument,
            "JSON member '" + std::string(tree.key(tree[i])) + "' at byte " +
                std::to_string(parent.value_begin) + " is not an object",
            parent.value_begin};
  }
  return {};
}

Status Document::Impl::check_value(const Node& node, std::string_view value) const {
  std::size_t depth = 0;
  if (const std::optional<Fault> fault = find_fault(value, &depth)) {
    return {Code::invalid_argument, "the value for JSON member '" + std::string(tree.key(node)) +
                                        "' is " + fault_status(*fault).error().message};
  }
  if (node.depth + depth > max_depth) {
    return {Code::invalid_argument, "the value for JSON member '" + std::string(tree.key(node)) +
                                        "' would nest deeper than 1024 levels"};
  }
  return {};
}

Status Document::Impl::plan(std::size_t index, Plan what, std::string_view value) {
  if (state != State::open) {
    return {Code::invalid_argument, "no JSON text is open for editing; call open first"};
  }
  if (index >= tree.path_count()) {
    return {Code::invalid_argument, "path " + std::to_string(index) + " is not one of the " +
                                        std::to_string(tree.path_count()) + " that were opened"};
  }
  const std::size_t place = tree.node_of_path(index);
  Node& node = tree[place];
  if (Status status = check_no_plan_around(place); !status) return status;
  if (what == Plan::set) {
    if (Status status = check_parent(node); !status) return status;
    if (Status status = check_value(node, value); !status) return status;
  }
  node.plan = what;
  node.value = value;
  return {};
}

Document::Document() : impl_(std::make_unique<Impl>()) {}
Document::~Document() = default;
Document::Document(Document&&) noexcept = default;
Document& Document::operator=(Document&&) noexcept = default;

Status Document::open(std::string_view text, std::span<const std::string_view> paths, Mode mode) {
  impl_->state = Impl::State::empty;
  impl_->mode = mode;
  return impl_->open(text, paths);
}

const Member& Document::member(std::size_t index) const noexcept {
  if (impl_->state == Impl::State::empty || index >= impl_->tree.path_count()) {
    return absent_member;
  }
  return impl_->tree[impl_->tree.node_of_path(index)].member;
}

std::string_view Document::raw(std::size_t index) const noexcept {
  if (impl_->state != Impl::State::open) return {};
  const Member& found = member(index);
  return impl_->buffer.text().substr(found.value_begin, found.value_end - found.value_begin);
}

bool Document::string(std::size_t index, std::string& out) const {
  out.clear();
  const std::string_view quoted = raw(index);
  if (member(index).kind != Kind::string || quoted.size() < 2) return false;
  out.reserve(quoted.size());  // it may be a secret: growing would leave copies behind
  if (unescape(quoted.substr(1, quoted.size() - 2), out)) return true;
  out.clear();
  return false;
}

Status Document::set(std::size_t index, std::string_view value) {
  return impl_->plan(index, Plan::set, value);
}

Status Document::remove(std::size_t index) {
  return impl_->plan(index, Plan::remove, {});
}

Result<std::string_view> Document::finish() {
  Impl& impl = *impl_;
  if (impl.state != Impl::State::open) {
    return Status(Code::invalid_argument, "no JSON text is open for editing; call open first");
  }
  impl.state = Impl::State::empty;
  impl.edits.plan(impl.tree);
  if (impl.mode == Mode::lenient) {
    if (const auto fault = impl.edits.find_fault_in_removed(impl.buffer.text())) {
      return fault_status(*fault);
    }
  }
  impl.buffer.apply(impl.edits.splices(), impl.edits.inserted());
  impl.state = Impl::State::finished;
  return impl.buffer.text();
}

Result<std::string_view> Document::finish(TextBuffer& out) {
  Result<std::string_view> text = finish();
  if (!text) return text;
  std::swap(impl_->buffer, out);
  impl_->state = Impl::State::empty;
  return out.text();
}

void Document::cleanse() noexcept {
  if (!impl_) return;  // moved away
  impl_->state = Impl::State::empty;
  impl_->buffer.cleanse();
}

std::size_t Document::capacity() const noexcept {
  return impl_->buffer.capacity() + impl_->scanner.capacity() + impl_->tree.capacity() +
         impl_->edits.capacity();
}

namespace {

Result<std::string> edited(Document& document) {
  const Result<std::string_view> text = document.finish();
  if (!text) return text.error();
  return std::string(text.value());
}

}  // namespace

Result<std::string> set(std::string_view text, std::string_view path, std::string_view value,
                        Mode mode) {
  Document document;
  if (Status status = document.open(text, {&path, 1}, mode); !status) return status;
  if (Status status = document.set(0, value); !status) return status;
  return edited(document);
}

Result<std::string> remove(std::string_view text, std::string_view path, Mode mode) {
  Document document;
  if (Status status = document.open(text, {&path, 1}, mode); !status) return status;
  if (Status status = document.remove(0); !status) return status;
  return edited(document);
}

}  // namespace costmark::json
