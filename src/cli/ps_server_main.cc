// The program ps_server, with the built-in optimizers.
#include "cairn/server.h"

int main(int argc, char** argv) { return cairn::ServerMain(argc, argv, {}); }
