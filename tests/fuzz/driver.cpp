// Runs a fuzz target as a normal test: `driver ROUNDS FOLDER` gives it every file of its corpus and
// ROUNDS mutations of them, the same ones each time; a tenth of ROUNDS but in slow tests.
// `driver FILE...` repeats single inputs.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include "fuzz/property.hpp"
#include "rounds.hpp"

// Of the sanitizers, where they are linked.
extern "C" void __sanitizer_set_death_callback(void (*callback)()) __attribute__((weak));

namespace {

std::string contents(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) {
    std::cerr << "cannot read " << file << "\n";
    std::exit(2);
  }
  return {std::istreambuf_iterator<char>(in), {}};
}

// The input at hand is left behind when a property does not hold, to be repeated and added to the
// corpus. Only what a signal handler may call.
const std::string* current = nullptr;
std::string left_behind;

void leave_behind() {
  const int file = ::open(left_behind.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
  if (file < 0 || current == nullptr) return;
  const bool written = ::write(file, current->data(), current->size()) >= 0;
  const std::string_view note = written ? "the input is in " : "the input could not be written to ";
  for (const std::string_view part :
       {note, std::string_view(left_behind), std::string_view("\n")}) {
    if (::write(STDERR_FILENO, part.data(), part.size()) < 0) break;
  }
  ::close(file);
}

void leave_input_behind_on_failure(std::string program) {
  left_behind = std::move(program) + ".failed_input";
  std::signal(SIGABRT, [](int) {
    leave_behind();
    std::signal(SIGABRT, SIG_DFL);  // and then it goes on to end the program
  });
  if (__sanitizer_set_death_callback != nullptr) __sanitizer_set_death_callback(leave_behind);
}

void run(const std::string& input) {
  current = &input;
  // Exactly as large as the input, so that reading beyond it is noticed.
  const std::vector<std::uint8_t> bytes(input.begin(), input.end());
  LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
}

class Mutator {
 public:
  explicit Mutator(const std::vector<std::string>& corpus) : corpus_(corpus) {}

  std::string next() {
    std::string text = pick();
    for (std::size_t changes = 1 + below(6); changes > 0; --changes) change(text);
    return text;
  }

 private:
  std::size_t below(std::size_t limit) { return random_() % limit; }
  const std::string& pick() { return corpus_[below(corpus_.size())]; }

  static std::string stretch_of(const std::string& text, std::size_t begin, std::size_t size) {
    return begin < text.size() ? text.substr(begin, size) : std::string();
  }

  void change(std::string& text) {
    static constexpr std::string_view telling("\0\t\n\v\r \"%&*,./:;=?@[\\]{}\x7F\x80\xC3\xFF", 28);
    const std::size_t at = below(text.size() + 1);
    const std::size_t size = 1 + below(below(4) == 0 ? 64 : 4);
    switch (below(7)) {
      case 0:
        text.insert(at, 1, static_cast<char>(below(256)));
        break;
      case 1:
        text.insert(at, 1, telling[below(telling.size())]);
        break;
      case 2:
        text.erase(std::min(at, text.size()), size);
        break;
      case 3:
        text.insert(at, stretch_of(text, below(text.size() + 1), size));
        break;
      case 4: {
        const std::string& other = pick();
        text.insert(at, stretch_of(other, below(other.size() + 1), 4 * size));
        break;
      }
      case 5:
        if (at < text.size()) text[at] = static_cast<char>(text[at] ^ (1 << below(8)));
        break;
      default:
        if (at < text.size()) text[at] = telling[below(telling.size())];
    }
  }

  const std::vector<std::string>& corpus_;
  std::mt19937 random_{20250102};
};

}  // namespace

int main(int count, char** arguments) {
  leave_input_behind_on_failure(arguments[0]);
  const std::vector<std::string> given(arguments + 1, arguments + count);
  if (given.size() != 2 || !std::filesystem::is_directory(given[1])) {
    for (const std::string& file : given) run(contents(file));
    return given.empty() ? 2 : 0;
  }
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(given[1])) files.push_back(entry);
  std::sort(files.begin(), files.end());
  std::vector<std::string> corpus;
  for (const auto& file : files) corpus.push_back(contents(file));
  if (corpus.empty()) {
    std::cerr << "no corpus in " << given[1] << "\n";
    return 2;
  }
  for (const std::string& input : corpus) run(input);
  Mutator mutator(corpus);
  for (int round = costmark::tests::rounds(std::stoi(given[0])); round > 0; --round) {
    run(mutator.next());
  }
}
