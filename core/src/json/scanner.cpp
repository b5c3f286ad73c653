#include "json/scanner.hpp"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <new>

#include "json/reuse.hpp"
#include "json/validate.hpp"

namespace costmark::json {
namespace {

// What a structural byte does to the nesting.
constexpr std::array<std::int8_t, 256> nesting = [] {
  std::array<std::int8_t, 256> table{};
  table['{'] = table['['] = 1;
  table['}'] = table[']'] = -1;
  return table;
}();

Kind kind_of(char first) noexcept {
  switch (first) {
    case '{':
      return Kind::object;
    case '[':
      return Kind::array;
    case '"':
      return Kind::string;
    case 't':
    case 'f':
      return Kind::boolean;
    case 'n':
      return Kind::null;
    case '-':
      return Kind::number;
    default:
      return first >= '0' && first <= '9' ? Kind::number : Kind::absent;
  }
}

class Walk {
 public:
  Walk(std::string_view text, const std::uint32_t* index, std::size_t count,
       PathTree& tree) noexcept
      : text_(text), index_(index), count_(count), tree_(tree) {}

  Scan run() {
    const Kind kind = kind_of(peek());
    if (kind != Kind::object) {
      return kind == Kind::absent ? Scan::malformed : Scan::not_an_object;
    }
    Node& root = tree_[PathTree::root];
    root.member = {Kind::object, 1, position(), 0};
    if (!object(PathTree::root, 1) || at_ != count_) return Scan::malformed;
    root.member.value_end = index_[count_ - 1] + std::size_t{1};
    return Scan::complete;
  }

 private:
  // The next structural byte. Behind the last one, and for a stray NUL, that is no byte which any
  // rule accepts.
  char peek() const noexcept { return at_ < count_ ? text_[index_[at_]] : '\0'; }

  std::size_t position() const noexcept { return at_ < count_ ? index_[at_] : text_.size(); }

  bool take(char expected) noexcept {
    if (peek() != expected) return false;
    ++at_;
    return true;
  }

  // Where the token before `end` ends.
  std::size_t trim(std::size_t end) const noexcept {
    while (is_space(text_[end - 1])) --end;
    return end;
  }

  // The walk is at a '{', `depth` levels deep.
  bool object(std::size_t node, std::size_t depth) {
    if (depth > max_depth) return false;
    ++at_;
    tree_[node].size = 0;
    if (take('}')) return true;
    std::size_t comma = npos;
    for (std::size_t ordinal = 0;; ++ordinal) {
      if (!member(node, depth, comma, ordinal)) return false;
      if (take('}')) {
        tree_[node].size = ordinal + 1;
        return true;
      }
      comma = position();
      if (!take(',')) return false;
    }
  }

  bool member(std::size_t node, std::size_t depth, std::size_t comma, std::size_t ordinal) {
    Occurrence found;
    found.comma_before = comma;
    found.ordinal = ordinal;
    found.key_begin = position();
    if (!take('"')) return false;
    const std::size_t colon = position();
    if (!take(':')) return false;
    found.key_end = trim(colon);
    if (found.key_end - found.key_begin < 2 || text_[found.key_end - 1] != '"') return false;
    found.value_begin = position();
    const std::size_t child =
        tree_.match(node, text_.substr(found.key_begin + 1, found.key_end - found.key_begin - 2));
    const Kind kind = kind_of(peek());
    if (!value(child, kind, depth)) return false;
    return child == 0 || record(child, kind, found);
  }

  // `depth` is that of the object whose member this is.
  bool value(std::size_t child, Kind kind, std::size_t depth) {
    if (child != 0) tree_.forget_below(child);
    switch (kind) {
      case Kind::absent:
        return false;
      case Kind::object:
        if (child != 0 && tree_[child].first_child != 0) return object(child, depth + 1);
        return skip_container(depth);
      case Kind::array:
        return skip_container(depth);
      default:
        ++at_;
        return true;
    }
  }

  // Counts brackets without matching their kinds, as fast as can be: most of a text passes here.
  bool skip_container(std::size_t depth) noexcept {
    std::size_t at = at_;
    std::ptrdiff_t level = 0;
    std::ptrdiff_t deepest = 0;
    do {
      level += nesting[static_cast<unsigned char>(text_[index_[at]])];
      deepest = std::max(deepest, level);
    } while (++at < count_ && level != 0);
    at_ = at;
    return level == 0 && depth + static_cast<std::size_t>(deepest) <= max_depth;
  }

  bool record(std::size_t child, Kind kind, Occurrence& found) {
    const std::size_t next = position();
    found.value_end = trim(next);
    if (peek() == ',') found.comma_after = next;
    const bool word = kind == Kind::number || kind == Kind::boolean || kind == Kind::null;
    if (word && find_fault(text_.substr(found.value_begin, found.value_end - found.value_begin))) {
      return false;  // otherwise the kind would be a guess
    }
    tree_.record(child, kind, found);
    return true;
  }

  std::string_view text_;
  const std::uint32_t* index_;
  std::size_t count_;
  PathTree& tree_;
  std::size_t at_ = 0;
};

}  // namespace

static_assert(Scanner::padding >= simdjson::SIMDJSON_PADDING);

namespace {

// The code for this processor. simdjson destroys its own objects at exit, when other threads may
// still need one; a bitwise copy has no destructor to be run. Nothing is called on it but what
// makes a parser, which reads no member.
class Implementation {
 public:
  Implementation() noexcept {
    const simdjson::implementation* const active = simdjson::get_active_implementation();
    static_cast<void>(active->name());  // looks at the processor, and replaces itself
    // NOLINTNEXTLINE(bugprone-undefined-memory-manipulation): see above
    std::memcpy(copy_, simdjson::get_active_implementation(), sizeof copy_);
  }
  Implementation(const Implementation&) = delete;
  Implementation& operator=(const Implementation&) = delete;

  const simdjson::implementation* operator->() const noexcept {
    return std::launder(reinterpret_cast<const simdjson::implementation*>(copy_));
  }

 private:
  alignas(simdjson::implementation) unsigned char copy_[sizeof(simdjson::implementation)];
};

const Implementation& implementation() noexcept {
  static const Implementation found;
  return found;
}

}  // namespace

struct Scanner::Index {
  std::unique_ptr<simdjson::internal::dom_parser_implementation> stage;

  simdjson::error_code reserve(std::size_t size) {
    const std::size_t held = stage ? stage->capacity() : 0;
    if (held >= size && !is_wasteful(held, size)) return simdjson::SUCCESS;
    const std::size_t wanted = std::min(with_slack(size), max_size);
    if (stage) return stage->set_capacity(wanted);
    return implementation()->create_dom_parser_implementation(wanted, 1, stage);
  }
};

void Scanner::look_at_processor() {
  static_cast<void>(implementation());
}

Scanner::Scanner() : index_(std::make_unique<Index>()) {}
Scanner::~Scanner() = default;

Scan Scanner::run(std::string_view text, PathTree& tree) {
  simdjson::error_code error = index_->reserve(text.size());
  if (error == simdjson::SUCCESS) {
    error = index_->stage->stage1(reinterpret_cast<const std::uint8_t*>(text.data()), text.size(),
                                  simdjson::stage1_mode::regular);
  }
  switch (error) {
    case simdjson::SUCCESS:
      break;
    case simdjson::MEMALLOC:
      return Scan::out_of_memory;
    case simdjson::UNSUPPORTED_ARCHITECTURE:
      return Scan::unsupported;
    default:
      return Scan::malformed;
  }
  return Walk(text, index_->stage->structural_indexes.get(), index_->stage->n_structural_indexes,
              tree)
      .run();
}

std::size_t Scanner::capacity() const noexcept {
  return index_->stage ? index_->stage->capacity() * sizeof(std::uint32_t) : 0;
}

}  // namespace costmark::json
