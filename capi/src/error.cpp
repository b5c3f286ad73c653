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

using costmark::capi::give_text;
using costmark::capi::is_error;

const char* costmark_status_name(costmark_status status) noexcept {
  return costmark::to_string(static_cast<costmark::Code>(status)).data();
}

costmark_status costmark_error_status(const costmark_error* error) noexcept {
  return is_error(error) ? static_cast<costmark_status>(error->code) : COSTMARK_OK;
}

const char* costmark_error_message(const costmark_error* error, size_t* out_len) noexcept {
  return give_text(is_error(error) ? error->message : std::string_view(), out_len);
}

bool costmark_error_offset(const costmark_error* error, uint64_t* out_offset) noexcept {
  const bool known = is_error(error) && error->offset.has_value();
  if (out_offset != nullptr) *out_offset = known ? *error->offset : 0;
  return known;
}

int32_t costmark_error_http_status(const costmark_error* error) noexcept {
  return is_error(error) ? error->http_status : 0;
}

const char* costmark_error_request_id(const costmark_error* error, size_t* out_len) noexcept {
  return give_text(is_error(error) ? error->request_id : std::string_view(), out_len);
}

bool costmark_error_retryable(const costmark_error* error) noexcept {
  return is_error(error) && error->retryable;
}

void costmark_error_free(costmark_error* error) noexcept {
  if (!is_error(error) || error == &costmark::capi::out_of_memory) return;
  *const_cast<volatile std::uint64_t*>(&error->magic) = 0;
  delete static_cast<costmark::capi::OwnedError*>(error);
}
