#include "wssbench/command_line.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <exception>
#include <map>
#include <string_view>

#include "base/text.h"

namespace wssgate::bench {
namespace {

constexpr const char* kFooter = R"(exit codes:
  0  everything worked
  1  errors happened; they are counted by reason
  2  the command line is wrong
  3  nothing worked: no connection came about

`wssbench MODE --help` lists the options of a mode. Without a mode: echo.)";

template <class Value>
void add_choice(CLI::App& command, const std::string& option, Value& chosen,
                const std::map<std::string, Value>& choices, const std::string& description) {
  command
      .add_option_function<std::string>(
          option, [&chosen, choices](const std::string& word) { chosen = choices.at(word); },
          description)
      ->check(CLI::IsMember(choices));
}

/// A bare number is one of these.
std::string with_unit(const std::string& text, const char* unit) {
  const bool bare = !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
  return bare ? text + unit : text;
}

void add_duration(CLI::App& command, const std::string& option, Duration& value,
                  const std::string& description) {
  command
      .add_option_function<std::string>(
          option,
          [&value, option](const std::string& text) {
            const auto parsed = parse_duration(with_unit(text, "s"));
            if (!parsed)
              throw CLI::ValidationError(option, "write a duration, such as 500ms, 10s or 2m");
            value = *parsed;
          },
          fmt::format("{} [{}]", description, format_duration(value)))
      ->type_name("TIME");
}

void add_size(CLI::App& command, const std::string& option, std::size_t& value,
              const std::string& description) {
  command
      .add_option_function<std::string>(
          option,
          [&value, option](const std::string& text) {
            const auto parsed = parse_size(with_unit(text, "B"));
            constexpr std::uint64_t kMost = std::uint64_t{1} << 30U;
            if (!parsed || *parsed == 0 || *parsed > kMost) {
              throw CLI::ValidationError(option,
                                         "write a size up to 1GiB, such as 128, 16KiB or 1MiB");
            }
            value = *parsed;
          },
          description)
      ->type_name("SIZE");
}

void add_connection_options(CLI::App& command, Options& options) {
  command.add_option("url", options.url, "wss://HOST[:PORT]/PATH, ws://, https:// or http://")
      ->required();
  command.add_option("-c,--connections", options.connections, "at once")
      ->check(CLI::Range(std::size_t{1}, std::size_t{1'000'000}));
  command.add_option("-t,--threads", options.threads, "of wssbench [half the processors]")
      ->check(CLI::Range(std::size_t{1}, std::size_t{1024}));
  command.add_option("--connect", options.connect,
                     "connect to this ADDRESS:PORT, whatever the URL's host");
  command.add_option("--source", options.sources, "connect from this address; several take turns")
      ->type_size(1)
      ->allow_extra_args(false);
  command.add_option("--ca", options.ca,
                     "trust the certificates of this PEM file alone [the system's roots]");
  command.add_flag("--insecure", options.insecure, "do NOT verify certificates");
  command.add_option("--tls", options.tls, "only this version: 1.2 or 1.3")
      ->check(CLI::IsMember({"1.2", "1.3"}));
  command.add_option("--cipher,--ciphers", options.ciphers,
                     "offer these suites (OpenSSL's names, joined by ':')");
  command.add_option("--groups", options.groups, "offer these key exchange groups, joined by ':'");
  command
      .add_option("--resume", options.resume,
                  "the share of handshakes that offer a session, 0 to 1")
      ->check(CLI::Range(0.0, 1.0));
  command.add_option("--header", options.headers, "'Name: value' in the request; repeatable")
      ->type_size(1)
      ->allow_extra_args(false);
  add_duration(command, "--timeout", options.timeout, "for connecting, and for each answer");
}

void add_output_options(CLI::App& command, Options& options) {
  command.add_option("--pid", options.pid,
                     "measure CPU time and memory of this process and its children");
  command.add_option("--json", options.json,
                     "write the results to this file ('-': standard output)");
  command.add_option("--html", options.html, "write a report with plots to this file");
  command.add_flag("-q,--quiet", options.quiet,
                   "no progress and no summary; errors are told all the same");
}

void add_time_options(CLI::App& command, Options& options) {
  add_duration(command, "-d,--duration", options.duration, "to measure");
  add_duration(command, "--warmup", options.warmup, "of load before measuring");
}

void add_rate(CLI::App& command, Options& options, const std::string& what) {
  command
      .add_option("--rate", options.rate,
                  fmt::format("open loop: {} a second over all connections, latency from the time "
                              "at which each was due",
                              what))
      ->check(CLI::Range(0.001, 1e9));
}

void add_message_options(CLI::App& command, Options& options) {
  command.add_option("--subprotocol", options.subprotocol, "Sec-WebSocket-Protocol to offer");
}

void add_echo_options(CLI::App& command, Options& options) {
  add_size(command, "--size", options.size, "of a message [128]");
  command.add_flag("--text", options.text, "text messages in place of binary ones");
  command.add_option("--echo-prefix", options.echo_prefix,
                     "what the server puts before each echo [none]");
}

struct Commands {
  CLI::App app{"wssbench: loads any wss:// or https:// server, and measures it"};
  Options options;
  BackendOptions backend;
  DiffOptions diff;
  std::map<const CLI::App*, Mode> modes;
  CLI::App* backend_command = nullptr;
  CLI::App* diff_command = nullptr;

  explicit Commands(std::string_view commit);

 private:
  CLI::App& mode(Mode mode, const std::string& description);
  void add_modes();
  void add_tools();
};

CLI::App& Commands::mode(Mode mode, const std::string& description) {
  CLI::App* const command = app.add_subcommand(std::string(mode_name(mode)), description);
  modes[command] = mode;
  add_connection_options(*command, options);
  add_output_options(*command, options);
  if (mode != Mode::get) add_message_options(*command, options);
  if (mode != Mode::idle) add_time_options(*command, options);
  return *command;
}

void Commands::add_modes() {
  CLI::App& handshake = mode(Mode::handshake, "connections, one after the other in each place");
  add_choice(
      handshake, "--kind", options.kind,
      {{"full", Handshake::full}, {"resumed", Handshake::resumed}, {"upgrade", Handshake::upgrade}},
      "TLS handshakes, full or resumed, or up to the WebSocket [full]");
  add_rate(handshake, options, "handshakes");

  CLI::App& echo = mode(Mode::echo, "messages that come back, compared byte for byte");
  add_rate(echo, options, "messages");
  add_echo_options(echo, options);

  CLI::App& push = mode(Mode::push, "messages that the server sends to many");
  push.add_option("--subscribe", options.subscribe,
                  "a text message that asks for them [subscribe]; '' for none");

  CLI::App& bulk = mode(Mode::bulk, "large messages one way, as fast as they go");
  add_choice(bulk, "--direction", options.direction,
             {{"up", Direction::up}, {"down", Direction::down}}, "to the server or from it [down]");
  add_size(bulk, "--size", options.size, "of a message up [1MiB]");
  bulk.add_option("--subscribe", options.subscribe, "down: a text message that asks for them");

  CLI::App& get = mode(Mode::get, "HTTP/1.1 requests on connections that are kept");
  add_rate(get, options, "requests");

  CLI::App& idle = mode(Mode::idle, "many open tunnels that do nothing");
  idle.add_option("--ramp", options.ramp, "connections a second while they are opened [1000]")
      ->check(CLI::Range(0.1, 1e6));
  add_duration(idle, "--hold", options.hold, "to keep them, measured");
  idle.add_flag("--echo", options.echo_at_end, "each has to echo a message at the end");
  add_echo_options(idle, options);

  CLI::App& storm = mode(Mode::storm, "tunnels that echo slowly, then all reconnect at once");
  add_rate(storm, options, "messages");
  add_echo_options(storm, options);

  CLI::App& mixed = mode(Mode::mixed, "users who do what a scenario file says");
  mixed.add_option("--scenario", options.scenario, "the file, YAML")->required();
}

void Commands::add_tools() {
  backend_command = app.add_subcommand(
      "backend",
      "a plain WebSocket and HTTP server to put behind a proxy: /sink reads, /source?size=1MiB "
      "sends "
      "without end, /push?every=100ms&size=128 sends to everyone at once, all else echoes; GET "
      "answers with ?size= bytes");
  backend_command->add_option("--listen", backend.listen, "the address")->capture_default_str();
  backend_command->add_option("-t,--threads", backend.threads, "")->capture_default_str();

  diff_command =
      app.add_subcommand("diff", "compare two runs, or several with several: is B faster than A?");
  diff_command->footer(
      "exit codes:\n  0  no figure of B is worse beyond chance\n  1  some is\n"
      "  2  the command line or a file is wrong");
  diff_command->add_option("files", diff.files, "A.json and B.json")->expected(0, 2);
  diff_command->add_option("--a", diff.a, "runs of one side")->expected(1, -1);
  diff_command->add_option("--b", diff.b, "runs of the other")->expected(1, -1);
  diff_command->add_flag("--json", diff.json, "for a program");
}

Commands::Commands(std::string_view commit) {
  std::string version = "wssbench " WSSGATE_VERSION;
  if (!commit.empty()) version += fmt::format(" (commit {})", commit);
  app.set_version_flag("--version", version);
  app.require_subcommand(1);
  app.footer(kFooter);
  add_modes();
  add_tools();
}

int refuse(const std::string& why, const CLI::App* command) {
  const std::string help = command == nullptr ? "" : " " + command->get_name();
  std::fputs(
      fmt::format("wssbench: {}\n'wssbench{} --help' lists what there is\n", why, help).c_str(),
      stderr);
  return kUsage;
}

std::string explain(const CLI::App& app, const CLI::App* command, const CLI::ParseError& error) {
  const auto unknown = app.remaining(true);
  if (unknown.empty() || unknown.front().empty()) {
    return command == nullptr ? "name a URL, or a mode and a URL" : error.what();
  }
  const std::string& word = unknown.front();
  std::vector<std::string> names;
  if (word.front() != '-') {
    for (const CLI::App* each : app.get_subcommands({})) names.push_back(each->get_name());
  } else if (command != nullptr) {
    for (const CLI::Option* option : command->get_options()) {
      for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    }
  }
  std::string text = fmt::format("'{}' means nothing here", printable(word));
  const std::string_view meant = nearest(word, {names.begin(), names.end()});
  if (!meant.empty()) text += fmt::format("; did you mean '{}'?", meant);
  return text;
}

/// A URL or an option in the place of the mode means echo.
std::vector<std::string> with_mode(int argc, char** argv) {
  std::vector<std::string> words(argv + 1, argv + argc);
  const bool url_first = !words.empty() && words.front().find("://") != std::string::npos;
  if (url_first) words.insert(words.begin(), "echo");
  return words;
}

}  // namespace

int run_command_line(int argc, char** argv, std::string_view commit) {
  Commands commands(commit);
  std::vector<std::string> words = with_mode(argc, argv);
  std::reverse(words.begin(), words.end());  // as CLI11 wants them
  try {
    commands.app.parse(words);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return commands.app.exit(error);  // --help and --version
    const auto chosen = commands.app.get_subcommands();
    const CLI::App* const command = chosen.empty() ? nullptr : chosen.front();
    return refuse(explain(commands.app, command, error), command);
  }
  try {
    if (commands.backend_command->parsed()) return serve_backend(commands.backend);
    if (commands.diff_command->parsed()) return compare(commands.diff);
    const auto chosen = commands.app.get_subcommands();
    commands.options.mode = commands.modes.at(chosen.front());
    const bool push = commands.options.mode == Mode::push;
    if (push && chosen.front()->count("--subscribe") == 0) commands.options.subscribe = "subscribe";
    return load(commands.options);
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "wssbench: %s\n", failure.what());
    return kNothingWorked;
  }
}

}  // namespace wssgate::bench
