// The writer: segments, streams, and what comes in between.
#include "costmark/ledger.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <climits>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <set>
#include <sstream>
#include <thread>

#include "core/forking.hpp"
#include "core/ledger/parsed_row.hpp"
#include "rounds.hpp"

namespace costmark::testing {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t noon = 1'764'504'000'000'000;  // 2025-11-30T12:00:00Z
constexpr std::int64_t day_us = 86'400'000'000;

class LedgerTest : public ::testing::Test {
 protected:
  LedgerTest() {
    std::string name = (fs::temp_directory_path() / "ledgerXXXXXX").string();
    folder = ::mkdtemp(name.data());
  }
  ~LedgerTest() override {
    std::error_code ignored;
    fs::remove_all(folder, ignored);
  }

  LedgerConfig config() {
    LedgerConfig config;
    config.target = (folder / "ledger").string();
    config.machine = "host";
    config.clock_us = [this] { return now.load(); };
    return config;
  }
  static std::shared_ptr<Ledger> open(const LedgerConfig& config) {
    auto made = Ledger::create(config);
    EXPECT_TRUE(made.ok());
    return std::move(made).value();
  }
  static LedgerRow row(std::string_view model = "m") {
    LedgerRow row;
    row.model = model;
    return row;
  }

  std::vector<fs::path> segments() const { return segments(folder); }
  static std::vector<fs::path> segments(const fs::path& within) {
    std::vector<fs::path> found;
    std::error_code ignored;
    for (const auto& entry : fs::recursive_directory_iterator(within, ignored)) {
      if (entry.path().extension() == ".jsonl") found.push_back(entry.path());
    }
    std::sort(found.begin(), found.end());
    return found;
  }
  static std::string text_of(const fs::path& path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
  }
  std::vector<std::string> lines() const {
    std::vector<std::string> all;
    for (const fs::path& path : segments()) {
      for (std::string& line : lines_of(text_of(path))) all.push_back(std::move(line));
    }
    return all;
  }
  // "open 0, m 1": the name of each note or the model of each row, and its seq.
  std::string told() const { return told(lines()); }
  static std::string told(const std::vector<std::string>& lines) {
    std::string all;
    for (const std::string& line : lines) {
      const ParsedRow row(line);
      const std::string name =
          row.text("note") == "(absent)" ? row.text("model") : row.text("note");
      all +=
          (all.empty() ? "" : ", ") + name + " " + std::to_string(row.number("seq").value_or(-1));
    }
    return all;
  }

  fs::path folder;
  std::atomic<std::int64_t> now{noon};
};

TEST_F(LedgerTest, ARowIsALineOfASegment) {
  const auto ledger = open(config());
  EXPECT_TRUE(segments().empty());
  EXPECT_TRUE(ledger->write(row()));
  const auto found = segments();
  ASSERT_EQ(found.size(), 1U);
  const std::string name = found[0].filename();
  EXPECT_TRUE(name.starts_with("host-" + std::to_string(::getpid()) + "-1764504000000000-"))
      << name;
  EXPECT_EQ(found[0].parent_path(), folder / "ledger/raw/date=2025-11-30");
  struct stat status{};
  ASSERT_EQ(::stat(found[0].c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
  ASSERT_EQ(::stat((folder / "ledger").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0700U);
  EXPECT_EQ(told(), "open 0, m 1");
  const ParsedRow parsed(lines()[1]);
  EXPECT_EQ(parsed.text("writer").size(), 16U);
  EXPECT_NE(name.find(parsed.text("writer")), std::string::npos);
  EXPECT_EQ(ledger->counters(), (LedgerCounters{2, 0, 0, 0}));
}

TEST_F(LedgerTest, ItsEndIsNoted) {
  open(config())->write(row());
  EXPECT_EQ(told(), "open 0, m 1, close 2");
  EXPECT_EQ(ParsedRow(lines()[2]).number("rows_written"), 2);
}

TEST_F(LedgerTest, WithoutARowNothingIsMade) {
  open(config());
  EXPECT_FALSE(fs::exists(folder / "ledger"));
}

TEST_F(LedgerTest, ANewDayOrALargeSegmentBeginsAnother) {
  LedgerConfig with = config();
  with.largest_segment = 600;
  const auto ledger = open(with);
  ledger->write(row("a"));
  now += day_us;
  ledger->write(row("b"));
  EXPECT_EQ(told(), "open 0, a 1, close 2, open 3, b 4");
  EXPECT_TRUE(fs::exists(folder / "ledger/raw/date=2025-12-01"));
  const std::string large(500, 'x');
  now += 1;
  ledger->write(row(large));
  now += 1;
  ledger->write(row("c"));
  EXPECT_EQ(segments().size(), 3U);
  EXPECT_EQ(ParsedRow(lines().back()).number("seq"), 8);
}

TEST_F(LedgerTest, AClockThatGoesBackLosesNothing) {
  const auto ledger = open(config());
  ledger->write(row("a"));
  now -= day_us;
  EXPECT_TRUE(ledger->write(row("b")));
  now = -5 * day_us;
  EXPECT_TRUE(ledger->write(row("c")));
  EXPECT_TRUE(fs::exists(folder / "ledger/raw/date=1970-01-01"));
  EXPECT_EQ(ledger->counters().rows_lost, 0U);
  EXPECT_EQ(lines().size(), 8U);
}

TEST_F(LedgerTest, RowsWaitWhileThereIsNoFolder) {
  const std::string blocked = (folder / "ledger").string();
  std::ofstream(blocked) << "a file in its place";
  const auto ledger = open(config());
  EXPECT_FALSE(ledger->write(row("a")));
  EXPECT_FALSE(ledger->write(row("b")));
  EXPECT_EQ(ledger->counters(), (LedgerCounters{0, 2, 0, 0}));
  EXPECT_NE(ledger->trouble().find("Not a directory): 2 rows wait"), std::string::npos)
      << ledger->trouble();
  fs::remove(blocked);
  EXPECT_TRUE(ledger->write(row("c")));
  EXPECT_EQ(ledger->counters(), (LedgerCounters{4, 0, 0, 0}));
  EXPECT_EQ(ledger->trouble(), "");
  std::set<std::int64_t> seen;
  for (const std::string& line : lines()) seen.insert(*ParsedRow(line).number("seq"));
  EXPECT_EQ(seen, (std::set<std::int64_t>{0, 1, 2, 3}));
}

TEST_F(LedgerTest, WhatHasNoRoomToWaitIsLostAndTold) {
  const std::string blocked = (folder / "ledger").string();
  std::ofstream(blocked) << "a file in its place";
  LedgerConfig with = config();
  with.most_waiting = 400;
  const auto ledger = open(with);
  for (int i = 0; i < 10; ++i) ledger->write(row());
  const LedgerCounters before = ledger->counters();
  EXPECT_GT(before.rows_lost, 0U);
  EXPECT_EQ(before.rows_lost + before.rows_waiting, 10U);
  fs::remove(blocked);
  EXPECT_TRUE(ledger->write(row()));
  const ParsedRow note(lines().back());
  EXPECT_EQ(note.text("note"), "lost");
  EXPECT_EQ(note.number("rows_lost"), static_cast<std::int64_t>(before.rows_lost));
  EXPECT_EQ(ledger->trouble(), "");
}

TEST_F(LedgerTest, AFolderThatIsRemovedIsMadeAnew) {
  const auto ledger = open(config());
  ledger->write(row("a"));
  fs::remove_all(folder / "ledger");
  now += 100;  // it is looked for that often
  EXPECT_TRUE(ledger->write(row("b")));
  EXPECT_EQ(told(), "b 2, open 3");
  EXPECT_TRUE(ledger->write(row("c")));
  EXPECT_EQ(told(), "b 2, open 3, c 4");
}

// A file that may not grow takes the beginning of a row.
TEST_F(LedgerTest, ARowThatIsWrittenInPartIsCompletedLater) {
  const LedgerConfig with = config();
  expect_good_child([&] {
    ::signal(SIGXFSZ, SIG_IGN);
    const auto ledger = open(with);
    ledger->write(row("a"));
    rlimit limit{};
    ::getrlimit(RLIMIT_FSIZE, &limit);
    const rlimit small{fs::file_size(segments()[0]) + 20, limit.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &small);
    if (ledger->write(row("b")) || ledger->write(row("c"))) return false;
    const std::string partly = text_of(segments()[0]);
    if (partly.size() != small.rlim_cur || ledger->counters().rows_waiting != 2) return false;
    ::setrlimit(RLIMIT_FSIZE, &limit);
    return ledger->flush();
  });
  EXPECT_EQ(told(), "open 0, a 1, b 2, c 3, close 4");
}

// The segment is over before the rest of a row fits into it.
TEST_F(LedgerTest, ATearThatStaysIsCountedAndItsRowIsWrittenAnew) {
  LedgerConfig with = config();
  with.most_waiting = 1;  // a row that is begun waits all the same
  expect_good_child([&] {
    ::signal(SIGXFSZ, SIG_IGN);
    const auto ledger = open(with);
    ledger->write(row("a"));
    rlimit limit{};
    ::getrlimit(RLIMIT_FSIZE, &limit);
    const rlimit small{fs::file_size(segments()[0]) + 20, limit.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &small);
    if (ledger->write(row("torn")) || ledger->counters().rows_waiting != 1) return false;
    now += day_us;
    ledger->write(row("c"));
    ::setrlimit(RLIMIT_FSIZE, &limit);
    return ledger->flush() && ledger->counters().rows_torn == 1;
  });
  ASSERT_EQ(segments().size(), 2U);
  EXPECT_EQ(lines_of(text_of(segments()[0])).back().find("torn"), std::string::npos);
  EXPECT_NE(text_of(segments()[1]).find(R"("model":"torn")"), std::string::npos);
}

TEST_F(LedgerTest, ARowThatIsBegunIsCompletedBeforeANewDay) {
  const LedgerConfig with = config();
  expect_good_child([&] {
    ::signal(SIGXFSZ, SIG_IGN);
    const auto ledger = open(with);
    ledger->write(row("a"));
    rlimit limit{};
    ::getrlimit(RLIMIT_FSIZE, &limit);
    const rlimit small{fs::file_size(segments()[0]) + 20, limit.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &small);
    ledger->write(row("b"));
    now += day_us;
    ::setrlimit(RLIMIT_FSIZE, &limit);
    // The close note completes it: a tear is left only where that cannot be.
    return ledger->write(row("c")) && ledger->counters().rows_torn == 0;
  });
  EXPECT_EQ(told(), "open 0, a 1, b 2, close 3, open 4, c 5, close 6");
}

TEST_F(LedgerTest, AFullPipeLosesNothing) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  LedgerConfig with = config();
  with.target = "fd:" + std::to_string(ends[1]);
  const auto ledger = open(with);
  int sent = 0;
  while (ledger->write(row("m" + std::to_string(sent)))) ++sent;
  EXPECT_GT(sent, 0);
  ledger->write(row("last"));
  EXPECT_EQ(ledger->counters().rows_waiting, 2U);
  EXPECT_EQ(::fcntl(ends[1], F_GETFL) & O_NONBLOCK, 0);
  std::string read;
  std::array<char, 65536> buffer{};
  const auto take = [&] {
    const ssize_t count = ::read(ends[0], buffer.data(), buffer.size());
    if (count > 0) read.append(buffer.data(), static_cast<std::size_t>(count));
  };
  take();
  EXPECT_TRUE(ledger->flush());
  take();
  std::vector<std::string> found = lines_of(read);
  EXPECT_EQ(found.size(), static_cast<std::size_t>(sent) + 3);
  for (std::size_t i = 0; i < found.size(); ++i) {
    EXPECT_EQ(ParsedRow(found[i]).number("seq"), static_cast<std::int64_t>(i));
  }
  ::close(ends[0]);
  EXPECT_FALSE(ledger->write(row()));  // and no SIGPIPE
  EXPECT_NE(ledger->trouble().find("Broken pipe"), std::string::npos) << ledger->trouble();
  ::close(ends[1]);
}

TEST_F(LedgerTest, RowsFitIntoAPipeAtOnce) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  LedgerConfig with = config();
  with.target = "fd:" + std::to_string(ends[1]);
  const auto ledger = open(with);
  const std::string usage(4000, '"');
  const std::string worst(600, '\x01');
  LedgerRow large = row();
  large.usage_json = usage;
  EXPECT_TRUE(ledger->write(large));
  for (std::string_view LedgerRow::* const member :
       {&LedgerRow::op, &LedgerRow::account, &LedgerRow::region, &LedgerRow::url_host,
        &LedgerRow::project, &LedgerRow::project_source, &LedgerRow::api, &LedgerRow::model,
        &LedgerRow::model_answered, &LedgerRow::tier, &LedgerRow::outcome, &LedgerRow::error_code,
        &LedgerRow::request_id, &LedgerRow::response_id, &LedgerRow::sdk, &LedgerRow::serving,
        &LedgerRow::cost_state, &LedgerRow::price_book}) {
    large.*member = worst;
  }
  EXPECT_TRUE(ledger->write(large));
  std::array<char, 65536> buffer{};
  const ssize_t count = ::read(ends[0], buffer.data(), buffer.size());
  const auto found =
      lines_of({buffer.data(), static_cast<std::size_t>(std::max<ssize_t>(count, 0))});
  ASSERT_EQ(found.size(), 3U);
  for (const std::string& line : found) EXPECT_LT(line.size(), std::size_t{PIPE_BUF});
  EXPECT_EQ(ParsedRow(found[1]).raw("usage"), "(absent)");
  EXPECT_EQ(ParsedRow(found[1]).raw("flags"), R"(["cut"])");
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST_F(LedgerTest, TargetsThatCannotBe) {
  for (const char* target : {"", "fd:", "fd:x", "fd:-1", "fd:1x", "fd:99999999999"}) {
    LedgerConfig with;
    with.target = target;
    const auto made = Ledger::create(with);
    ASSERT_FALSE(made.ok()) << target;
    EXPECT_EQ(made.error().code, Code::invalid_option);
  }
}

TEST_F(LedgerTest, ClientsShareOne) {
  const auto first = Ledger::shared(config());
  const auto second = Ledger::shared(config());
  LedgerConfig other = config();
  other.target += "2";
  EXPECT_EQ(first.value(), second.value());
  EXPECT_NE(first.value(), Ledger::shared(other).value());
}

TEST_F(LedgerTest, TheProcessSumsUpWhatItsLedgersCount) {
  const LedgerCounters before = Ledger::counters_of_process();
  LedgerConfig good = config();
  LedgerConfig bad = config();
  std::ofstream(folder / "file") << "not a folder";
  bad.target = (folder / "file/ledger").string();
  auto first = Ledger::shared(good).value();
  auto second = Ledger::shared(bad).value();
  EXPECT_TRUE(first->write(row()));
  EXPECT_FALSE(second->write(row()));
  EXPECT_EQ(Ledger::counters_of_process().rows_written - before.rows_written, 2U);  // its note, too
  EXPECT_EQ(Ledger::counters_of_process().rows_waiting - before.rows_waiting, 1U);
  expect_good_child([] { return Ledger::counters_of_process() == LedgerCounters{}; });
  first.reset();
  second.reset();
  const LedgerCounters after = Ledger::counters_of_process();
  EXPECT_EQ(after.rows_written - before.rows_written, 3U);
  EXPECT_EQ(after.rows_waiting, before.rows_waiting);
  EXPECT_EQ(after.rows_lost - before.rows_lost, 2U);  // what waited, and the note of the end
  expect_good_child([] { return Ledger::counters_of_process() == LedgerCounters{}; });
}

TEST_F(LedgerTest, ThreadsWriteWholeRows) {
  constexpr int threads = 8;
  constexpr int rows = 500;
  {
    const auto ledger = open(config());
    std::vector<std::thread> running;
    for (int i = 0; i < threads; ++i) {
      running.emplace_back([&] {
        for (int k = 0; k < rows; ++k) EXPECT_TRUE(ledger->write(row()));
      });
    }
    for (std::thread& thread : running) thread.join();
  }
  const auto found = lines();
  ASSERT_EQ(found.size(), static_cast<std::size_t>(threads * rows + 2));
  for (std::size_t i = 0; i < found.size(); ++i) {
    ASSERT_EQ(ParsedRow(found[i]).number("seq"), static_cast<std::int64_t>(i));
  }
}

// Four writers that are killed while they write. TEST_KILLS: how many kills, for a longer run.
TEST_F(LedgerTest, WhatWasAcknowledgedSurvivesAKill) {
  constexpr int writers = 4;
  const char* const asked = std::getenv("TEST_KILLS");
  const int rounds = (asked != nullptr ? std::atoi(asked) : tests::rounds(160)) / writers;
  std::mt19937 chance(1);
  for (int round = 0; round < rounds; ++round) {
    LedgerConfig with = config();
    with.target = (folder / ("round" + std::to_string(round))).string();
    std::array<int, 2> acknowledged{};
    ASSERT_EQ(::pipe(acknowledged.data()), 0);
    std::vector<pid_t> children;
    for (int i = 0; i < writers; ++i) {
      children.push_back(::fork());
      if (children.back() != 0) continue;
      const auto ledger = open(with);
      for (;;) {
        const std::string model = std::to_string(::getpid()) + "-" +
                                  std::to_string(ledger->counters().rows_written) + "\n";
        LedgerRow next = row(std::string_view(model).substr(0, model.size() - 1));
        if (!ledger->write(next)) ::_exit(1);
        if (::write(acknowledged[1], model.data(), model.size()) < 0) ::_exit(2);
      }
    }
    ::close(acknowledged[1]);
    std::array<char, 1 << 16> buffer{};
    std::string told;
    const auto take = [&] {
      const ssize_t count = ::read(acknowledged[0], buffer.data(), buffer.size());
      if (count > 0) told.append(buffer.data(), static_cast<std::size_t>(count));
      return count > 0;
    };
    take();
    std::this_thread::sleep_for(std::chrono::microseconds(chance() % 1000));
    for (const pid_t child : children) ::kill(child, SIGKILL);
    while (take()) continue;
    for (const pid_t child : children) {
      int status = 0;
      ::waitpid(child, &status, 0);
      EXPECT_TRUE(WIFSIGNALED(status)) << status;
    }
    ::close(acknowledged[0]);
    std::multiset<std::string> written;
    for (const fs::path& path : segments(with.target)) {
      const std::string text = text_of(path);
      for (const std::string& line : lines_of(text.substr(0, text.rfind('\n') + 1))) {
        written.insert(ParsedRow(line).text("model"));
      }
    }
    for (const std::string& model : lines_of(told.substr(0, told.rfind('\n') + 1))) {
      ASSERT_EQ(written.count(model), 1U) << model;
    }
    fs::remove_all(with.target);
  }
}

// Also while other threads write.
TEST_F(LedgerTest, AForkedChildIsAWriterOfItsOwn) {
  SKIP_WHERE_A_CHILD_OF_BUSY_THREADS_MAY_NOT_ALLOCATE();
  auto ledger = open(config());
  std::atomic<bool> stop{false};
  std::atomic<int> written{0};
  std::thread writing([&] {
    while (!stop) {
      EXPECT_TRUE(ledger->write(row("parent")));
      ++written;
    }
  });
  for (int i = 0; i < 20; ++i) {
    expect_good_child([&] {
      if (ledger->counters() != LedgerCounters{}) return false;
      const bool done = ledger->write(row("child"));
      ledger.reset();
      return done;
    });
  }
  stop = true;
  writing.join();
  ledger.reset();
  const auto found = segments();
  ASSERT_EQ(found.size(), 21U);
  int of_parent = 0;
  for (const fs::path& path : found) {
    const auto of_segment = lines_of(text_of(path));
    const bool childs = ParsedRow(of_segment[1]).text("model") == "child";
    for (std::size_t i = 0; i < of_segment.size(); ++i) {
      EXPECT_EQ(ParsedRow(of_segment[i]).number("seq"), static_cast<std::int64_t>(i));
    }
    if (childs) {
      EXPECT_EQ(told(of_segment), "open 0, child 1, close 2");
    } else {
      of_parent += static_cast<int>(of_segment.size()) - 2;
    }
  }
  EXPECT_EQ(of_parent, written);
}

}  // namespace
}  // namespace costmark::testing
