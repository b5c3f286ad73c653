// Runs the calls of one case one way, and prints what came of them.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/conformance/cases.hpp"
#include "core/conformance/lines.hpp"
#include "costmark/client.hpp"

namespace costmark::conformance {

class Run {
 public:
  // `way` is "operation" or "send".
  Run(const Case& of_case, std::string_view way, std::string_view origin);

  void all();

 private:
  class Exchanging;

  Status make_client();
  ClientConfig config();
  void call(std::size_t index);
  void calls_beside(std::size_t index);

  void operate(std::size_t index);
  Status begin(std::size_t index);
  Status prepare(std::size_t index, std::uint32_t attempt);
  void send(std::size_t index);

  void print_attempt(std::size_t index, const Operation& operation, const Exchanging& exchanging);
  void print_result(std::size_t index, int status, std::string_view passed);
  void print_error(std::size_t index, std::string_view at, const Status& status);
  void print_row(const AttemptReport& report);
  void print_end();
  JsonObject line(std::string_view kind) const;

  // The request of an attempt, as the host makes it; its views live until the next one is made.
  void make_request(std::size_t index, std::uint32_t attempt);
  Request request_of(std::size_t index) const;

  const Case& case_;
  const std::string way_;
  const std::string origin_;
  std::shared_ptr<Client> client_;
  std::vector<std::optional<Operation>> operations_;

  struct Made {
    std::string url;
    std::string body;
    std::vector<Header> headers;
    std::string counter;
  };
  std::vector<Made> made_;

  std::size_t keys_given_ = 0;
  std::size_t tokens_given_ = 0;
  std::vector<std::string> tokens_refused_;
};

}  // namespace costmark::conformance
