#include "conformance/support/cuts.hpp"

#include <cstdlib>
#include <exception>
#include <iostream>
#include <stdexcept>
#include <utility>

#include "conformance/support/lines.hpp"
#include "conformance/support/run.hpp"

namespace conformance {
namespace {

// Keeps what was reported of one call.
class Reported : public Callbacks {
 public:
  const KeysOrError& next_keys() override { throw std::logic_error("there is no such callback"); }
  const TokenOrError& next_token() override { throw std::logic_error("there is no such callback"); }
  void take_refused(std::string_view /*token*/) override {}
  void take_row(const Row& row) override {
    rows_ += (rows_.empty() ? "" : ",") + JsonObject()
                                              .text("outcome", row.outcome)
                                              .raw("usage", usage_of(row))
                                              .raw("flags", list_of(row.flags))
                                              .str();
  }
  std::string take() { return "[" + std::exchange(rows_, {}) + "]"; }

 private:
  std::string rows_;
};

void must_not_fail(const Failed& failed, std::string_view what) {
  if (failed) throw std::runtime_error(std::string(what) + " failed: " + failed->code);
}

class Cutting {
 public:
  Cutting(const CutAnswer& answer, MakeClient make_client) : answer_(answer) {
    MadeClient made = make_client({answer.options, {}, {}, {}, {}}, reported_);
    if (!made.client) throw std::runtime_error("there is no client: " + made.failure.code);
    client_ = std::move(made.client);
    for (const auto& [name, value] : answer.headers) headers_.push_back({name, value});
    for (const auto& [name, value] : answer.answer_headers) fields_.push_back({name, value});
  }

  // Prints one line about all places in a row of which the same came.
  void all() {
    std::size_t first = 0;
    std::string before = read(0);
    for (std::size_t cut = 1; cut <= answer_.answer.size(); ++cut) {
      std::string now = read(cut);
      if (now == before) continue;
      print(first, cut - 1, before);
      first = cut;
      before = std::move(now);
    }
    print(first, answer_.answer.size(), before);
  }

 private:
  // What came of one call, as members of JSON.
  std::string read(std::size_t cut) {
    const std::string url = answer_.url + "." + std::to_string(cut) + answer_.path;
    Request request;
    request.method = "POST";
    request.url = url;
    request.headers = headers_;
    request.body = answer_.body;
    const auto operation = client_->operation();
    const std::string passed =
        answer_.way == "send" ? send(*operation, request) : operate(*operation, request, cut);
    return JsonObject().text("passed", base64(passed)).raw("rows", reported_.take()).str();
  }

  std::string operate(Operation& operation, const Request& request, std::size_t cut) const {
    must_not_fail(operation.begin(request), "begin");
    must_not_fail(operation.prepare(), "prepare");
    operation.sent();
    operation.head(200, fields_, false);
    const std::string_view answer = answer_.answer;
    std::string passed(operation.feed(answer.substr(0, cut)));
    passed += operation.feed(answer.substr(cut));
    passed += operation.end(ExchangeEnd::complete);
    return passed;
  }

  static std::string send(Operation& operation, const Request& request) {
    std::string passed;
    Sending sending;
    sending.on_body = [&passed](std::string_view piece) {
      passed += piece;
      return true;
    };
    const Sent sent = operation.send(request, sending);
    must_not_fail(sent.failure, "send");
    return passed.empty() ? sent.body : passed;
  }

  void print(std::size_t first, std::size_t last, std::string_view came) const {
    std::string line = JsonObject()
                           .text("name", answer_.name)
                           .text("way", answer_.way)
                           .number("from", first)
                           .number("to", last)
                           .str();
    line.back() = ',';
    std::cout << line << came.substr(1) << '\n';
  }

  const CutAnswer& answer_;
  Reported reported_;
  std::unique_ptr<Client> client_;
  std::vector<Header> headers_;
  std::vector<Header> fields_;
};

}  // namespace

int read_cut_answers(MakeClient make_client) {
  try {
    for (std::string line; std::getline(std::cin, line);) {
      const CutAnswer answer = read_cut_answer(line);
      Cutting(answer, make_client).all();
    }
    return EXIT_SUCCESS;
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return EXIT_FAILURE;
  }
}

}  // namespace conformance
