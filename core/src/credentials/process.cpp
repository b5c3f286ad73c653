#include "credentials/process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "base/cleanse.hpp"
#include "base/file.hpp"
#include "base/timestamp.hpp"
#include "base/waiting.hpp"
#include "costmark/json.hpp"
#include "credentials/config/shell_split.hpp"
#include "credentials/secret.hpp"
#include "json/reader.hpp"

namespace costmark {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int first_foreign_descriptor = 3;
constexpr auto shortest_nap = std::chrono::milliseconds(1);
constexpr auto longest_nap = std::chrono::milliseconds(20);
constexpr auto time_to_die = std::chrono::seconds(1);

class SpawnPlan {
 public:
  explicit SpawnPlan(int output) noexcept {
    posix_spawn_file_actions_init(&actions_);
    // The output first: it may have the number of one that is opened below.
    note(posix_spawn_file_actions_adddup2(&actions_, output, STDOUT_FILENO));
    note(posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0));
    note(posix_spawn_file_actions_addopen(&actions_, STDERR_FILENO, "/dev/null", O_WRONLY, 0));
#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 34)
    // Ours are close-on-exec; this keeps the host's from the program as well.
    note(posix_spawn_file_actions_addclosefrom_np(&actions_, first_foreign_descriptor));
#endif
    posix_spawnattr_init(&attributes_);
    sigset_t signals;
    sigemptyset(&signals);
    note(posix_spawnattr_setsigmask(&attributes_, &signals));
    sigfillset(&signals);
    sigdelset(&signals, SIGKILL);
    sigdelset(&signals, SIGSTOP);
    note(posix_spawnattr_setsigdefault(&attributes_, &signals));
    note(posix_spawnattr_setpgroup(&attributes_, 0));
    note(posix_spawnattr_setflags(
        &attributes_, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF));
  }
  ~SpawnPlan() {
    posix_spawnattr_destroy(&attributes_);
    posix_spawn_file_actions_destroy(&actions_);
  }
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;

  // 0, or the number of the error.
  int spawn(pid_t& pid, std::vector<std::string>& words) {
    if (error_ != 0) return error_;
    std::vector<char*> arguments;
    arguments.reserve(words.size() + 1);
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    return posix_spawnp(&pid, arguments.front(), &actions_, &attributes_, arguments.data(),
                        environ);
  }

 private:
  void note(int error) noexcept {
    if (error_ == 0) error_ = error;
  }

  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
  int error_ = 0;
};

// A running child. One that is left behind is killed with its process group and reaped.
class Child {
 public:
  explicit Child(pid_t pid) noexcept : pid_(pid) {}
  ~Child() {
    if (reaped_) return;
    ::kill(-pid_, SIGKILL);
    ::kill(pid_, SIGKILL);
    wait(Clock::now() + time_to_die);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  // Whether it ended before the deadline, and before `wait` is over. Waits for this child alone and
  // by asking, as signals and other children are the host's.
  bool wait(Clock::time_point deadline, const Wait& wait = {}) noexcept {
    for (auto nap = shortest_nap; !reaped_; nap = std::min(nap * 2, longest_nap)) {
      int status = 0;
      const pid_t got = ::waitpid(pid_, &status, WNOHANG);
      // Reaped by another: by the host, or by the kernel since SIGCHLD is ignored.
      const bool gone = got < 0 && errno == ECHILD;
      if (got == pid_) status_ = status;
      if (got == pid_ || gone) {
        reaped_ = true;
      } else if (Clock::now() >= deadline || is_over(wait)) {
        return false;
      } else {
        std::this_thread::sleep_for(nap);
      }
    }
    return true;
  }

  // Absent when other code of the process reaped it.
  std::optional<int> status() const noexcept { return status_; }

 private:
  pid_t pid_;
  bool reaped_ = false;
  std::optional<int> status_;
};

enum class ReadEnd : std::uint8_t { all, timeout, too_much, failed };

// How long to wait for output before the time, and whether the wait was cancelled, are looked at.
int milliseconds_until(Clock::time_point deadline, const Wait& wait) noexcept {
  using std::chrono::milliseconds;
  const auto left =
      std::chrono::ceil<milliseconds>(std::min(deadline, wait.deadline) - Clock::now());
  const milliseconds most = wait.cancel == nullptr ? milliseconds(60'000) : longest_nap;
  return static_cast<int>(std::clamp(left, milliseconds(0), most).count());
}

// `out` has room for everything from the start: growing would leave copies of secrets behind.
ReadEnd read_all(int fd, std::string& out, const ProcessLimits& limits,
                 Clock::time_point deadline) {
  const std::size_t limit = limits.output;
  out.resize(limit + 1);
  std::size_t length = 0;
  for (;;) {
    pollfd ready{fd, POLLIN, 0};
    const int polled = ::poll(&ready, 1, milliseconds_until(deadline, limits.wait));
    if (polled < 0 && errno != EINTR) return ReadEnd::failed;
    if (polled <= 0) {
      if (Clock::now() >= deadline || is_over(limits.wait)) return ReadEnd::timeout;
      continue;
    }
    const ssize_t got = ::read(fd, out.data() + length, out.size() - length);
    if (got < 0 && errno != EINTR && errno != EAGAIN) return ReadEnd::failed;
    if (got == 0) break;
    if (got > 0) length += static_cast<std::size_t>(got);
    if (length > limit) return ReadEnd::too_much;
  }
  out.resize(length);
  return ReadEnd::all;
}

class Run {
 public:
  Run(const CredentialProcess& process, const ProcessLimits& limits)
      : process_(process), limits_(limits) {}

  Result<CredentialsPtr> run() {
    auto words = split_words(process_.command);
    if (!words) return fault("its command has a quotation or escape that is not closed");
    if (words->empty() || words->front().empty()) return fault("its command is empty");
    if (process_.command.find('\0') != std::string_view::npos) {
      return fault("its command holds a NUL character");
    }
    Secret output;
    if (Status status = collect(*words, output.text); !status) return status;
    return read_credentials(output.text);
  }

 private:
  Status fault(const std::string& what, Code code = Code::unusable_credentials) const {
    Error error{code, "credential_process (" + std::string(process_.where) + "): " + what};
    error.retryable = code == Code::timeout;
    return error;
  }

  Status collect(std::vector<std::string>& words, std::string& output) const {
    const auto deadline = Clock::now() + limits_.timeout;
    std::array<int, 2> ends{-1, -1};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
      return fault(std::string("no pipe for its output: ") + std::strerror(errno));
    }
    const Descriptor reader(ends[0]);
    Descriptor writer(ends[1]);
    pid_t pid = 0;
    if (const int error = SpawnPlan(writer.get()).spawn(pid, words); error != 0) {
      return fault(std::string("the program cannot be started: ") + std::strerror(error));
    }
    Child child(pid);
    writer.close();
    switch (read_all(reader.get(), output, limits_, deadline)) {
      case ReadEnd::all:
        break;
      case ReadEnd::timeout:
        return timed_out();
      case ReadEnd::too_much:
        return fault("the program printed more than " + std::to_string(limits_.output) +
                     " bytes and was stopped; one JSON object was expected");
      case ReadEnd::failed:
        return fault("the program's output could not be read");
    }
    if (!child.wait(deadline, limits_.wait)) return timed_out();
    return check_exit(child.status());
  }

  Status timed_out() const {
    if (is_over(limits_.wait)) {
      return fault("the call did not wait for the program, which was stopped", Code::cancelled);
    }
    return fault("the program was not done after " + std::to_string(limits_.timeout.count()) +
                     " ms and was stopped",
                 Code::timeout);
  }

  Status check_exit(std::optional<int> status) const {
    if (!status) return {};  // unknown: what it printed decides
    if (WIFSIGNALED(*status)) {
      return fault("the program was ended by signal " + std::to_string(WTERMSIG(*status)));
    }
    if (const int code = WEXITSTATUS(*status); code != 0) {
      return fault("the program failed with exit status " + std::to_string(code) +
                   "; run it by hand to see why");
    }
    return {};
  }

  Result<CredentialsPtr> read_credentials(std::string_view output) const {
    static constexpr std::array<std::string_view, 6> members{
        "Version", "AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration", "AccountId"};
    json::Reader reader;
    Status status = json::validate(output);
    if (status) status = reader.open(output, members);
    if (!status) {
      return fault("the program did not print one JSON object" +
                   (status.error().offset ? " (byte " + std::to_string(*status.error().offset) + ")"
                                          : std::string()));
    }
    if (reader.unsigned_integer(0) != 1U) return fault("the JSON object's Version is not 1");
    Credentials::Fields fields;
    std::string expiration;
    const bool expires = reader.member(4).kind == json::Kind::string;
    const std::array<std::string*, 5> values{&fields.access_key_id, &fields.secret_access_key,
                                             &fields.session_token, &expiration,
                                             &fields.account_id};
    for (std::size_t i = 0; i < values.size(); ++i) {
      const json::Kind kind = reader.member(i + 1).kind;
      const bool missing = kind == json::Kind::absent || kind == json::Kind::null;
      if (missing && i > 1) continue;
      if (!reader.string(i + 1, *values[i])) {
        cleanse(fields.secret_access_key);
        cleanse(fields.session_token);
        return fault("the JSON object's " + std::string(members[i + 1]) +
                     (missing ? " is missing" : " is not a string"));
      }
    }
    if (fields.account_id.empty()) fields.account_id = process_.account_id;
    fields.source = process_.source;
    if (expires) fields.expires_at = parse_timestamp(expiration);
    const bool bad_time = expires && !fields.expires_at;
    auto credentials = Credentials::create(std::move(fields));
    if (!credentials) return fault(credentials.error().message);
    if (bad_time)
      return fault(
          "the JSON object's Expiration is no time such as "
          "2025-01-02T03:04:05Z");
    return credentials;
  }

  const CredentialProcess& process_;
  const ProcessLimits& limits_;
};

}  // namespace

Result<CredentialsPtr> run_credential_process(const CredentialProcess& process,
                                              const ProcessLimits& limits) {
  return Run(process, limits).run();
}

}  // namespace costmark
