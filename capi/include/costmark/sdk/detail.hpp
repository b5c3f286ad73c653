// costmark.hpp: what the classes stand on. Not part of what programs use.
#ifndef COSTMARK_SDK_DETAIL_HPP
#define COSTMARK_SDK_DETAIL_HPP

#include <costmark/sdk/error.hpp>

#include <functional>
#include <iterator>
#include <memory>
#include <type_traits>

namespace costmark::sdk {
inline namespace COSTMARK_HPP_KIND {

namespace detail {

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

class [[maybe_unused]] Frame {};

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

// Runs a call that reads an answer. Whatever it returns goes to `out_status`, if there is one.
template <class Call>
void reading(costmark_status* out_status, const Call& call) {
  Frame frame;
  const costmark_status status = call();
  if (out_status != nullptr) *out_status = status;
#if COSTMARK_HPP_EXCEPTIONS
  frame.rethrow(COSTMARK_OK);
#endif
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
  struct Delete {
    void operator()(Raw* raw) const noexcept { end(raw); }
  };
  std::unique_ptr<Raw, Delete> raw_;
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

// How a callback is found in what is kept with it.
struct Itself {
  template <class Kept>
  Kept& operator()(Kept& kept) const noexcept {
    return kept;
  }
};
struct First {
  template <class Kept>
  auto& operator()(Kept& kept) const noexcept {
    return kept.first;
  }
};

}  // namespace detail

}  // namespace COSTMARK_HPP_KIND
}  // namespace costmark::sdk

#endif  // COSTMARK_SDK_DETAIL_HPP
