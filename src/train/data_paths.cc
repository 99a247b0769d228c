#include "train/data_paths.h"

#include <fcntl.h>
#include <glob.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <memory>
#include <string_view>
#include <system_error>

#include "base/status.h"
#include "base/suggest.h"
#include "train/bad_row.h"
#include "train/idx_content.h"
#include "train/plain_file.h"

namespace cairn {
namespace {

namespace fs = std::filesystem;

// As other programs leave beside their output: "_SUCCESS", ".part-0.crc".
bool IsMark(const std::string& name) { return name.starts_with('.') || name.starts_with('_'); }

bool IsPattern(const std::string& path) { return path.find_first_of("*?[") != path.npos; }

// "a.csv,b.csv", where there is an "a.csv".
bool IsListOfPaths(const std::string& path) {
  const size_t comma = path.find(',');
  struct stat info;
  return comma != path.npos && ::stat(path.substr(0, comma).c_str(), &info) == 0;
}

// The name beside it that `path`, which is not there, may be a slip of; "" if there is none.
std::string NameMeant(const std::string& path) {
  std::vector<std::string> names;
  std::error_code ignored;  // Without a directory there are no names.
  const fs::path parent = fs::path(path).parent_path();
  for (fs::directory_iterator it(parent.empty() ? "." : parent, ignored), end;
       !ignored && it != end; it.increment(ignored)) {
    names.push_back(it->path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return ClosestWord(fs::path(path).filename().string(), names);
}

// Descriptors by path mean another file in every process, so those are followed; other links are
// not, so that messages name what the user named.
absl::StatusOr<std::string> Absolute(const std::string& path) {
  const bool descriptor = path.starts_with("/dev/") || path.starts_with("/proc/self/");
  std::string_view below = path;
  while (below.starts_with("./")) below.remove_prefix(2);
  std::error_code error;
  const fs::path absolute = descriptor ? fs::canonical(path, error) : fs::absolute(below, error);
  if (error) return FileError(path, "cannot be found", error.value());
  fs::path tidy;
  for (const fs::path& part : absolute) {
    if (part != ".") tidy /= part;
  }
  return tidy.string();
}

// Sorted, and without the labels of images that are there too.
void Tidy(std::vector<std::string>* files) {
  std::sort(files->begin(), files->end());
  std::set<std::string> labels;
  for (const std::string& file : *files) labels.insert(IdxLabelsStem(file));
  std::erase_if(*files, [&](const std::string& file) {
    return labels.contains(WithoutCompressionSuffix(file));
  });
}

absl::StatusOr<std::vector<std::string>> ListDirectory(const std::string& path) {
  std::vector<std::string> files;
  std::error_code error;
  for (fs::directory_iterator it(path, error), end; !error && it != end; it.increment(error)) {
    std::error_code ignored;  // Of a broken link: opening it will say so.
    const fs::file_status status = it->status(ignored);
    const bool wanted = fs::is_regular_file(status) || status.type() == fs::file_type::not_found;
    if (wanted && !IsMark(it->path().filename())) files.push_back(it->path().string());
  }
  if (error) return FileError(path, "the directory cannot be read", error.value());
  if (files.empty()) {
    return NotFound(path,
                    ": no data files in this directory (directories in it are not searched, names "
                    "that begin with \".\" or \"_\" are left out)");
  }
  Tidy(&files);
  return files;
}

std::vector<std::string> Match(const std::string& pattern) {
  glob_t found = {};
  std::vector<std::string> paths;
  const std::string last = fs::path(pattern).filename();
  if (::glob(pattern.c_str(), GLOB_NOSORT, nullptr, &found) == 0) {
    for (size_t i = 0; i < found.gl_pathc; ++i) {
      const std::string path = found.gl_pathv[i];
      if (IsMark(last) || !IsMark(fs::path(path).filename())) paths.push_back(path);
    }
  }
  ::globfree(&found);
  return paths;
}

}  // namespace

absl::StatusOr<std::vector<std::string>> DataPaths::Expand(const std::vector<std::string>& paths) {
  std::vector<std::string> files;
  for (const std::string& path : paths) CAIRN_RETURN_IF_ERROR(ExpandOne(path, &files));
  return files;
}

absl::Status DataPaths::ExpandOne(const std::string& path, std::vector<std::string>* files) {
  if (path == "-") {
    return Spool(options_.standard_input, {"standard input", "stdin", options_.spool_directory},
                 files);
  }
  struct stat info;
  if (::stat(path.c_str(), &info) != 0 && IsPattern(path)) return ExpandPattern(path, files);
  return ExpandExisting(path, files);
}

absl::Status DataPaths::ExpandExisting(const std::string& path, std::vector<std::string>* files) {
  struct stat info;
  const bool there = ::stat(path.c_str(), &info) == 0;
  if (there && S_ISFIFO(info.st_mode)) return ExpandPipe(path, files);
  if (there && !S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode)) {
    return NotFound(path, ": is no file, directory or pipe");
  }
  if (!there && IsListOfPaths(path)) {
    return NotFound(path, ": there is no such file; several are given with blanks between them");
  }
  const std::string meant = there ? "" : NameMeant(path);
  if (!meant.empty()) {
    return NotFound(path, ": there is no such file; did you mean ", QuoteText(meant), "?");
  }
  CAIRN_ASSIGN_OR_RETURN(const std::string absolute, Absolute(path));
  if (there && S_ISDIR(info.st_mode)) {
    CAIRN_ASSIGN_OR_RETURN(const std::vector<std::string> listed, ListDirectory(absolute));
    files->insert(files->end(), listed.begin(), listed.end());
  } else {
    files->push_back(absolute);
  }
  return absl::OkStatus();
}

absl::Status DataPaths::ExpandPattern(const std::string& pattern, std::vector<std::string>* files) {
  std::vector<std::string> matches = Match(pattern);
  if (matches.empty()) return NotFound(pattern, ": no file matches this pattern");
  Tidy(&matches);
  for (const std::string& match : matches) CAIRN_RETURN_IF_ERROR(ExpandExisting(match, files));
  return absl::OkStatus();
}

absl::Status DataPaths::ExpandPipe(const std::string& path, std::vector<std::string>* files) {
  // O_NONBLOCK: where nobody writes yet, SpooledInput waits, and can be interrupted.
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return FileError(path, "cannot open the pipe", errno);
  const absl::Status status = Spool(
      fd, {path, "pipe-" + fs::path(path).filename().string(), options_.spool_directory}, files);
  ::close(fd);
  return status;
}

absl::Status DataPaths::Spool(int fd, const SpooledInput::Options& input,
                              std::vector<std::string>* files) {
  struct stat info;
  if (::fstat(fd, &info) != 0) return FileError(input.name, "cannot be examined", errno);
  if (!seen_.insert({info.st_dev, info.st_ino}).second) {
    return InvalidArgument(input.name, " is named twice, but can be read only once");
  }
  CAIRN_ASSIGN_OR_RETURN(SpooledInput spooled, SpooledInput::Read(fd, input, options_.progress));
  files->push_back(spooled.path());
  spooled_.push_back(std::move(spooled));
  return absl::OkStatus();
}

}  // namespace cairn
