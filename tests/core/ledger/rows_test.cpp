// Rows read back: lines, what is wrong with them, and columns.
#include "costmark/rows.hpp"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "costmark/arrow.hpp"

namespace costmark::testing {
namespace {

using Found = RowReader::Found;

std::string row(std::int64_t seq, std::string_view more = {},
                std::string_view writer = "00112233aabbccdd") {
  return R"({"v":1,"kind":"attempt","writer":")" + std::string(writer) + R"(","seq":)" +
         std::to_string(seq) + R"(,"op":"op-)" + std::to_string(seq) +
         R"(","attempt":1,"start_us":86400000005,"end_us":86400000009,"latency_us":4,)"
         R"("project":"proj_a","project_source":"client","api":"responses","outcome":"ok")" +
         std::string(more) + "}";
}

std::string begin(std::int64_t seq, std::int64_t op) {
  return R"({"v":1,"kind":"begin","writer":"00112233aabbccdd","seq":)" + std::to_string(seq) +
         R"(,"op":"op-)" + std::to_string(op) +
         R"(","attempt":1,"start_us":5,"project":"p","project_source":"client","api":"other"})";
}

// Lines as a taker is given them: `7` for a row, `2:json` for a fault.
struct Log final : RowTaker {
  std::vector<std::string> found;
  std::string stop_at;

  bool take_row(const RowReader& taken) override { return add(std::to_string(taken.seq())); }
  bool take_fault(std::uint64_t line, const RowFault& fault) override {
    return add(std::to_string(line) + ":" + std::string(to_string(fault.kind)));
  }
  bool add(std::string text) {
    if (text == stop_at) return false;
    found.push_back(std::move(text));
    return true;
  }
};

TEST(RowReader, TellsWhoseARowIsAndWhen) {
  RowReader reader;
  const std::string line = "  " + row(7, R"(,"later":[1])") + "\r\n";
  ASSERT_EQ(reader.read(line), Found::row);
  EXPECT_EQ(reader.kind(), "attempt");
  EXPECT_EQ(reader.writer(), "00112233aabbccdd");
  EXPECT_EQ(reader.seq(), 7);
  EXPECT_EQ(reader.day(), 1);
  EXPECT_EQ(reader.text(), row(7, R"(,"later":[1])"));
}

TEST(RowReader, NamesTheFaultOfTheFirstMemberThatHasOne) {
  RowReader reader;
  ASSERT_EQ(reader.read(row(7, R"(,"input":-1,"output":"x")")), Found::fault);
  EXPECT_EQ(reader.fault().reason, "member 'input' is below 0");
  ASSERT_EQ(reader.read(row(7, R"(,"tags":{"a":"b","c":5})")), Found::fault);
  EXPECT_EQ(reader.fault().reason, "member 'tags.c' is not of type string");
  ASSERT_EQ(reader.read(row(7, R"(,"a\u0007b":1,"a\u0007b":2)")), Found::fault);
  EXPECT_EQ(reader.fault().reason, R"(member 'a\x07b' occurs twice)");
}

TEST(RowReader, TakesNamesThatAreSpelledWithEscapes) {
  RowReader reader;
  ASSERT_EQ(reader.read(row(7, R"(,"inp\u0075t":-1)")), Found::fault);
  EXPECT_EQ(reader.fault().reason, "member 'input' is below 0");
  EXPECT_EQ(reader.read(row(7, R"(,"input":1,"inp\u0075t":1)")), Found::fault);
  EXPECT_EQ(reader.fault().kind, RowFault::Kind::doubled);
}

// Its guesses which member comes next must not change what is found.
TEST(RowReader, ReadsRowsInAnyOrderOfMembers) {
  RowReader reader;
  const std::string first = R"({"v":1,"kind":"note","writer":"00112233aabbccdd","seq":1,)"
                            R"("note":"open","start_us":1,"pid":2})";
  const std::string second = R"({"pid":2,"start_us":1,"note":"open","seq":2,)"
                             R"("writer":"00112233aabbccdd","kind":"note","v":1})";
  const std::string third = R"({ "v" : 1 , "kind":"note","kind":"note"})";
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(reader.read(first), Found::row);
    EXPECT_EQ(reader.read(second), Found::row);
    EXPECT_EQ(reader.seq(), 2);
    EXPECT_EQ(reader.read(third), Found::fault);
    EXPECT_EQ(reader.fault().kind, RowFault::Kind::doubled);
  }
}

TEST(RowReader, EndsAtEveryByteOfARow) {
  RowReader reader;
  const std::string line = row(7, ",\"labels\":{\"caf\xC3\xA9\":\"\\u00e9\\\\\"}");
  for (std::size_t size = 1; size < line.size(); ++size) {
    // A copy of its own, so that reading beyond it is noticed.
    const std::vector<char> cut(line.begin(), line.begin() + static_cast<std::ptrdiff_t>(size));
    ASSERT_EQ(reader.read({cut.data(), cut.size()}), Found::fault) << size;
    EXPECT_EQ(to_string(reader.fault().kind), "torn") << size;
  }
}

TEST(RowReader, WithstandsManyNames) {
  std::string many;
  for (int i = 0; i < 60'000; ++i) many += ",\"m" + std::to_string(i) + "\":1";
  RowReader reader;
  EXPECT_EQ(reader.read(row(7, many)), Found::row);
  EXPECT_EQ(reader.read(row(7, many + R"(,"m17":1)")), Found::fault);
  EXPECT_EQ(reader.fault().reason, "member 'm17' occurs twice");
  EXPECT_EQ(reader.read(row(7, R"(,"in":{)" + many.substr(1) + R"(,"m9":1})")), Found::fault);
  EXPECT_EQ(reader.fault().reason, "member 'm9' occurs twice");
}

TEST(RowLines, AreTheSameHoweverTheFileIsCut) {
  const std::string text = row(0) + "\n\nnonsense\n" + row(1) + "\n" + row(2);
  for (std::size_t size = 1; size < text.size(); size += 7) {
    RowLines lines(LineOrigin::segment, 10);
    Log log;
    for (std::size_t at = 0; at < text.size(); at += size) {
      EXPECT_TRUE(lines.feed(std::string_view(text).substr(at, size), log));
    }
    EXPECT_EQ(log.found.size(), 3U);
    EXPECT_TRUE(lines.finish(log));
    EXPECT_EQ(log.found, (std::vector<std::string>{"0", "13:json", "1", "2"}));
    EXPECT_EQ(lines.lines(), 15U);
    EXPECT_EQ(lines.bytes(), text.size());
  }
}

TEST(RowLines, EndBeforeTheLineThatIsNotWanted) {
  RowLines lines(LineOrigin::segment);
  Log log;
  log.stop_at = "1";
  EXPECT_FALSE(lines.feed(row(0) + "\n" + row(1) + "\n" + row(2) + "\n", log));
  EXPECT_EQ(lines.lines(), 1U);
  EXPECT_EQ(lines.bytes(), row(0).size() + 1);
}

TEST(RowLines, KeepLittleOfALineThatIsTooLong) {
  RowLines lines(LineOrigin::segment);
  Log log;
  const std::string piece(longest_row_line / 2, 'x');
  for (int i = 0; i < 9; ++i) lines.feed(piece, log);
  lines.feed("\n" + row(5) + "\n", log);
  EXPECT_EQ(log.found, (std::vector<std::string>{"1:longer", "5"}));
  EXPECT_EQ(lines.bytes(), 9 * piece.size() + 1 + row(5).size() + 1);
}

TEST(SeenRows, JoinWhatMeets) {
  SeenRows seen;
  for (const std::int64_t seq : {0, 1, 5, 3, 2, 4}) EXPECT_TRUE(seen.is_new("w", seq)) << seq;
  for (const std::int64_t seq : {0, 3, 5}) EXPECT_FALSE(seen.is_new("w", seq)) << seq;
  EXPECT_EQ(seen.doubled(), 3U);
  seen.add("w", 8, 10);
  seen.add("w", 4, 9);
  seen.add("w", 20, 20);
  EXPECT_EQ(seen.ranges().at("w"), (SeenRows::Ranges{{0, 10}}));
  EXPECT_FALSE(seen.is_new("w", 9));
  EXPECT_TRUE(seen.is_new("v", 9));
}

class RowStream : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto* info = ::testing::UnitTest::GetInstance()->current_test_info();
    folder_ = std::filesystem::temp_directory_path() /
              ("costmark-rows-" + std::string(info->name()) + std::to_string(::getpid()));
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  RowFiles::File file(std::string_view name, std::string_view text) {
    const std::filesystem::path path = folder_ / name;
    std::ofstream(path, std::ios::binary) << text;
    return {path.string()};
  }

  // What `visit` is given of each batch, whose columns are in the order that was asked for.
  template <class Visit>
  int for_each_batch(RowFiles files, Visit visit) {
    ArrowArrayStream stream;
    EXPECT_TRUE(open_row_stream(std::move(files), read_, &stream));
    int error = 0;
    for (;;) {
      ArrowArray batch;
      error = stream.get_next(&stream, &batch);
      if (error != 0 || batch.release == nullptr) break;
      visit(batch);
      batch.release(&batch);
    }
    error_ = error == 0 ? "" : stream.get_last_error(&stream);
    stream.release(&stream);
    return error;
  }

  std::vector<std::int64_t> numbers(RowFiles files) {
    std::vector<std::int64_t> found;
    files.columns = {"seq"};
    for_each_batch(std::move(files), [&found](const ArrowArray& batch) {
      const auto* values = static_cast<const std::int64_t*>(batch.children[0]->buffers[1]);
      found.insert(found.end(), values, values + batch.length);
    });
    return found;
  }

  std::filesystem::path folder_;
  std::shared_ptr<RowFilesRead> read_ = std::make_shared<RowFilesRead>();
  std::string error_;
};

std::string text_at(const ArrowArray& column, std::int64_t at) {
  const auto* ends = static_cast<const std::int32_t*>(column.buffers[1]);
  const auto* bytes = static_cast<const char*>(column.buffers[2]);
  return {bytes + ends[at], bytes + ends[at + 1]};
}

bool is_null(const ArrowArray& column, std::int64_t at) {
  const auto* valid = static_cast<const std::uint8_t*>(column.buffers[0]);
  return valid != nullptr && ((valid[at / 8] >> (at % 8)) & 1U) == 0;
}

TEST_F(RowStream, HasTheTypesOfTheSchema) {
  RowFiles files;
  files.columns = {"kind", "attempt", "input", "stream", "tags", "meters", "flags", "extra"};
  ArrowArrayStream stream;
  ASSERT_TRUE(open_row_stream(files, read_, &stream));
  ArrowSchema schema;
  ASSERT_EQ(stream.get_schema(&stream, &schema), 0);
  std::string formats;
  for (std::int64_t i = 0; i < schema.n_children; ++i) {
    EXPECT_EQ(schema.children[i]->name, files.columns[static_cast<std::size_t>(i)]);
    (formats += schema.children[i]->format) += ' ';
  }
  EXPECT_EQ(formats, "u i l b +m +m +l u ");
  EXPECT_STREQ(schema.children[5]->children[0]->children[1]->format, "l");
  schema.release(&schema);
  stream.release(&stream);
}

TEST_F(RowStream, HasWhatTheRowsSay) {
  RowFiles files;
  files.files = {
      file("a", row(0, R"(,"stream":true,"tags":{"a":"b\n","c":""},"error_code":"\u00e9")") + "\n" +
                    row(1, R"(,"meters":{},"x":[1, 2],"y":"z")") + "\n")};
  files.columns = {"error_code", "stream", "tags", "meters", "extra", "attempt"};
  int batches = 0;
  for_each_batch(std::move(files), [&batches](const ArrowArray& batch) {
    ++batches;
    ASSERT_EQ(batch.length, 2);
    EXPECT_EQ(text_at(*batch.children[0], 0), "\xC3\xA9");
    EXPECT_TRUE(is_null(*batch.children[0], 1));
    EXPECT_EQ(static_cast<const std::uint8_t*>(batch.children[1]->buffers[1])[0], 1);
    EXPECT_TRUE(is_null(*batch.children[1], 1));
    const ArrowArray& tags = *batch.children[2];
    EXPECT_EQ(static_cast<const std::int32_t*>(tags.buffers[1])[1], 2);
    EXPECT_EQ(text_at(*tags.children[0]->children[0], 1), "c");
    EXPECT_EQ(text_at(*tags.children[0]->children[1], 0), "b\n");
    EXPECT_TRUE(is_null(tags, 1));
    EXPECT_TRUE(is_null(*batch.children[3], 0));
    EXPECT_FALSE(is_null(*batch.children[3], 1));  // empty is not absent
    EXPECT_EQ(text_at(*batch.children[4], 1), R"({"x":[1, 2],"y":"z"})");
    EXPECT_EQ(static_cast<const std::int32_t*>(batch.children[5]->buffers[1])[1], 1);
  });
  EXPECT_EQ(batches, 1);
}

TEST_F(RowStream, LeavesOutWhatWasSeenAndBeginningsThatHaveEnds) {
  const std::string text = begin(0, 1) + "\n" + row(1) + "\n" + row(1) + "\n" + begin(2, 9) + "\n" +
                           "nonsense\n" + row(3).substr(0, 50);
  RowFiles files;
  files.files = {file("a", text), file("b", row(1) + "\n" + row(4))};
  EXPECT_EQ(numbers(files), (std::vector<std::int64_t>{0, 1, 1, 2, 1, 4}));
  *read_ = {};
  files.seen = std::make_shared<SeenRows>();
  files.joins_begins = true;
  EXPECT_EQ(numbers(files), (std::vector<std::int64_t>{1, 4, 2}));
  EXPECT_EQ(read_->faults, (std::map<RowFault::Kind, std::uint64_t>{{RowFault::Kind::json, 1},
                                                                    {RowFault::Kind::torn, 1}}));
}

TEST_F(RowStream, GivesManyRowsInPieces) {
  std::string text;
  for (int i = 0; i < 30'000; ++i) text += row(i) + "\n";
  RowFiles files;
  files.files = {file("a", text)};
  files.files[0].begin = row(0).size() + 1;
  std::int64_t batches = 0;
  files.columns = {"seq"};
  for_each_batch(files, [&batches](const ArrowArray&) { ++batches; });
  EXPECT_GT(batches, 2);
  EXPECT_EQ(numbers(files).size(), 29'999U);
}

TEST_F(RowStream, EndsAtAFileThatIsNotThere) {
  RowFiles files;
  files.files = {file("a", row(0)), {(folder_ / "gone").string()}};
  files.columns = {"seq"};
  EXPECT_NE(for_each_batch(files, [](const ArrowArray&) {}), 0);
  EXPECT_EQ(read_->missing, files.files[1].path);
  EXPECT_NE(error_.find("gone: No such file"), std::string::npos) << error_;
}

TEST_F(RowStream, HasTheColumnsThatThereAre) {
  RowFiles files;
  files.columns = {"seq", "shade"};
  ArrowArrayStream stream;
  const Status status = open_row_stream(files, read_, &stream);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().message, "rows have no column 'shade'");
}

TEST_F(RowStream, IsReadSideBySide) {
  auto seen = std::make_shared<SeenRows>();
  const RowFiles::File one = file("a", row(0) + "\n" + row(1) + "\n" + row(2));
  std::array<std::size_t, 4> counts{};
  std::vector<std::thread> threads;
  for (std::size_t& count : counts) {
    threads.emplace_back([&count, &one, seen] {
      ArrowArrayStream stream;
      RowFiles files{{one}, {"seq"}, seen};
      ASSERT_TRUE(open_row_stream(std::move(files), std::make_shared<RowFilesRead>(), &stream));
      ArrowArray batch;
      while (stream.get_next(&stream, &batch) == 0 && batch.release != nullptr) {
        count += static_cast<std::size_t>(batch.length);
        batch.release(&batch);
      }
      stream.release(&stream);
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(counts[0] + counts[1] + counts[2] + counts[3], 3U);
  EXPECT_EQ(seen->doubled(), 9U);
}

}  // namespace
}  // namespace costmark::testing
