#include <fmt/format.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/units.h"
#include "cli/commands.h"
#include "cli/report_output.h"
#include "doctor/diagnose.h"
#include "doctor/probe.h"
#include "doctor/render.h"
#include "doctor/resolver.h"
#include "net/fd.h"
#include "pki/x509_facts.h"

namespace wssgate::cli {
namespace {

using doctor::ExitCode;

constexpr int kUsage = static_cast<int>(ExitCode::usage);
constexpr int kInterrupted = 130;  // as shells have it for SIGINT
constexpr Duration kLeastTimeout{10};
constexpr Duration kLeastInterval{100};

/// One line on a terminal that goes away again; nothing elsewhere.
class StatusLine {
 public:
  explicit StatusLine(bool shown)
      : shown_(shown && look_of(STDERR_FILENO) == Look::coloured_page) {}
  ~StatusLine() { clear(); }
  StatusLine(const StatusLine&) = delete;
  StatusLine& operator=(const StatusLine&) = delete;

  void say(const std::string& text) const { write(fmt::format("\r\x1b[K{}", text)); }
  void clear() const { write("\r\x1b[K"); }

 private:
  void write(const std::string& text) const {
    if (!shown_) return;
    std::fputs(text.c_str(), stderr);
    std::fflush(stderr);
  }

  bool shown_;
};

/// One examination and what it came to.
struct Round {
  std::vector<doctor::Probe> probes;
  doctor::Diagnosis diagnosis;
  std::chrono::system_clock::time_point at;
};

class Practice {
 public:
  Practice(doctor::Target target, const pki::TrustAnchors& anchors, const DoctorOptions& options,
           int stop_fd)
      : target_(std::move(target)),
        anchors_(anchors),
        options_(options),
        stop_fd_(stop_fd),
        status_(!options.json) {}

  Round examine() {
    Round round;
    status_.say(fmt::format("looking up {}", target_.host));
    const auto addresses = resolver_.find(target_, stop_fd_);
    if (addresses) {
      const auto tell = [this](std::size_t done, std::size_t all) {
        status_.say(fmt::format("asking {}: {} of {} done", target_.host, done, all));
      };
      tell(0, addresses->size());
      round.probes = doctor::probe_all(*addresses, target_, stop_fd_, tell);
    }
    round.at = std::chrono::system_clock::now();
    const doctor::Judge judge{
        .anchors = anchors_, .has_own_roots = !options_.ca.empty(), .now = round.at};
    round.diagnosis = addresses ? doctor::diagnose(target_, round.probes, judge)
                                : doctor::diagnose_unresolved(target_, addresses.error().context);
    status_.clear();
    return round;
  }

  void print(const Round& round) const {
    const bool coloured = look_of(STDOUT_FILENO) == Look::coloured_page;
    const bool indented = !options_.watch;  // else a line a report
    const std::string text =
        options_.json
            ? doctor::report_json(target_, round.probes, round.diagnosis, round.at, indented) + "\n"
            : doctor::report_text(target_, round.probes, round.diagnosis, round.at, coloured);
    std::fputs(text.c_str(), stdout);
    std::fflush(stdout);
  }

  /// Until a signal. Prints only what has changed, so that it may run for days.
  int watch(Duration interval) {
    std::optional<int> last;
    std::vector<std::string> before;
    for (std::size_t unchanged = 0;; ++unchanged) {
      const Round round = examine();
      if (is_stopped(Duration(0))) break;
      auto state = doctor::state_lines(target_, round.probes, round.diagnosis);
      const auto changes = doctor::changed_lines(before, state);
      if (!last || !changes.empty()) {
        tell_change(round, last ? changes : std::vector<std::string>());
        unchanged = 0;
      }
      last = static_cast<int>(round.diagnosis.exit_code);
      before = std::move(state);
      status_.say(fmt::format("{}: unchanged for {} rounds; {} to the next one",
                              pki::iso_time(round.at), unchanged, format_duration(interval)));
      if (is_stopped(interval)) break;
    }
    status_.clear();
    return last.value_or(kInterrupted);
  }

 private:
  /// A signal came, or comes within `time`.
  bool is_stopped(Duration time) const {
    pollfd polled{stop_fd_, POLLIN, 0};
    return ::poll(&polled, 1, static_cast<int>(time.count())) > 0;
  }

  void tell_change(const Round& round, const std::vector<std::string>& changes) const {
    if (changes.empty() || options_.json) return print(round);
    std::string text = fmt::format("\n{} changed\n", pki::iso_time(round.at));
    for (const std::string& line : changes) text += fmt::format("  {}\n", line);
    text += fmt::format("  {}.\n", round.diagnosis.sentence);
    std::fputs(text.c_str(), stdout);
    std::fflush(stdout);
  }

  doctor::Target target_;
  const pki::TrustAnchors& anchors_;
  const DoctorOptions& options_;
  int stop_fd_;
  doctor::Resolver resolver_;
  StatusLine status_;
};

int refuse_usage(const std::string& why) {
  std::fputs(fmt::format("wssgate: {}\n'wssgate doctor --help' lists what there is\n", why).c_str(),
             stderr);
  return kUsage;
}

/// Readable once SIGINT or SIGTERM came, which end nothing by themselves from now on.
net::Fd catch_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return net::Fd(::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
}

}  // namespace

int doctor(DoctorOptions options) {
  const auto timeout = parse_duration(options.timeout);
  if (!timeout || *timeout < kLeastTimeout) {
    return refuse_usage("--timeout is a time with its unit, such as 5s or 500ms");
  }
  const auto interval = parse_duration(options.interval);
  if (!interval || *interval < kLeastInterval || *interval > std::chrono::hours(24)) {
    return refuse_usage("--interval is a time with its unit, 100ms to 24h, such as 30s");
  }
  options.request.timeout = *timeout;
  auto target = doctor::make_target(options.request);
  if (!target) return refuse_usage(target.error().context);

  Report report;
  std::vector<pki::NamedPath> roots;
  if (!options.ca.empty()) roots.push_back({options.ca, {"--ca", 0, 0}});
  const auto anchors = pki::TrustAnchors::load(roots, report);
  if (!report.ok()) {
    std::fputs(problems_text(report, look_of(STDERR_FILENO)).c_str(), stderr);
    return kUsage;
  }
  if (options.watch) {
    const net::Fd signals = catch_signals();
    return Practice(std::move(*target), anchors, options, signals.get()).watch(*interval);
  }
  Practice practice(std::move(*target), anchors, options, -1);
  const Round round = practice.examine();
  practice.print(round);
  return static_cast<int>(round.diagnosis.exit_code);
}

}  // namespace wssgate::cli
