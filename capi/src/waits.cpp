#include "waits.hpp"

#include <chrono>
#include <cstddef>

#include "cancel.hpp"
#include "views.hpp"

namespace costmark::capi {
namespace {

constexpr std::size_t wait_first_size = offsetof(costmark_wait, reserved) + sizeof(std::uint32_t);

}  // namespace

Status take_wait(const costmark_wait* from, TakenWait& out) {
  if (from == nullptr) return {};
  costmark_wait wait;
  Status status = read_struct(from, wait_first_size, "wait", wait);
  if (status && wait.cancel != nullptr) status = require(wait.cancel, "wait.cancel");
  if (status) status = check_timeout(wait.timeout_ms, "wait.timeout_ms");
  if (status) status = read_bool(wait.no_wait, "wait.no_wait", out.wait.no_wait);
  if (status) status = require_zero(wait.reserved, "wait.reserved");
  if (!status) return status;
  if (wait.timeout_ms != 0) {
    out.wait.deadline = std::chrono::steady_clock::now() + timeout_of(wait.timeout_ms);
  }
  if (wait.cancel != nullptr) out.cancel = wait.cancel->core;
  out.wait.cancel = out.cancel.get();
  return {};
}

}  // namespace costmark::capi
