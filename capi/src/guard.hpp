// The one way out of every exported function that can fail: a Status or an exception in, a
// costmark_status and perhaps an error object out.
#pragma once

#include <exception>
#include <memory>
#include <new>
#include <utility>

#include "costmark/costmark.h"
#include "costmark/error.hpp"
#include "thread_cancel.hpp"

namespace costmark::capi {

// Stores the error for the caller, if there is a place for it. Without memory for the error
// object the static one takes its place, and the status says so.
costmark_status report(Error&& error, costmark_error** out_error) noexcept;
costmark_status report_out_of_memory(costmark_error** out_error) noexcept;
costmark_status report_exception(const char* what, costmark_error** out_error) noexcept;

template <class Body>
costmark_status guarded(costmark_error** out_error, Body&& body) noexcept {
  const WithoutThreadCancel uncancelled;
  try {
    Status status = std::forward<Body>(body)();
    if (status.ok()) return COSTMARK_OK;
    return report(std::move(status).take(), out_error);
  } catch (const std::bad_alloc&) {
    return report_out_of_memory(out_error);
  } catch (const std::exception& exception) {
    return report_exception(exception.what(), out_error);
  } catch (...) {
    return report_exception(nullptr, out_error);
  }
}

// Makes a handle: `make` returns a Result of an owning pointer. Nothing is stored on failure but
// NULL.
template <class Handle, class Make>
costmark_status guarded_new(Handle** out_handle, costmark_error** out_error, Make&& make) noexcept {
  if (out_handle != nullptr) *out_handle = nullptr;
  return guarded(out_error, [&]() -> Status {
    if (out_handle == nullptr) {
      return Status(Code::invalid_argument, "the place for the new handle is NULL");
    }
    Result<std::unique_ptr<Handle>> made = std::forward<Make>(make)();
    if (!made) return std::move(made).status();
    *out_handle = std::move(made).value().release();
    return {};
  });
}

// For handles that begin empty.
template <class Handle>
Result<std::unique_ptr<Handle>> make_handle() {
  return std::make_unique<Handle>();
}

}  // namespace costmark::capi
