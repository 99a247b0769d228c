// Functions that take any bytes from outside, in one table: fuzz_test.cc feeds them in every test
// run, and libFuzzer (libfuzzer_main.cc) for as long as one likes.
//
// To add one: write <what>_fuzz.cc with a FuzzTarget like MessageTarget() in codec_fuzz.cc, declare
// its maker below, and put it into FuzzTargets().
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace cairn {

struct FuzzTarget {
  using Bytes = std::vector<uint8_t>;

  std::string name;
  // Must return, whatever the bytes are, without a crash. 0, or -1 for "not worth mutating".
  int (*run)(const uint8_t* data, size_t size) = nullptr;
  // Good inputs, which are then broken.
  std::vector<Bytes> (*seeds)() = nullptr;
  // The most that one run may allocate in total: fixed + per_byte * size.
  size_t allocated_fixed_max = 64u << 10;
  size_t allocated_per_byte_max = 64;
};

FuzzTarget MessageTarget();   // DecodeMessage, as frames come.
FuzzTarget SealedTarget();    // DecodeMessage behind the checksums, which random bytes never pass.
FuzzTarget PiecesTarget();    // DecodeMessage of frames in pieces.
FuzzTarget AddressTarget();   // ParseAddress.
FuzzTarget ParseTarget();     // The text formats of data files (parse_fuzz.h).
FuzzTarget ColumnsTarget();   // csv and Criteo's rows.
FuzzTarget ReadSpecTarget();  // How data is read, as a program holds it.
FuzzTarget DecodeTarget();    // TextDecoder, for every compression.
FuzzTarget IdxTarget();       // IdxContent and ParseIdxRows.
FuzzTarget OptionFileTarget();  // ParseOptionFile.
FuzzTarget ModelTextTarget();   // ModelTextParser: what it accepts is written as it was read.
FuzzTarget SnapshotTarget();    // SnapshotParser, with and without good checksums.
FuzzTarget ManifestTarget();    // ParseManifest, likewise.
FuzzTarget JobLogTarget();      // FileJobLog::Open, of a file that lies there.
FuzzTarget RecordsTarget();     // Its records, behind the checksums.
FuzzTarget CheckpointTarget();  // DecodeCheckpoint.

std::vector<FuzzTarget> FuzzTargets();

}  // namespace cairn
