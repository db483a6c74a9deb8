#include "base/commit.h"
#include "cli/commands.h"

int main(int argc, char** argv) {
  return wssgate::cli::run_command_line(argc, argv, wssgate::commit());
}
