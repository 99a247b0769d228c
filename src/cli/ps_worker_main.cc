// The program ps_worker, with the built-in models.
#include "cairn/model.h"

int main(int argc, char** argv) { return cairn::WorkerMain(argc, argv, {}); }
