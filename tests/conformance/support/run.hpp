// Runs the calls of one case one way, and prints what came of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "conformance/support/lines.hpp"
#include "conformance/support/subject.hpp"

namespace conformance {

// The counts of a row, as they are printed.
std::string usage_of(const Row& row);

class Run : private Callbacks {
 public:
  // `way` is "operation" or "send".
  Run(const Case& of_case, std::string_view way, std::string_view origin);

  void all(MakeClient make_client);

 private:
  class Exchanging;

  const KeysOrError& next_keys() override;
  const TokenOrError& next_token() override;
  void take_refused(std::string_view token) override;
  void take_row(const Row& row) override;

  ClientOf client_of_case() const;
  void call(std::size_t index);
  void calls_beside(std::size_t index);

  void operate(std::size_t index);
  bool attempt(std::size_t index, std::uint32_t number);
  Failed begin(std::size_t index);
  Failed prepare(std::size_t index, std::uint32_t number);
  void send(std::size_t index);

  void print_attempt(std::size_t index, const Exchanging& exchanging, const Next& next);
  void print_result(std::size_t index, int status, std::string_view passed);
  void print_error(std::size_t index, std::string_view at, const Failure& failure);
  void print_end();
  JsonObject line(std::string_view kind) const;

  // The request of an attempt, as the host makes it; its views live until the next one is made.
  void make_request(std::size_t index, std::uint32_t number);
  Request request_of(std::size_t index) const;

  // A call, and what the host has made of it.
  struct Made {
    std::string url;
    std::string body;
    std::vector<Header> headers;
    std::string counter;
    int status = 0;      // of its last answer
    std::string passed;  // of it
  };

  const Case& case_;
  const std::string way_;
  const std::string origin_;
  std::unique_ptr<Client> client_;
  std::vector<std::unique_ptr<Operation>> operations_;
  std::vector<Made> made_;

  std::size_t keys_given_ = 0;
  std::size_t tokens_given_ = 0;
  std::vector<std::string> tokens_refused_;
};

}  // namespace conformance
