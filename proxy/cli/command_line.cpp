#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/version.h"

namespace wssgate::cli {
namespace {

constexpr int kUsageError = 2;

// Each word becomes its value; CLI11's own transformer would print the values of enums as bytes.
template <class Value>
void add_choice(CLI::App& command, const std::string& option, std::optional<Value>& chosen,
                const std::map<std::string, Value>& choices, const std::string& description) {
  command
      .add_option_function<std::string>(
          option, [&chosen, choices](const std::string& word) { chosen = choices.at(word); },
          description)
      ->check(CLI::IsMember(choices));
}

void add_log_options(CLI::App& command, LogOptions& options) {
  add_choice<log::Format>(command, "--log-format", options.format,
                          {{"text", log::Format::text}, {"json", log::Format::json}},
                          "text (for a terminal) or json");
  add_choice<log::Level>(command, "--log-level", options.level,
                         {{"debug", log::Level::debug},
                          {"info", log::Level::info},
                          {"warn", log::Level::warn},
                          {"error", log::Level::error},
                          {"off", log::Level::off}},
                         "debug, info, warn, error or off");
}

void add_admin_options(CLI::App& command, AdminOptions& options) {
  command.add_option("-c,--config", options.file, "the configuration that the process serves")
      ->capture_default_str();
  command.add_option("--admin", options.address,
                     "its admin socket, such as unix:/run/wssgate/admin.sock (default: the one in "
                     "the configuration)");
  command.add_flag("--json", options.json, "for a program");
}

void add_connections_options(CLI::App& command, ConnectionsOptions& options) {
  add_admin_options(command, options.admin);
  command.add_option("--id", options.id, "only this one, by the number that logs show as conn");
  command.add_option("--host", options.host, "only those to the host that has this name");
  command.add_option("--client", options.client,
                     "only those of this address, or block (10.0.0.0/8)");
  command.add_option("--older-than", options.older_than, "only those open for longer, such as 2h");
  command.add_option(
      "--close", options.close,
      "close them: WebSockets by a Close frame with this code, such as 1001 or 4000, "
      "all others at once. Takes one of the above, or --client 0.0.0.0/0");
}

void add_doctor_options(CLI::App& command, DoctorOptions& options) {
  doctor::Request& request = options.request;
  command
      .add_option("url", request.url,
                  "wss://HOST[:PORT]/PATH to upgrade there, https:// for a GET; ws:// and http:// "
                  "without TLS. Without a scheme: wss://")
      ->required();
  command
      .add_option("--address", request.addresses,
                  "ask this IP address, with or without a port, in the place of all that the "
                  "name has; may be repeated")
      ->expected(1)
      ->take_all();
  command.add_option("--port", request.port, "another port than the URL's");
  command.add_option("--ca", options.ca, "roots to trust besides the system's: a PEM file");
  command.add_option("--sni", request.sni,
                     "another server name than the URL's host, and the name to verify");
  command
      .add_option("--header", request.headers,
                  "'Name: value' to send, to whoever answers and whatever its certificate; never "
                  "printed; may be repeated")
      ->expected(1)
      ->take_all();
  command
      .add_option("--subprotocol", request.subprotocols,
                  "a WebSocket subprotocol to offer; may be repeated")
      ->expected(1)
      ->take_all();
  command.add_option("--timeout", options.timeout, "for each step, such as 5s or 500ms")
      ->capture_default_str();
  command.add_flag("--json", options.json, "for a program");
  command.add_flag("--watch", options.watch,
                   "examine again and again, and tell what has changed, until interrupted");
  command.add_option("--interval", options.interval, "between two examinations of --watch")
      ->capture_default_str();
  command.footer(
      "Exit codes:\n"
      "  0    nothing is wrong (there may be advice)\n"
      "  1    something keeps clients out\n"
      "  2    the command line is wrong\n"
      "  3    no address could be connected to, or the name has none\n"
      "  4    nothing keeps clients out today, but there are warnings\n"
      "  130  --watch was interrupted before its first report; later it ends with the last one's\n"
      "       code\n"
      "Nothing is fetched from third parties: what browsers would fetch is judged by what the\n"
      "certificates say of it.");
}

void add_dev_options(CLI::App& command, DevOptions& options) {
  command.add_option("names", options.names,
                     "names to answer to (default: localhost; 127.0.0.1 and ::1 are in the "
                     "certificate as well)");
  auto* const upstream =
      command.add_option("--upstream", options.upstream,
                         "the backend, such as 127.0.0.1:3000 (default: a built-in echo)");
  auto* const port =
      command.add_option("--port", options.port, "the port to listen on")->capture_default_str();
  command.add_option("--folder", options.folder, "where the local CA is kept")
      ->capture_default_str();
  auto* const install = command.add_flag(
      "--install", options.install,
      "serve nothing, but have this machine's stores trust the local CA: the system's, NSS "
      "(Firefox, Chromium) and Java's. Names given are such as it is going to be asked for");
  auto* const uninstall = command.add_flag("--uninstall", options.uninstall,
                                           "serve nothing, but take it out of all of them");
  uninstall->excludes(install);
  for (auto* const serving : {upstream, port}) {
    install->excludes(serving);
    uninstall->excludes(serving);
  }
  add_log_options(command, options.log);
  command.footer(
      "Exit codes of --install and --uninstall:\n"
      "  0    every store that is present is as it should be\n"
      "  1    one is not; what to do about it is printed");
}

void add_import_options(CLI::App& command, ImportNginxOptions& options) {
  command
      .add_option("file", options.file,
                  "nginx's main configuration, or one server's file; includes are read as nginx "
                  "reads them, below its folder")
      ->required();
  CLI::Option* const output = command.add_option(
      "-o,--output", options.output,
      "where the wssgate configuration goes, a new file (default: stdout; the report is then on "
      "stderr)");
  command.add_flag("--check", options.check_only, "only the report: write no configuration")
      ->excludes(output);
  command.add_flag(
      "--notes", options.every_note,
      "also tell of each directive for what wssgate does by itself, or has no use for");
  command.add_option("--ca", options.ca,
                     "roots to trust besides the system's, and to name in the result: a PEM file");
  command.add_flag("--json", options.json,
                   "the report and the configuration in one object, for a program");
  command.footer(
      "Exit codes:\n"
      "  0    clean: no trap, and everything is carried over\n"
      "  1    there are traps, and everything is carried over\n"
      "  2    the command line is wrong, the file cannot be read, or nginx would refuse it\n"
      "  3    something is not carried over, or behaves otherwise (there may be traps as well)\n"
      "Nothing is fetched, and nothing of nginx's is changed.");
}

std::vector<std::string> command_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands({})) names.push_back(command->get_name());
  return names;
}

std::vector<std::string> option_names(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

/// A word that stands on the command line and means nothing.
std::string explain_unknown(const CLI::App& app, const CLI::App* command, const std::string& word) {
  const bool is_option = word.front() == '-';
  const char* const kind = is_option ? "option" : command == nullptr ? "command" : "argument";
  const auto names = is_option || command != nullptr
                         ? option_names(command != nullptr ? *command : app)
                         : command_names(app);
  std::string text = fmt::format("there is no {} '{}'", kind, printable(word));
  const std::string_view meant = nearest(word, {names.begin(), names.end()});
  if (!meant.empty()) text += fmt::format("; did you mean '{}'?", meant);
  return text;
}

/// Tells what CLI11 refused; for a misspelt command it would say that one is required.
int refuse_command_line(const CLI::App& app, const CLI::ParseError& error) {
  const auto chosen = app.get_subcommands();
  const CLI::App* const command = chosen.empty() ? nullptr : chosen.front();
  const std::vector<std::string> unknown = app.remaining(true);
  std::string text = error.what();
  if (!unknown.empty() && !unknown.front().empty()) {
    text = explain_unknown(app, command, unknown.front());
  } else if (command == nullptr) {
    text = fmt::format("name a command: {}", fmt::join(command_names(app), ", "));
  }
  const std::string help = command == nullptr ? "" : " " + command->get_name();
  std::fputs(
      fmt::format("wssgate: {}\n'wssgate{} --help' lists what there is\n", text, help).c_str(),
      stderr);
  return kUsageError;
}

}  // namespace

void LogOptions::apply_to(log::Settings& settings) const {
  if (level) settings.level = *level;
  if (format) settings.format = *format;
}

int run_command_line(int argc, char** argv, std::string_view commit) {
  CLI::App app("wssgate: TLS for WebSocket and HTTP backends that never shows a wrong certificate");
  app.set_version_flag(
      "--version", [commit] { return version_text(commit); },
      "print the version, the commit and the libraries, and exit");
  app.require_subcommand(1);

  RunOptions run_options;
  CLI::App* run_command = app.add_subcommand("run", "serve a configuration");
  run_command->add_option("-c,--config", run_options.file, "the configuration file")
      ->capture_default_str();
  add_log_options(*run_command, run_options.log);

  CheckOptions check_options;
  CLI::App* check_command =
      app.add_subcommand("check", "prove a configuration and its certificates without serving");
  check_command->add_option("-c,--config", check_options.file, "the configuration file")
      ->capture_default_str();
  check_command->add_flag("--json", check_options.json, "for a program");

  AdminOptions status_options;
  CLI::App* status_command = app.add_subcommand("status", "tell what the running process serves");
  add_admin_options(*status_command, status_options);

  AdminOptions reload_options;
  CLI::App* reload_command = app.add_subcommand(
      "reload", "have the running process read its configuration and certificates again");
  add_admin_options(*reload_command, reload_options);

  AdminOptions upgrade_options;
  CLI::App* upgrade_command = app.add_subcommand(
      "upgrade",
      "have the program that is on the disk now take over, without a refused connection");
  add_admin_options(*upgrade_command, upgrade_options);

  DrainOptions drain_options;
  CLI::App* drain_command = app.add_subcommand(
      "drain",
      "take the running process, a host or an endpoint out of service: nothing new, and WebSockets "
      "are closed one after the other within timeouts.drain. Drained entirely, the process ends");
  add_admin_options(*drain_command, drain_options.admin);
  auto* const host =
      drain_command->add_option("--host", drain_options.host, "only the host that has this name");
  auto* const endpoint = drain_command->add_option(
      "--endpoint", drain_options.endpoint, "only this endpoint, as configured or by its address");
  host->excludes(endpoint);
  drain_command->add_flag("--undo", drain_options.undo,
                          "the host or endpoint gets new connections again");

  AdminOptions certificates_options;
  CLI::App* certificates_command = app.add_subcommand(
      "certificates", "show each certificate of the running process, and what is on the disk");
  add_admin_options(*certificates_command, certificates_options);

  ConnectionsOptions connections_options;
  CLI::App* connections_command = app.add_subcommand(
      "connections", "show the running process's open connections, or close some of them");
  add_connections_options(*connections_command, connections_options);

  CLI::App* schema_command =
      app.add_subcommand("schema", "print the JSON Schema of configurations, for editors");

  DoctorOptions doctor_options;
  CLI::App* doctor_command = app.add_subcommand(
      "doctor", "say what is wrong with a live wss:// or https:// host, and what to change");
  add_doctor_options(*doctor_command, doctor_options);

  ImportNginxOptions import_options;
  CLI::App* import_command = app.add_subcommand(
      "import-nginx",
      "tell the traps in an nginx configuration, and write one for wssgate that does the same");
  add_import_options(*import_command, import_options);

  DevOptions dev_options;
  CLI::App* dev_command =
      app.add_subcommand("dev", "serve wss:// on this machine with a local CA, at once");
  add_dev_options(*dev_command, dev_options);

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // --help and --version
    return refuse_command_line(app, error);
  }
  try {
    if (run_command->parsed()) return run(run_options);
    if (check_command->parsed()) return check(check_options);
    if (status_command->parsed()) return status(status_options);
    if (reload_command->parsed()) return reload(reload_options);
    if (upgrade_command->parsed()) return upgrade(upgrade_options);
    if (drain_command->parsed()) return drain(drain_options);
    if (certificates_command->parsed()) return certificates(certificates_options);
    if (connections_command->parsed()) return connections(connections_options);
    if (schema_command->parsed()) return schema();
    if (doctor_command->parsed()) return doctor(doctor_options);
    if (import_command->parsed()) return import_nginx(import_options);
    return dev(dev_options);
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "wssgate: %s\n", failure.what());
    return 1;
  }
}

}  // namespace wssgate::cli
