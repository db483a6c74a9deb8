#include "wssbench/options.h"

namespace wssgate::bench {

std::string_view mode_name(Mode mode) {
  switch (mode) {
    case Mode::handshake:
      return "handshake";
    case Mode::echo:
      return "echo";
    case Mode::push:
      return "push";
    case Mode::bulk:
      return "bulk";
    case Mode::get:
      return "get";
    case Mode::idle:
      return "idle";
    case Mode::storm:
      return "storm";
    case Mode::mixed:
      return "mixed";
  }
  return "";
}

std::string_view work_unit(Mode mode) {
  switch (mode) {
    case Mode::handshake:
      return "handshake";
    case Mode::bulk:
      return "byte";
    case Mode::get:
      return "request";
    case Mode::idle:
    case Mode::storm:
      return "tunnel";
    case Mode::echo:
    case Mode::push:
    case Mode::mixed:
      return "message";
  }
  return "";
}

}  // namespace wssgate::bench
