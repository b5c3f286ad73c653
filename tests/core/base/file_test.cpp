#include "file.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "credentials/files.hpp"

namespace costmark {
namespace {

using Fault = FileRead::Fault;

TEST(ReadFile, WholeFilesUpToTheLimit) {
  const Home home;
  const std::string path = home.path("file");
  for (const std::size_t size : {0U, 1U, 100U, 4096U}) {
    home.write("file", std::string(size, 'x'));
    std::string text = "before";
    EXPECT_TRUE(read_file(path, 4096, text).ok()) << size;
    EXPECT_EQ(text, std::string(size, 'x'));
  }
  home.write("file", std::string(4097, 'x'));
  std::string text = "before";
  EXPECT_EQ(read_file(path, 4096, text).fault, Fault::too_large);
  EXPECT_EQ(text, "");
}

// Files of /proc say that they are empty: so does one that grows while it is read.
TEST(ReadFile, IsNotMisledByTheSizeThatAFileTells) {
  const std::string path = "/proc/self/status";
  if (::access(path.c_str(), R_OK) != 0) GTEST_SKIP() << "there is no " << path;
  std::string text;
  ASSERT_TRUE(read_file(path, 1U << 20U, text).ok());
  EXPECT_TRUE(text.starts_with("Name:"));
  EXPECT_TRUE(text.ends_with('\n'));
  EXPECT_EQ(read_file(path, 100, text).fault, Fault::too_large);
  EXPECT_EQ(text, "");
}

TEST(ReadFile, WhatIsNoFile) {
  const Home home;
  std::string text = "before";
  const FileRead absent = read_file(home.path("none"), 10, text);
  EXPECT_EQ(absent.fault, Fault::absent);
  EXPECT_EQ(absent.reason(), "No such file or directory");
  EXPECT_EQ(text, "");
  EXPECT_EQ(read_file(home.path(""), 10, text).fault, Fault::irregular);
  const std::string fifo = home.path("fifo");
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  EXPECT_EQ(read_file(fifo, 10, text).fault, Fault::irregular) << "and does not wait for a writer";
  EXPECT_EQ(read_file(std::string(5000, 'x'), 10, text).fault, Fault::failed);
}

}  // namespace
}  // namespace costmark
