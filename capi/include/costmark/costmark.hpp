/*
 * costmark.hpp: costmark.h for C++17 and later. Header only, and nothing but the C ABI underneath:
 * a program links libcostmark as a C program does, whatever compiler built it.
 *
 *     #include <costmark/costmark.hpp>
 *     namespace cm = costmark::c;
 *
 *     cm::Client client(cm::Config{{"project", "proj_abc123"}});
 *     cm::Response response;
 *     cm::Request request;
 *     request.url = "https://bedrock-mantle.us-east-1.api.aws/v1/chat/completions";
 *     request.body = R"({"model":"openai.gpt-oss-20b","messages":[]})";
 *     client.send(request, response);
 *     std::cout << response.body();
 *
 * costmark.h is the manual. Here is only what differs.
 *
 *  1. A class is a handle: it moves, does not copy, and ends what it holds. What is shared there
 * has share() here. A handle that was moved from is empty: its getters return nothing, its calls
 *     fail. The three phrases about threads are those of the handle.
 *
 *  2. Text is a std::string_view, both ways; those that come back live as long as costmark.h says.
 *     Where it tells absent from empty, data() is null.
 *
 *  3. A call that fails throws Error. Compiled without exceptions, or with COSTMARK_NO_EXCEPTIONS
 *     defined, every `Result<T>` is a class that holds a T or the Error; else it is T itself.
 * Handles are then made by make() alone. The two kinds may meet in one program.
 *
 *  4. Callbacks are lambdas, or anything that can be called. They are kept as long as the library
 *     needs them, and are called as const, since several threads may do so at once. One that
 * answers (credentials, token, head, body) may return nothing, a bool (false: stop), a
 * costmark_status or a Result<void>. What a lambda throws comes out of the call that it was called
 * from, when the library is done with it; what a credentials or token lambda throws, only if the
 * call fails because of it. A destructor throws nothing.
 */
#ifndef COSTMARK_COSTMARK_HPP
#define COSTMARK_COSTMARK_HPP

#include <costmark/costmark.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <functional>
#include <initializer_list>
#include <iterator>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#if !defined(COSTMARK_NO_EXCEPTIONS) && (defined(__cpp_exceptions) || defined(_CPPUNWIND))
#define COSTMARK_HPP_EXCEPTIONS 1
#else
#define COSTMARK_HPP_EXCEPTIONS 0
#endif

// Nested, so that it does not meet the C++ library underneath, whose namespace is `costmark` and
// which an archive of it brings along. Named for version and kind: parts of a program that were
// built with another version of this header, or with the other kind, have other symbols.
namespace costmark::c {
#if COSTMARK_HPP_EXCEPTIONS
inline namespace v1 {
#else
inline namespace v1_no_exceptions {
#endif

// --- Errors -------------------------------------------------------------------------------------

// Why a call failed; see costmark_error. Immutable, share freely. Copies share one costmark_error.
class Error final : public std::exception {
 public:
  Error() noexcept = default;  // no error
  // Each takes `owned`, which may be null.
  explicit Error(costmark_status status, costmark_error* owned = nullptr) noexcept
      : status_(status) {
    if (owned == nullptr) return;
    shared_ = new (std::nothrow) Shared{{1}, owned};
    if (shared_ == nullptr) costmark_error_free(owned);
  }
  explicit Error(costmark_error* owned) noexcept : Error(costmark_error_status(owned), owned) {}
  Error(const Error& other) noexcept
      : std::exception(other), status_(other.status_), shared_(other.shared_) {
    if (shared_ != nullptr) shared_->owners.fetch_add(1, std::memory_order_relaxed);
  }
  Error(Error&& other) noexcept
      : status_(std::exchange(other.status_, COSTMARK_OK)),
        shared_(std::exchange(other.shared_, nullptr)) {}
  Error& operator=(Error other) noexcept {
    std::swap(status_, other.status_);
    std::swap(shared_, other.shared_);
    return *this;
  }
  ~Error() override {
    if (shared_ == nullptr || shared_->owners.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
    costmark_error_free(shared_->error);
    delete shared_;
  }

  costmark_status status() const noexcept { return status_; }
  const char* status_name() const noexcept { return costmark_status_name(status_); }
  std::string_view message() const noexcept {
    std::size_t length = 0;
    const char* text = costmark_error_message(get(), &length);
    return length != 0 ? std::string_view(text, length) : status_name();
  }
  const char* what() const noexcept override { return message().data(); }
  std::optional<std::uint64_t> offset() const noexcept {
    std::uint64_t offset = 0;
    if (!costmark_error_offset(get(), &offset)) return std::nullopt;
    return offset;
  }
  int http_status() const noexcept { return costmark_error_http_status(get()); }
  std::string_view request_id() const noexcept {
    std::size_t length = 0;
    const char* text = costmark_error_request_id(get(), &length);
    return {text, length};
  }
  bool retryable() const noexcept { return costmark_error_retryable(get()); }

  const costmark_error* get() const noexcept {
    return shared_ != nullptr ? shared_->error : nullptr;
  }

 private:
  struct Shared {
    std::atomic<std::size_t> owners;
    costmark_error* error;
  };
  costmark_status status_ = COSTMARK_OK;
  Shared* shared_ = nullptr;
};

#if COSTMARK_HPP_EXCEPTIONS

template <class T>
using Result = T;

#else

// NOLINTBEGIN(google-explicit-constructor): what returns a Result returns a value, or an error.

// A value, or why there is none. value() of a failure aborts.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(std::move(value)) {}
  Result(Error error) noexcept : error_(std::move(error)) {}

  bool ok() const noexcept { return value_.has_value(); }
  explicit operator bool() const noexcept { return ok(); }
  const Error& error() const noexcept { return error_; }
  costmark_status status() const noexcept { return error_.status(); }
  T& value() & noexcept {
    if (!ok()) std::abort();
    return *value_;
  }
  T&& value() && noexcept { return std::move(value()); }

 private:
  std::optional<T> value_;
  Error error_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() noexcept = default;
  Result(Error error) noexcept : error_(std::move(error)) {}

  bool ok() const noexcept { return error_.status() == COSTMARK_OK; }
  explicit operator bool() const noexcept { return ok(); }
  const Error& error() const noexcept { return error_; }
  costmark_status status() const noexcept { return error_.status(); }

 private:
  Error error_;
};

// NOLINTEND(google-explicit-constructor)

#endif

// --- What all of it stands on -------------------------------------------------------------------

namespace detail {

inline costmark_str str(std::string_view text) noexcept {
  return {text.data(), text.size()};
}
inline std::string_view view(const costmark_str& text) noexcept {
  return {text.data, text.len};
}

template <class Struct>
Struct sized() noexcept {
  Struct result;
  costmark_init(&result, sizeof result);
  return result;
}

// The text that a getter returns.
template <class Get, class... Arguments>
std::string_view text(Get get, Arguments... arguments) noexcept {
  std::size_t length = 0;
  const char* data = get(arguments..., &length);
  return {data, length};
}

#if COSTMARK_HPP_EXCEPTIONS

// What callbacks threw during the call of the library that is innermost on this thread.
class Frame {
 public:
  Frame() noexcept : outer_(std::exchange(top(), this)) {}
  ~Frame() { top() = outer_; }
  Frame(const Frame&) = delete;
  Frame& operator=(const Frame&) = delete;

  // Both to be called while it is handled. The first is of a callback that tells the library of its
  // failure, with `status`: it comes out if that is what the library makes of it.
  static void keep_answer(costmark_status status) noexcept {
    Frame* frame = top();
    if (frame == nullptr) return;
    frame->answer_ = std::current_exception();
    frame->answer_status_ = status;
  }
  static void keep() noexcept {
    if (Frame* frame = top(); frame != nullptr && !frame->thrown_)
      frame->thrown_ = std::current_exception();
  }
  void rethrow(costmark_status status) {
    if (thrown_) std::rethrow_exception(std::move(thrown_));
    if (answer_ && status == answer_status_) std::rethrow_exception(std::move(answer_));
  }

 private:
  static Frame*& top() noexcept {
    thread_local Frame* frame = nullptr;
    return frame;
  }
  Frame* outer_;
  std::exception_ptr answer_, thrown_;
  costmark_status answer_status_ = COSTMARK_OK;
};

// What to tell the library of the exception that is handled.
inline costmark_status caught() noexcept {
  try {
    throw;
  } catch (const Error& error) {
    return error.status();
  } catch (const std::bad_alloc&) {
    return COSTMARK_OUT_OF_MEMORY;
  } catch (...) {
    return COSTMARK_STOPPED_BY_CALLBACK;
  }
}

template <class Call>
costmark_status answering(const Call& call) noexcept {
  try {
    return call();
  } catch (...) {
    const costmark_status status = caught();
    Frame::keep_answer(status);
    return status;
  }
}

template <class Call>
void telling(const Call& call) noexcept {
  try {
    call();
  } catch (...) {
    Frame::keep();
  }
}

// Runs a call that takes a costmark_error** and then, if it succeeded, what makes the result.
template <class T, class Call, class Make>
T run(const Call& call, const Make& make) {
  Frame frame;
  costmark_error* raw = nullptr;
  const costmark_status status = call(&raw);
  if (status != COSTMARK_OK) {
    Error error(status, raw);
    frame.rethrow(status);
    throw Error(error);
  }
  if constexpr (std::is_void_v<T>) {
    frame.rethrow(COSTMARK_OK);
    make();
  } else {
    T result = make();
    frame.rethrow(COSTMARK_OK);
    return result;
  }
}

template <class T>
[[noreturn]] T failed(costmark_status status) {
  throw Error(status);
}

inline costmark_status status_of(costmark_status status) noexcept {
  return status;
}

#else

class Frame {};

template <class Call>
costmark_status answering(const Call& call) noexcept {
  return call();
}

template <class Call>
void telling(const Call& call) noexcept {
  call();
}

template <class T, class Call, class Make>
Result<T> run(const Call& call, const Make& make) {
  costmark_error* raw = nullptr;
  const costmark_status status = call(&raw);
  if (status != COSTMARK_OK) return Error(status, raw);
  if constexpr (std::is_void_v<T>) {
    make();
    return {};
  } else {
    return make();
  }
}

template <class T>
Result<T> failed(costmark_status status) {
  return Error(status);
}

inline costmark_status status_of(costmark_status status) noexcept {
  return status;
}
inline costmark_status status_of(const Result<void>& result) noexcept {
  return result.status();
}

#endif

template <class Call>
Result<void> run(const Call& call) {
  return detail::run<void>(call, [] {});
}

// Calls a callback and makes a status of whatever it returns.
template <class Function, class... Arguments>
costmark_status answer_of(Function& function, Arguments&&... arguments) {
  using Returned = std::invoke_result_t<Function&, Arguments...>;
  if constexpr (std::is_void_v<Returned>) {
    std::invoke(function, std::forward<Arguments>(arguments)...);
    return COSTMARK_OK;
  } else if constexpr (std::is_same_v<Returned, bool>) {
    return std::invoke(function, std::forward<Arguments>(arguments)...)
               ? COSTMARK_OK
               : COSTMARK_STOPPED_BY_CALLBACK;
  } else {
    return status_of(std::invoke(function, std::forward<Arguments>(arguments)...));
  }
}

// The sole owner of a handle, or of one count of a shared one.
template <class Raw, auto end>
class Handle {
 public:
  Handle() noexcept = default;
  explicit Handle(Raw* owned) noexcept : raw_(owned) {}
  Raw* get() const noexcept { return raw_.get(); }
  // Gives the handle away: the caller ends it.
  Raw* release() noexcept { return raw_.release(); }
  explicit operator bool() const noexcept { return raw_ != nullptr; }

 private:
  struct End {
    void operator()(Raw* raw) const noexcept { end(raw); }
  };
  std::unique_ptr<Raw, End> raw_;
};

// Makes an Owner out of what `create(&raw, &error)` stores in `raw`.
template <class Owner, class Raw, class Create>
Result<Owner> make(const Create& create) {
  Raw* raw = nullptr;
  return run<Owner>([&](costmark_error** error) { return create(&raw, error); },
                    [&] { return Owner(raw); });
}

// Keeps a callback for as long as the library wants it.
template <class Function, class Set>
Result<void> set_callback(Function&& function, const Set& set) {
  using Kept = const std::decay_t<Function>;
  Kept* kept = new (std::nothrow) Kept(std::forward<Function>(function));
  if (kept == nullptr) return failed<void>(COSTMARK_OUT_OF_MEMORY);
  return run([&](costmark_error** error) {
    return set(
        const_cast<void*>(static_cast<const void*>(kept)),
        [](void* data) noexcept { delete static_cast<Kept*>(data); }, error);
  });
}

// An array of the library's, seen as values of C++. Random access; the values are made on the way.
template <class Raw, class Value>
class View {
 public:
  class Iterator {
   public:
    using value_type = Value;
    using reference = Value;
    using difference_type = std::ptrdiff_t;
    using pointer = void;
    using iterator_category = std::input_iterator_tag;
#if defined(__cpp_lib_ranges)
    using iterator_concept = std::random_access_iterator_tag;
#endif
    Iterator() noexcept = default;
    explicit Iterator(const Raw* at) noexcept : at_(at) {}
    Value operator*() const noexcept { return Value(*at_); }
    Value operator[](difference_type n) const noexcept { return Value(at_[n]); }
    Iterator& operator++() noexcept { return *this += 1; }
    Iterator& operator--() noexcept { return *this -= 1; }
    Iterator operator++(int) noexcept { return Iterator(std::exchange(at_, at_ + 1)); }
    Iterator operator--(int) noexcept { return Iterator(std::exchange(at_, at_ - 1)); }
    Iterator& operator+=(difference_type n) noexcept {
      at_ += n;
      return *this;
    }
    Iterator& operator-=(difference_type n) noexcept { return *this += -n; }
    friend Iterator operator+(Iterator i, difference_type n) noexcept { return i += n; }
    friend Iterator operator+(difference_type n, Iterator i) noexcept { return i += n; }
    friend Iterator operator-(Iterator i, difference_type n) noexcept { return i -= n; }
    friend difference_type operator-(Iterator a, Iterator b) noexcept { return a.at_ - b.at_; }
    friend bool operator==(Iterator a, Iterator b) noexcept { return a.at_ == b.at_; }
    friend bool operator!=(Iterator a, Iterator b) noexcept { return a.at_ != b.at_; }
    friend bool operator<(Iterator a, Iterator b) noexcept { return a.at_ < b.at_; }
    friend bool operator>(Iterator a, Iterator b) noexcept { return a.at_ > b.at_; }
    friend bool operator<=(Iterator a, Iterator b) noexcept { return a.at_ <= b.at_; }
    friend bool operator>=(Iterator a, Iterator b) noexcept { return a.at_ >= b.at_; }

   private:
    const Raw* at_ = nullptr;
  };
  using value_type = Value;
  using iterator = Iterator;
  using const_iterator = Iterator;

  View() noexcept = default;
  View(const Raw* data, std::size_t size) noexcept : data_(data), size_(size) {}
  Iterator begin() const noexcept { return Iterator(data_); }
  Iterator end() const noexcept { return Iterator(data_ + size_); }
  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }
  Value operator[](std::size_t index) const noexcept { return Value(data_[index]); }
  const Raw* data() const noexcept { return data_; }

 private:
  const Raw* data_ = nullptr;
  std::size_t size_ = 0;
};

struct Name : std::string_view {
  explicit Name(const costmark_str& text) noexcept : std::string_view(view(text)) {}
};

inline bool same_name(std::string_view a, std::string_view b) noexcept {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](char x, char y) { return lower(x) == lower(y); });
}

}  // namespace detail

// --- Version ------------------------------------------------------------------------------------

inline const char* version() noexcept {
  return costmark_version();
}
inline std::uint32_t version_number() noexcept {
  return costmark_version_number();
}
inline std::uint32_t abi_version() noexcept {
  return costmark_abi_version();
}
inline bool has_feature(std::string_view name) noexcept {
  return costmark_has_feature(name.data(), name.size());
}
inline std::size_t live_handles() noexcept {
  return costmark_live_handles();
}

inline const char* status_name(costmark_status status) noexcept {
  return costmark_status_name(status);
}
inline const char* project_source_name(costmark_project_source source) noexcept {
  return costmark_project_source_name(source);
}
inline const char* api_name(costmark_api api) noexcept {
  return costmark_api_name(api);
}
inline const char* outcome_name(costmark_outcome outcome) noexcept {
  return costmark_outcome_name(outcome);
}
inline const char* verdict_name(costmark_verdict verdict) noexcept {
  return costmark_verdict_name(verdict);
}

// --- Headers ------------------------------------------------------------------------------------

struct Header {
  Header(std::string_view key, std::string_view text) noexcept : name(key), value(text) {}
  explicit Header(const costmark_header& raw) noexcept
      : name(detail::view(raw.name)), value(detail::view(raw.value)) {}
  std::string_view name, value;
};

// Header fields that somebody else owns, in their order.
class HeaderView : public detail::View<costmark_header, Header> {
 public:
  using View::View;
  // The value of the first field of that name, without regard to ASCII case; nothing without one.
  std::optional<std::string_view> find(std::string_view name) const noexcept {
    for (const Header header : *this)
      if (detail::same_name(header.name, name)) return header.value;
    return std::nullopt;
  }
};

// Names of header fields that somebody else owns.
using NameView = detail::View<costmark_str, detail::Name>;

// A list of header fields for a request. Holds their places, not their texts: those must live as
// long as the list is used.
class Headers {
 public:
  Headers() = default;
  Headers(std::initializer_list<Header> headers) {
    for (const Header& header : headers) add(header.name, header.value);
  }
  Headers& add(std::string_view name, std::string_view value) {
    fields_.push_back({detail::str(name), detail::str(value)});
    return *this;
  }
  void clear() noexcept { fields_.clear(); }
  // NOLINTNEXTLINE(google-explicit-constructor): a list is given wherever a view is taken.
  operator HeaderView() const& noexcept { return {fields_.data(), fields_.size()}; }
  // NOLINTNEXTLINE(google-explicit-constructor)
  operator HeaderView() const&& = delete;  // the view would outlive the list

 private:
  std::vector<costmark_header> fields_;
};

// --- Options and credentials --------------------------------------------------------------------

struct OptionInfo {
  std::string_view name, default_value, choices, description;
  std::int64_t minimum, maximum;
  costmark_option_type type;
};

inline std::size_t option_count() noexcept {
  return costmark_option_count();
}
inline Result<OptionInfo> option(std::size_t index) {
  using detail::view;
  auto raw = detail::sized<costmark_option_info>();
  return detail::run<OptionInfo>(
      [&](costmark_error** error) { return costmark_option_get(index, &raw, error); },
      [&] {
        return OptionInfo{view(raw.name),    view(raw.default_value),
                          view(raw.choices), view(raw.description),
                          raw.minimum,       raw.maximum,
                          raw.type};
      });
}

// One set of AWS credentials; see costmark_credentials.
struct Credentials {
  std::string_view access_key_id, secret_access_key, session_token, account_id;
  std::int64_t expires_unix_s = 0;

  costmark_credentials raw() const noexcept {
    auto raw = detail::sized<costmark_credentials>();
    raw.access_key_id = detail::str(access_key_id);
    raw.secret_access_key = detail::str(secret_access_key);
    raw.session_token = detail::str(session_token);
    raw.account_id = detail::str(account_id);
    raw.expires_unix_s = expires_unix_s;
    return raw;
  }
};

// Where a callback puts its credentials. Lives during the callback.
class CredentialsSink {
 public:
  explicit CredentialsSink(costmark_credentials_sink* raw) noexcept : raw_(raw) {}
  Result<void> put(const Credentials& credentials) {
    const costmark_credentials raw = credentials.raw();
    return detail::run(
        [&](costmark_error** error) { return costmark_credentials_put(raw_, &raw, error); });
  }

 private:
  costmark_credentials_sink* raw_;
};

// Where a callback puts its bearer token. Lives during the callback.
class BearerTokenSink {
 public:
  explicit BearerTokenSink(costmark_bearer_token_sink* raw) noexcept : raw_(raw) {}
  Result<void> put(std::string_view token) {
    return detail::run([&](costmark_error** error) {
      return costmark_bearer_token_put(raw_, token.data(), token.size(), error);
    });
  }

 private:
  costmark_bearer_token_sink* raw_;
};

using Usage = costmark_usage;
using UsageTotals = costmark_usage_totals;

// One attempt that has ended; see costmark_usage_event. Its texts live during the callback.
struct UsageEvent {
  explicit UsageEvent(const costmark_usage_event& raw) noexcept
      : project(detail::view(raw.project)),
        model(detail::view(raw.model)),
        response_id(detail::view(raw.response_id)),
        service_tier(detail::view(raw.service_tier)),
        usage(detail::sized<Usage>()),
        api(raw.api),
        outcome(raw.outcome),
        http_status(raw.http_status),
        attempt(raw.attempt) {
    std::memcpy(&usage, raw.usage, std::min(sizeof usage, raw.usage->struct_size));
  }
  std::string_view project, model, response_id, service_tier;
  Usage usage;
  costmark_api api;
  costmark_outcome outcome;
  int http_status;
  std::uint32_t attempt;
};

// Option values and callbacks, of which clients are made.
class Config : public detail::Handle<costmark_config, costmark_config_free> {
 public:
  using Handle::Handle;
  using Options = std::initializer_list<std::pair<std::string_view, std::string_view>>;

  static Result<Config> make() {
    return detail::make<Config, costmark_config>(costmark_config_new);
  }
#if COSTMARK_HPP_EXCEPTIONS
  Config() : Config(make()) {}
  Config(Options options) : Config(make()) {
    for (const auto& [name, value] : options) set(name, value);
  }
#else
  Config() = delete;
#endif

  Result<void> set(std::string_view name, std::string_view value) {
    return detail::run([&](costmark_error** error) {
      return costmark_config_set(get(), name.data(), name.size(), value.data(), value.size(),
                                 error);
    });
  }
  Result<void> set_host_api_key(std::string_view key) {
    return detail::run([&](costmark_error** error) {
      return costmark_config_set_host_api_key(get(), key.data(), key.size(), error);
    });
  }

  // function(CredentialsSink&): puts credentials into it.
  template <class Function>
  Result<void> on_credentials(Function&& function) {
    using Kept = const std::decay_t<Function>;
    const auto callback = [](void* data, costmark_credentials_sink* raw) noexcept {
      CredentialsSink sink(raw);
      return detail::answering([&] { return detail::answer_of(*static_cast<Kept*>(data), sink); });
    };
    return keep(costmark_config_set_credentials_callback, callback,
                std::forward<Function>(function));
  }
  // function(BearerTokenSink&): puts a token into it.
  template <class Function>
  Result<void> on_bearer_token(Function&& function) {
    using Kept = const std::decay_t<Function>;
    const auto callback = [](void* data, costmark_bearer_token_sink* raw) noexcept {
      BearerTokenSink sink(raw);
      return detail::answering([&] { return detail::answer_of(*static_cast<Kept*>(data), sink); });
    };
    return keep(costmark_config_set_bearer_token_callback, callback,
                std::forward<Function>(function));
  }
  // function(costmark_log_level, std::string_view): receives a line.
  template <class Function>
  Result<void> on_log(Function&& function) {
    using Kept = const std::decay_t<Function>;
    const auto callback = [](void* data, costmark_log_level level, const char* message,
                             std::size_t length) noexcept {
      detail::telling([&] {
        std::invoke(*static_cast<Kept*>(data), level, std::string_view(message, length));
      });
    };
    return keep(costmark_config_set_log_callback, callback, std::forward<Function>(function));
  }
  // function(): returns the time, in seconds since 1970 UTC.
  template <class Function>
  Result<void> on_clock(Function&& function) {
    using Kept = const std::decay_t<Function>;
    const auto callback = [](void* data) noexcept -> std::int64_t {
      std::int64_t time = -1;  // which nothing can be signed with
      detail::telling([&] { time = std::invoke(*static_cast<Kept*>(data)); });
      return time;
    };
    return keep(costmark_config_set_clock_callback, callback, std::forward<Function>(function));
  }
  // function(const UsageEvent&): receives every attempt that has ended.
  template <class Function>
  Result<void> on_usage(Function&& function) {
    using Kept = const std::decay_t<Function>;
    const auto callback = [](void* data, const costmark_usage_event* event) noexcept {
      detail::telling([&] { std::invoke(*static_cast<Kept*>(data), UsageEvent(*event)); });
    };
    return keep(costmark_config_set_usage_callback, callback, std::forward<Function>(function));
  }

 private:
  template <class Set, class Callback, class Function>
  Result<void> keep(Set setter, Callback callback, Function&& function) {
    return detail::set_callback(
        std::forward<Function>(function),
        [&](void* data, costmark_free_user_data end, costmark_error** error) {
          return setter(get(), callback, data, end, error);
        });
  }
};

// --- Requests and what becomes of them ----------------------------------------------------------

// A request about to be sent; see costmark_request. Views: the texts belong to the caller.
struct Request {
  std::string_view method = "POST";
  std::string_view url;
  HeaderView headers;
  std::string_view body, project, scope;

  costmark_request raw() const noexcept {
    auto raw = detail::sized<costmark_request>();
    raw.method = detail::str(method);
    raw.url = detail::str(url);
    raw.headers = headers.data();
    raw.header_count = headers.size();
    raw.body = detail::str(body);
    raw.project = detail::str(project);
    raw.scope = detail::str(scope);
    return raw;
  }
};

// What to change in a request before it is sent; filled by Client::prepare().
class Prepared : public detail::Handle<costmark_prepared, costmark_prepared_free> {
 public:
  using Handle::Handle;
  static Result<Prepared> make() {
    return detail::make<Prepared, costmark_prepared>(costmark_prepared_new);
  }
#if COSTMARK_HPP_EXCEPTIONS
  Prepared() : Prepared(make()) {}
#else
  Prepared() = delete;
#endif

  void clear() noexcept { costmark_prepared_clear(get()); }
  NameView headers_to_remove() const noexcept {
    std::size_t count = 0;
    const costmark_str* names = costmark_prepared_headers_to_remove(get(), &count);
    return {names, count};
  }
  HeaderView headers_to_set() const noexcept {
    std::size_t count = 0;
    const costmark_header* headers = costmark_prepared_headers_to_set(get(), &count);
    return {headers, count};
  }
  std::string_view body() const noexcept { return detail::text(costmark_prepared_body, get()); }
  bool body_changed() const noexcept { return costmark_prepared_body_changed(get()); }
  std::string_view project() const noexcept {
    return detail::text(costmark_prepared_project, get());
  }
  costmark_project_source project_source() const noexcept {
    return costmark_prepared_project_source(get());
  }
  costmark_api api() const noexcept { return costmark_prepared_api(get()); }
  bool streamed() const noexcept { return costmark_prepared_streamed(get()); }
  bool hides_usage_chunk() const noexcept { return costmark_prepared_hides_usage_chunk(get()); }
  bool authorized() const noexcept { return costmark_prepared_authorized(get()); }
  std::string_view url() const noexcept { return detail::text(costmark_prepared_url, get()); }
  std::string_view hint() const noexcept { return detail::text(costmark_prepared_hint, get()); }
};

// Stops sends from elsewhere; shared by its owners.
class Cancel : public detail::Handle<costmark_cancel, costmark_cancel_release> {
 public:
  using Handle::Handle;
  static Result<Cancel> make() {
    return detail::make<Cancel, costmark_cancel>(costmark_cancel_new);
  }
#if COSTMARK_HPP_EXCEPTIONS
  Cancel() : Cancel(make()) {}
#else
  Cancel() = delete;
#endif

  void request() const noexcept { costmark_cancel_request(get()); }
  bool requested() const noexcept { return costmark_cancel_requested(get()); }
  Cancel share() const noexcept { return Cancel(costmark_cancel_retain(get())); }
};

// What an answer shows, whoever owns it.
template <class Self>
class ResponseGetters {
 public:
  int http_status() const noexcept { return costmark_response_http_status(raw()); }
  HeaderView headers() const noexcept {
    std::size_t count = 0;
    const costmark_header* headers = costmark_response_headers(raw(), &count);
    return {headers, count};
  }
  std::string_view header(std::string_view name) const noexcept {
    return detail::text(costmark_response_header, raw(), name.data(), name.size());
  }
  std::string_view body() const noexcept { return detail::text(costmark_response_body, raw()); }
  std::string_view request_id() const noexcept {
    return detail::text(costmark_response_request_id, raw());
  }
  std::uint32_t attempts() const noexcept { return costmark_response_attempts(raw()); }
  Result<Usage> usage() const {
    auto usage = detail::sized<Usage>();
    return detail::run<Usage>(
        [&](costmark_error** error) { return costmark_response_usage(raw(), &usage, error); },
        [&] { return usage; });
  }
  costmark_outcome outcome() const noexcept { return costmark_response_outcome(raw()); }
  std::string_view id() const noexcept { return detail::text(costmark_response_id, raw()); }
  std::string_view model() const noexcept { return detail::text(costmark_response_model, raw()); }
  std::string_view service_tier() const noexcept {
    return detail::text(costmark_response_service_tier, raw());
  }
  std::string_view project() const noexcept {
    return detail::text(costmark_response_project, raw());
  }
  costmark_project_source project_source() const noexcept {
    return costmark_response_project_source(raw());
  }
  std::string_view hint() const noexcept { return detail::text(costmark_response_hint, raw()); }

 private:
  friend Self;
  ResponseGetters() noexcept = default;
  const costmark_response* raw() const noexcept { return static_cast<const Self*>(this)->get(); }
};

// An answer as a head callback sees it. Lives during the callback.
class ResponseView : public ResponseGetters<ResponseView> {
 public:
  explicit ResponseView(const costmark_response* raw) noexcept : raw_(raw) {}
  const costmark_response* get() const noexcept { return raw_; }

 private:
  const costmark_response* raw_;
};

// The last answer of an operation.
class Response : public detail::Handle<costmark_response, costmark_response_free>,
                 public ResponseGetters<Response> {
 public:
  using Handle::Handle;
  static Result<Response> make() {
    return detail::make<Response, costmark_response>(costmark_response_new);
  }
#if COSTMARK_HPP_EXCEPTIONS
  Response() : Response(make()) {}
#else
  Response() = delete;
#endif
};

// How one operation is sent; see costmark_send_options.
class SendOptions {
 public:
  // function(const ResponseView&): an answer with a status below 300 has begun.
  template <class Function>
  SendOptions& on_head(Function function) {
    on_head_ = [function = std::move(function)](const ResponseView& response) mutable {
      return detail::answer_of(function, response);
    };
    return *this;
  }
  // function(std::string_view): the next piece of its body.
  template <class Function>
  SendOptions& on_body(Function function) {
    on_body_ = [function = std::move(function)](std::string_view piece) mutable {
      return detail::answer_of(function, piece);
    };
    return *this;
  }
  // `cancel` must live until the call returns.
  SendOptions& cancel(const Cancel& cancel) noexcept {
    cancel_ = cancel.get();
    return *this;
  }
  SendOptions& timeout(std::chrono::milliseconds timeout) noexcept {
    timeout_ms_ = timeout.count();
    return *this;
  }
  SendOptions& max_attempts(std::uint32_t max_attempts) noexcept {
    max_attempts_ = max_attempts;
    return *this;
  }

  // Lives as long as these options.
  costmark_send_options raw() const noexcept {
    auto raw = detail::sized<costmark_send_options>();
    raw.user_data = const_cast<SendOptions*>(this);
    if (on_head_) {
      raw.on_head = [](void* data, const costmark_response* response) noexcept {
        return detail::answering(
            [&] { return static_cast<SendOptions*>(data)->on_head_(ResponseView(response)); });
      };
    }
    if (on_body_) {
      raw.on_body = [](void* data, const char* piece, std::size_t length) noexcept {
        return detail::answering(
            [&] { return static_cast<SendOptions*>(data)->on_body_({piece, length}); });
      };
    }
    raw.cancel = cancel_;
    raw.timeout_ms = timeout_ms_;
    raw.max_attempts = max_attempts_;
    return raw;
  }

 private:
  std::function<costmark_status(const ResponseView&)> on_head_;
  std::function<costmark_status(std::string_view)> on_body_;
  costmark_cancel* cancel_ = nullptr;
  std::int64_t timeout_ms_ = 0;
  std::uint32_t max_attempts_ = 0;
};

// --- Verification and usage ---------------------------------------------------------------------

// What to verify; see costmark_verify_request. All of it is optional.
struct VerifyRequest {
  std::string_view project, model, url;
  HeaderView headers;
  std::chrono::milliseconds timeout{0};
  costmark_api api = COSTMARK_API_OTHER;
  bool force = false;

  costmark_verify_request raw() const noexcept {
    auto raw = detail::sized<costmark_verify_request>();
    raw.project = detail::str(project);
    raw.model = detail::str(model);
    raw.url = detail::str(url);
    raw.headers = headers.data();
    raw.header_count = headers.size();
    raw.timeout_ms = timeout.count();
    raw.api = api;
    raw.force = force ? 1 : 0;
    return raw;
  }
};

// One exchange of a verification; its texts live as long as that.
struct Probe {
  std::string_view project, request, code, request_id, finding;
  int http_status;
};

class Verification : public detail::Handle<costmark_verification, costmark_verification_free> {
 public:
  using Handle::Handle;
  costmark_verdict verdict() const noexcept { return costmark_verification_verdict(get()); }
  std::string_view reason() const noexcept {
    return detail::text(costmark_verification_reason, get());
  }
  std::string_view endpoint() const noexcept {
    return detail::text(costmark_verification_endpoint, get());
  }
  std::string_view carrier() const noexcept {
    return detail::text(costmark_verification_carrier, get());
  }
  std::string_view project() const noexcept {
    return detail::text(costmark_verification_project, get());
  }
  std::string_view model() const noexcept {
    return detail::text(costmark_verification_model, get());
  }
  bool retryable() const noexcept { return costmark_verification_retryable(get()); }
  std::int64_t checked_unix_s() const noexcept {
    return costmark_verification_checked_unix_s(get());
  }
  std::size_t probe_count() const noexcept { return costmark_verification_probe_count(get()); }
  Result<Probe> probe(std::size_t index) const {
    using detail::view;
    auto raw = detail::sized<costmark_probe>();
    return detail::run<Probe>(
        [&](costmark_error** error) {
          return costmark_verification_probe(get(), index, &raw, error);
        },
        [&] {
          return Probe{view(raw.project),    view(raw.request), view(raw.code),
                       view(raw.request_id), view(raw.finding), raw.http_status};
        });
  }
};

// The counters of a client as they stood at one moment, by project.
class UsageReport : public detail::Handle<costmark_usage_report, costmark_usage_report_free> {
 public:
  using Handle::Handle;
  std::size_t size() const noexcept { return costmark_usage_report_count(get()); }
  std::string_view project(std::size_t index) const noexcept {
    return detail::text(costmark_usage_report_project, get(), index);
  }
  Result<UsageTotals> totals(std::size_t index) const {
    auto totals = detail::sized<UsageTotals>();
    return detail::run<UsageTotals>(
        [&](costmark_error** error) {
          return costmark_usage_report_totals(get(), index, &totals, error);
        },
        [&] { return totals; });
  }
};

// --- Client -------------------------------------------------------------------------------------

// Attributes, signs and accounts for requests to one endpoint; shared by its owners.
class Client : public detail::Handle<costmark_client, costmark_client_release> {
 public:
  using Handle::Handle;
  static Result<Client> make(const Config& config) {
    return detail::make<Client, costmark_client>(
        [&](costmark_client** out, costmark_error** error) {
          return costmark_client_new(config.get(), out, error);
        });
  }
#if COSTMARK_HPP_EXCEPTIONS
  explicit Client(const Config& config) : Client(make(config)) {}
#endif
  Client share() const noexcept { return Client(costmark_client_retain(get())); }

  Result<void> prepare(const Request& request, Prepared& prepared) const {
    const costmark_request raw = request.raw();
    return detail::run([&](costmark_error** error) {
      return costmark_client_prepare(get(), &raw, prepared.get(), error);
    });
  }
  Result<void> check(const Request& request, Prepared& scratch) const {
    const costmark_request raw = request.raw();
    return detail::run([&](costmark_error** error) {
      return costmark_client_check(get(), &raw, scratch.get(), error);
    });
  }
  // The response is filled also when the call fails because of its status.
  Result<void> send(const Request& request, Response& response,
                    const SendOptions& options = {}) const {
    const costmark_request raw = request.raw();
    const costmark_send_options raw_options = options.raw();
    return detail::run([&](costmark_error** error) {
      return costmark_client_send(get(), &raw, &raw_options, response.get(), error);
    });
  }
  Result<Verification> verify(const VerifyRequest& request = {}) const {
    const costmark_verify_request raw = request.raw();
    return detail::make<Verification, costmark_verification>(
        [&](costmark_verification** out, costmark_error** error) {
          return costmark_client_verify(get(), &raw, out, error);
        });
  }
  bool may_verify(std::string_view url) const noexcept {
    return costmark_client_may_verify(get(), url.data(), url.size());
  }
  Result<UsageReport> usage() const {
    return detail::make<UsageReport, costmark_usage_report>(
        [&](costmark_usage_report** out, costmark_error** error) {
          return costmark_client_usage(get(), out, error);
        });
  }
};

// --- Observation --------------------------------------------------------------------------------

// The head of an answer; see costmark_answer_head.
struct AnswerHead {
  int http_status = 0;
  std::string_view content_type, date, error_type;

  costmark_answer_head raw() const noexcept {
    auto raw = detail::sized<costmark_answer_head>();
    raw.http_status = http_status;
    raw.content_type = detail::str(content_type);
    raw.date = detail::str(date);
    raw.error_type = detail::str(error_type);
    return raw;
  }
};

namespace detail {

// A destructor throws nothing, whatever a usage lambda does.
inline void end_observation(costmark_observation* raw) noexcept {
  [[maybe_unused]] const Frame frame;
  costmark_observation_free(raw);
}

}  // namespace detail

// Reads one answer and counts it with its client.
class Observation : public detail::Handle<costmark_observation, detail::end_observation> {
 public:
  using Handle::Handle;
  static Result<Observation> make(const Client& client, const Prepared& prepared,
                                  std::uint32_t attempt = 1) {
    return detail::make<Observation, costmark_observation>(
        [&](costmark_observation** out, costmark_error** error) {
          return costmark_observation_new(client.get(), prepared.get(), attempt, out, error);
        });
  }
#if COSTMARK_HPP_EXCEPTIONS
  Observation(const Client& client, const Prepared& prepared, std::uint32_t attempt = 1)
      : Observation(make(client, prepared, attempt)) {}
#endif

  Result<void> head(const AnswerHead& head) {
    const costmark_answer_head raw = head.raw();
    return detail::run(
        [&](costmark_error** error) { return costmark_observation_head(get(), &raw, error); });
  }
  // Returns what to pass on to the reader of the answer; after a failure that is `piece`.
  Result<std::string_view> feed(std::string_view piece) {
    return passing_on([&](const char** data, std::size_t* length, costmark_error** error) {
      return costmark_observation_feed(get(), piece.data(), piece.size(), data, length, error);
    });
  }
  Result<std::string_view> finish() {
    return passing_on([&](const char** data, std::size_t* length, costmark_error** error) {
      return costmark_observation_finish(get(), data, length, error);
    });
  }
  Result<std::string_view> fail(costmark_outcome outcome) {
    return passing_on([&](const char** data, std::size_t* length, costmark_error** error) {
      return costmark_observation_fail(get(), outcome, data, length, error);
    });
  }
  Result<Usage> usage() const {
    auto usage = detail::sized<Usage>();
    return detail::run<Usage>(
        [&](costmark_error** error) { return costmark_observation_usage(get(), &usage, error); },
        [&] { return usage; });
  }
  bool retry_advised() const noexcept { return costmark_observation_retry_advised(get()); }
  costmark_outcome outcome() const noexcept { return costmark_observation_outcome(get()); }
  std::string_view response_id() const noexcept {
    return detail::text(costmark_observation_response_id, get());
  }
  std::string_view model() const noexcept {
    return detail::text(costmark_observation_model, get());
  }
  std::string_view service_tier() const noexcept {
    return detail::text(costmark_observation_service_tier, get());
  }

 private:
  template <class Call>
  static Result<std::string_view> passing_on(const Call& call) {
    const char* data = nullptr;
    std::size_t length = 0;
    return detail::run<std::string_view>(
        [&](costmark_error** error) { return call(&data, &length, error); },
        [&] { return std::string_view(data, length); });
  }
};

// --- Credentials alone --------------------------------------------------------------------------

// One set of credentials as it was at one moment.
class CredentialsSet
    : public detail::Handle<costmark_credentials_set, costmark_credentials_set_free> {
 public:
  using Handle::Handle;
  // Its texts live as long as the set.
  Result<Credentials> view() const {
    auto raw = detail::sized<costmark_credentials>();
    return detail::run<Credentials>(
        [&](costmark_error** error) { return costmark_credentials_set_view(get(), &raw, error); },
        [&] {
          return Credentials{detail::view(raw.access_key_id), detail::view(raw.secret_access_key),
                             detail::view(raw.session_token), detail::view(raw.account_id),
                             raw.expires_unix_s};
        });
  }
  std::string_view source() const noexcept {
    return detail::text(costmark_credentials_set_source, get());
  }
};

// The credentials that a client of the same configuration would sign with; shared by its owners.
class CredentialsProvider
    : public detail::Handle<costmark_credentials_provider, costmark_credentials_provider_release> {
 public:
  using Handle::Handle;
  static Result<CredentialsProvider> make(const Config& config) {
    return detail::make<CredentialsProvider, costmark_credentials_provider>(
        [&](costmark_credentials_provider** out, costmark_error** error) {
          return costmark_credentials_provider_new(config.get(), out, error);
        });
  }
#if COSTMARK_HPP_EXCEPTIONS
  explicit CredentialsProvider(const Config& config) : CredentialsProvider(make(config)) {}
#endif
  CredentialsProvider share() const noexcept {
    return CredentialsProvider(costmark_credentials_provider_retain(get()));
  }

  Result<CredentialsSet> fetch() const {
    return detail::make<CredentialsSet, costmark_credentials_set>(
        [&](costmark_credentials_set** out, costmark_error** error) {
          return costmark_credentials_provider_get(get(), out, error);
        });
  }
  bool refused(const CredentialsSet& set) const noexcept {
    return costmark_credentials_provider_refused(get(), set.get());
  }
};

// How the default chain came to its answer.
class CredentialsReport
    : public detail::Handle<costmark_credentials_report, costmark_credentials_report_free> {
 public:
  using Handle::Handle;
  static Result<CredentialsReport> make(const Config& config) {
    return detail::make<CredentialsReport, costmark_credentials_report>(
        [&](costmark_credentials_report** out, costmark_error** error) {
          return costmark_credentials_report_new(config.get(), out, error);
        });
  }
#if COSTMARK_HPP_EXCEPTIONS
  explicit CredentialsReport(const Config& config) : CredentialsReport(make(config)) {}
#endif

  std::size_t size() const noexcept { return costmark_credentials_report_count(get()); }
  std::string_view source(std::size_t index) const noexcept {
    return detail::text(costmark_credentials_report_source, get(), index);
  }
  std::string_view failure(std::size_t index) const noexcept {
    return detail::text(costmark_credentials_report_failure, get(), index);
  }
  bool found() const noexcept { return costmark_credentials_report_found(get()); }
  std::string_view region() const noexcept {
    return detail::text(costmark_credentials_report_region, get());
  }
  std::string_view region_origin() const noexcept {
    return detail::text(costmark_credentials_report_region_origin, get());
  }
};

// --- Bearer tokens alone ------------------------------------------------------------------------

class BearerToken : public detail::Handle<costmark_bearer_token, costmark_bearer_token_free> {
 public:
  using Handle::Handle;
  // time_unix_s: 0 is now.
  static Result<BearerToken> make(const Credentials& credentials, std::string_view region,
                                  std::chrono::seconds expires_in, std::int64_t time_unix_s = 0) {
    const costmark_credentials raw = credentials.raw();
    return detail::make<BearerToken, costmark_bearer_token>(
        [&](costmark_bearer_token** out, costmark_error** error) {
          return costmark_bearer_token_new(&raw, region.data(), region.size(), expires_in.count(),
                                           time_unix_s, out, error);
        });
  }
#if COSTMARK_HPP_EXCEPTIONS
  BearerToken(const Credentials& credentials, std::string_view region,
              std::chrono::seconds expires_in, std::int64_t time_unix_s = 0)
      : BearerToken(make(credentials, region, expires_in, time_unix_s)) {}
#endif

  std::string_view text() const noexcept { return detail::text(costmark_bearer_token_text, get()); }
  std::int64_t expires_unix_s() const noexcept {
    return costmark_bearer_token_expires_unix_s(get());
  }
};

// Keeps the newest token; shared by its owners.
class BearerTokenProvider : public detail::Handle<costmark_bearer_token_provider,
                                                  costmark_bearer_token_provider_release> {
 public:
  using Handle::Handle;
  // expires_in: 0 is the longest life, twelve hours.
  static Result<BearerTokenProvider> make(const Config& config,
                                          std::chrono::seconds expires_in = {}) {
    return detail::make<BearerTokenProvider, costmark_bearer_token_provider>(
        [&](costmark_bearer_token_provider** out, costmark_error** error) {
          return costmark_bearer_token_provider_new(config.get(), expires_in.count(), out, error);
        });
  }
#if COSTMARK_HPP_EXCEPTIONS
  explicit BearerTokenProvider(const Config& config, std::chrono::seconds expires_in = {})
      : BearerTokenProvider(make(config, expires_in)) {}
#endif
  BearerTokenProvider share() const noexcept {
    return BearerTokenProvider(costmark_bearer_token_provider_retain(get()));
  }

  Result<BearerToken> fetch() const {
    return detail::make<BearerToken, costmark_bearer_token>(
        [&](costmark_bearer_token** out, costmark_error** error) {
          return costmark_bearer_token_provider_get(get(), out, error);
        });
  }
  bool refused(std::string_view token) const noexcept {
    return costmark_bearer_token_provider_refused(get(), token.data(), token.size());
  }
};

// --- Signing alone ------------------------------------------------------------------------------

// A request to sign; see costmark_sign_request. time_unix_s: 0 is now.
struct SignRequest {
  std::string_view method = "POST";
  std::string_view url, region, service;
  Credentials credentials;
  HeaderView headers;
  std::string_view body;
  std::int64_t time_unix_s = 0;
};

// What signing produced. Use one again and again: it keeps its memory.
class Signature : public detail::Handle<costmark_signature, costmark_signature_free> {
 public:
  using Handle::Handle;
  static Result<Signature> make() {
    return detail::make<Signature, costmark_signature>(costmark_signature_new);
  }
#if COSTMARK_HPP_EXCEPTIONS
  Signature() : Signature(make()) {}
#else
  Signature() = delete;
#endif

  Result<void> sign(const SignRequest& request) {
    return with_raw(request, [&](const costmark_sign_request& raw, costmark_error** error) {
      return costmark_sign(&raw, get(), error);
    });
  }
  Result<void> presign(const SignRequest& request, std::chrono::seconds expires_in) {
    return with_raw(request, [&](const costmark_sign_request& raw, costmark_error** error) {
      return costmark_presign(&raw, expires_in.count(), get(), error);
    });
  }
  std::string_view url() const noexcept { return detail::text(costmark_signature_url, get()); }
  HeaderView headers() const noexcept {
    std::size_t count = 0;
    const costmark_header* headers = costmark_signature_headers(get(), &count);
    return {headers, count};
  }
  std::string_view canonical_request() const noexcept {
    return detail::text(costmark_signature_canonical_request, get());
  }

 private:
  template <class Call>
  static Result<void> with_raw(const SignRequest& request, const Call& call) {
    const costmark_credentials credentials = request.credentials.raw();
    auto raw = detail::sized<costmark_sign_request>();
    raw.method = detail::str(request.method);
    raw.url = detail::str(request.url);
    raw.region = detail::str(request.region);
    raw.service = detail::str(request.service);
    raw.credentials = &credentials;
    raw.headers = request.headers.data();
    raw.header_count = request.headers.size();
    raw.body = detail::str(request.body);
    raw.time_unix_s = request.time_unix_s;
    return detail::run([&](costmark_error** error) { return call(raw, error); });
  }
};

// --- JSON rewriting alone -----------------------------------------------------------------------

namespace detail {

template <class Call>
Result<std::string> edited(std::size_t bound, const Call& call) {
  std::string text;
  if (bound > text.max_size()) return failed<std::string>(COSTMARK_OUT_OF_MEMORY);
  text.resize(bound);
  std::size_t length = 0;
  return run<std::string>(
      [&](costmark_error** error) { return call(text.data(), text.size(), &length, error); },
      [&] {
        text.resize(length);
        return std::move(text);
      });
}

}  // namespace detail

// Gives a member of the object `json` a value; see costmark_json_set().
inline Result<std::string> json_set(std::string_view json, std::string_view path,
                                    std::string_view value, std::uint32_t flags = 0) {
  return detail::edited(
      costmark_json_set_bound(json.size(), path.size(), value.size()),
      [&](char* buffer, std::size_t capacity, std::size_t* length, costmark_error** error) {
        return costmark_json_set(json.data(), json.size(), path.data(), path.size(), value.data(),
                                 value.size(), flags, buffer, capacity, length, error);
      });
}

// Removes a member of the object `json`; see costmark_json_remove().
inline Result<std::string> json_remove(std::string_view json, std::string_view path,
                                       std::uint32_t flags = 0) {
  return detail::edited(json.size(), [&](char* buffer, std::size_t capacity, std::size_t* length,
                                         costmark_error** error) {
    return costmark_json_remove(json.data(), json.size(), path.data(), path.size(), flags, buffer,
                                capacity, length, error);
  });
}

}  // inline namespace
}  // namespace costmark::c

#endif  // COSTMARK_COSTMARK_HPP
