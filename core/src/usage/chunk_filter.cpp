#include "usage/chunk_filter.hpp"

#include <algorithm>

namespace costmark {
namespace {

constexpr std::size_t worth_keeping = std::size_t{1} << 20U;

}  // namespace

void ChunkFilter::reset() {
  for (std::string* buffer : {&held_, &out_}) {
    buffer->clear();
    if (buffer->capacity() > worth_keeping) buffer->shrink_to_fit();
  }
  piece_ = run_ = {};
  piece_begin_ = decided_ = 0;
}

void ChunkFilter::give(std::string_view piece) {
  piece_ = piece;
  run_ = {};
  out_.clear();
}

void ChunkFilter::pass(std::uint64_t end) {
  if (end <= decided_) return;
  out_.append(held_before(end));  // before anything of the piece
  append(piece_before(end));
  drop(end);
}

void ChunkFilter::drop(std::uint64_t end) {
  if (end <= decided_) return;
  held_.erase(0, held_before(end).size());
  decided_ = end;
}

std::string_view ChunkFilter::take() {
  const std::uint64_t end = piece_begin_ + piece_.size();
  held_.append(piece_before(end));
  piece_begin_ = end;
  piece_ = {};
  return out_.empty() ? run_ : std::string_view(out_);
}

std::string_view ChunkFilter::release() {
  out_.assign(held_);
  held_.clear();
  decided_ = piece_begin_;
  return out_;
}

// The undecided bytes before `end` that are held.
std::string_view ChunkFilter::held_before(std::uint64_t end) const noexcept {
  const std::uint64_t held_end = std::min(end, piece_begin_);
  if (held_end <= decided_) return {};
  return std::string_view(held_).substr(0, static_cast<std::size_t>(held_end - decided_));
}

// The undecided bytes before `end` that are in the piece.
std::string_view ChunkFilter::piece_before(std::uint64_t end) const noexcept {
  const std::uint64_t begin = std::max(decided_, piece_begin_);
  if (end <= begin) return {};
  return piece_.substr(static_cast<std::size_t>(begin - piece_begin_),
                       static_cast<std::size_t>(end - begin));
}

// Appends a part of the piece; what passes of it so far ends where `part` begins, or before.
void ChunkFilter::append(std::string_view part) {
  if (part.empty()) return;
  if (out_.empty() && (run_.empty() || run_.data() + run_.size() == part.data())) {
    run_ = run_.empty() ? part : std::string_view(run_.data(), run_.size() + part.size());
    return;
  }
  out_.append(run_);
  run_ = {};
  out_.append(part);
}

}  // namespace costmark
