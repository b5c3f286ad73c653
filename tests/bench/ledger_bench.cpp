// A row of the ledger, as ratios to a bare write(2) of the same bytes. Time is that of the CPU, and
// the sides take turns, so that a busy machine disturbs all alike.
#include "ledger_bench.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "costmark/ledger.hpp"
#include "costmark/prices.hpp"

namespace costmark::bench {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view usage_json =
    R"({"prompt_tokens":1200,"completion_tokens":310,"total_tokens":1510,)"
    R"("prompt_tokens_details":{"cached_tokens":256,"cache_write_tokens":0},)"
    R"("completion_tokens_details":{"reasoning_tokens":64}})";

Usage usage_of_call() {
  Usage usage;
  usage.input_tokens = 1200;
  usage.cached_input_tokens = 0;
  usage.cache_write_tokens = 0;
  usage.output_tokens = 310;
  usage.reasoning_tokens = 64;
  usage.total_tokens = 1510;
  return usage;
}

PricedCall priced_call(const Usage& usage) {
  return {.account = {},
          .region = "us-east-1",
          .model = "openai.gpt-oss-120b",
          .serving = "in-region",
          .tier = "default",
          .end_us = 1'796'040'000'000'000,  // 2026-11-30
          .usage = usage};
}

LedgerRow row_of_call(const Usage& usage, std::span<const NameValue> labels) {
  LedgerRow row;
  row.op = "019ad4c5-9a3c-7e51-8d7e-3c6f0f3f6a11";
  row.attempt = 1;
  row.start_us = 1'796'039'999'000'000;
  row.end_us = 1'796'040'000'000'000;
  row.latency_us = 1'000'000;
  row.ttfb_us = 900'000;
  row.region = "us-east-1";
  row.url_host = "bedrock-mantle.us-east-1.api.aws";
  row.project = "proj_5d5ykleja6cwpirysbb7";
  row.project_source = "client";
  row.api = "chat_completions";
  row.model = "openai.gpt-oss-120b";
  row.serving = "in-region";
  row.tier = "default";
  row.outcome = "ok";
  row.status = 200;
  row.request_id = "req_abcdefghijklmnopqrstuvwx";
  row.response_id = "chatcmpl-abcdefghijklmnopqrstuvwx";
  row.sdk = "OpenAI/Python 3.54.0";
  row.usage = &usage;
  row.usage_json = usage_json;
  row.cost_pico = 366'000'000;
  row.cost_state = "priced";
  row.price_book = "0f343b0931126a20f133d67c2b018a3b0f343b0931126a20f133d67c2b018a3b";
  row.labels = labels;
  return row;
}

// A new folder below the temporary one, as long as it lives.
class Folder {
 public:
  Folder() {
    std::string name = (fs::temp_directory_path() / "costmark-benchXXXXXX").string();
    const char* const made = ::mkdtemp(name.data());
    if (made == nullptr) std::abort();
    path = made;
  }
  ~Folder() {
    std::error_code ignored;
    fs::remove_all(path, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  fs::path path;
};

double cpu_ns() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_nsec);
}

// Nanoseconds of the fastest batch of each of `works`, a call.
template <std::size_t count>
std::array<double, count> fastest(const std::array<std::function<void()>, count>& works) {
  constexpr int rounds = 400;
  constexpr int batch = 200;
  std::array<double, count> best;
  best.fill(std::numeric_limits<double>::max());
  for (int round = 0; round < rounds; ++round) {
    for (std::size_t i = 0; i < count; ++i) {
      const double begin = cpu_ns();
      for (int call = 0; call < batch; ++call) works[i]();
      best[i] = std::min(best[i], (cpu_ns() - begin) / batch);
    }
  }
  return best;
}

// The bytes of the last row of a ledger.
std::string last_line(const fs::path& folder) {
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    std::FILE* const file = std::fopen(entry.path().c_str(), "rb");
    if (file == nullptr) break;
    std::string text(fs::file_size(entry.path()), '\0');
    const bool whole = std::fread(text.data(), 1, text.size(), file) == text.size();
    std::fclose(file);
    if (whole && text.size() > 1) return text.substr(text.rfind('\n', text.size() - 2) + 1);
  }
  return {};
}

}  // namespace

bool print_ledger() {
  const Folder folder;
  LedgerConfig config;
  config.target = (folder.path / "ledger").string();
  config.largest_segment = std::size_t{1} << 30U;
  const auto ledger = Ledger::create(config);
  const auto book = PriceBook::shipped();
  const int bare = ::open((folder.path / "bare").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC,
                          S_IRUSR | S_IWUSR);
  if (!ledger || !book || bare < 0) return false;

  const Usage usage = usage_of_call();
  const std::array<NameValue, 2> labels{{{"feature", "search"}, {"user", "ann"}}};
  const LedgerRow row = row_of_call(usage, labels);
  const PricedCall call = priced_call(usage);
  if (!ledger.value()->write(row)) return false;
  const std::string line = last_line(folder.path / "ledger");
  if (line.size() < 500 || book.value().price(call).state != CostState::priced) return false;

  const std::array<std::function<void()>, 3> works{
      [&] {
        if (::write(bare, line.data(), line.size()) < 0) std::abort();
      },
      [&] {
        if (!ledger.value()->write(row)) std::abort();
      },
      [&] {
        if (book.value().price(call).state != CostState::priced) std::abort();
      }};
  const auto [writing, recording, pricing] = fastest(works);
  ::close(bare);
  std::printf("The ledger, a row of %zu bytes\n", line.size());
  std::printf("%-44s%9.2f   at most 1.6\n", "row / bare write(2)", recording / writing);
  std::printf("%-44s%9.3f   under 0.05\n", "price / row", pricing / recording);
  std::printf("\n");
  return true;
}

}  // namespace costmark::bench
