// The price book.
#include "costmark/prices.hpp"

#include <array>
#include <string>
#include <utility>

#include "bindings.hpp"
#include "costmark/client.hpp"

namespace costmark::python {
namespace {

using Count = std::optional<std::uint64_t>;

py::object pico_usd(std::int64_t pico) {
  if (pico == PriceLine::not_known) return py::none();
  return py::int_(pico);
}

py::dict as_dict(const PriceLine& line) {
  py::dict row;
  row["model"] = as_text(line.model);
  row["region"] = as_text(line.region);
  row["serving"] = as_text(line.serving);
  row["tier"] = as_text(line.tier);
  row["kind"] = as_text(line.kind);
  row["time_to_live"] = as_text(line.time_to_live);
  row["over"] = line.over;
  row["unit"] = as_text(line.unit);
  row["first_day"] = as_text(line.from);
  row["end_day"] = as_text(line.to);
  row["pico_usd"] = pico_usd(line.pico_usd);
  row["as_of"] = as_text(line.as_of);
  row["source"] = as_text(line.source);
  row["line"] = line.line;
  return row;
}

py::list lines(const PriceBook& book) {
  py::list rows;
  for (const PriceLine& line : book.lines()) rows.append(as_dict(line));
  return rows;
}

// Meters that the core knows go into `usage`, the others into `others`; their names live as long
// as `given`.
void read_meters(const py::dict& given, Usage& usage, std::vector<NamedCount>& others) {
  for (const auto& [name, count] : given) {
    const std::string_view text = text_view(name, "a meter");
    const auto value = count.cast<std::uint64_t>();
    bool known = false;
    for (const Meter meter : all_meters) {
      if (to_string(meter) != text) continue;
      usage.meters.set(meter, value);
      known = true;
    }
    if (!known) others.push_back({text, value});
  }
}

py::dict as_dict(const Cost& cost) {
  py::list parts;
  for (const Cost::Part& part : cost.parts()) {
    parts.append(py::make_tuple(as_dict(*part.line), part.count));
  }
  py::dict result;
  result["state"] = as_text(to_string(cost.state));
  result["pico_usd"] = cost.pico_usd;
  result["flags"] = names_of(cost.flags, all_price_flags);
  result["why"] = as_text(why_unpriced(cost.state, cost.flags));
  result["parts"] = std::move(parts);
  return result;
}

py::dict price(const PriceBook& book, py::handle model, py::handle region, py::handle serving,
               py::handle tier, std::int64_t end_us, Count input, Count cached, Count cache_write,
               Count output, Count total, const py::dict& meters, Count input_of_each) {
  PricedCall call;
  call.model = text_view(model, "model");
  call.region = text_view(region, "region");
  call.serving = text_view(serving, "serving");
  call.tier = text_view(tier, "tier");
  call.end_us = end_us;
  call.usage.input_tokens = input;
  call.usage.cached_input_tokens = cached;
  call.usage.cache_write_tokens = cache_write;
  call.usage.output_tokens = output;
  call.usage.total_tokens = total;
  std::vector<NamedCount> others;
  read_meters(meters, call.usage, others);
  call.other_counts = others;
  call.input_of_each = input_of_each;
  return as_dict(book.price(call));
}

py::dict rates(const PriceBook& book, py::handle account, py::handle region, py::handle model,
               py::handle serving, py::handle tier, py::handle day, Count input) {
  const std::optional<Day> when = parse_day(text_view(day, "day"));
  if (!when) throw py::value_error("day is one such as '2026-09-30'");
  const Rates found = book.rates({text_view(account, "account"), text_view(region, "region"),
                                  text_view(model, "model"), text_view(serving, "serving"),
                                  text_view(tier, "tier"), *when, input});
  py::dict by_kind;
  for (std::size_t i = 0; i < price_kinds; ++i) {
    const auto kind = static_cast<PriceKind>(i);
    if (found[kind] != nullptr) by_kind[as_text(to_string(kind))] = as_dict(*found[kind]);
  }
  py::dict result;
  result["state"] = as_text(to_string(found.state));
  result["flags"] = names_of(found.flags, all_price_flags);
  result["lines"] = std::move(by_kind);
  result["cache_times"] = found.cache_times;
  result["over"] = found.over;
  return result;
}

PriceBook load(const std::string& path) {
  return check(load_price_book(path));
}

PriceBook parse(py::handle text, py::handle file) {
  return check(PriceBook::parse(text_view(text, "text"), text_view(file, "file")));
}

}  // namespace

void bind_prices(py::module_& module) {
  py::class_<PriceBook>(module, "PriceBook", "A book of prices: immutable.")
      .def_static("parse", &parse, py::arg("text"), py::arg("file"))
      .def_static("load", &load, py::arg("path"))
      .def_static("shipped", [] { return check(PriceBook::shipped()); })
      .def_property_readonly("hash", [](const PriceBook& self) { return as_text(self.hash()); })
      .def_property_readonly("date", [](const PriceBook& self) { return as_text(self.date()); })
      .def_property_readonly("file", [](const PriceBook& self) { return as_text(self.file()); })
      .def_property_readonly("thresholds",
                             [](const PriceBook& self) {
                               py::list found;
                               for (const std::uint64_t over : self.thresholds()) {
                                 found.append(over);
                               }
                               return found;
                             })
      .def("lines", &lines)
      .def("canonical", &PriceBook::canonical)
      .def("age_days", &PriceBook::age_days, py::arg("now"))
      .def("is_old", &PriceBook::is_old, py::arg("now"))
      .def("price", &price, py::arg("model"), py::arg("region"), py::arg("serving"),
           py::arg("tier"), py::arg("end_us"), py::arg("input_tokens"),
           py::arg("cached_input_tokens"), py::arg("cache_write_tokens"), py::arg("output_tokens"),
           py::arg("total_tokens"), py::arg("meters"), py::arg("input_of_each"))
      .def(
          "serving_of",
          [](const PriceBook& self, py::handle model, py::handle region) {
            return as_text(self.serving_of(text_view(model, "model"), text_view(region, "region")));
          },
          py::arg("model"), py::arg("region"))
      .def("rates", &rates, py::arg("account"), py::arg("region"), py::arg("model"),
           py::arg("serving"), py::arg("tier"), py::arg("day"), py::arg("input_tokens"));
  module.def(
      "served_model",
      [](py::handle id) {
        const ServedModel served = served_model(text_view(id, "model"));
        return py::make_tuple(as_text(served.model), as_text(served.serving));
      },
      py::arg("model"));
  module.def("shipped_prices", &PriceBook::shipped_text);
  module.def("shipped_usage_type_aliases", &shipped_usage_type_aliases);
}

}  // namespace costmark::python
