// The program ps_coordinator.
#include "cli/coordinator_program.h"

int main(int argc, char** argv) {
  return cairn::RunRoleProgram(cairn::CoordinatorProgram(), argc, argv);
}
