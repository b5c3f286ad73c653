#include "ledger/row.hpp"

#include <algorithm>
#include <array>
#include <limits>

#include "base/text.hpp"
#include "ledger/row_text.hpp"

namespace costmark::ledger {
namespace {

constexpr std::size_t longest_text = 512;        // as it is written, escapes and all
constexpr std::size_t longest_short_text = 160;  // 20 of them fit into a pipe
constexpr std::size_t longest_usage = 4096;
// Escaped, each byte takes up to six.
constexpr std::size_t longest_escaped_usage = 6 * longest_usage;

std::string_view name_of(LedgerRow::Kind kind) noexcept {
  switch (kind) {
    case LedgerRow::Kind::begin:
      return "begin";
    case LedgerRow::Kind::attempt:
      return "attempt";
    case LedgerRow::Kind::settle:
      return "settle";
    case LedgerRow::Kind::refused:
      return "refused";
  }
  return "attempt";
}

// Writes the members of one JSON object. Names are given as they stand in the line, `,"name":`.
class Members {
 public:
  Members(std::string& out, std::size_t longest) noexcept : out_(out), longest_(longest) {}

  [[gnu::always_inline]] void text(std::string_view name, std::string_view value) {
    if (value.empty()) return;
    out_.put(name);
    quoted(value, longest_);
  }
  // JSON, of which every other byte may be a quote.
  void json(std::string_view name, std::string_view value, std::size_t longest) {
    if (value.empty()) return;
    out_.put(name);
    out_.put('"');
    if (2 * value.size() > longest || !out_.put_with_backslashes(value)) escaped(value, longest);
    out_.put('"');
  }
  [[gnu::always_inline]] void integer(std::string_view name, std::int64_t value) {
    out_.put(name);
    out_.put(value);
  }
  [[gnu::always_inline]] void optional(std::string_view name, std::optional<std::int64_t> value) {
    if (value) integer(name, *value);
  }
  // A count of tokens; one that does not fit is absent.
  [[gnu::always_inline]] void count(std::string_view name, std::optional<std::uint64_t> value) {
    if (!value) return;
    if (*value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
      overflow_ = true;
    } else {
      integer(name, static_cast<std::int64_t>(*value));
    }
  }
  void yes(std::string_view name, bool value) {
    if (!value) return;
    out_.put(name);
    out_.put("true");
  }

  void pairs(std::string_view name, std::span<const NameValue> pairs) {
    std::size_t bytes = 0;
    std::size_t fitting = 0;
    for (const NameValue& pair : pairs) {
      bytes += pair.name.size() + pair.value.size();
      if (bytes > longest_labels || fitting == most_labels) break;
      ++fitting;
    }
    cut_ = cut_ || fitting < pairs.size();
    if (fitting == 0) return;
    out_.put(name);
    char separator = '{';
    for (const NameValue& pair : pairs.first(fitting)) {
      out_.put(separator);
      quoted(pair.name, 6 * longest_labels);
      out_.put(':');
      quoted(pair.value, 6 * longest_labels);
      separator = ',';
    }
    out_.put('}');
  }

  void meters(const Meters& meters) {
    if (!meters.any()) return;
    std::string_view separator = R"(,"meters":{")";
    for (const Meter meter : all_meters) {
      const auto value = meters[meter];
      if (!value) continue;
      out_.put(separator);
      out_.put(to_string(meter));
      count("\":", value);
      separator = ",\"";
    }
    out_.put('}');
  }

  void leave_out() noexcept { cut_ = true; }

  void flags(UsageFlags of_usage, std::string_view why_unpriced, bool concurrent) {
    std::string_view separator = R"(,"flags":[")";
    const auto flag = [&](std::string_view name) {
      out_.put(separator);
      out_.put(name);
      out_.put('"');
      separator = ",\"";
    };
    if (of_usage.any()) {
      for (const UsageFlag each : all_usage_flags) {
        if (of_usage.has(each)) flag(to_string(each));
      }
    }
    const bool is_told =
        (why_unpriced == "inconsistent" && of_usage.has(UsageFlag::inconsistent)) ||
        (why_unpriced == "overflow" && overflow_);
    if (!why_unpriced.empty() && !is_told) flag(why_unpriced);
    if (concurrent) flag("concurrent");
    if (cut_) flag("cut");
    if (overflow_) flag("overflow");
    if (separator == ",\"") out_.put(']');
  }

  void begin(int version) {
    out_.put(R"({"v":)");
    out_.put(std::int64_t{version});
  }
  void end() {
    out_.put("}\n");
    out_.flush();
  }

 private:
  // RFC 8259, section 7; at most `longest` bytes between the quotes. Most texts are plain.
  void quoted(std::string_view value, std::size_t longest) {
    if (value.size() <= longest && out_.put_quoted(value)) return;
    out_.put('"');
    escaped(value, longest);
    out_.put('"');
  }
  void escaped(std::string_view value, std::size_t left) {
    while (!value.empty()) {
      const std::size_t plain = plain_length(value);
      const std::size_t fitting = std::min(plain, left);
      out_.put(value.substr(0, fitting));
      value.remove_prefix(fitting);
      left -= fitting;
      if (fitting < plain || (!value.empty() && !special(value, left))) {
        cut_ = true;
        return;
      }
    }
  }
  // Moves the first character of `value`, which is not plain. False when it does not fit.
  bool special(std::string_view& value, std::size_t& left) {
    constexpr std::string_view digits = "0123456789abcdef";
    constexpr std::string_view replacement = "\xEF\xBF\xBD";  // U+FFFD
    const auto byte = static_cast<unsigned char>(value.front());
    const std::array<char, 6> code{'\\', 'u', '0', '0', digits[byte >> 4U], digits[byte & 0xFU]};
    const std::array<char, 2> pair{'\\', value.front()};
    std::size_t length = 1;
    std::string_view spelled(code.data(), code.size());
    if (byte == '"' || byte == '\\') {
      spelled = {pair.data(), pair.size()};
    } else if (byte >= 0x80) {
      const std::size_t found = text::utf8_length(value.data(), value.data() + value.size());
      cut_ = cut_ || found == 0;
      length = std::max<std::size_t>(found, 1);
      spelled = found == 0 ? replacement : value.substr(0, found);
    }
    if (spelled.size() > left) return false;
    out_.put(spelled);
    left -= spelled.size();
    value.remove_prefix(length);
    return true;
  }

  RowText out_;
  const std::size_t longest_;
  bool cut_ = false;
  bool overflow_ = false;
};

void append_key(Members& members, std::string_view kind, const RowKey& key) {
  members.begin(row_version);
  members.text(R"(,"kind":)", kind);
  members.text(R"(,"writer":)", key.writer);
  members.integer(R"(,"seq":)", static_cast<std::int64_t>(key.seq));
}

}  // namespace

void append_row(const LedgerRow& row, const RowKey& key, Detail detail, std::string& out) {
  Members members(out, detail == Detail::short_texts ? longest_short_text : longest_text);
  append_key(members, name_of(row.kind), key);
  members.text(R"(,"op":)", row.op);
  if (row.attempt != 0) members.integer(R"(,"attempt":)", row.attempt);
  members.integer(R"(,"start_us":)", row.start_us);
  if (row.end_us != 0) members.integer(R"(,"end_us":)", row.end_us);
  members.optional(R"(,"latency_us":)", row.latency_us);
  members.optional(R"(,"ttfb_us":)", row.ttfb_us);
  members.text(R"(,"machine":)", key.machine);
  members.text(R"(,"account":)", row.account);
  members.text(R"(,"region":)", row.region);
  members.text(R"(,"url_host":)", row.url_host);
  members.text(R"(,"project":)", row.project);
  members.text(R"(,"project_source":)", row.project_source);
  members.text(R"(,"api":)", row.api);
  members.text(R"(,"model":)", row.model);
  members.text(R"(,"model_answered":)", row.model_answered);
  members.text(R"(,"serving":)", row.serving);
  members.text(R"(,"tier":)", row.tier);
  members.yes(R"(,"stream":)", row.stream);
  members.yes(R"(,"background":)", row.background);
  members.text(R"(,"outcome":)", row.outcome);
  if (row.status != 0) members.integer(R"(,"status":)", row.status);
  members.text(R"(,"error_code":)", row.error_code);
  members.text(R"(,"request_id":)", row.request_id);
  members.text(R"(,"response_id":)", row.response_id);
  members.text(R"(,"sdk":)", row.sdk);
  if (row.usage != nullptr) {
    members.count(R"(,"input":)", row.usage->input_tokens);
    members.count(R"(,"cached":)", row.usage->cached_input_tokens);
    members.count(R"(,"cache_write":)", row.usage->cache_write_tokens);
    members.count(R"(,"output":)", row.usage->output_tokens);
    members.count(R"(,"reasoning":)", row.usage->reasoning_tokens);
    members.count(R"(,"total":)", row.usage->total_tokens);
    members.meters(row.usage->meters);
  }
  members.optional(R"(,"cost_pico":)", row.cost_pico);
  members.text(R"(,"cost_state":)", row.cost_state);
  members.text(R"(,"price_book":)", row.price_book);
  if (detail < Detail::no_labels) {
    members.pairs(R"(,"tags":)", row.tags);
    members.pairs(R"(,"labels":)", row.labels);
    if (!row.labels.empty()) members.text(R"(,"labels_key":)", row.labels_key);
  } else if (!row.tags.empty() || !row.labels.empty()) {
    members.leave_out();
  }
  if (detail == Detail::all && row.usage_json.size() <= longest_usage) {
    members.json(R"(,"usage":)", row.usage_json, longest_escaped_usage);
  } else if (!row.usage_json.empty()) {
    members.leave_out();
  }
  members.flags(row.usage != nullptr ? row.usage->flags : UsageFlags(), row.why_unpriced,
                row.concurrent);
  members.end();
}

void append_note(const Note& note, const RowKey& key, std::string& out) {
  Members members(out, longest_text);
  append_key(members, "note", key);
  members.text(R"(,"note":)", note.name);
  members.integer(R"(,"start_us":)", note.time_us);
  members.text(R"(,"machine":)", key.machine);
  members.integer(R"(,"pid":)", note.pid);
  members.integer(R"(,"rows_written":)", static_cast<std::int64_t>(note.counters.rows_written));
  members.integer(R"(,"rows_waiting":)", static_cast<std::int64_t>(note.counters.rows_waiting));
  members.integer(R"(,"rows_lost":)", static_cast<std::int64_t>(note.counters.rows_lost));
  members.integer(R"(,"rows_torn":)", static_cast<std::int64_t>(note.counters.rows_torn));
  members.text(R"(,"reason":)", note.reason);
  members.end();
}

}  // namespace costmark::ledger
