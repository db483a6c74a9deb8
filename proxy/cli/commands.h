#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "doctor/target.h"

/// The command line: one function and one file a command. Each returns the process's exit code.
namespace wssgate::cli {

/// What the command line says about the log; it wins over the configuration.
struct LogOptions {
  std::optional<log::Level> level;
  std::optional<log::Format> format;

  void apply_to(log::Settings& settings) const;
};

inline constexpr const char* kDefaultFile = "/etc/wssgate/wssgate.yaml";

struct RunOptions {
  std::string file = kDefaultFile;
  LogOptions log;
};

struct CheckOptions {
  std::string file = kDefaultFile;
  /// For programs, on stdout, whatever is wrong.
  bool json = false;
};

/// For the commands that talk to a running process.
struct AdminOptions {
  /// Its configuration, which says where its admin socket is.
  std::string file = kDefaultFile;
  /// The admin socket itself ("unix:/path"); empty: as the configuration says.
  std::string address;
  bool json = false;
};

struct DrainOptions {
  AdminOptions admin;
  /// One of both, or neither for everything.
  std::string host;
  std::string endpoint;
  bool undo = false;
};

struct ConnectionsOptions {
  AdminOptions admin;
  /// Which are meant; empty: all.
  std::string id;
  std::string host;
  std::string client;
  std::string older_than;
  /// The code of the Close frame to close them with; empty: they are shown.
  std::string close;
};

struct DoctorOptions {
  doctor::Request request;
  /// Roots to trust besides the system's: a PEM file.
  std::string ca;
  std::string timeout = "5s";
  bool json = false;
  /// Examine again and again, and tell what has changed, until SIGINT or SIGTERM.
  bool watch = false;
  std::string interval = "30s";
};

struct ImportNginxOptions {
  /// nginx's main configuration.
  std::string file;
  /// Where the result goes; empty: stdout.
  std::string output;
  /// Roots to trust besides the system's, named in the result: a PEM file.
  std::string ca;
  /// Only the report.
  bool check_only = false;
  /// Tell of each directive that wssgate has no use for.
  bool every_note = false;
  bool json = false;
};

struct DevOptions {
  std::vector<std::string> names;
  /// Empty: a built-in WebSocket echo backend.
  std::string upstream;
  std::uint16_t port = 8443;
  /// Where the local CA and its certificate are kept.
  std::string folder = "certs";
  /// Have this machine's stores trust the local CA, or no longer, in the place of serving.
  bool install = false;
  bool uninstall = false;
  LogOptions log;
};

/// Picks the command and runs it. `commit` is for --version.
int run_command_line(int argc, char** argv, std::string_view commit);

/// Serves a configuration until a signal. 1 with every problem on stderr when it may not serve.
int run(const RunOptions& options);
/// Proves a configuration and its certificates without serving. 0 with what was proven on stdout
/// (warnings on stderr), or 1 with every problem on stderr.
int check(const CheckOptions& options);
/// Tells what the running process serves. 0, or 1 when it cannot be asked.
int status(const AdminOptions& options);
/// Has the running process read its configuration and certificates again. 0 when what is on the
/// disk serves, 1 with every problem when it does not, or when the process cannot be told.
int reload(const AdminOptions& options);
/// Has the program that is on the disk now take over from the running process. 0 when it serves.
int upgrade(const AdminOptions& options);
/// Has the running process close its tunnels, or those of a host or endpoint, one after the other.
/// Without either the process ends, as at SIGTERM. 0 when it has begun.
int drain(const DrainOptions& options);
/// Shows the running process's open connections, or closes some. 0 when it did.
int connections(const ConnectionsOptions& options);
/// Shows the certificates of the running process: what serves, and what is on the disk. 0 when it
/// did.
int certificates(const AdminOptions& options);
/// Prints the JSON Schema of configurations.
int schema();
/// Says what is wrong with a live host, and what to change. Its exit codes: doctor::ExitCode.
int doctor(DoctorOptions options);
/// Tells the traps in an nginx configuration, and writes one for wssgate that does the same. Its
/// exit codes: nginx::ExitCode.
int import_nginx(const ImportNginxOptions& options);
/// Serves wss:// on this machine with a certificate of a local CA; or what `dev_trust` does.
int dev(const DevOptions& options);
/// Puts the local CA into the stores that are present, or takes it out of them, and tells of each.
/// 0 when all of them are as they should be, 1 when one is not.
int dev_trust(const DevOptions& options);

}  // namespace wssgate::cli
