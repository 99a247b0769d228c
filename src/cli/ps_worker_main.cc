// The program ps_worker.
#include "cluster/worker_program.h"

int main(int argc, char** argv) { return cairn::WorkerMain(argc, argv); }
