// Callbacks of the host application, each with what it needs and with what ends that.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "costmark/costmark.h"
#include "costmark/credentials_provider.hpp"
#include "costmark/error.hpp"
#include "handle.hpp"

namespace costmark::capi {

// Owns a callback's user data from the first moment that costmark knows of it: whatever happens
// next, the finaliser runs once.
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
using BearerTokenCallback = Callback<costmark_bearer_token_callback>;
using LogCallback = Callback<costmark_log_callback>;

Result<CredentialsPtr> ask(const CredentialsCallback& callback);
Result<std::string> ask(const BearerTokenCallback& callback);

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

// Marks, on this thread, that a call into a client has begun. A callback that calls the same client
// again is told so, where it would otherwise wait for itself.
class Entry {
 public:
  explicit Entry(const void* client) noexcept;
  ~Entry();
  Entry(const Entry&) = delete;
  Entry& operator=(const Entry&) = delete;

  // Refuses a call from inside a callback of `client`.
  static Status check(const void* client);

 private:
  const void* client_;
  Entry* outer_;
};

}  // namespace costmark::capi
