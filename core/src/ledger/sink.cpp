#include "ledger/sink.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <climits>
#include <limits>

#include "base/broken_pipe.hpp"
#include "base/file.hpp"
#include "base/text.hpp"
#include "base/timestamp.hpp"

namespace costmark::ledger {
namespace {

constexpr std::int64_t us_per_second = 1'000'000;
constexpr std::int64_t us_per_day = 86'400 * us_per_second;

// The number of the UTC day since 1970-01-01: that day at the earliest, 9999-12-31 at the latest.
std::int64_t day_of(std::int64_t us) noexcept {
  constexpr std::int64_t last_day = 2'932'896;
  return std::clamp<std::int64_t>(us / us_per_day, 0, last_day);
}

// A clock that goes back says nothing about how much time went by.
bool is_over_since(std::int64_t then_us, std::int64_t span_us, std::int64_t now_us) noexcept {
  return now_us - then_us >= span_us || now_us < then_us;
}

// A host's name as part of a file's name.
std::string plain_name(std::string_view machine) {
  constexpr std::size_t longest = 64;
  std::string name(machine.substr(0, longest));
  for (char& c : name) {
    if (!text::is_alphanumeric(c) && c != '.' && c != '_') c = '_';
  }
  return name.empty() || name.front() == '.' ? "_" + name : name;
}

// Whether an open file has no name any more. Who asks for its times as well, as fstat(2) does, has
// the next write(2) set them more finely, which takes longer than the question.
bool is_removed(int fd) noexcept {
#ifdef STATX_NLINK
  struct statx links{};
  if (::statx(fd, "", AT_EMPTY_PATH, STATX_NLINK, &links) == 0) return links.stx_nlink == 0;
#endif
  struct stat all{};
  return ::fstat(fd, &all) == 0 && all.st_nlink == 0;
}

// Of rows that come in a rush, not each one pays for that question: those within this time after it
// was asked share what it found.
constexpr std::int64_t us_between_looks = 100;

// A row larger than this cannot be: the encoder bounds each member.
constexpr std::size_t unbounded = std::numeric_limits<std::size_t>::max();

class FolderSink final : public Sink {
 public:
  explicit FolderSink(const LedgerConfig& config)
      : folder_(config.target),
        machine_(plain_name(config.machine)),
        sync_(config.sync),
        largest_(config.largest_segment) {}
  ~FolderSink() override { close(); }

  bool is_open() const noexcept override { return file_.get() >= 0; }

  bool is_over(std::int64_t now_us) const noexcept override {
    return size_ >= largest_ || day_of(now_us) != day_;
  }

  int open(std::string_view writer, std::int64_t now_us) override {
    day_ = day_of(now_us);
    const std::string date = format_timestamp(day_ * (us_per_day / us_per_second)).substr(0, 10);
    const std::string day_folder = folder_ + "/raw/date=" + date;
    if (const int failed = make_folders(day_folder); failed != 0) return failed;
    const std::string path = day_folder + "/" + machine_ + "-" + std::to_string(::getpid()) + "-" +
                             std::to_string(now_us) + "-" + std::string(writer) + ".jsonl";
    const int fd =
        ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC | O_NOFOLLOW,
               S_IRUSR | S_IWUSR);
    if (fd < 0) return errno;
    // Tells compaction that the writer lives. Where a file system has no locks, age tells.
    (void)::flock(fd, LOCK_EX | LOCK_NB);
    file_.set(fd);
    size_ = 0;
    synced_us_ = looked_us_ = now_us;
    return 0;
  }

  ssize_t write(std::string_view bytes) noexcept override {
    const ssize_t written = ::write(file_.get(), bytes.data(), bytes.size());
    if (written > 0) size_ += static_cast<std::size_t>(written);
    return written;
  }

  bool commit(std::int64_t now_us) noexcept override {
    if (is_over_since(looked_us_, us_between_looks, now_us)) {
      if (is_removed(file_.get())) return false;
      looked_us_ = now_us;
    }
    const bool due =
        sync_ == LedgerSync::every ||
        (sync_ == LedgerSync::interval && is_over_since(synced_us_, us_per_second, now_us));
    if (due) {
      (void)::fdatasync(file_.get());
      synced_us_ = now_us;
    }
    return true;
  }

  void close() noexcept override {
    const int fd = file_.get();
    if (fd < 0) return;
    if (sync_ != LedgerSync::never) (void)::fdatasync(fd);
    file_.set(-1);
    ::close(fd);
  }

  std::size_t largest_row() const noexcept override { return unbounded; }

 private:
  const std::string folder_;
  const std::string machine_;
  const LedgerSync sync_;
  const std::size_t largest_;
  ClosedInChild file_;  // a child that kept it would keep the lock of a parent that has ended
  std::size_t size_ = 0;
  std::int64_t day_ = 0;
  std::int64_t synced_us_ = 0;
  std::int64_t looked_us_ = 0;  // when the file was still there
};

// A descriptor that others may share: what it is set to stays as it is. A row that a pipe takes at
// once is not torn by other writers (POSIX, write(2), PIPE_BUF).
class StreamSink final : public Sink {
 public:
  explicit StreamSink(int fd) : fd_(fd) {}

  bool is_open() const noexcept override { return open_; }
  bool is_over(std::int64_t) const noexcept override { return false; }
  int open(std::string_view, std::int64_t) override {
    if (::fcntl(fd_, F_GETFD) < 0) return errno;
    open_ = true;
    return 0;
  }
  ssize_t write(std::string_view bytes) noexcept override {
    pollfd waiting{fd_, POLLOUT, 0};
    const int ready = ::poll(&waiting, 1, 0);
    if (ready < 0) return -1;
    if (ready == 0 || (waiting.revents & POLLOUT) == 0) {
      errno = ready == 0 ? EAGAIN : EPIPE;
      return -1;
    }
    const NoBrokenPipe quiet;
    return ::write(fd_, bytes.data(), bytes.size());
  }
  bool commit(std::int64_t) noexcept override { return true; }
  void close() noexcept override { open_ = false; }
  std::size_t largest_row() const noexcept override { return PIPE_BUF; }

 private:
  const int fd_;
  bool open_ = false;
};

Error invalid_target(const std::string& target) {
  return {Code::invalid_option,
          "option 'ledger': " + text::quoted(target) +
              " is neither a folder, nor stdout, stderr or fd:N with a number N"};
}

}  // namespace

Result<std::unique_ptr<Sink>> make_sink(const LedgerConfig& config) {
  const std::string& target = config.target;
  if (target.empty()) return invalid_target(target);
  if (target == "stdout") return std::unique_ptr<Sink>(new StreamSink(STDOUT_FILENO));
  if (target == "stderr") return std::unique_ptr<Sink>(new StreamSink(STDERR_FILENO));
  if (Ledger::is_folder(target)) return std::unique_ptr<Sink>(new FolderSink(config));
  const std::string_view digits = std::string_view(target).substr(3);
  int fd = -1;
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), fd);
  if (read.ec != std::errc{} || read.ptr != digits.data() + digits.size() || fd < 0) {
    return invalid_target(target);
  }
  return std::unique_ptr<Sink>(new StreamSink(fd));
}

}  // namespace costmark::ledger
