// The canonical forms of a request's path, query and headers. Text in, text out; everything is
// appended to buffers that the caller keeps.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/cleanse.hpp"
#include "costmark/signing.hpp"

namespace costmark::signing {

// `path` is empty or begins with '/'.
void append_canonical_path(std::string_view path, const Options& options, std::string& out);

// Appends `text` with everything but unreserved characters percent-encoded, as the name or the
// value of a query parameter.
void append_percent_encoded(std::string_view text, std::string& out);

// Sorts the parts of a query by name, then value.
class QueryCanonicalizer {
 public:
  // A query may hold a session token.
  ~QueryCanonicalizer() { cleanse(encoded_); }
  QueryCanonicalizer() = default;
  QueryCanonicalizer(const QueryCanonicalizer&) = delete;
  QueryCanonicalizer& operator=(const QueryCanonicalizer&) = delete;

  void append(std::string_view query, const Options& options, std::string& out);

 private:
  struct Part {
    std::string_view name;
    std::string_view value;
  };

  Part split(std::string_view part) const noexcept;
  Part encode(const Part& part);
  std::string_view encode(std::string_view text);

  std::vector<Part> parts_;
  std::string encoded_;  // what `parts_` points into when the query is encoded
};

// Collects the headers to sign. Fields of one name are joined in the order in which they came.
class HeaderCanonicalizer {
 public:
  void clear() noexcept;
  void add(std::string_view name, std::string_view value);

  // Appends "name:value\n" for every name.
  void append_headers(std::string& out);
  // Appends the names, separated by ';'.
  void append_names(std::string& out);

 private:
  struct Field {
    std::size_t name_start;
    std::size_t name_size;
    std::string_view value;
  };

  std::string_view name(const Field& field) const noexcept {
    return {names_.data() + field.name_start, field.name_size};
  }
  void sort();

  std::string names_;  // in lower case, end to end
  std::vector<Field> fields_;
  bool sorted_ = false;
};

// Whether `text` has no byte up to 0x20: nothing to trim, nothing to fold, nothing to refuse.
bool is_plain(std::string_view text) noexcept;

// Appends a header value without white space at its ends and with every run of it inside as one
// space.
void append_trimmed(std::string_view value, std::string& out);

}  // namespace costmark::signing
