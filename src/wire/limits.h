// Every bound of the protocol. A peer that goes beyond one gets an error, never memory.
#pragma once

#include <cstddef>
#include <cstdint>

namespace cairn::limits {

// Frames.
inline constexpr size_t kFrameBytesMax = size_t{8} << 20;  // Anything longer is cut off by ZeroMQ.
inline constexpr size_t kFrameBytesAim = size_t{1} << 20;  // Large requests are cut to this.
inline constexpr size_t kFramePiecesMax = 64;              // Parts of a ZeroMQ message.
inline constexpr size_t kControlBytesMax = size_t{64} << 10;  // Protobuf part of a frame.
inline constexpr size_t kStringBytesMax = 4096;               // Any string inside a message.
inline constexpr size_t kAddressBytesMax = 256;

// Jobs.
inline constexpr uint32_t kPartitionsMax = 65'536;
inline constexpr uint32_t kInitFilesMax = 65'536;  // Of all partitions, increments included.
inline constexpr uint32_t kTablesMax = 4'096;
inline constexpr uint32_t kPartsMax = 64;             // Parts of a row.
inline constexpr uint32_t kRowFloatsMax = 65'536;     // Weights of a row.
inline constexpr uint32_t kProcessesMax = 65'536;     // Members of a cluster over its life.
inline constexpr uint32_t kFixedStreamsMax = 65'536;  // bsp, ssp.
inline constexpr uint32_t kStepNotesMax = 131'072;    // Of one Grants.
inline constexpr uint32_t kProgramBytesMax = 48u << 10;
inline constexpr size_t kJobBytesMax = size_t{2} << 20;  // Encoded: a Welcome has to be one frame.
inline constexpr uint64_t kEpochsMax = 1'000'000;
inline constexpr uint32_t kCheckpointsKeptMax = 100;
inline constexpr uint32_t kCheckpointChainMax = 1'000;      // Of increments on each other.
inline constexpr uint64_t kBatchesMax = uint64_t{1} << 40;  // Of an epoch; and of all together.
inline constexpr uint64_t kStreamsAtOnceMax = 1u << 20;     // asp: streams of one epoch.
inline constexpr uint32_t kStalenessMax = 1'000'000;        // Steps; ssp.
inline constexpr size_t kTableNameBytesMax = 64;
inline constexpr uint32_t kDimMax = 1'024;       // Of a feature's vector; of built-in models.
inline constexpr uint32_t kAdmitCountMax = 256;  // Occurrences; of a RetentionSpec.
inline constexpr uint64_t kSketchBytesMin = 64u << 10;
inline constexpr uint64_t kSketchBytesMax = uint64_t{1} << 40;
inline constexpr uint64_t kExpireStepsMax = uint64_t{1} << 40;
inline constexpr uint64_t kTableBytesMax = uint64_t{1} << 50;     // Of a budget.
inline constexpr uint64_t kDeviceBytesMax = uint64_t{1} << 50;    // Likewise, of a step's memory.
inline constexpr uint32_t kClassesMax = 1'000;                    // That a model tells apart.
inline constexpr uint64_t kNetworkFloatsMax = uint64_t{1} << 27;  // Of its dense layers, together.
inline constexpr uint64_t kDenseFloatsMax = uint64_t{1} << 40;    // Keeps sums of sizes in 64 bits.

// What a StatusReply lists.
inline constexpr uint32_t kStatusMembersMax = 1'000;
inline constexpr uint32_t kStatusEpochsMax = 1'000;

// Requests.
inline constexpr uint32_t kIdsPerSliceMax = 1u << 20;
inline constexpr size_t kPulledIdsBytesMax = size_t{128} << 20;  // Remembered by an executor.
inline constexpr uint32_t kFragmentsMax = 65'536;                // Of one record.
inline constexpr size_t kFragmentBytesAim = 256u << 10;  // A record is cut into pieces of this.
inline constexpr size_t kRecordBytesMax = size_t{256} << 20;  // One step's part of one partition.
inline constexpr size_t kAssemblyBytesMax = size_t{1} << 30;  // Unfinished records of an executor.
inline constexpr uint32_t kWaitingPullsMax = 65'536;          // Parked pulls of an executor.
inline constexpr size_t kOpKeysMax = size_t{1} << 24;         // Keys in one call of a program.
inline constexpr uint32_t kEvaluationScoresMax = 1'000'000;   // In one EvaluationResult.

// Transports. What does not fit is dropped and counted; the protocol above repeats it.
inline constexpr size_t kSendQueueBytesMax = size_t{512} << 20;  // Of one transport, all peers.
inline constexpr size_t kPeerQueueBytesMax = size_t{288} << 20;  // A client's window and some.
inline constexpr uint32_t kSendQueueMillisMax = 2'000;           // Older is not worth sending.
inline constexpr uint32_t kCloseMillisMax = 200;                 // For last words on closing.
inline constexpr uint32_t kConnectionsMax = 4'096;               // Outgoing, of one transport.
inline constexpr uint32_t kMailboxMessagesMax = 65'536;          // Of one event loop.
inline constexpr size_t kMailboxBytesMax = size_t{256} << 20;    // Likewise, as they came.

}  // namespace cairn::limits
