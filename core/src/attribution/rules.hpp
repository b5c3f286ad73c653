#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "attribution/project_names.hpp"
#include "costmark/api.hpp"
#include "costmark/error.hpp"

namespace costmark::attribution {

// What a rule may look at.
struct RuleInput {
  std::string_view model;
  Api api = Api::other;
  std::string_view path;
};

// An ordered list of rules; the first one that matches names the project.
//
//   proj_vision: model=*vision*; proj_nightly: api=responses path=/openai/v1/*
//
// Rules are separated by ';'. All conditions of a rule must hold: `model` and `path` are globs,
// `api` is one of chat_completions, responses, messages, embeddings, converse, invoke_model, other.
class Rules {
 public:
  // Projects are named as `names` has them at `place`. Errors: invalid_option with the byte offset
  // in `text`.
  static Result<Rules> parse(std::string_view text, const ProjectNames& names = {},
                             const ProjectPlace& place = {});

  // Empty when no rule matches. The view lives as long as the rules.
  std::string_view match(const RuleInput& input) const noexcept;

  bool empty() const noexcept { return rules_.empty(); }

  // In their order. The views live as long as the rules.
  std::vector<std::string_view> projects() const;

 private:
  struct Rule {
    std::string project;
    std::optional<std::string> model;
    std::optional<std::string> path;
    std::optional<Api> api;
  };
  static Status parse_rule(std::string_view text, std::size_t offset, Rule& out);
  static Status add_condition(std::string_view text, std::size_t offset, Rule& out);

  std::vector<Rule> rules_;
};

}  // namespace costmark::attribution
