// Does an executor's storage requests on a thread of its own, in order.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "base/file_system.h"
#include "server/storage.h"
#include "transport/event_loop.h"

namespace cairn {

class StorageWorker {
 public:
  // Called on this worker's thread.
  using Completion = std::function<void(StorageResult)>;

  // `files` and `time` must outlive the worker.
  StorageWorker(FileSystem* files, const TimeSource* time);

  // Thread-safe. Nothing is called back after Stop.
  void Submit(StorageRequest request, Completion done);
  void Stop() { loop_.Stop(); }

 private:
  StorageResult Execute(StorageRequest& request);
  absl::Status Append(const StorageRequest& request);
  absl::Status Commit(const StorageRequest& request);

  FileSystem* const files_;
  std::map<std::string, std::unique_ptr<WritableFile>> open_;  // By path; the loop's thread.
  EventLoop loop_;
};

}  // namespace cairn
