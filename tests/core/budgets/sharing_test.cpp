// Budgets that several processes share through the folder of their ledger.
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "core/forking.hpp"
#include "costmark/budgets.hpp"

namespace costmark::testing {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t second = 1'000'000;
constexpr std::int64_t day_us = 86'400 * second;
constexpr std::int64_t noon = 1'764'460'800'000'000 - day_us / 2;  // of 2025-11-29

class SharedBudgets : public ::testing::Test {
 protected:
  SharedBudgets() {
    std::string name = (fs::temp_directory_path() / "budgetsXXXXXX").string();
    ledger = ::mkdtemp(name.data());
  }
  ~SharedBudgets() override {
    std::error_code ignored;
    fs::permissions(ledger, fs::perms::owner_all, ignored);
    fs::remove_all(ledger, ignored);
  }

  // As another process has them; each has a file of its own.
  std::unique_ptr<Budgets> budgets(std::string_view text = "c: all 100calls/day refuse") const {
    auto parsed = parse_budgets(text);
    EXPECT_TRUE(parsed.ok());
    return std::make_unique<Budgets>(std::move(parsed).value(), Budgets::Unpriced::refuse,
                                     ledger.string());
  }
  static bool reserves(Budgets& budgets, Reservation& held, std::int64_t at = noon) {
    const auto verdict = budgets.reserve({}, {0, 10}, at, held);
    return verdict.refused_by == nullptr;
  }
  static void call(Budgets& budgets, std::int64_t at = noon) {
    Reservation held;
    EXPECT_TRUE(reserves(budgets, held, at));
    budgets.settle(held, {0, 10}, at);
  }
  static std::string told(const Budgets& budgets, std::int64_t at = noon) {
    const BudgetState found = budgets.state(0, at);
    return std::to_string(found.spent) + " " + std::to_string(found.reserved);
  }
  std::vector<fs::path> files() const {
    std::vector<fs::path> found;
    for (const auto& entry : fs::directory_iterator(ledger / "budgets")) {
      found.push_back(entry.path());
    }
    return found;
  }
  static std::string text_of(const fs::path& path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
  }
  void put(const std::string& name, std::string_view text) const {
    fs::create_directories(ledger / "budgets");
    std::ofstream(ledger / "budgets" / name) << text;
  }

  fs::path ledger;
};

TEST_F(SharedBudgets, SeeWhatOthersHaveASecondLateAtMost) {
  const auto one = budgets();
  const auto other = budgets();
  call(*one);
  Reservation open;
  ASSERT_TRUE(reserves(*one, open));
  EXPECT_EQ(told(*other), "1 1");
  call(*one);
  EXPECT_EQ(told(*other), "1 1");
  EXPECT_EQ(told(*other, noon + second), "2 1");
  EXPECT_EQ(told(*other, noon - second), "2 1");  // a clock that goes back looks as well
  one->release(open);
  EXPECT_EQ(told(*other, noon + 2 * second), "2 0");
  EXPECT_EQ(told(*one, noon + 2 * second), "2 0");
  EXPECT_EQ(files().size(), 1U);  // who has spent nothing has none
  call(*other, noon + 2 * second);
  EXPECT_EQ(files().size(), 2U);
  EXPECT_EQ(told(*one, noon + 3 * second), "3 0");
}

TEST_F(SharedBudgets, LookAgainWhenASixteenthOfWhatWasLeftIsReserved) {
  const auto one = budgets();
  const auto other = budgets();
  call(*one);  // has looked: 100 were left, and 6 go without another look
  for (int i = 0; i < 90; ++i) call(*other);
  for (int i = 0; i < 5; ++i) call(*one);
  EXPECT_EQ(one->state(0, noon).spent, 6);
  call(*one);  // the seventh
  EXPECT_EQ(one->state(0, noon).spent, 97);
  int more = 0;
  Reservation held;
  while (reserves(*one, held)) ++more;
  EXPECT_EQ(more, 3);  // to the very end, since it looks each time
  EXPECT_FALSE(reserves(*other, held, noon + second));
}

TEST_F(SharedBudgets, ReservationsOfAWriterThatHasEndedExpire) {
  auto gone = budgets();
  call(*gone);
  Reservation open;
  ASSERT_TRUE(reserves(*gone, open));
  const auto other = budgets();
  EXPECT_EQ(told(*other), "1 1");
  gone.reset();  // as a process that is killed: nothing is said
  EXPECT_EQ(told(*other, noon + second), "1 0");
  // The next writer takes the file over, and what is spent in it.
  call(*other, noon + second);
  EXPECT_EQ(files().size(), 1U);
  EXPECT_EQ(told(*other, noon + second), "2 0");
  EXPECT_EQ(told(*other, noon + 3 * second), "2 0");
  EXPECT_EQ(told(*budgets(), noon + second), "2 0");
}

TEST_F(SharedBudgets, ThePeriodThatIsOverDoesNotCount) {
  const auto one = budgets();
  const auto other = budgets();
  call(*one);
  EXPECT_EQ(told(*other, noon + day_us), "0 0");
  call(*one, noon + day_us);
  EXPECT_EQ(told(*other, noon + day_us + second), "1 0");
  EXPECT_EQ(told(*other, noon + 2 * day_us), "0 0");
}

TEST_F(SharedBudgets, OtherLimitsAndOtherBudgetsMayShareAFolder) {
  const auto one = budgets("c: all 100calls/day refuse; t: all 500tokens/month warn");
  call(*one);
  const auto other = budgets("x: all 1calls/day refuse; c: all 2calls/day warn");
  EXPECT_EQ(other->state(0, noon).spent, 0);
  EXPECT_EQ(other->state(1, noon).spent, 1);
}

TEST_F(SharedBudgets, AForkedChildIsAnotherWriter) {
  const auto mine = budgets();
  call(*mine);
  Reservation open;
  ASSERT_TRUE(reserves(*mine, open));
  expect_good_child([&] {
    if (told(*mine) != "1 1") return false;  // the parent's, seen from outside
    Reservation own;
    if (!reserves(*mine, own)) return false;
    mine->settle(own, {0, 10}, noon);
    mine->release(open);  // the parent's: not the child's to give back
    return told(*mine, noon + second) == "2 1";
  });
  EXPECT_EQ(told(*mine, noon + second), "2 1");
  mine->release(open);
  EXPECT_EQ(told(*budgets(), noon), "2 0");
}

TEST_F(SharedBudgets, WhatIsTornOrHostileIsLeftOutAndSaid) {
  std::string good;
  {
    const auto writer = budgets();
    call(*writer);
    good = text_of(files()[0]);
  }
  const auto said = [&](const std::string& text) {
    fs::remove_all(ledger / "budgets");
    put("bad.state", text);
    const auto reader = budgets();
    Reservation held;
    const auto verdict = reader->reserve({}, {0, 10}, noon, held);
    EXPECT_EQ(verdict.refused_by, nullptr);
    return std::to_string(reader->state(0, noon).spent) + verdict.trouble.substr(0, 23);
  };
  EXPECT_EQ(said(good), "1");
  // At every byte: the line counts or does not, and half a line is one that is being written.
  for (std::size_t size = 0; size < good.size(); ++size) {
    const std::string found = said(good.substr(0, size));
    EXPECT_EQ(found, size < 19 ? "0the state of budgets " + ledger.string().substr(0, 2) : "0")
        << size;
  }
  for (std::size_t at = 19; at < good.size(); ++at) {
    std::string changed = good;
    changed[at] ^= 1;
    EXPECT_EQ(said(changed).front(), '0') << at;
    EXPECT_GT(said(changed).size(), 1U) << at;
  }
  EXPECT_EQ(said("costmark budgets 2\n").front(), '0');
  EXPECT_EQ(said(std::string(3U << 20U, '\0')).front(), '0');
  std::string negative = good;
  negative.replace(19 + 16 + 21 + 19, 2, "-1");
  EXPECT_EQ(said(negative).front(), '0');
}

TEST_F(SharedBudgets, OnlyFilesAreRead) {
  fs::create_directories(ledger / "budgets" / "folder.state");
  ASSERT_EQ(::mkfifo((ledger / "budgets" / "fifo.state").c_str(), 0600), 0);
  fs::create_symlink("/dev/zero", ledger / "budgets" / "link.state");
  put("notes.txt", "not for us");
  const auto mine = budgets();
  Reservation held;
  const auto verdict = mine->reserve({}, {0, 10}, noon, held);
  EXPECT_EQ(verdict.refused_by, nullptr);
  EXPECT_NE(verdict.trouble.find(".state is left out: it "), std::string::npos) << verdict.trouble;
  EXPECT_EQ(told(*mine), "0 1");
  EXPECT_EQ(mine->reserve({}, {0, 10}, noon + second, held).trouble, "");  // said once
}

TEST_F(SharedBudgets, GoOnWithoutAFolder) {
  const auto mine = budgets();
  call(*mine);
  fs::remove_all(ledger);
  call(*mine, noon + second);
  EXPECT_EQ(told(*mine, noon + 2 * second), "2 0");
  EXPECT_EQ(told(*budgets(), noon + 2 * second), "2 0");  // it is there again, and all in it
  fs::remove_all(ledger);
  std::ofstream(ledger) << "in its place";
  Reservation held;
  const auto verdict = mine->reserve({}, {0, 10}, noon + 3 * second, held);
  EXPECT_NE(verdict.trouble.find("cannot be"), std::string::npos) << verdict.trouble;
  EXPECT_EQ(told(*mine, noon + 4 * second), "2 1");
}

TEST_F(SharedBudgets, AreRebuiltFromWhatRowsSay) {
  const auto living = budgets();
  call(*living);
  {
    const auto gone = budgets("c: all 100calls/day refuse; x: all 9calls/month refuse");
    for (int i = 0; i < 5; ++i) call(*gone);
  }
  const auto cli = budgets();
  const std::int64_t total = 40;
  ASSERT_TRUE(cli->rebuild({&total, 1}, noon).ok());
  EXPECT_EQ(told(*cli), "40 0");
  EXPECT_EQ(told(*living, noon + second), "40 0");
  EXPECT_EQ(files().size(), 2U);
  // What was rebuilt is not everything that the files had.
  const auto other = budgets("x: all 9calls/month refuse");
  EXPECT_EQ(told(*other), "5 0");
  // What a living writer says cannot be taken back from outside.
  const std::int64_t none = 0;
  ASSERT_TRUE(cli->rebuild({&none, 1}, noon).ok());
  EXPECT_EQ(told(*living, noon + 2 * second), "1 0");
  Budgets alone(parse_budgets("c: all 1calls/day warn").value());
  EXPECT_EQ(alone.rebuild({&none, 1}, noon).error().code, Code::invalid_argument);
}

// --- Many at once --------------------------------------------------------------------------------

// What processes of one test count together.
struct Counts {
  std::atomic<int> sent{0};
  std::atomic<int> held_by_killed{0};
};

Counts* shared_counts() {
  void* const place =
      ::mmap(nullptr, sizeof(Counts), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  return place == MAP_FAILED ? nullptr : new (place) Counts;
}

constexpr int threads_of_each = 64;

// Every thread calls until it is refused.
void use_up(Budgets& budgets, Counts& counts) {
  std::vector<std::thread> threads;
  threads.reserve(threads_of_each);
  for (int i = 0; i < threads_of_each; ++i) {
    threads.emplace_back([&] {
      Reservation held;
      while (budgets.reserve({}, {0, 10}, noon, held).refused_by == nullptr) {
        ++counts.sent;
        std::this_thread::yield();
        budgets.settle(held, {0, 10}, noon);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

template <class Work>
pid_t start(const Work& work) {
  const pid_t child = fork();
  if (child != 0) return child;
  alarm(60);
  work();
  _exit(0);
}

TEST_F(SharedBudgets, ManyProcessesExceedALimitByNoMoreThanIsDocumented) {
  SKIP_WHERE_A_CHILD_MAY_NOT_ALLOCATE();
  constexpr int limit = 1000;
  constexpr int processes = 8;
  Counts* const counts = shared_counts();
  ASSERT_NE(counts, nullptr);
  const std::string text = "c: all 1000calls/day refuse";
  // One holds some calls, and is killed.
  const pid_t holder = start([&] {
    const auto mine = budgets(text);
    std::vector<Reservation> held(20);
    for (Reservation& each : held) {
      if (reserves(*mine, each)) ++counts->held_by_killed;
    }
    ::raise(SIGKILL);
  });
  ASSERT_EQ(::waitpid(holder, nullptr, 0), holder);
  std::vector<pid_t> children;
  for (int i = 0; i < processes; ++i) {
    children.push_back(start([&, i] {
      const auto mine = budgets(text);
      if (i == 0) {  // and one forks with calls of its own on the way
        Reservation open;
        (void)reserves(*mine, open);
        const pid_t grandchild = start([&] { use_up(*mine, *counts); });
        use_up(*mine, *counts);
        ::waitpid(grandchild, nullptr, 0);
      } else {
        use_up(*mine, *counts);
      }
    }));
  }
  for (const pid_t child : children) {
    int status = -1;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
  }
  EXPECT_EQ(counts->held_by_killed, 20);
  const int all = processes + 1;  // the grandchild is one, too
  const int allowed = limit + (all - 1) * (limit / 16);
  EXPECT_LE(counts->sent, allowed);
  EXPECT_GE(counts->sent, limit - 1);
  EXPECT_EQ(told(*budgets(text), noon), std::to_string(counts->sent) + " 0");
  RecordProperty("sent", counts->sent);
  ::munmap(counts, sizeof(Counts));
}

}  // namespace
}  // namespace costmark::testing
