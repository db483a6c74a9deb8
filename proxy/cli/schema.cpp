#include "config/schema.h"

#include <cstdio>
#include <nlohmann/json.hpp>

#include "cli/commands.h"

namespace wssgate::cli {

int schema() {
  std::puts(config::schema().dump(2).c_str());
  return 0;
}

}  // namespace wssgate::cli
