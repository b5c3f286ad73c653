#include "costmark/options.hpp"

#include "numbers.hpp"
#include "views.hpp"

using namespace costmark::capi;

size_t costmark_option_count() noexcept {
  return costmark::option_table().size();
}

void costmark_option_read(size_t index, costmark_option* out_option) noexcept {
  const auto table = costmark::option_table();
  if (index >= table.size()) return show_nothing(out_option);
  const costmark::OptionInfo& option = table[index];
  costmark_option out = COSTMARK_OPTION_INIT;
  out.name = view(option.name);
  out.default_value = view_or_absent(option.default_value);
  out.choices = view_or_absent(option.choices);
  out.description = view(option.description);
  out.minimum = option.minimum;
  out.maximum = option.maximum;
  out.type = number_of(option.type);
  show(out, out_option);
}
