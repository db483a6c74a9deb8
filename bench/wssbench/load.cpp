#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <thread>

#include "wssbench/command_line.h"
#include "wssbench/html_report.h"
#include "wssbench/json_report.h"
#include "wssbench/progress.h"
#include "wssbench/run.h"
#include "wssbench/server_probe.h"
#include "wssbench/text_report.h"

namespace wssgate::bench {
namespace {

std::atomic<bool> stop_asked{false};
static_assert(std::atomic<bool>::is_always_lock_free, "a signal handler writes it");

// The first Ctrl-C ends with what was measured, the second at once.
void on_signal(int number) {
  if (stop_asked.exchange(true)) std::signal(number, SIG_DFL);
}

void listen_to_signals() {
  struct sigaction action {};
  action.sa_handler = on_signal;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
}

int refuse_load(const std::string& why) {
  std::fputs(fmt::format("wssbench: {}\n", why).c_str(), stderr);
  return kUsage;
}

std::size_t usual_connections(Mode mode) {
  switch (mode) {
    case Mode::bulk:
      return 4;
    case Mode::handshake:
      return 16;
    case Mode::idle:
    case Mode::storm:
      return 1'000;
    default:
      return 64;
  }
}

void fill_in(Options& options) {
  if (options.connections == 0) options.connections = usual_connections(options.mode);
  const std::size_t processors = std::max(1U, std::thread::hardware_concurrency());
  if (options.threads == 0) options.threads = std::max<std::size_t>(1, processors / 2);
  options.threads = std::min(options.threads, options.connections);
  if (options.size == 0) options.size = options.mode == Mode::bulk ? std::size_t{1} << 20U : 128;
  if (options.kind == Handshake::resumed) options.resume = 1;
  if (options.mode == Mode::idle) {
    options.duration = options.hold;
    options.warmup = Duration{0};
  }
  // Slowly: one message a second and tunnel.
  if (options.mode == Mode::storm && options.rate == 0) options.rate = double(options.connections);
}

/// A sentence where the options cannot go together.
std::string contradiction(const Options& options, const Url& url) {
  if (options.mode == Mode::handshake && !url.secure && options.kind != Handshake::upgrade) {
    return "handshake needs wss:// or https:// (or --kind upgrade)";
  }
  if (options.duration.count() == 0) return "--duration must be above 0";
  if (options.pid && !ServerProbe(*options.pid).cpu()) {
    return fmt::format("--pid {}: there is no such process, or its figures are not yours to see",
                       *options.pid);
  }
  return "";
}

bool write_file(const std::string& file, const std::string& text) {
  if (file == "-") {
    std::cout << text << std::flush;
    return std::cout.good();
  }
  std::ofstream out(file, std::ios::binary);
  out << text << std::flush;
  if (!out) std::fputs(fmt::format("wssbench: cannot write '{}'\n", file).c_str(), stderr);
  return out.good();
}

int exit_code(const Results& results) {
  if (results.nothing_worked()) return kNothingWorked;
  return results.totals.error_count() > 0 ? kErrorsHappened : kGood;
}

int report(const Options& options, const Results& results) {
  const bool json_on_stdout = options.json == "-";
  const std::string text = to_text(options, results);
  if (!options.quiet) {
    std::fputs(text.c_str(), json_on_stdout ? stderr : stdout);
  } else if (results.totals.error_count() > 0) {
    std::fputs(text.c_str(), stderr);
  }
  bool written = true;
  if (!options.json.empty()) {
    const auto json = to_json(options, results);
    // What a server said may be no UTF-8.
    written &= write_file(
        options.json, json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
  }
  if (!options.html.empty()) written &= write_file(options.html, to_html(options, results));
  return written ? exit_code(results) : kNothingWorked;
}

}  // namespace

int load(Options options) {
  fill_in(options);
  Plan plan;
  auto target = Target::make(options);
  if (!target) return refuse_load(target.error().context);
  plan.target = *std::move(target);
  if (const std::string why = contradiction(options, plan.target.url); !why.empty())
    return refuse_load(why);
  if (options.mode == Mode::mixed) {
    auto scenario = Scenario::load(options.scenario);
    if (!scenario) return refuse_load(scenario.error().context);
    plan.scenario = *std::move(scenario);
    for (User& user : plan.scenario.users) {
      if (!user.path.empty()) user.request = plan.target.upgrade_request_for(user.path, options);
    }
  }
  plan.options = options;
  if (options.insecure) {
    std::fputs(
        "wssbench: --insecure: certificates are NOT verified; what is measured may be anybody\n",
        stderr);
  }
  listen_to_signals();
  Progress progress(plan.options);
  auto results = run_load(plan, stop_asked, [&](const Status& status) { progress.show(status); });
  progress.end();
  if (!results) return refuse_load(results.error().context);
  return report(plan.options, *results);
}

}  // namespace wssgate::bench
