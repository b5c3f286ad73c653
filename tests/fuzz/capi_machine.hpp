// What the sequences of capi_sequence.cpp are run by: handles of every type, one at a time, and
// what a sequence's characters stand for.
#pragma once

#include <array>
#include <climits>
#include <cstdint>
#include <string>
#include <string_view>

#include "costmark/testing.h"
#include "fuzz/property.hpp"

namespace costmark::fuzz {

class Machine {
 public:
  explicit Machine(std::string_view calls) : calls_(calls) {}

  void run();

 private:
  using Result = costmark_status;

  // --- What the characters stand for (capi_machine.cpp)
  unsigned next();
  costmark_str text();
  const costmark_request& request();
  const costmark_request& request_to_loopback();
  // Shorter than the shortest pause before another attempt, but for those that the server asks for.
  std::int64_t short_time() { return 1 + next() % 40; }

  // A handle: this one, none, or one of another type.
  template <class Handle>
  Handle* pick(Handle* handle) {
    const unsigned which = next();
    if (which == 0xFF) return nullptr;
    if (which == 0xFE && config_ != nullptr) return reinterpret_cast<Handle*>(config_);
    if (which == 0xFD && signature_ != nullptr) return reinterpret_cast<Handle*>(signature_);
    return handle;
  }

  // Every failing call says why, and a call that does not fail stores nothing.
  void check(Result status);

  // --- What callbacks do (capi_callbacks.cpp)
  static Machine& machine(void* user_data) { return *static_cast<Machine*>(user_data); }
  static void end_callback(void* user_data) { ++machine(user_data).freed_; }
  static costmark_status give_credentials(void* user_data, costmark_credentials_sink* sink);
  static costmark_status give_token(void* user_data, costmark_bearer_token_sink* sink);
  static void take_refused(void* user_data, const char* token, std::size_t size);
  static void log(void* user_data, costmark_log_level level, const char* message, std::size_t size);
  static void take_answer(void* user_data, const costmark_answer* answer);
  static std::int64_t tell_time(void* user_data);
  static costmark_status take_head(void* user_data, const costmark_response* response);
  static costmark_status take_body(void* user_data, const char* data, std::size_t size);
  costmark_status callback(bool of_client);
  void call_from_inside(bool of_client);

  // --- Clients and operations (capi_sequence.cpp)
  void configure();
  void make_client();
  void begin();
  void prepare();
  void look_at_prepared(const costmark_prepared& prepared);
  void answer();
  void look_at_answer(const costmark_operation* operation);
  void send();
  void look_at_response(Result status, const costmark_operation* operation);
  void report();
  void look_at_projects(const costmark_label& tag);
  void verify();

  // --- What needs no client (capi_alone.cpp)
  void sign(bool into_query);
  void edit();
  void cache_credentials();
  void explain_credentials();
  void make_token();
  static void look_at_token(costmark_bearer_token* token);
  void cache_tokens();
  void look_up();

  void step();
  void free_one(unsigned which);
  void end();

  template <class Handle>
  static void end(void (*free)(Handle*), Handle*& handle) {
    free(handle);
    handle = nullptr;
  }

  // A request as a program has it whose header is older or newer than the library.
  struct RequestOfAnotherVersion {
    costmark_request known;
    std::array<char, 256> later;
  };

  static constexpr unsigned kinds = 8;

  std::string_view calls_;
  RequestOfAnotherVersion request_{};
  costmark_header header_{};
  costmark_error* error_ = nullptr;
  costmark_config* config_ = nullptr;
  costmark_client* client_ = nullptr;
  costmark_operation* operation_ = nullptr;
  costmark_signature* signature_ = nullptr;
  costmark_cancel* cancel_ = nullptr;
  costmark_credentials_cache* credentials_ = nullptr;
  costmark_bearer_token_cache* tokens_ = nullptr;
  const costmark_client* calling_ = nullptr;  // whose call is under way
  costmark_operation* used_ = nullptr;        // that the call works on
  int heads_ = 0;                             // of this send
  int pieces_ = 0;
  int given_ = 0;  // callbacks, and how many of them were ended
  int freed_ = 0;
};

// A text of the library: a NUL follows it.
inline bool is_text(const costmark_str& text) {
  return text.data == nullptr ? text.len == 0 : text.data[text.len] == '\0';
}

}  // namespace costmark::fuzz
