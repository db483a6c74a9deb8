#include "nginx/leftovers.h"

#include <fmt/format.h>

#include <array>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "base/text.h"

namespace wssgate::nginx {
namespace {

enum class Fate : std::uint8_t {
  understood,  ///< read where it applies; what is wrong with it is told there
  note,        ///< wssgate does it by itself, or has no need of it
  lost,
};

struct Policy {
  Fate fate;
  std::string_view what;
  std::string_view why;
};

constexpr std::string_view kOwnCiphers =
    "wssgate has the preset intermediate: ECDHE with AEAD, and the client's order; 'tls' in a host "
    "or listener says otherwise";
constexpr std::string_view kTickets = "wssgate resumes sessions with tickets bound to the name";
constexpr std::string_view kNoBuffers = "wssgate passes on what comes, at once, and keeps nothing";
constexpr std::string_view kNoFiles = "wssgate serves no files";
constexpr std::string_view kNoCache = "wssgate keeps no answers";
constexpr std::string_view kNoAccess =
    "wssgate has no rules like that; have the backend or the network do it";
constexpr std::string_view kNoCompression =
    "wssgate passes on what the backend sends; have that compress";

const std::map<std::string_view, Policy>& policies() {
  static const std::map<std::string_view, Policy> table = {
      // read by the model, the traps and the translation
      {"ssl_certificate", {Fate::understood, "", ""}},
      {"ssl_certificate_key", {Fate::understood, "", ""}},
      {"ssl_protocols", {Fate::understood, "", ""}},
      {"ssl_stapling", {Fate::understood, "", ""}},
      {"ssl_stapling_file", {Fate::understood, "", ""}},
      {"ssl_client_certificate", {Fate::understood, "", ""}},
      {"ssl_verify_client", {Fate::understood, "", ""}},
      {"ssl_reject_handshake", {Fate::understood, "", ""}},
      {"ssl_preread", {Fate::understood, "", ""}},
      {"proxy_pass", {Fate::understood, "", ""}},
      {"proxy_http_version", {Fate::understood, "", ""}},
      {"proxy_read_timeout", {Fate::understood, "", ""}},
      {"proxy_connect_timeout", {Fate::understood, "", ""}},
      {"proxy_ssl_verify", {Fate::understood, "", ""}},
      {"proxy_ssl_trusted_certificate", {Fate::understood, "", ""}},
      {"proxy_ssl_name", {Fate::understood, "", ""}},
      {"proxy_ssl_certificate", {Fate::understood, "", ""}},
      {"proxy_ssl_certificate_key", {Fate::understood, "", ""}},
      {"proxy_protocol", {Fate::understood, "", ""}},
      {"set_real_ip_from", {Fate::understood, "", ""}},
      {"real_ip_header", {Fate::understood, "", ""}},
      {"client_max_body_size", {Fate::understood, "", ""}},
      {"ip_hash", {Fate::understood, "", ""}},
      {"least_conn", {Fate::understood, "", ""}},
      {"hash", {Fate::understood, "", ""}},
      {"random", {Fate::understood, "", ""}},
      {"set", {Fate::note, "a variable", "where a proxy_pass uses it, it has been followed"}},
      // the process
      {"worker_processes", {Fate::note, "how many workers", "wssgate has one a core: 'workers'"}},
      {"worker_rlimit_nofile",
       {Fate::note, "how many descriptors",
        "set it where wssgate is started (ulimit -n, LimitNOFILE)"}},
      {"worker_cpu_affinity", {Fate::note, "which cores", "the kernel decides"}},
      {"worker_priority", {Fate::note, "the workers' priority", "set it where wssgate is started"}},
      {"worker_shutdown_timeout",
       {Fate::note, "how long a drain lasts", "wssgate has 'timeouts: {drain: 30s}'"}},
      {"events", {Fate::note, "the event loop", "wssgate has 'limits: {connections: 100000}'"}},
      {"user", {Fate::note, "whom to become", "wssgate has 'user', or systemd's unit names it"}},
      {"pid", {Fate::note, "the pid's file", "wssgate has an admin socket: 'wssgate status'"}},
      {"lock_file", {Fate::note, "a file for locks", "there is none"}},
      {"daemon",
       {Fate::note, "going to the background",
        "wssgate stays in the foreground, as systemd likes it"}},
      {"master_process", {Fate::note, "the master process", "wssgate is one process"}},
      {"thread_pool", {Fate::note, "threads for files", "wssgate serves no files"}},
      {"pcre_jit", {Fate::note, "the speed of expressions", "wssgate has none"}},
      {"load_module", {Fate::note, "a module", "what it does is told where it is used"}},
      {"error_log", {Fate::note, "where errors are logged", "wssgate logs to stderr: 'log'"}},
      {"access_log",
       {Fate::note, "where requests are logged",
        "wssgate writes a line a request to stdout: 'log: {access: …}'"}},
      {"log_format",
       {Fate::note, "what a line of the log holds",
        "wssgate's are JSON or text, and have their own fields"}},
      {"log_not_found", {Fate::note, "what is logged", "wssgate logs each request"}},
      {"log_subrequest", {Fate::note, "what is logged", "wssgate has no subrequests"}},
      {"open_log_file_cache", {Fate::note, "the log's files", "wssgate has no need of it"}},
      {"rewrite_log", {Fate::note, "what is logged", "wssgate rewrites nothing"}},
      {"server_tokens", {Fate::note, "what the Server field tells", "wssgate adds none"}},
      {"server_names_hash_bucket_size",
       {Fate::note, "the table of names", "wssgate's grows by itself"}},
      {"server_names_hash_max_size",
       {Fate::note, "the table of names", "wssgate's grows by itself"}},
      {"map_hash_bucket_size", {Fate::note, "the table of a map", "wssgate has none"}},
      {"map_hash_max_size", {Fate::note, "the table of a map", "wssgate has none"}},
      {"variables_hash_bucket_size", {Fate::note, "the table of variables", "wssgate has none"}},
      {"variables_hash_max_size", {Fate::note, "the table of variables", "wssgate has none"}},
      {"types_hash_max_size", {Fate::note, "the table of types", "wssgate serves no files"}},
      {"types_hash_bucket_size", {Fate::note, "the table of types", "wssgate serves no files"}},
      {"types", {Fate::note, "the types of files", "wssgate serves no files"}},
      {"default_type", {Fate::note, "the type of files", "wssgate serves no files"}},
      {"charset", {Fate::lost, "the charset in Content-Type", "have the backend say it"}},
      {"sendfile", {Fate::note, "how files are sent", "wssgate serves no files"}},
      {"sendfile_max_chunk", {Fate::note, "how files are sent", "wssgate serves no files"}},
      {"aio", {Fate::note, "how files are read", "wssgate serves no files"}},
      {"directio", {Fate::note, "how files are read", "wssgate serves no files"}},
      {"open_file_cache", {Fate::note, "open files", "wssgate serves no files"}},
      {"tcp_nopush", {Fate::note, "how packets are filled", "wssgate sends each answer whole"}},
      {"tcp_nodelay", {Fate::note, "packets that wait", "wssgate lets none wait"}},
      {"reset_timedout_connection",
       {Fate::note, "how late connections end", "wssgate closes them"}},
      {"keepalive_timeout",
       {Fate::note, "how long connections wait",
        "wssgate has 'timeouts: {idle_http: 60s}'; in an upstream it keeps connections by itself"}},
      {"keepalive_requests",
       {Fate::note, "how many requests a connection has", "wssgate has no limit"}},
      {"keepalive_time", {Fate::note, "how long connections last", "wssgate has no limit"}},
      {"keepalive",
       {Fate::note, "kept connections to the backend", "wssgate keeps them by itself"}},
      {"keepalive_disable",
       {Fate::note, "clients without kept connections", "wssgate keeps them with all"}},
      {"zone", {Fate::note, "memory that workers share", "wssgate is one process"}},
      {"client_header_timeout",
       {Fate::note, "how long a request's head takes",
        "wssgate has 'timeouts: {request_head: 10s}'"}},
      {"client_body_timeout",
       {Fate::note, "how long a body pauses", "wssgate has 'timeouts: {idle_http: 60s}'"}},
      {"send_timeout",
       {Fate::note, "how long a client takes nothing", "wssgate has 'timeouts: {idle_http: 60s}'"}},
      {"client_header_buffer_size",
       {Fate::note, "the size of a request's head", "wssgate has 'limits: {request_head: 32KiB}'"}},
      {"large_client_header_buffers",
       {Fate::note, "the size of a request's head", "wssgate has 'limits: {request_head: 32KiB}'"}},
      {"client_body_buffer_size", {Fate::note, "a buffer for bodies", kNoBuffers}},
      {"client_body_temp_path", {Fate::note, "a folder for bodies", kNoBuffers}},
      {"proxy_temp_path", {Fate::note, "a folder for answers", kNoBuffers}},
      {"fastcgi_temp_path", {Fate::note, "a folder for answers", kNoBuffers}},
      {"uwsgi_temp_path", {Fate::note, "a folder for answers", kNoBuffers}},
      {"scgi_temp_path", {Fate::note, "a folder for answers", kNoBuffers}},
      {"underscores_in_headers",
       {Fate::note, "fields with '_' in their names", "wssgate passes on what HTTP allows"}},
      {"ignore_invalid_headers", {Fate::note, "broken fields", "wssgate answers 400 to them"}},
      {"merge_slashes", {Fate::note, "'//' in paths", "wssgate passes the path on as it came"}},
      {"server_name_in_redirect", {Fate::note, "nginx's own redirects", "wssgate makes none"}},
      {"port_in_redirect", {Fate::note, "nginx's own redirects", "wssgate makes none"}},
      {"absolute_redirect", {Fate::note, "nginx's own redirects", "wssgate makes none"}},
      {"resolver",
       {Fate::note, "who looks names up", "wssgate asks the system's, again and again"}},
      {"resolver_timeout",
       {Fate::note, "how long a look-up takes", "no request of wssgate's waits for one"}},
      {"http2",
       {Fate::note, "HTTP/2", "clients of wssgate speak HTTP/1.1, which TLS agrees on with them"}},
      {"http3", {Fate::lost, "HTTP/3", "wssgate speaks HTTP/1.1"}},
      {"quic_retry", {Fate::lost, "HTTP/3", "wssgate speaks HTTP/1.1"}},
      {"http2_max_concurrent_streams", {Fate::note, "HTTP/2", "wssgate speaks HTTP/1.1"}},
      // TLS
      {"ssl_ciphers", {Fate::note, "the cipher suites", kOwnCiphers}},
      {"ssl_prefer_server_ciphers", {Fate::note, "whose order of suites counts", kOwnCiphers}},
      {"ssl_ecdh_curve", {Fate::note, "the groups", kOwnCiphers}},
      {"ssl_dhparam",
       {Fate::note, "parameters for finite-field DH", "wssgate has elliptic curves alone"}},
      {"ssl_conf_command", {Fate::lost, "a setting of OpenSSL", kOwnCiphers}},
      {"ssl_session_cache", {Fate::note, "a cache of sessions", kTickets}},
      {"ssl_session_timeout", {Fate::note, "how long sessions last", kTickets}},
      {"ssl_session_tickets", {Fate::note, "session tickets", kTickets}},
      {"ssl_session_ticket_key",
       {Fate::note, "secrets that nodes share",
        "wssgate has 'tickets: {keys: FILE}', in another format"}},
      {"ssl_buffer_size",
       {Fate::note, "the size of records", "wssgate decides by what there is to send"}},
      {"ssl_early_data",
       {Fate::lost, "data before the handshake's end",
        "wssgate takes none, since it can be replayed"}},
      {"ssl_handshake_timeout",
       {Fate::note, "how long a handshake takes", "wssgate has 'timeouts: {handshake: 10s}'"}},
      {"ssl_stapling_verify", {Fate::note, "staples are verified", "wssgate always does"}},
      {"ssl_stapling_responder",
       {Fate::lost, "another OCSP responder", "wssgate asks the one that the certificate names"}},
      {"ssl_trusted_certificate",
       {Fate::note, "CAs to verify staples and clients",
        "wssgate verifies staples with the chain; clients by 'client_certificates: {ca}' alone"}},
      {"ssl_verify_depth",
       {Fate::note, "how long a client's chain may be", "wssgate takes any that is valid"}},
      {"ssl_crl",
       {Fate::lost, "revoked certificates of clients are refused",
        "wssgate reads no CRLs: issue short-lived ones, or take the CA away"}},
      {"ssl_ocsp",
       {Fate::lost, "certificates of clients are checked by OCSP",
        "wssgate does not: issue short-lived ones"}},
      {"ssl_password_file",
       {Fate::lost, "the private key has a passphrase",
        "wssgate reads keys without one: 'openssl pkey -in KEY -out NEW'"}},
      {"ssl_preread_buffer_size",
       {Fate::note, "the size of a ClientHello", "wssgate has 'limits: {client_hello: 64KiB}'"}},
      {"preread_timeout",
       {Fate::note, "how long a ClientHello takes", "wssgate has 'timeouts: {client_hello: 5s}'"}},
      {"preread_buffer_size",
       {Fate::note, "the size of a ClientHello", "wssgate has 'limits: {client_hello: 64KiB}'"}},
      {"proxy_timeout",
       {Fate::note, "how long a connection may be silent",
        "what wssgate passes through may be silent for ever"}},
      // towards backends
      {"proxy_send_timeout",
       {Fate::note, "how long a backend takes nothing",
        "wssgate has 'timeouts: {idle_http: 60s}'"}},
      {"proxy_buffering", {Fate::note, "answers are gathered", kNoBuffers}},
      {"proxy_request_buffering", {Fate::note, "bodies are gathered", kNoBuffers}},
      {"proxy_buffer_size", {Fate::note, "a buffer", kNoBuffers}},
      {"proxy_buffers", {Fate::note, "buffers", kNoBuffers}},
      {"proxy_busy_buffers_size", {Fate::note, "buffers", kNoBuffers}},
      {"proxy_max_temp_file_size", {Fate::note, "buffers", kNoBuffers}},
      {"proxy_temp_file_write_size", {Fate::note, "buffers", kNoBuffers}},
      {"proxy_headers_hash_max_size", {Fate::note, "a table", "wssgate has no need of it"}},
      {"proxy_headers_hash_bucket_size", {Fate::note, "a table", "wssgate has no need of it"}},
      {"proxy_next_upstream",
       {Fate::note, "when another server is tried",
        "wssgate does while no byte of the request has been sent"}},
      {"proxy_next_upstream_tries",
       {Fate::note, "how many servers are tried", "wssgate tries each once"}},
      {"proxy_next_upstream_timeout",
       {Fate::note, "how long servers are tried",
        "wssgate has 'timeouts: {connect: 3s}' for each"}},
      {"proxy_socket_keepalive", {Fate::note, "TCP keep-alive", "wssgate has it always"}},
      {"proxy_cache_bypass", {Fate::note, "what is not taken from the cache", kNoCache}},
      {"proxy_no_cache", {Fate::note, "what is not cached", kNoCache}},
      {"proxy_pass_request_headers",
       {Fate::lost, "whether fields go to the backend", "wssgate passes them on"}},
      {"proxy_ssl_server_name",
       {Fate::note, "the server name towards the backend", "wssgate sends it always"}},
      {"proxy_ssl_session_reuse",
       {Fate::note, "resumed sessions towards the backend", "wssgate does it"}},
      {"proxy_ssl_protocols",
       {Fate::note, "TLS versions towards the backend", "wssgate speaks TLS 1.2 and 1.3"}},
      {"proxy_ssl_ciphers", {Fate::note, "cipher suites towards the backend", kOwnCiphers}},
      {"proxy_ssl_verify_depth",
       {Fate::note, "how long the backend's chain may be", "wssgate takes any that is valid"}},
      {"real_ip_recursive",
       {Fate::note, "which of several addresses counts", "the last one that no trusted proxy has"}},
      // what is gone
      {"gzip_static", {Fate::lost, "compressed files", kNoFiles}},
      {"root", {Fate::lost, "files", kNoFiles}},
      {"alias", {Fate::lost, "files", kNoFiles}},
      {"index", {Fate::lost, "files", kNoFiles}},
      {"autoindex", {Fate::lost, "files", kNoFiles}},
      {"try_files", {Fate::lost, "files, or else something else", kNoFiles}},
      {"expires", {Fate::lost, "Expires and Cache-Control", "have the backend say it"}},
      {"error_page", {Fate::lost, "pages for errors", "wssgate's own answers are short texts"}},
      {"auth_basic", {Fate::lost, "a password", kNoAccess}},
      {"auth_basic_user_file", {Fate::lost, "a password", kNoAccess}},
      {"auth_request", {Fate::lost, "another server decides who may", kNoAccess}},
      {"deny", {Fate::lost, "addresses are refused", kNoAccess}},
      {"allow", {Fate::lost, "addresses are let in", kNoAccess}},
      {"satisfy", {Fate::lost, "how rules of access go together", kNoAccess}},
      {"internal", {Fate::lost, "the location is closed to clients", kNoAccess}},
      {"limit_except", {Fate::lost, "some methods are refused", kNoAccess}},
      {"limit_req",
       {Fate::lost, "how many requests a client may make",
        "wssgate has 'limits: {requests_per_address: 20/s}' for all routes together"}},
      {"limit_req_zone",
       {Fate::lost, "how many requests a client may make",
        "wssgate has 'limits: {requests_per_address: 20/s}' for all routes together"}},
      {"limit_conn",
       {Fate::lost, "how many connections a client may have",
        "wssgate has 'limits: {connections_per_address: 100}'"}},
      {"limit_conn_zone",
       {Fate::lost, "how many connections a client may have",
        "wssgate has 'limits: {connections_per_address: 100}'"}},
      {"limit_rate", {Fate::lost, "how fast an answer is sent", "wssgate has no such limit"}},
      {"rewrite",
       {Fate::lost, "another path, or a redirect", "wssgate passes the path on as it came"}},
      {"return",
       {Fate::lost, "an answer of nginx's own",
        "wssgate passes on, and answers nothing by itself but redirects to https"}},
      {"if", {Fate::lost, "what is done under a condition", "wssgate has no conditions"}},
      {"geo", {Fate::lost, "a variable by the client's address", "wssgate has no variables"}},
      {"split_clients",
       {Fate::lost, "a variable by chance",
        "wssgate has weights: 'endpoints: [{address: …, weight: 2}]'"}},
      {"more_set_headers", {Fate::lost, "fields of answers", "have the backend send them"}},
      {"proxy_hide_header",
       {Fate::lost, "fields of answers are left out", "have the backend leave them out"}},
      {"proxy_pass_header",
       {Fate::note, "fields of answers are passed on", "wssgate passes on all"}},
      {"proxy_ignore_headers",
       {Fate::note, "fields that steer nginx", "wssgate is steered by none"}},
      {"proxy_intercept_errors",
       {Fate::lost, "pages for errors", "wssgate passes on the backend's"}},
      {"proxy_cookie_path",
       {Fate::lost, "paths of cookies are changed", "have the backend set them right"}},
      {"proxy_cookie_domain",
       {Fate::lost, "domains of cookies are changed", "have the backend set them right"}},
      {"proxy_cookie_flags", {Fate::lost, "cookies get flags", "have the backend set them"}},
      {"proxy_method", {Fate::lost, "another method", "wssgate passes the method on as it came"}},
      {"proxy_bind",
       {Fate::lost, "from which address the backend is connected to",
        "wssgate lets the kernel choose"}},
      {"proxy_ssl_crl",
       {Fate::lost, "revoked certificates of backends are refused", "wssgate reads no CRLs"}},
      {"sub_filter", {Fate::lost, "text in answers is replaced", "wssgate changes no answers"}},
      {"sticky",
       {Fate::lost, "a cookie keeps clients at one server",
        "wssgate has 'balance: {hash: {by: {cookie: NAME}}}' with a cookie of the backend's"}},
      {"mirror", {Fate::lost, "requests are sent twice", "wssgate sends each once"}},
      {"stub_status", {Fate::lost, "numbers of connections", "wssgate has 'wssgate status'"}},
      {"fastcgi_pass", {Fate::lost, "a FastCGI backend", "wssgate speaks HTTP/1.1 to backends"}},
      {"uwsgi_pass", {Fate::lost, "a uwsgi backend", "have uWSGI speak HTTP (--http-socket)"}},
      {"scgi_pass", {Fate::lost, "an SCGI backend", "wssgate speaks HTTP/1.1 to backends"}},
      {"grpc_pass", {Fate::lost, "a gRPC backend", "wssgate speaks HTTP/1.1 to backends"}},
      {"mail", {Fate::lost, "a proxy for mail", "wssgate has none"}},
  };
  return table;
}

bool has_prefix_of(std::string_view name, const Policy*& policy) {
  static const std::array<std::pair<std::string_view, Policy>, 6> prefixes = {{
      {"gzip", {Fate::lost, "answers are compressed", kNoCompression}},
      {"brotli", {Fate::lost, "answers are compressed", kNoCompression}},
      {"proxy_cache", {Fate::lost, "answers are cached", kNoCache}},
      {"fastcgi_", {Fate::lost, "a FastCGI backend", "wssgate speaks HTTP/1.1 to backends"}},
      {"uwsgi_", {Fate::lost, "a uwsgi backend", "have uWSGI speak HTTP (--http-socket)"}},
      {"grpc_", {Fate::lost, "a gRPC backend", "wssgate speaks HTTP/1.1 to backends"}},
  }};
  for (const auto& [prefix, each] : prefixes) {
    if (!name.starts_with(prefix)) continue;
    policy = &each;
    return true;
  }
  return false;
}

bool is_hsts(const Directive& directive) {
  return iequals(directive.arg(0), "Strict-Transport-Security");
}

/// "$http_x_y" is what passes the client's own X-Y on.
bool passes_itself(const std::string& name, const std::string& value) {
  std::string variable = "$http_";
  for (const char c : to_lower(name)) variable += c == '-' ? '_' : c;
  return to_lower(value) == variable;
}

class Accountant {
 public:
  Accountant(const Model& model, Findings& findings) : model_(model), findings_(findings) {}

  void walk(const std::vector<Directive>& directives) {
    for (const Directive& directive : directives) collect_uses(directive);
    judge(directives);
  }

 private:
  void lost(const Directive& at, std::string what, std::string why) {
    findings_.add({FindingId::untranslated, at.at, at.text(), std::move(what), std::move(why)});
  }
  void note(const Directive& at, std::string what, std::string why) {
    findings_.add({FindingId::replaced, at.at, at.text(), std::move(what), std::move(why)});
  }

  /// Which variables matter to anything but a log. Words can be long, so they are not kept whole.
  void collect_uses(const Directive& directive) {
    const bool log = directive.name == "log_format" || directive.name == "access_log";
    for (const std::string& word : directive.args) {
      if (log || directive.name == "map") continue;
      for (std::size_t at = word.find('$'); at != std::string::npos; at = word.find('$', at + 1)) {
        std::size_t end = at + 1;
        if (end < word.size() && word[end] == '{') ++end;
        const std::size_t begin = end;
        while (end < word.size() &&
               (std::isalnum(static_cast<unsigned char>(word[end])) != 0 || word[end] == '_')) {
          ++end;
        }
        used_.insert("$" + word.substr(begin, end - begin));
      }
    }
    for (const Directive& inner : directive.block) collect_uses(inner);
  }

  void judge(const std::vector<Directive>& directives) {
    for (const Directive& directive : directives) one(directive);
  }

  void one(const Directive& directive) {
    const std::string& name = directive.name;
    const bool read = model_.read.count(&directive) != 0;
    const bool opened = name == "http" || name == "stream" || name == "server" ||
                        name == "location" || name == "upstream";
    if (read && directive.has_block && opened) return judge(directive.block);
    if (read) return;
    if (name == "map" && directive.has_block) return map(directive);
    if (name == "proxy_set_header") return request_field(directive);
    if (name == "add_header") return answer_field(directive);
    if (name == "proxy_redirect") return redirects(directive);
    if (name == "auth_basic" && directive.arg(0) == "off") return;
    if (name == "auth_request" && directive.arg(0) == "off") return;
    if (name == "deny" && directive.arg(0) == "none") return;
    if (name == "gzip" && directive.arg(0) == "off") return;
    if (name == "allow" && directive.arg(0) == "all") return;
    by_table(directive);
  }

  void by_table(const Directive& directive) {
    const auto found = policies().find(directive.name);
    const Policy* policy = found == policies().end() ? nullptr : &found->second;
    if (policy == nullptr && !has_prefix_of(directive.name, policy)) {
      return lost(directive, "wssgate's import does not know this directive",
                  "look up what it does, and whether it is needed");
    }
    if (policy->fate == Fate::note) {
      note(directive, std::string(policy->what), std::string(policy->why));
    } else if (policy->fate == Fate::lost) {
      lost(directive, std::string(policy->what), std::string(policy->why));
    }
  }

  void map(const Directive& directive) {
    if (to_lower(directive.arg(0)) == "$http_upgrade") {
      return note(directive, "the Connection field of an upgrade", "wssgate writes it by itself");
    }
    if (used_.count(directive.arg(1)) == 0) {
      return note(directive, "a variable that nothing but a log uses", "it is left out");
    }
    lost(directive, fmt::format("the variable {}", printable(directive.arg(1))),
         "wssgate has no variables; see where it is used");
  }

  void request_field(const Directive& directive) {
    const std::string& name = directive.arg(0);
    const std::string& value = directive.arg(1);
    const std::string lower = to_lower(name);
    if (lower == "upgrade" || lower == "connection") return;  // wssgate's own affair
    if (passes_itself(name, value) && lower != "x-real-ip" && !lower.starts_with("x-forwarded-")) {
      return;
    }
    if (lower == "host" && (value == "$host" || value == "$http_host")) return;
    if (lower == "x-forwarded-for" &&
        (value == "$proxy_add_x_forwarded_for" || value == "$remote_addr" ||
         value == "$proxy_protocol_addr")) {
      return note(directive, "the client's address",
                  "wssgate sends it too; what clients write there themselves counts only from "
                  "'trusted_proxies'");
    }
    if (lower == "x-forwarded-proto" && (value == "$scheme" || value == "https")) return;
    if (lower == "x-forwarded-host" &&
        (value == "$host" || value == "$http_host" || value == "$server_name")) {
      return;
    }
    if (lower == "proxy" && value.empty()) return;  // httpoxy: wssgate removes it
    if (lower == "x-real-ip") {
      return lost(directive, "the client's address in X-Real-IP",
                  "wssgate sends X-Forwarded-For and Forwarded, and removes X-Real-IP: have the "
                  "backend read one of those");
    }
    lost(directive, fmt::format("the backend gets {}", printable(name)),
         "wssgate sends what the client sent, with Host, X-Forwarded-For, X-Forwarded-Proto, "
         "X-Forwarded-Host and Forwarded");
  }

  void answer_field(const Directive& directive) {
    if (is_hsts(directive)) return;
    const std::string& name = directive.arg(0);
    if (iequals(name, "Alt-Svc")) {
      return lost(directive, "HTTP/3 is offered", "wssgate speaks HTTP/1.1");
    }
    lost(directive, fmt::format("answers get {}", printable(name)),
         "wssgate adds Strict-Transport-Security alone: have the backend send it");
  }

  void redirects(const Directive& directive) {
    const std::string& what = directive.arg(0);
    if (what == "off") return;
    if (what == "default") {
      return note(directive, "redirects of the backend to its own address",
                  "wssgate passes them on; with the client's Host the backend writes them right");
    }
    lost(directive, "redirects of the backend are changed",
         "wssgate passes them on as they are: have the backend write them right");
  }

  const Model& model_;
  Findings& findings_;
  std::set<std::string> used_;
};

}  // namespace

void account_for_rest(const Model& model, const std::vector<Directive>& tree, Findings& findings) {
  Accountant(model, findings).walk(tree);
}

}  // namespace wssgate::nginx
