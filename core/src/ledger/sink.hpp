// Where rows go: segments in a folder, or a descriptor.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/fork.hpp"
#include "costmark/error.hpp"
#include "costmark/ledger.hpp"

namespace costmark::ledger {

// One thread at a time. No function throws, but for memory.
class Sink {
 public:
  Sink() = default;
  virtual ~Sink() = default;
  Sink(const Sink&) = delete;
  Sink& operator=(const Sink&) = delete;

  virtual bool is_open() const noexcept = 0;
  // Whether rows of that time belong into another segment than the open one.
  virtual bool is_over(std::int64_t now_us) const noexcept = 0;
  // Opens a new segment. 0, or errno.
  virtual int open(std::string_view writer, std::int64_t now_us) = 0;
  // As write(2).
  virtual ssize_t write(std::string_view bytes) noexcept = 0;
  // A whole row was written: forces it to the disk where that is asked for. Returns false when the
  // file is gone, and the row with it.
  virtual bool commit(std::int64_t now_us) noexcept = 0;
  virtual void close() noexcept = 0;
  // How long a row may be.
  virtual std::size_t largest_row() const noexcept = 0;
};

// Errors: invalid_option.
Result<std::unique_ptr<Sink>> make_sink(const LedgerConfig& config);

}  // namespace costmark::ledger
