#include "train/idx_content.h"

#include <catch2/catch.hpp>
#include <string>
#include <string_view>

#include "base/status.h"
#include "idx_files.h"
#include "temp_files.h"

namespace cairn {
namespace {

constexpr uint64_t kPlenty = uint64_t{1} << 30;

absl::StatusOr<std::unique_ptr<IdxContent>> Open(const std::string& path) {
  uint64_t memory_left = kPlenty;
  CAIRN_ASSIGN_OR_RETURN(auto images, OpenText(path, &memory_left));
  return IdxContent::Open(path, std::move(images), &memory_left);
}

std::string ErrorOf(const std::string& path) {
  const auto content = Open(path);
  REQUIRE_FALSE(content.ok());
  return std::string(MessageOf(content.status()));
}

// Three images of 2 x 2.
const std::string kImages = IdxHeaderOf({3, 2, 2}) + "aaaabbbbcccc";
const std::string kLabels = IdxHeaderOf({3}) + "123";

TEST_CASE("IsIdx tells idx from text") {
  CHECK(IsIdx(kImages));
  CHECK(IsIdx(kLabels));
  CHECK_FALSE(IsIdx("1 2:3\n"));
  CHECK_FALSE(IsIdx(kImages.substr(0, 3)));
  CHECK_FALSE(IsIdx(std::string(10, '\0')));
}

TEST_CASE("IdxLabelsPath") {
  CHECK(IdxLabelsPath("d/t10k-images-idx3-ubyte.gz") == "d/t10k-labels-idx1-ubyte.gz");
  CHECK(IdxLabelsPath("images-idx4") == "labels-idx1");
  CHECK(IdxLabelsPath("images-idx3/images-idx3") == "images-idx3/labels-idx1");
  CHECK(IdxLabelsPath("images-idx3/other").empty());
  CHECK(IdxLabelsPath("images-idx").empty());
  CHECK(IdxLabelsPath("images-idx1-ubyte").empty());
  CHECK(IdxLabelsPath("pictures").empty());
  CHECK(IdxLabelsStem("images-idx3.zst") == "labels-idx1");
}

TEST_CASE("IdxContent weaves labels and images into rows, wherever a read begins and ends") {
  const TempFiles files;
  const std::string rows = "1aaaa2bbbb3cccc";
  for (const bool packed : {false, true}) {
    const std::string path = files.Write("t-images-idx3", packed ? Gzip(kImages) : kImages);
    files.Write("t-labels-idx1", packed ? Zstd(kLabels) : kLabels);
    const auto content = Open(path).value();
    CHECK(content->row_bytes() == 5);
    CHECK(content->bytes() == 15);
    std::string buffer;
    for (size_t begin = 0; begin <= rows.size(); ++begin) {
      for (size_t bytes = 0; bytes <= rows.size() + 1; ++bytes) {
        CHECK(content->Read(begin, bytes, &buffer).value() == rows.substr(begin, bytes));
      }
    }
    CHECK(content->Read(~uint64_t{0}, ~uint64_t{0}, &buffer).value().empty());
  }
}

TEST_CASE("IdxContent finds the labels, whichever of the two is compressed") {
  const TempFiles files;
  const auto first = [&](const std::string& path) {
    std::string buffer;
    return std::string(Open(path).value()->Read(0, 1, &buffer).value());
  };
  files.Write("a-labels-idx1-ubyte.gz", Gzip(kLabels));
  CHECK(first(files.Write("a-images-idx3-ubyte", kImages)) == "1");
  files.Write("b-labels-idx1-ubyte", kLabels);
  CHECK(first(files.Write("b-images-idx3-ubyte.gz", Gzip(kImages))) == "1");
  files.Write("c-labels-idx1-ubyte.zst", Zstd(kLabels));
  CHECK(first(files.Write("c-images-idx3-ubyte.gz", Gzip(kImages))) == "1");
}

TEST_CASE("IdxContent says which labels it has looked for") {
  const TempFiles files;
  const std::string path = files.Write("x-images-idx3-ubyte.gz", Gzip(kImages));
  const std::string stem = files.Path("x-labels-idx1-ubyte");
  CHECK(ErrorOf(path) == path + ": no labels for these images: there is neither " + stem + " nor " +
                             stem + ".gz or .zst");
  CHECK(Open(path).status().code() == absl::StatusCode::kNotFound);
  const std::string other = files.Write("pictures", kImages);
  CHECK(ErrorOf(other) ==
        other +
            ": a file of idx images must have \"images-idx3\" in its name; its labels are looked "
            "for under the name with \"labels-idx1\" instead");
  const std::string labels = files.Write("x-labels-idx1-ubyte", kLabels);
  CHECK(ErrorOf(labels) == labels +
                               ": holds labels; name the file of their images, and the labels are "
                               "found by its name");
}

TEST_CASE("IdxContent checks every number in the images' header") {
  const TempFiles files;
  files.Write("t-labels-idx1", kLabels);
  const auto error = [&](const std::string& content) {
    const std::string path = files.Write("t-images-idx3", content);
    const std::string text = ErrorOf(path);
    REQUIRE(text.starts_with(path + ": "));
    return text.substr(path.size() + 2);
  };
  CHECK(error(kImages.substr(0, 15)) == "the idx file has been cut off within its header");
  CHECK(error(kImages.substr(0, 20)) ==
        "holds 20 bytes, but its header says 28 (3 rows of 4): the file has been cut off");
  CHECK(error(kImages + "x") == "holds 29 bytes, but its header says 28 (3 rows of 4)");
  CHECK(error(IdxHeaderOf({0, 2, 2})) == "an idx file without values");
  CHECK(error(IdxHeaderOf({3, 2, 0})) == "an idx file without values");
  const std::string too_large =
      "the header says that an image has 16777216 bytes or more: the file is damaged, or no images";
  CHECK(error(IdxHeaderOf({1, 0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF})) == too_large);
  CHECK(error(IdxHeaderOf({1, 4096, 4096})) == too_large);
  CHECK(error(IdxHeaderOf({0xFFFFFFFF, 4095, 4096})).starts_with("holds 16 bytes, but its header"));
  CHECK(error(IdxHeaderOf({1, 1, 1, 1, 1}) + "a") == "an idx file of 5 dimensions; at most 4");
  std::string floats = kImages;
  floats[2] = '\x0D';
  CHECK(error(floats) == "an idx file of another type than unsigned bytes (type 13, not 8)");
}

TEST_CASE("IdxContent checks that the labels are those of the images") {
  const TempFiles files;
  const std::string path = files.Write("t-images-idx3", kImages);
  const auto error = [&](const std::string& content) {
    const std::string labels = files.Write("t-labels-idx1", content);
    const std::string text = ErrorOf(path);
    REQUIRE(text.starts_with(labels + ": "));
    return text.substr(labels.size() + 2);
  };
  CHECK(error(IdxHeaderOf({2}) + "12") == "holds 2 labels for the 3 images in " + path);
  CHECK(error(IdxHeaderOf({3}) + "12") ==
        "holds 10 bytes, but its header says 11 (3 rows of 1): the file has been cut off");
  CHECK(error(kImages) == "idx labels have one dimension, not 3");
  CHECK(error("1\n2\n3\n") == "not an idx file: it begins with other bytes");
}

}  // namespace
}  // namespace cairn
