#include "costmark/labels.hpp"

#include <string>

#include "base/text.hpp"

namespace costmark {
namespace {

Status refused(std::string what) {
  return {Code::invalid_argument, std::move(what)};
}

// C0, DEL and, as UTF-8 spells them, C1: what a terminal may take for commands.
bool has_control_characters(std::string_view text) noexcept {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte < 0x20 || byte == 0x7F) return true;
    if (byte != 0xC2 || i + 1 == text.size()) continue;
    if (static_cast<unsigned char>(text[i + 1]) < 0xA0) return true;
  }
  return false;
}

// What is wrong with a text; null: nothing.
const char* fault_of(std::string_view text) noexcept {
  if (!text::is_utf8(text)) return " is not UTF-8";
  if (has_control_characters(text)) return " has control characters";
  return nullptr;
}

Status check_name(std::string_view name, std::size_t place) {
  const auto whose = [&] { return "the name of label " + std::to_string(place + 1); };
  if (name.empty()) return refused(whose() + " is empty");
  if (name.size() > longest_label_name) {
    return refused(whose() + " has " + std::to_string(name.size()) + " bytes; it may have " +
                   std::to_string(longest_label_name));
  }
  if (const char* fault = fault_of(name)) return refused(whose() + fault);
  return {};
}

Status check_label(std::span<const NameValue> labels, std::size_t place) {
  const auto& [name, value] = labels[place];
  if (Status status = check_name(name, place); !status) return status;
  for (const NameValue& before : labels.first(place)) {
    if (before.name == name) return refused("label " + text::quoted(name) + " is given twice");
  }
  if (const char* fault = fault_of(value)) {
    return refused("the value of label " + text::quoted(name) + fault);
  }
  return {};
}

}  // namespace

Status check_labels(std::span<const NameValue> labels) {
  if (labels.size() > most_labels) {
    return refused(std::to_string(labels.size()) + " labels are given; a call may have " +
                   std::to_string(most_labels));
  }
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (Status status = check_label(labels, i); !status) return status;
  }
  return check_size_of_labels(labels);
}

Status check_size_of_labels(std::span<const NameValue> labels) {
  std::size_t bytes = 0;
  for (const NameValue& label : labels) bytes += label.name.size() + label.value.size();
  if (bytes <= longest_labels) return {};
  return refused("the labels have " + std::to_string(bytes) +
                 " bytes, names and values together; they may have " +
                 std::to_string(longest_labels));
}

void NameValues::assign(std::span<const NameValue> pairs) {
  std::size_t bytes = 0;
  for (const NameValue& pair : pairs) bytes += pair.name.size() + pair.value.size() + 2;
  clear();
  pairs_.reserve(pairs.size());
  text_.reserve(bytes);
  const auto keep = [&](std::string_view text) {
    const std::size_t at = text_.size();
    text_.insert(text_.end(), text.begin(), text.end());
    text_.push_back('\0');  // as texts that C is shown have it
    return std::string_view(text_.data() + at, text.size());
  };
  for (const NameValue& pair : pairs) {
    const std::string_view name = keep(pair.name);
    pairs_.push_back({name, keep(pair.value)});
  }
}

}  // namespace costmark
