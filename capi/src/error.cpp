#include "error.hpp"

#include <string>

#include "handle.hpp"
#include "views.hpp"

namespace costmark::capi {
namespace {

// Messages quote what callers wrote; whatever that was, they stay one line without a NUL inside.
std::string one_line(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  }
  return text;
}

// A costmark_error that was allocated, with the memory that it shows.
struct OwnedError : costmark_error {
  explicit OwnedError(Error&& from)
      : costmark_error{error_magic, &this_copy,  from.code,        {},
                       {},          from.offset, from.http_status, from.retryable},
        message_storage(one_line(std::move(from.message))),
        request_id_storage(std::move(from.request_id)) {
    message = message_storage;
    request_id = request_id_storage;
    live_handles.fetch_add(1, std::memory_order_relaxed);
  }
  ~OwnedError() { live_handles.fetch_sub(1, std::memory_order_relaxed); }
  OwnedError(const OwnedError&) = delete;
  OwnedError& operator=(const OwnedError&) = delete;

  std::string message_storage;
  std::string request_id_storage;
};

constinit costmark_error out_of_memory{
    error_magic, &this_copy, Code::out_of_memory, "out of memory", "", std::nullopt, 0, true};

bool is_error(const costmark_error* error) noexcept {
  return error != nullptr && error->magic == error_magic && error->copy == &this_copy;
}

}  // namespace

costmark_status report(Error&& error, costmark_error** out_error) noexcept {
  const auto status = static_cast<costmark_status>(error.code);
  if (out_error == nullptr) return status;
  try {
    *out_error = new OwnedError(std::move(error));
    return status;
  } catch (...) {
    return report_out_of_memory(out_error);
  }
}

costmark_status report_out_of_memory(costmark_error** out_error) noexcept {
  if (out_error != nullptr) *out_error = &out_of_memory;
  return COSTMARK_OUT_OF_MEMORY;
}

costmark_status report_exception(const char* what, costmark_error** out_error) noexcept {
  try {
    std::string message = "unexpected exception";
    if (what != nullptr) message.append(": ").append(what);
    return report(Error{Code::internal, std::move(message), std::nullopt, 0, {}, false}, out_error);
  } catch (...) {
    return report_out_of_memory(out_error);
  }
}

}  // namespace costmark::capi

using namespace costmark::capi;

void costmark_error_read(const costmark_error* error, costmark_error_view* out_view) noexcept {
  if (!is_error(error)) return show_nothing(out_view);
  costmark_error_view out = COSTMARK_ERROR_VIEW_INIT;
  out.message = view(error->message);
  out.request_id = view_or_absent(error->request_id);
  out.offset = error->offset.value_or(0);
  out.has_offset = error->offset ? 1 : 0;
  out.status = static_cast<costmark_status>(error->code);
  out.http_status = error->http_status;
  out.retryable = error->retryable ? 1 : 0;
  show(out, out_view);
}

void costmark_error_free(costmark_error* error) noexcept {
  if (!is_error(error) || error == &out_of_memory) return;
  *const_cast<volatile std::uint64_t*>(&error->magic) = 0;
  delete static_cast<OwnedError*>(error);
}
