#include <algorithm>
#include <array>

#include "costmark/prices.hpp"

namespace costmark {
namespace {

// The prefixes of system-defined inference profiles that stand for a group of Regions (AWS, Amazon
// Bedrock User Guide, "Supported Regions and models for inference profiles").
constexpr std::array<std::string_view, 9> groups{"us", "us-gov", "eu", "apac", "jp",
                                                 "au", "ca",     "in", "sa"};

}  // namespace

ServedModel served_model(std::string_view id) noexcept {
  const std::size_t dot = id.find('.');
  const std::string_view first = id.substr(0, dot);
  if (dot == std::string_view::npos) return {id, "in-region"};
  if (first == "global") return {id.substr(dot + 1), "global"};
  if (std::find(groups.begin(), groups.end(), first) != groups.end()) {
    return {id.substr(dot + 1), "geo"};
  }
  return {id, "in-region"};
}

}  // namespace costmark
