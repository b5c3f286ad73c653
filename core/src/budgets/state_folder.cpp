#include "budgets/state_folder.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <ctime>
#include <limits>
#include <memory>
#include <optional>
#include <utility>

#include "base/file.hpp"
#include "base/text.hpp"

namespace costmark::budgets {
namespace {

constexpr std::string_view head = "costmark budgets 1\n";
constexpr std::string_view suffix = ".state";
constexpr std::size_t most_files = 4096;
constexpr std::size_t largest_file = std::size_t{2} << 20U;

// --- The text of a line --------------------------------------------------------------------------

constexpr std::size_t digits_of_hash = 16;
constexpr std::size_t digits_of_number = 20;
constexpr std::size_t checked_size = digits_of_hash + 3 * (digits_of_number + 1);
constexpr std::size_t line_size = checked_size + 1 + digits_of_hash + 1;
using Line = std::array<char, line_size>;

void put_hex(std::uint64_t value, char* out) noexcept {
  constexpr std::string_view digits = "0123456789abcdef";
  for (std::size_t i = digits_of_hash; i-- > 0; value >>= 4U) out[i] = digits[value & 0xFU];
}

// Right-aligned, behind a space.
char* put_number(std::int64_t value, char* out) noexcept {
  std::array<char, digits_of_number + 1> text;
  text.fill(' ');
  std::array<char, digits_of_number> digits;
  const char* const end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  std::copy(static_cast<const char*>(digits.data()), end, text.end() - (end - digits.data()));
  return std::copy(text.begin(), text.end(), out);
}

Line line_of(const Slot& slot) noexcept {
  Line line;
  put_hex(slot.key, line.data());
  char* at = line.data() + digits_of_hash;
  for (const std::int64_t number : {slot.period, slot.spent, slot.reserved}) {
    at = put_number(number, at);
  }
  *at++ = ' ';
  put_hex(hash_of({line.data(), checked_size}), at);
  line.back() = '\n';
  return line;
}

template <class Number>
bool read_number(std::string_view text, int base, Number& out) noexcept {
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  const char* const end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, out, base);
  return read.ec == std::errc() && read.ptr == end;
}

std::optional<Slot> slot_of(std::string_view line) noexcept {
  Slot slot;
  std::uint64_t check = 0;
  const auto number = [line](std::size_t index, std::int64_t& out) {
    const std::size_t at = digits_of_hash + index * (digits_of_number + 1);
    return read_number(line.substr(at, digits_of_number + 1), 10, out);
  };
  const bool is_whole =
      line.size() == line_size && line.back() == '\n' && line[checked_size] == ' ' &&
      read_number(line.substr(0, digits_of_hash), 16, slot.key) && number(0, slot.period) &&
      number(1, slot.spent) && number(2, slot.reserved) &&
      read_number(line.substr(checked_size + 1, digits_of_hash), 16, check) &&
      check == hash_of(line.substr(0, checked_size));
  if (!is_whole || slot.spent < 0 || slot.reserved < 0) return std::nullopt;
  return slot;
}

// --- A file --------------------------------------------------------------------------------------

// What a file says; `bad` counts lines that say nothing.
struct Content {
  std::vector<Slot> slots;
  std::size_t bad = 0;
  std::string_view fault;  // why it is not read at all; static storage
};

bool read_all(int fd, std::size_t size, std::string& out) {
  out.resize(size);
  std::size_t at = 0;
  while (at < size) {
    const ssize_t count = ::pread(fd, out.data() + at, size - at, static_cast<off_t>(at));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return false;
    if (count == 0) break;
    at += static_cast<std::size_t>(count);
  }
  out.resize(at);
  return true;
}

Content content_of(int fd) {
  Content content;
  struct stat found{};
  std::string text;
  if (::fstat(fd, &found) != 0 || !S_ISREG(found.st_mode)) {
    content.fault = "is not a regular file";
  } else if (static_cast<std::size_t>(found.st_size) > largest_file) {
    content.fault = "is larger than 2 MiB";
  } else if (!read_all(fd, static_cast<std::size_t>(found.st_size), text)) {
    content.fault = "cannot be read";
  } else if (!text.starts_with(head)) {
    content.fault = "does not begin like one";
  }
  if (!content.fault.empty()) return content;
  // A line without its end is just being written.
  for (std::size_t at = head.size(); at + line_size <= text.size(); at += line_size) {
    const auto slot = slot_of(std::string_view(text).substr(at, line_size));
    content.bad += slot ? 0 : 1;
    content.slots.push_back(slot.value_or(Slot{}));
  }
  return content;
}

// A line that is being changed may be read half: it is whole when it is read again.
Content settled_content_of(int fd) {
  Content content = content_of(fd);
  for (int again = 0; again < 3 && content.bad > 0; ++again) content = content_of(fd);
  return content;
}

int open_state(const std::string& path, int flags) {
  return ::open(path.c_str(), flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
}

bool take_lock(int fd, int kind) noexcept {
  return ::flock(fd, kind | LOCK_NB) == 0;
}

// Where a file system has no locks, age tells.
bool has_ended(int fd) noexcept {
  if (take_lock(fd, LOCK_SH)) return true;
  if (errno == EWOULDBLOCK) return false;
  constexpr std::time_t longest = 48L * 3600;
  struct stat found{};
  return ::fstat(fd, &found) == 0 && std::time(nullptr) - found.st_mtime > longest;
}

bool is_linked(int fd) noexcept {
  struct stat found{};
  return ::fstat(fd, &found) == 0 && found.st_nlink > 0;
}

bool write_at(int fd, std::string_view bytes, std::size_t at) noexcept {
  ssize_t count = 0;
  do {
    count = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(at));
  } while (count < 0 && errno == EINTR);
  return count == static_cast<ssize_t>(bytes.size());
}

std::string new_name() {
  std::uint64_t number = 0;
  if (::getentropy(&number, sizeof number) != 0) return {};
  std::string name(digits_of_hash, '0');
  put_hex(number, name.data());
  return name;
}

}  // namespace

std::uint64_t hash_of(std::string_view text) noexcept {
  constexpr std::uint64_t offset = 14695981039346656037U;
  constexpr std::uint64_t prime = 1099511628211U;
  std::uint64_t hash = offset;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * prime;
  return hash;
}

StateFolder::StateFolder(const std::string& ledger) : folder_(ledger + "/budgets") {}

StateFolder::~StateFolder() {
  close();
}

void StateFolder::say(const std::string& name, std::string_view what) {
  constexpr std::size_t most_said = 64;
  if (said_.size() >= most_said || !said_.insert(name).second) return;
  trouble_ = "the state of budgets " + (name.empty() ? folder_ : folder_ + "/" + name) + " " +
             std::string(what);
}

std::vector<std::string> StateFolder::names() {
  std::vector<std::string> found;
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir(folder_.c_str()), ::closedir);
  if (!folder) return found;
  while (const dirent* entry = ::readdir(folder.get())) {
    const std::string_view name = entry->d_name;
    if (!name.ends_with(suffix)) continue;
    if (found.size() == most_files) {
      say({}, "has more than 4096 files: others are left out");
      break;
    }
    found.emplace_back(name);
  }
  return found;
}

// --- What this writer says -----------------------------------------------------------------------

bool StateFolder::open() {
  if (const int failed = make_folders(folder_); failed != 0) {
    say({}, "cannot be made: " + std::string(std::strerror(failed)));
    return false;
  }
  for (const std::string& name : names()) {
    if (adopt(name)) return true;
  }
  return create();
}

// Takes over the file of a writer that has ended.
bool StateFolder::adopt(const std::string& name) {
  Descriptor file(open_state(folder_ + "/" + name, O_RDWR));
  if (file.get() < 0 || !take_lock(file.get(), LOCK_EX) || !is_linked(file.get())) return false;
  const Content content = content_of(file.get());
  if (!content.fault.empty() || content.bad > 0) return false;
  for (std::size_t line = 0; line < content.slots.size(); ++line) {
    Slot base = content.slots[line];
    if (std::exchange(base.reserved, 0) != 0) {
      const Line text = line_of(base);
      if (!write_at(file.get(), {text.data(), text.size()}, head.size() + line * line_size)) {
        return false;
      }
    }
    places_.push_back({base, line});
  }
  std::sort(places_.begin(), places_.end(),
            [](const Place& a, const Place& b) { return a.base.key < b.base.key; });
  name_ = name;
  file_.set(file.release());
  return true;
}

// It has its name once its lock is held.
bool StateFolder::create() {
  const std::string name = new_name();
  const std::string path = folder_ + "/" + name;
  Descriptor file(::open((path + ".new").c_str(),
                         O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR));
  (void)take_lock(file.get(), LOCK_EX);  // no other process can have it
  const bool is_made = !name.empty() && file.get() >= 0 && write_at(file.get(), head, 0) &&
                       ::rename((path + ".new").c_str(), (path + std::string(suffix)).c_str()) == 0;
  if (!is_made) {
    say({}, "cannot be written: " + std::string(std::strerror(errno)));
    if (file.get() >= 0) (void)::unlink((path + ".new").c_str());
    return false;
  }
  name_ = name + std::string(suffix);
  file_.set(file.release());
  return true;
}

StateFolder::Place& StateFolder::place_of(std::uint64_t key) {
  const auto at = std::lower_bound(
      places_.begin(), places_.end(), key,
      [](const Place& place, std::uint64_t wanted) { return place.base.key < wanted; });
  if (at != places_.end() && at->base.key == key) return *at;
  return *places_.insert(
      at, {Slot{key, std::numeric_limits<std::int64_t>::min(), 0, 0}, places_.size()});
}

bool StateFolder::write(std::span<const Slot> slots) {
  if (slots.empty()) return true;
  if (file_.get() < 0 && !open()) return false;
  bool all = true;
  for (Slot slot : slots) {
    const Place& place = place_of(slot.key);
    if (place.base.period > slot.period) continue;  // our clock is behind
    if (place.base.period == slot.period) {
      constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
      slot.spent = slot.spent > most - place.base.spent ? most : slot.spent + place.base.spent;
    }
    const Line text = line_of(slot);
    const std::size_t at = head.size() + place.line * line_size;
    all = write_at(file_.get(), {text.data(), text.size()}, at) && all;
  }
  if (!all) say({}, "cannot be written: " + std::string(std::strerror(errno)));
  return all;
}

bool StateFolder::is_lost() noexcept {
  const int fd = file_.get();
  if (fd >= 0 && is_linked(fd)) return false;
  close();
  return true;
}

void StateFolder::close() noexcept {
  if (const int fd = file_.get(); fd >= 0) {
    file_.set(-1);
    ::close(fd);
  }
  places_.clear();
}

// --- What others say -----------------------------------------------------------------------------

bool StateFolder::read_others(std::vector<Slot>& out) {
  if (::access(folder_.c_str(), R_OK | X_OK) != 0) {
    if (errno != ENOENT) say({}, "cannot be read: " + std::string(std::strerror(errno)));
    return errno == ENOENT;
  }
  for (const Place& place : places_) out.push_back(place.base);
  for (const std::string& name : names()) {
    if (file_.get() >= 0 && name == name_) continue;
    const Descriptor file(open_state(folder_ + "/" + name, O_RDONLY));
    if (file.get() < 0) {
      if (errno != ENOENT) say(name, "is left out: it cannot be opened");
      continue;
    }
    const Content content = settled_content_of(file.get());
    if (!content.fault.empty()) {
      say(name, "is left out: it " + std::string(content.fault));
      continue;
    }
    if (content.bad > 0) say(name, "has lines that were torn: they are left out");
    const bool is_left = has_ended(file.get());
    for (Slot slot : content.slots) {
      if (is_left) slot.reserved = 0;
      out.push_back(slot);
    }
  }
  return true;
}

Status StateFolder::rebuild(std::span<const Slot> totals) {
  close();
  if (const int failed = make_folders(folder_); failed != 0) {
    return {Code::invalid_argument, folder_ + " cannot be made: " + std::strerror(failed)};
  }
  std::vector<Slot> living;
  std::vector<Slot> kept;
  std::vector<std::unique_ptr<Descriptor>> ended;  // locked until their sums stand elsewhere
  std::vector<std::string> ended_names;
  const auto is_rebuilt = [totals](const Slot& slot) {
    return std::any_of(totals.begin(), totals.end(),
                       [&](const Slot& total) { return total.key == slot.key; });
  };
  for (const std::string& name : names()) {
    auto file = std::make_unique<Descriptor>(open_state(folder_ + "/" + name, O_RDWR));
    if (file->get() < 0) continue;
    const Content content = settled_content_of(file->get());
    if (!take_lock(file->get(), LOCK_EX)) {
      living.insert(living.end(), content.slots.begin(), content.slots.end());
      continue;
    }
    for (const Slot& slot : content.slots) {
      if (!is_rebuilt(slot)) kept.push_back(slot);
    }
    ended.push_back(std::move(file));
    ended_names.push_back(name);
  }
  for (Slot total : totals) {
    for (const Slot& slot : living) {
      if (slot.key == total.key && slot.period == total.period) {
        total.spent = std::max<std::int64_t>(total.spent - slot.spent, 0);
      }
    }
    kept.push_back(total);
  }
  if (!create()) return {Code::invalid_argument, take_trouble()};
  for (Slot& slot : kept) slot.reserved = 0;
  for (std::size_t line = 0; line < kept.size(); ++line) {
    const Line text = line_of(kept[line]);
    if (!write_at(file_.get(), {text.data(), text.size()}, head.size() + line * line_size)) {
      return {Code::invalid_argument, folder_ + " cannot be written: " + std::strerror(errno)};
    }
    places_.push_back({kept[line], line});
  }
  std::sort(places_.begin(), places_.end(),
            [](const Place& a, const Place& b) { return a.base.key < b.base.key; });
  for (const std::string& name : ended_names) (void)::unlink((folder_ + "/" + name).c_str());
  return {};
}

}  // namespace costmark::budgets
