#include "conformance/support/runner.hpp"

#include <cstdlib>
#include <exception>
#include <iostream>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "conformance/support/bypass.hpp"
#include "conformance/support/cuts.hpp"
#include "conformance/support/run.hpp"

namespace conformance {
namespace {

class Ignored : public AnswerTaker {
 public:
  bool take_head(int status, std::span<const Header> /*fields*/) override {
    status_ = status;
    return true;
  }
  bool take_piece(std::string_view /*piece*/) override { return true; }
  int status() const noexcept { return status_; }

 private:
  int status_ = 0;
};

void begin_at_server(const std::string& origin, const std::string& run) {
  Ignored answer;
  exchange({"POST", origin + "/_begin/" + run, {}, ""}, answer);
  if (answer.status() != 200) throw std::runtime_error("the server does not know " + run);
}

void run_cases(std::map<std::string, std::string> arguments, MakeClient make_client) {
  const std::string origin = arguments["--server"];
  const std::string only = arguments["--case"];
  for (const Case& each : read_cases(arguments["--cases"])) {
    if (!only.empty() && each.name != only) continue;
    for (const std::string& way : each.ways) {
      if (way != "operation" && way != "send") continue;
      begin_at_server(origin, each.name + "." + way);
      Run(each, way, origin).all(make_client);
    }
  }
}

}  // namespace

int run_all(int count, char** values, MakeClient make_client) {
  if (count == 2 && std::string_view(values[1]) == "--bypass") return make_attempts(make_client);
  if (count == 2 && std::string_view(values[1]) == "--cuts") return read_cut_answers(make_client);
  std::map<std::string, std::string> arguments;
  for (int i = 1; i + 1 < count; i += 2) arguments[values[i]] = values[i + 1];
  if (!arguments.contains("--cases") || !arguments.contains("--server")) {
    std::cerr << "usage: " << values[0]
              << " --cases FILE --server ORIGIN [--case NAME] | --bypass | --cuts\n";
    return EXIT_FAILURE;
  }
  try {
    run_cases(std::move(arguments), make_client);
    return EXIT_SUCCESS;
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return EXIT_FAILURE;
  }
}

}  // namespace conformance
