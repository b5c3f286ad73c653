#include "credentials/process.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <sstream>
#include <thread>
#include <vector>

#include "credentials/files.hpp"

namespace costmark {
namespace {

constexpr const char* good =
    R"(echo '{"Version": 1, "AccessKeyId": "AKIDPROCESS", "SecretAccessKey": "CANARY"}')";

Result<CredentialsPtr> run(std::string_view command, const ProcessLimits& limits = {}) {
  return run_credential_process({command, "config:3", "111122223333", "test"}, limits);
}

Result<CredentialsPtr> run_script(std::string_view script, const ProcessLimits& limits = {}) {
  const Home home;
  return run(home.write_program("program", script), limits);
}

Result<CredentialsPtr> run_printing(std::string_view output) {
  const Home home;
  home.write("output", output);
  return run("cat " + home.path("output"));
}

TEST(CredentialProcess, ReadsEveryMember) {
  const auto result = run_printing(
      R"({"Version":1,"AccessKeyId":"AKID","SecretAccessKey":"s\u0065cret","SessionToken":"token",)"
      R"("Expiration":"2025-01-02T03:04:05Z","AccountId":"444455556666","More":{"x":[1]}})");
  ASSERT_TRUE(result.ok()) << result.error().message;
  EXPECT_EQ(result.value()->access_key_id(), "AKID");
  EXPECT_EQ(result.value()->secret_access_key(), "secret");
  EXPECT_EQ(result.value()->session_token(), "token");
  EXPECT_EQ(result.value()->expires_at(), 1735787045);
  EXPECT_EQ(result.value()->account_id(), "444455556666");
  EXPECT_EQ(result.value()->source(), "test");
}

TEST(CredentialProcess, TwoMembersAreEnough) {
  for (const char* rest : {"", R"(,"SessionToken":null,"Expiration":null,"AccountId":null)"}) {
    const auto result = run_printing(
        std::string(R"({"Version":1,"AccessKeyId":"AKID","SecretAccessKey":"s")") + rest + "}\n");
    ASSERT_TRUE(result.ok()) << result.error().message;
    EXPECT_EQ(result.value()->session_token(), "");
    EXPECT_FALSE(result.value()->expires_at());
    EXPECT_EQ(result.value()->account_id(), "111122223333");  // the profile's
  }
}

TEST(CredentialProcess, OutputRefused) {
  const struct {
    const char* output;
    const char* message;
  } cases[] = {
      {"", "did not print one JSON object"},
      {"CANARY", "did not print one JSON object"},
      {"[1]", "did not print one JSON object"},
      {"null", "did not print one JSON object"},
      {R"({"Version":1,"AccessKeyId":"a","SecretAccessKey":"CANARY"} x)", "did not print one"},
      {R"({"Version":1,"AccessKeyId":"a","SecretAccessKey":"CANARY")", "did not print one"},
      {R"({"Version":1,"AccessKeyId":"a","SecretAccessKey":"CANARY","x":01})", "did not print one"},
      {"{\"Version\":1,\"AccessKeyId\":\"a\",\"SecretAccessKey\":\"CANARY\xFF\"}", "did not print"},
      {R"({"AccessKeyId":"a","SecretAccessKey":"CANARY"})", "Version is not 1"},
      {R"({"Version":2,"AccessKeyId":"a","SecretAccessKey":"CANARY"})", "Version is not 1"},
      {R"({"Version":"1","AccessKeyId":"a","SecretAccessKey":"CANARY"})", "Version is not 1"},
      {R"({"Version":1,"SecretAccessKey":"CANARY"})", "AccessKeyId is missing"},
      {R"({"Version":1,"AccessKeyId":"CANARY"})", "SecretAccessKey is missing"},
      {R"({"Version":1,"AccessKeyId":null,"SecretAccessKey":"CANARY"})", "AccessKeyId is missing"},
      {R"({"Version":1,"AccessKeyId":"a","SecretAccessKey":["CANARY"]})",
       "SecretAccessKey is not a string"},
      {R"({"Version":1,"AccessKeyId":"a","SecretAccessKey":"CANARY","SessionToken":7})",
       "SessionToken is not a string"},
      {R"({"Version":1,"AccessKeyId":"a","SecretAccessKey":""})", "no secret access key"},
      {R"({"Version":1,"AccessKeyId":"a","SecretAccessKey":"CANARY\n"})", "control character"},
      {R"({"Version":1,"AccessKeyId":"a","SecretAccessKey":"CANARY","Expiration":"CANARY"})",
       "Expiration is no time"},
      {R"({"Version":1,"AccessKeyId":"a","SecretAccessKey":"CANARY","Expiration":""})",
       "Expiration is no time"},
      {R"({"Version":1,"AccessKeyId":"a","SecretAccessKey":"CANARY","Expiration":1})",
       "Expiration is not a string"},
  };
  for (const auto& c : cases) {
    const auto result = run_printing(c.output);
    ASSERT_FALSE(result.ok()) << c.output;
    const auto& message = result.error().message;
    EXPECT_EQ(result.error().code, Code::unusable_credentials);
    EXPECT_NE(message.find(c.message), std::string::npos) << message;
    EXPECT_TRUE(message.starts_with("credential_process (config:3): ")) << message;
    EXPECT_EQ(message.find("CANARY"), std::string::npos) << message;
  }
}

TEST(CredentialProcess, CommandRefused) {
  const struct {
    std::string command;
    const char* message;
  } cases[] = {
      {"", "command is empty"},
      {"   ", "command is empty"},
      {"''", "command is empty"},
      {"program 'CANARY", "not closed"},
      {std::string("a\0b", 3), "NUL"},
      {"/nonexistent/program CANARY", "cannot be started: No such file"},
      {"costmark-no-such-program CANARY", "cannot be started: No such file"},
      {"/tmp CANARY", "cannot be started: Permission denied"},
  };
  for (const auto& c : cases) {
    const auto result = run(c.command);
    ASSERT_FALSE(result.ok()) << c.command;
    EXPECT_EQ(result.error().code, Code::unusable_credentials);
    EXPECT_NE(result.error().message.find(c.message), std::string::npos) << result.error().message;
    EXPECT_EQ(result.error().message.find("CANARY"), std::string::npos) << result.error().message;
  }
}

TEST(CredentialProcess, ThereIsNoShell) {
  const Home home;
  const auto program = home.write_program(
      "a program",
      R"(printf '{"Version":1,"AccessKeyId":"A","SecretAccessKey":"%s|%s|%s"}' "$#" "$1" "$2")");
  const auto result = run("'" + program + "' '$HOME  x' ;false");
  ASSERT_TRUE(result.ok()) << result.error().message;
  EXPECT_EQ(result.value()->secret_access_key(), "2|$HOME  x|;false");
}

TEST(CredentialProcess, FailuresAreNamedAndErrorsNeverRepeated) {
  const struct {
    const char* script;
    const char* message;
  } cases[] = {
      {"echo CANARY >&2; echo CANARY; exit 1", "failed with exit status 1"},
      {"echo CANARY >&2; exit 253", "failed with exit status 253"},
      {"echo CANARY >&2; kill -9 $$", "ended by signal 9"},
      {"echo CANARY >&2; echo CANARY", "did not print one JSON object"},
      {"yes CANARY | head -c 1048576", "printed more than 262144 bytes"},
      {"yes CANARY", "printed more than 262144 bytes"},
  };
  for (const auto& c : cases) {
    const auto result = run_script(c.script);
    ASSERT_FALSE(result.ok()) << c.script;
    EXPECT_EQ(result.error().code, Code::unusable_credentials);
    EXPECT_NE(result.error().message.find(c.message), std::string::npos) << result.error().message;
    EXPECT_EQ(result.error().message.find("CANARY"), std::string::npos) << result.error().message;
  }
}

// Whether a process of the group is there and no zombie.
bool runs_in(pid_t group) {
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    std::ifstream file(entry.path() / "stat");
    std::string stat;
    std::getline(file, stat);
    const std::size_t end = stat.rfind(')');  // "PID (NAME) STATE PARENT GROUP ..."
    if (!file || end == std::string::npos) continue;
    char state = 0;
    pid_t parent = 0;
    pid_t its_group = 0;
    std::istringstream(stat.substr(end + 1)) >> state >> parent >> its_group;
    if (its_group == group && state != 'Z') return true;
  }
  return false;
}

TEST(CredentialProcess, ProgramsThatHangAreKilledWithTheirChildren) {
  const Home home;
  const std::string note = "echo $$ > " + home.path("pid") + "\n";
  for (const char* script : {"sleep 100", "sleep 100 & echo CANARY; wait", "exec >&-; sleep 100",
                             "trap '' TERM INT HUP; sleep 100", "sleep 100 & exit 0"}) {
    const auto program = home.write_program("program", note + script);
    const auto start = std::chrono::steady_clock::now();
    const auto result = run(program, {std::chrono::milliseconds(200), 1000});
    ASSERT_FALSE(result.ok()) << script;
    EXPECT_EQ(result.error().code, Code::timeout) << result.error().message;
    EXPECT_TRUE(result.error().retryable);
    EXPECT_NE(result.error().message.find("not done after 200 ms"), std::string::npos);
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10));
    pid_t group = 0;
    std::ifstream(home.path("pid")) >> group;
    ASSERT_GT(group, 1);
    // Signals take a moment; whoever is killed and not reaped yet no longer runs.
    for (int i = 0; i < 200 && runs_in(group); ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    EXPECT_FALSE(runs_in(group)) << script;
  }
}

TEST(CredentialProcess, InheritsNothing) {
  const int foreign = ::open("/dev/null", O_RDONLY);  // the host's, without close-on-exec
  ASSERT_GE(foreign, 3);
  const auto result = run_script(
      "test -e /proc/$$/fd/" + std::to_string(foreign) + " && state=open || state=closed\n" +
      R"sh(printf '{"Version":1,"AccessKeyId":"%s:%s","SecretAccessKey":"s"}' \
             "$(readlink /proc/$$/fd/0)" $state)sh");
  ::close(foreign);
  ASSERT_TRUE(result.ok()) << result.error().message;
#if __GLIBC_PREREQ(2, 34)
  EXPECT_EQ(result.value()->access_key_id(), "/dev/null:closed");
#endif
}

TEST(CredentialProcess, WorksWithTheStandardDescriptorsClosed) {
  const Home home;
  const auto program = home.write_program("program", good);
  for (const int closed : {1, 2, 3}) {  // a set of bits
    const pid_t pid = ::fork();
    ASSERT_GE(pid, 0);
    if (pid == 0) {
      ::close(STDIN_FILENO);
      if ((closed & 1) != 0) ::close(STDOUT_FILENO);
      if ((closed & 2) != 0) ::close(STDERR_FILENO);
      ::_exit(run(program).ok() ? 0 : 1);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(pid, &status, 0), pid);
    EXPECT_EQ(status, 0) << closed;
  }
}

std::atomic<int> children_ended{0};
void on_child(int) {
  ++children_ended;
}

TEST(CredentialProcess, LeavesTheHostsHandlingOfSignalsAlone) {
  struct sigaction before{};
  struct sigaction handler{};
  handler.sa_handler = on_child;  // without SA_RESTART: every call may end with EINTR
  ASSERT_EQ(::sigaction(SIGCHLD, &handler, &before), 0);
  children_ended = 0;
  EXPECT_TRUE(run_script(good).ok());
  EXPECT_GE(children_ended.load(), 1);
  struct sigaction after{};
  ::sigaction(SIGCHLD, nullptr, &after);
  EXPECT_EQ(after.sa_handler, on_child);

  handler.sa_handler = SIG_IGN;  // the kernel reaps: the exit status is lost, the output is not
  ASSERT_EQ(::sigaction(SIGCHLD, &handler, nullptr), 0);
  const auto result = run_script(good);
  EXPECT_TRUE(result.ok()) << result.error().message;
  EXPECT_FALSE(run_script("exit 1").ok());
  ::sigaction(SIGCHLD, &before, nullptr);

  // Another child of the host's is not reaped.
  const pid_t other = ::fork();
  if (other == 0) ::_exit(7);
  EXPECT_TRUE(run_script(good).ok());
  int status = 0;
  ASSERT_EQ(::waitpid(other, &status, 0), other);
  EXPECT_EQ(WEXITSTATUS(status), 7);
}

TEST(CredentialProcess, ManyThreadsAtOnce) {
  const Home home;
  const auto program = home.write_program("program", good);
  std::atomic<int> succeeded{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 4; ++n) succeeded += run(program).ok() ? 1 : 0;
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(succeeded, 32);
}

}  // namespace
}  // namespace costmark
