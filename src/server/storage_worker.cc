#include "server/storage_worker.h"

#include <utility>

#include "base/status.h"

namespace cairn {

StorageWorker::StorageWorker(FileSystem* files, const TimeSource* time)
    : files_(files),
      loop_({.name = "storage",
             .time = time,
             .on_message = [](const MessagePtr&) {},
             .on_tick = [](Micros) {}}) {
  loop_.Start();
}

void StorageWorker::Submit(StorageRequest request, Completion done) {
  auto shared = std::make_shared<StorageRequest>(std::move(request));
  loop_.Post([this, shared, done = std::move(done)] { done(Execute(*shared)); });
}

StorageResult StorageWorker::Execute(StorageRequest& request) {
  StorageResult result{request.ticket, request.kind, {}, {}};
  switch (request.kind) {
    case StorageRequest::Kind::kCreate: {
      result.status = files_->CreateDirectories(ParentDirectory(request.path));
      if (!result.status.ok()) break;
      auto file = files_->OpenForAppend(request.path);
      result.status = file.status();
      if (file.ok()) open_[request.path] = *std::move(file);
      break;
    }
    case StorageRequest::Kind::kAppend:
      result.status = Append(request);
      break;
    case StorageRequest::Kind::kCommit:
      result.status = Commit(request);
      break;
    case StorageRequest::Kind::kAbort:
      open_.erase(request.path);
      result.status = files_->Remove(request.path);
      break;
    case StorageRequest::Kind::kRead: {
      result.bytes.resize(request.length);
      const absl::StatusOr<size_t> read =
          files_->ReadAt(request.path, request.offset, result.bytes);
      result.status = read.status();
      result.bytes.resize(read.ok() ? *read : 0);
      break;
    }
  }
  return result;
}

absl::Status StorageWorker::Append(const StorageRequest& request) {
  const auto found = open_.find(request.path);
  if (found == open_.end()) return FailedPrecondition("not open for writing: ", request.path);
  return found->second->Append(request.bytes);
}

absl::Status StorageWorker::Commit(const StorageRequest& request) {
  const auto found = open_.find(request.path);
  if (found == open_.end()) return FailedPrecondition("not open for writing: ", request.path);
  const std::unique_ptr<WritableFile> file = std::move(found->second);
  open_.erase(found);
  CAIRN_RETURN_IF_ERROR(file->Sync());
  CAIRN_RETURN_IF_ERROR(file->Close());
  return files_->SyncDirectory(ParentDirectory(request.path));
}

}  // namespace cairn
