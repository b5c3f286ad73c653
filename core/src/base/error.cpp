#include "costmark/error.hpp"

namespace costmark {

std::string_view to_string(Code code) noexcept {
  switch (code) {
    case Code::ok:
      return "ok";
    case Code::invalid_argument:
      return "invalid_argument";
    case Code::invalid_json:
      return "invalid_json";
    case Code::invalid_url:
      return "invalid_url";
    case Code::body_needed:
      return "body_needed";
    case Code::invalid_option:
      return "invalid_option";
    case Code::endpoint_mismatch:
      return "endpoint_mismatch";
    case Code::unsupported:
      return "unsupported";
    case Code::invalid_project:
      return "invalid_project";
    case Code::unattributed:
      return "unattributed";
    case Code::conflict:
      return "conflict";
    case Code::project_not_allowed:
      return "project_not_allowed";
    case Code::budget_exceeded:
      return "budget_exceeded";
    case Code::no_credentials:
      return "no_credentials";
    case Code::expired_credentials:
      return "expired_credentials";
    case Code::unusable_credentials:
      return "unusable_credentials";
    case Code::transport:
      return "transport";
    case Code::timeout:
      return "timeout";
    case Code::throttled:
      return "throttled";
    case Code::service:
      return "service";
    case Code::out_of_memory:
      return "out_of_memory";
    case Code::internal:
      return "internal";
    case Code::stopped_by_callback:
      return "stopped_by_callback";
    case Code::cancelled:
      return "cancelled";
    case Code::would_block:
      return "would_block";
  }
  return "unknown";
}

}  // namespace costmark
