// Logistic regression as MPI programs do it: every rank holds the whole model, and gradients are
// summed over all ranks at each step. parameter_server.cc is the same program with Cairn.
//   mpirun -np 4 mpi_allreduce TRAIN VALID FEATURES SECONDS
#include <mpi.h>

#include "logistic.h"

int main(int argc, char** argv) {
  MPI_Init(&argc, &argv);
  int rank = 0, ranks = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &ranks);
  const Settings settings = ParseArguments(argc, argv);
  const Rows rows = Read(settings.train, settings.features, rank, ranks);

  std::vector<float> weights(settings.features), squares(settings.features);
  std::vector<float> gradients(settings.features);
  uint64_t trained = 0;
  size_t row = 0;
  MPI_Barrier(MPI_COMM_WORLD);
  const double begin = SecondsNow();
  for (int goes_on = 1; goes_on != 0;) {
    std::fill(gradients.begin(), gradients.end(), 0.0f);
    for (size_t i = 0; i < Settings::kBatchRows; ++i, row = (row + 1) % rows.size()) {
      float z = 0;
      for (const uint64_t key : rows.KeysOf(row)) z += weights[key];
      const float error = Sigmoid(z) - rows.labels[row];
      for (const uint64_t key : rows.KeysOf(row)) gradients[key] += error;
    }
    MPI_Allreduce(MPI_IN_PLACE, gradients.data(), static_cast<int>(settings.features), MPI_FLOAT,
                  MPI_SUM, MPI_COMM_WORLD);
    for (uint64_t key = 0; key < settings.features; ++key) {
      squares[key] += gradients[key] * gradients[key];
      if (gradients[key] != 0) {
        weights[key] -= Settings::kRate * gradients[key] / (std::sqrt(squares[key]) + 1e-8f);
      }
    }
    trained += Settings::kBatchRows;
    goes_on = SecondsNow() - begin < settings.seconds ? 1 : 0;
    MPI_Bcast(&goes_on, 1, MPI_INT, 0, MPI_COMM_WORLD);
  }

  uint64_t all = 0;
  MPI_Reduce(&trained, &all, 1, MPI_UINT64_T, MPI_SUM, 0, MPI_COMM_WORLD);
  if (rank == 0) {
    const Rows valid = Read(settings.valid, settings.features, 0, 1);
    std::vector<float> z(valid.size());
    for (size_t i = 0; i < valid.size(); ++i) {
      for (const uint64_t key : valid.KeysOf(i)) z[i] += weights[key];
    }
    Report("allreduce", valid, z, all);
  }
  ReportMemory(rank);
  MPI_Finalize();
  return 0;
}
