// Callbacks of the host application, each with what it needs and with what ends that.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "costmark/costmark.h"
#include "costmark/credentials_provider.hpp"
#include "costmark/error.hpp"
#include "costmark/operation.hpp"
#include "handle.hpp"
#include "thread_cancel.hpp"

namespace costmark::capi {

// Owns a callback's user data from the first moment that costmark knows of it: whatever happens
// next, the finalizer runs once.
class UserData {
 public:
  UserData(void* data, costmark_free_user_data free) noexcept : data_(data), free_(free) {}
  UserData(UserData&& other) noexcept
      : data_(other.data_), free_(std::exchange(other.free_, nullptr)) {}
  UserData& operator=(UserData&&) = delete;
  ~UserData() {
    if (free_ != nullptr) free_(data_);
  }

  void* get() const noexcept { return data_; }

 private:
  void* data_;
  costmark_free_user_data free_;
};

template <class Function>
struct Callback {
  Callback(Function callback, UserData&& data) noexcept
      : function(callback), user_data(std::move(data)) {}

  Function function;
  UserData user_data;
};

using CredentialsCallback = Callback<costmark_credentials_callback>;

struct BearerTokenCallback : Callback<costmark_bearer_token_callback> {
  BearerTokenCallback(costmark_bearer_token_callback callback, UserData&& data,
                      costmark_bearer_token_refused_callback told) noexcept
      : Callback(callback, std::move(data)), refused(told) {}

  costmark_bearer_token_refused_callback refused;  // may be NULL
};

using LogCallback = Callback<costmark_log_callback>;
using ClockCallback = Callback<costmark_clock_callback>;
using UsageCallback = Callback<costmark_usage_callback>;

Result<CredentialsPtr> ask(const CredentialsCallback& callback);
Result<std::string> ask(const BearerTokenCallback& callback);
UnixSeconds ask(const ClockCallback& callback) noexcept;
void tell(const UsageCallback& callback, const AttemptReport& report) noexcept;

// What a callback's failure comes back as: its status, or internal for a number that is not a
// costmark_status. `which`: such as "credentials".
Error refused(std::string_view which, costmark_status status);

// The size of costmark_credentials in the first version.
inline constexpr std::size_t credentials_first_size =
    offsetof(costmark_credentials, expires_unix_s) + sizeof(std::int64_t);

// The caller's credentials with every field checked to be there and readable, and nothing copied.
struct CredentialsView {
  std::string_view access_key_id, secret_access_key, session_token, account_id;
  std::optional<UnixSeconds> expires_at;

  static Status read(const costmark_credentials* from, CredentialsView& out);
  Result<CredentialsPtr> copy(std::string_view source) const;
};

// Marks, on this thread, that a call into a client or a cache has begun. A callback that calls the
// same one again is told so, where it would otherwise wait for itself.
class Entry {
 public:
  // `owner`: the number of what the call is into. `handle`: what it uses besides, and a callback
  // must neither use nor end.
  explicit Entry(std::uint64_t owner, const void* handle = nullptr) noexcept;
  ~Entry();
  Entry(const Entry&) = delete;
  Entry& operator=(const Entry&) = delete;

  // While a callback runs that was given to the call, and not to its owner: the owner waits for
  // nothing then, and may be used; the handle may not.
  class Callback {
   public:
    explicit Callback(Entry& entry) noexcept
        : entry_(entry), owner_(std::exchange(entry.owner_, 0)) {}
    ~Callback() { entry_.owner_ = owner_; }
    Callback(const Callback&) = delete;
    Callback& operator=(const Callback&) = delete;

   private:
    Entry& entry_;
    const std::uint64_t owner_;
  };

  // Refuses a call from inside a callback of `owner`.
  static Status check(std::uint64_t owner);
  // Whether a call of this thread uses `handle`.
  static bool inside(const void* handle) noexcept;
  static Status check_unused(const void* handle, std::string_view name);
  // Keeps what a callback gives back for the last time until the call into it has ended.
  static void outlive(std::uint64_t owner, std::shared_ptr<void> core) noexcept;

 private:
  std::uint64_t owner_;
  const void* handle_;
  std::shared_ptr<void> kept_;
  Entry* outer_;
};

// Takes one owner of a shared handle away. Calls into its member `core` enter by its `number`.
template <class Handle>
void release(Handle* handle) noexcept {
  if (!alive(handle)) return;
  const WithoutThreadCancel uncancelled;
  if (handle->owners.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  Entry::outlive(handle->number, handle->core);
  delete handle;
}

}  // namespace costmark::capi
