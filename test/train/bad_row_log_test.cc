#include "train/bad_row_log.h"

#include <catch2/catch.hpp>
#include <string>

#include "base/status.h"
#include "temp_files.h"
#include "train/data_sample.h"

namespace cairn {
namespace {

TEST_CASE("BadRowLog: counts rows of all readers, and keeps the first bad one of the files") {
  const TempFiles files;
  std::string text;
  for (int i = 0; i < 300; ++i) text += i % 100 == 50 ? "what?\n" : "1 5:1\n";
  const std::string path = files.Write("data", text);
  const auto source = DataSource::Open({path}, {}).value();
  const DataDefinition definition =
      DefineData(*source, {.format = DataFormat::kLibsvm, .batch_rows = 16}).value();
  BadRowLog log;
  CHECK(log.total().rows == 0);
  CHECK_FALSE(log.total().first);
  for (uint64_t batch = BatchCount(definition); batch-- > 0;) {
    const auto reader =
        BatchReader::Create(source.get(), definition, {.skip_bad_rows = true}).value();
    RowBatch rows;
    REQUIRE(reader->Read(0, batch, &rows).ok());
    log.Add(rows, *reader);
  }
  const BadRowLog::Total total = log.total();
  CHECK(total.rows == 297);
  CHECK(total.bad_rows == 3);
  REQUIRE(total.first);
  CHECK(std::string(MessageOf(BadRowError(*source, *total.first))).starts_with(path + ":51:"));
}

}  // namespace
}  // namespace cairn
