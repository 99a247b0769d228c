// The program ps_worker: the trainer's worker as a process.
#pragma once

namespace cairn {

// Reads the command line, works, returns the exit code.
int WorkerMain(int argc, char** argv);

}  // namespace cairn
