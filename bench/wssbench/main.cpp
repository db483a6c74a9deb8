#include "base/commit.h"
#include "wssbench/command_line.h"

int main(int argc, char** argv) {
  return wssgate::bench::run_command_line(argc, argv, wssgate::commit());
}
