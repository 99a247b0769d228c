#include "train/data_paths.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "base/status.h"
#include "pipe.h"
#include "temp_files.h"
#include "train/data_source.h"

namespace cairn {
namespace {

using Paths = std::vector<std::string>;

absl::StatusOr<Paths> Expand(const Paths& paths) { return DataPaths({}).Expand(paths); }

std::string ErrorOf(const Paths& paths) {
  const auto expanded = Expand(paths);
  REQUIRE_FALSE(expanded.ok());
  return std::string(MessageOf(expanded.status()));
}

std::string TextOf(const std::string& path) {
  const auto source = DataSource::Open({path}, {}).value();
  std::string buffer;
  return std::string(source->Read(0, 0, ~uint64_t{0}, &buffer).value());
}

TEST_CASE("DataPaths: files keep their order and become absolute") {
  const TempFiles files;
  const std::string b = files.Write("b", "1");
  const std::string a = files.Write("a", "1");
  const std::string none = files.Path("none");
  CHECK(Expand({b, a, b, none}).value() == Paths{b, a, b, none});
  const std::string here = std::filesystem::current_path().string();
  CHECK(Expand({"./no-such", "no/such"}).value() == Paths{here + "/no-such", here + "/no/such"});
  CHECK(Expand({files.Path("./a"), "no/./such"}).value() == Paths{a, here + "/no/such"});
}

TEST_CASE("DataPaths: a directory stands for its files, by name, without marks") {
  const TempFiles files;
  for (const char* name : {"part-2", "part-10", "part-1.gz", "_SUCCESS", ".part-1.crc"}) {
    files.Write(name, "1");
  }
  std::filesystem::create_directory(files.Path("deeper"));
  std::filesystem::create_symlink(files.Path("part-2"), files.Path("link"));
  REQUIRE(mkfifo(files.Path("pipe").c_str(), 0600) == 0);
  const Paths expected = {files.Path("link"), files.Path("part-1.gz"), files.Path("part-10"),
                          files.Path("part-2")};
  CHECK(Expand({files.directory()}).value() == expected);
  CHECK(ErrorOf({files.Path("deeper")}) ==
        files.Path("deeper") +
            ": no data files in this directory (directories in it are not searched, names that "
            "begin with \".\" or \"_\" are left out)");
  CHECK(Expand({files.Path("deeper")}).status().code() == absl::StatusCode::kNotFound);
}

TEST_CASE("DataPaths: files with commas between them are told from one that is not there") {
  const TempFiles files;
  const std::string both = files.Write("a", "1") + "," + files.Write("b", "1");
  CHECK(ErrorOf({both}) ==
        both + ": there is no such file; several are given with blanks between them");
  const std::string odd = files.Write("a,b", "1");
  CHECK(Expand({odd}).value() == Paths{odd});
}

TEST_CASE("DataPaths: a slip in a name is told from what is beside it") {
  const TempFiles files;
  files.Write("mine.csv", "1");
  files.Write("other.csv", "1");
  CHECK(ErrorOf({files.Path("mine.cvs")}) ==
        files.Path("mine.cvs") + ": there is no such file; did you mean \"mine.csv\"?");
  CHECK(Expand({files.Path("mine.cvs")}).status().code() == absl::StatusCode::kNotFound);
  // Whoever opens it says what is wrong.
  CHECK(Expand({files.Path("flights.zst")}).ok());
  CHECK(Expand({files.Path("nowhere/mine.cvs")}).ok());
}

TEST_CASE("DataPaths: a pattern stands for what matches it, sorted") {
  const TempFiles files;
  std::filesystem::create_directory(files.Path("day"));
  for (const char* name : {"day/x", "day-2", "day-10", "_day", "other", "day[1]", ".day"}) {
    files.Write(name, "1");
  }
  CHECK(Expand({files.Path("day-*")}).value() == Paths{files.Path("day-10"), files.Path("day-2")});
  CHECK(Expand({files.Path("day*")}).value() == Paths{files.Path("day/x"), files.Path("day-10"),
                                                      files.Path("day-2"), files.Path("day[1]")});
  CHECK(Expand({files.Path("*day")}).value() == Paths{files.Path("day/x")});
  CHECK(Expand({files.Path("_d?y")}).value() == Paths{files.Path("_day")});
  CHECK(Expand({files.Path("day[1]")}).value() == Paths{files.Path("day[1]")});
  CHECK(ErrorOf({files.Path("night-*")}) ==
        files.Path("night-*") + ": no file matches this pattern");
  CHECK(Expand({files.Path("night-*")}).status().code() == absl::StatusCode::kNotFound);
}

TEST_CASE("DataPaths: labels are left out beside their images") {
  const TempFiles files;
  for (const char* name : {"t-images-idx3-ubyte.gz", "t-labels-idx1-ubyte", "u-labels-idx1"}) {
    files.Write(name, "1");
  }
  const Paths expected = {files.Path("t-images-idx3-ubyte.gz"), files.Path("u-labels-idx1")};
  CHECK(Expand({files.directory()}).value() == expected);
  CHECK(Expand({files.Path("*idx*")}).value() == expected);
}

TEST_CASE("DataPaths: standard input is read once, to its end") {
  const TempFiles files;
  Pipe pipe;
  pipe.Write("1 2:3\n");
  pipe.EndWriting();
  DataPaths paths(
      {.standard_input = pipe.reading(), .spool_directory = files.directory(), .progress = {}});
  const Paths expanded = paths.Expand({"-"}).value();
  REQUIRE(expanded.size() == 1);
  CHECK(TextOf(expanded[0]) == "1 2:3\n");
  const absl::Status twice = paths.Expand({"-"}).status();
  CHECK(twice.code() == absl::StatusCode::kInvalidArgument);
  CHECK(MessageOf(twice) == "standard input is named twice, but can be read only once");
}

TEST_CASE("DataPaths: compressed data may come by a pipe, named or of a shell's <(...)") {
  const TempFiles files;
  DataPaths paths({.standard_input = 0, .spool_directory = files.directory(), .progress = {}});
  Pipe pipe;
  pipe.Write(Gzip("0123456789"));
  pipe.EndWriting();
  const std::string substitution = "/dev/fd/" + std::to_string(pipe.reading());
  const std::string fifo = files.Path("fifo");
  REQUIRE(mkfifo(fifo.c_str(), 0600) == 0);
  std::thread writer([&] { std::ofstream(fifo) << "abc"; });
  const auto expanded = paths.Expand({substitution, fifo});
  writer.join();
  REQUIRE(expanded.ok());
  REQUIRE(expanded->size() == 2);
  CHECK(TextOf((*expanded)[0]) == "0123456789");
  CHECK(TextOf((*expanded)[1]) == "abc");
  CHECK(MessageOf(paths.Expand({fifo}).status()) ==
        fifo + " is named twice, but can be read only once");
}

TEST_CASE("DataPaths: a descriptor of a file stands for that file in every process") {
  const TempFiles files;
  const std::string path = files.Write("file", "1");
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  CHECK(Expand({"/dev/fd/" + std::to_string(fd)}).value() == Paths{path});
  ::close(fd);
}

TEST_CASE("DataPaths: devices are no data") {
  CHECK(ErrorOf({"/dev/null"}) == "/dev/null: is no file, directory or pipe");
}

}  // namespace
}  // namespace cairn
