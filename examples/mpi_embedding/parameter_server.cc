// allreduce.cc with Cairn: every rank also hosts a share of the model, pulls the weights that its
// batch has and pushes their gradients, without waiting for the other ranks. What differs is
// marked.
//   mpirun -np 4 mpi_parameter_server TRAIN VALID FEATURES SECONDS
#include <cairn/mpi.h>  // <<
#include <mpi.h>

#include "logistic.h"

namespace {

void Check(const absl::Status& status) {
  if (!status.ok()) Fail(status.ToString());
}

// << The model is a table of one weight for each key, and AdaGrad is the servers'.
cairn::mpi::Options MakeJob() {
  cairn::mpi::Options options{.layout = cairn::mpi::Layout::kShared, .servers = 0};
  cairn::JobSpec& job = options.coordinator.job;
  job.tables.resize(1);
  job.tables[0].name = "weights";
  job.tables[0].parts[0].optimizer = {.name = "adagrad", .learning_rate = Settings::kRate};
  return options;
}

}  // namespace

int main(int argc, char** argv) {
  MPI_Init(&argc, &argv);
  int rank = 0, ranks = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &ranks);
  const Settings settings = ParseArguments(argc, argv);
  const Rows rows = Read(settings.train, settings.features, rank, ranks);

  auto member = cairn::mpi::Join(MPI_COMM_WORLD, MakeJob());  // <<
  Check(member.status());
  cairn::Client* const client = (*member)->client();
  const cairn::Table table = client->FindTable("weights").value();
  uint64_t trained = 0;
  size_t row = 0;
  std::vector<float> weights, gradients;
  MPI_Barrier(MPI_COMM_WORLD);
  const double begin = SecondsNow();
  while (SecondsNow() - begin < settings.seconds) {
    const size_t batch_rows = std::min(Settings::kBatchRows, rows.size() - row);
    const size_t first = rows.begins[row], last = rows.begins[row + batch_rows];
    const std::span<const uint64_t> keys(rows.keys.data() + first, last - first);
    weights.resize(keys.size());
    gradients.resize(keys.size());
    Check(client->Pull(table, keys, weights).Wait());  // << Keys may repeat.
    for (size_t i = row; i < row + batch_rows; ++i) {
      const size_t from = rows.begins[i] - first, to = rows.begins[i + 1] - first;
      float z = 0;
      for (size_t at = from; at < to; ++at) z += weights[at];
      const float error = Sigmoid(z) - rows.labels[i];
      for (size_t at = from; at < to; ++at) gradients[at] = error;
    }
    Check(client->Push(table, keys, gradients).Wait());  // << Instead of MPI_Allreduce.
    trained += batch_rows;
    row = (row + batch_rows) % rows.size();
  }

  uint64_t all = 0;
  MPI_Reduce(&trained, &all, 1, MPI_UINT64_T, MPI_SUM, 0, MPI_COMM_WORLD);
  if (rank == 0) {
    const Rows valid = Read(settings.valid, settings.features, 0, 1);
    std::vector<float> z(valid.size());
    weights.resize(valid.keys.size());
    Check(client->Read(table, valid.keys, weights).Wait());  // <<
    for (size_t i = 0; i < valid.size(); ++i) {
      for (size_t at = valid.begins[i]; at < valid.begins[i + 1]; ++at) z[i] += weights[at];
    }
    Report("parameter server", valid, z, all);
  }
  Check((*member)->Finish());  // <<
  ReportMemory(rank);
  MPI_Finalize();
  return 0;
}
