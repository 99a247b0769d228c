// A ps_worker that knows Poisson regression.
#include "poisson.h"

int main(int argc, char** argv) { return cairn::WorkerMain(argc, argv, Models()); }
