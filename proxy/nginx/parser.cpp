#include "nginx/parser.h"

#include <fmt/format.h>
#include <glob.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <utility>

#include "base/errno_text.h"
#include "base/text.h"
#include "nginx/lexer.h"

namespace wssgate::nginx {
namespace {

constexpr std::size_t kMostArguments = 4096;

bool is_code(std::string_view name) { return name.ends_with("_by_lua_block"); }

/// One run over a main file and its includes.
class Parser {
 public:
  Parser(std::string main_file, const Sources& sources, Report& report)
      : main_file_(std::move(main_file)), sources_(sources), report_(report) {}

  void file(const std::string& path, const SourceLocation& included_at, int depth,
            std::vector<Directive>& into);

 private:
  enum class Ending : bool { file, block };

  void block(Lexer& lexer, const std::string& path, Ending ending, int depth,
             std::vector<Directive>& into);
  bool directive(Lexer& lexer, const std::string& path, Token first, int depth,
                 std::vector<Directive>& into);
  void include(const Directive& directive, int depth, std::vector<Directive>& into);
  void refuse(const std::string& path, int line, std::string what, std::string hint);

  std::string main_file_;
  const Sources& sources_;
  Report& report_;
  std::vector<std::string> open_;
  std::size_t directives_ = 0;
  std::size_t files_ = 0;
  std::size_t bytes_ = 0;
  int include_depth_ = 0;
  bool stopped_ = false;
};

void Parser::refuse(const std::string& path, int line, std::string what, std::string hint) {
  stopped_ = true;
  report_.add({printable(path, 4096), line, 1}, std::move(what), std::move(hint));
}

void Parser::file(const std::string& path, const SourceLocation& included_at, int depth,
                  std::vector<Directive>& into) {
  if (std::find(open_.begin(), open_.end(), path) != open_.end()) {
    return refuse(included_at.file, included_at.line,
                  fmt::format("the include of {} leads back to itself", printable(path)),
                  "remove one of the includes of the circle");
  }
  if (++files_ > kMostFiles || include_depth_ > kDeepestInclude) {
    return refuse(included_at.file, included_at.line,
                  fmt::format("there are more than {} files, or includes deeper than {}",
                              kMostFiles, kDeepestInclude),
                  "translate parts of it one after the other");
  }
  std::string why;
  const auto text = sources_.read(path, why);
  if (!text) {
    if (open_.empty()) {
      return refuse(path, 0, fmt::format("the file cannot be read: {}", why),
                    "name nginx's main configuration, such as /etc/nginx/nginx.conf");
    }
    return report_.warn(
        included_at, fmt::format("the included file {} cannot be read: {}", printable(path), why),
        "what it holds is not translated");
  }
  if (text->find('\0') != std::string::npos) {
    return refuse(path, 0, "the file holds a NUL byte", "name a configuration in plain text");
  }
  bytes_ += text->size();
  if (bytes_ > kMostBytes) {
    return refuse(path, 0, "the files hold more than 64 MiB together",
                  "translate parts of it one after the other");
  }
  open_.push_back(path);
  ++include_depth_;
  Lexer lexer(*text);
  // Its name stands in reports and comments.
  block(lexer, printable(path, 4096), Ending::file, depth, into);
  --include_depth_;
  open_.pop_back();
}

void Parser::block(Lexer& lexer, const std::string& path, Ending ending, int depth,
                   std::vector<Directive>& into) {
  if (depth > kDeepestBlock) {
    return refuse(path, lexer.next().line,
                  fmt::format("blocks stand in each other more than {} deep", kDeepestBlock),
                  "nginx has no use for so many; look for a missing '}'");
  }
  while (!stopped_) {
    Token token = lexer.next();
    switch (token.kind) {
      case TokenKind::end:
        if (ending == Ending::block) {
          refuse(path, token.line, "the file ends within a block", "add the missing '}'");
        }
        return;
      case TokenKind::close:
        if (ending == Ending::block) return;
        return refuse(path, token.line, "a '}' closes nothing", "remove it, or add its '{'");
      case TokenKind::fault:
        return refuse(path, token.line, token.text, "correct it; 'nginx -t' refuses it too");
      case TokenKind::open:
      case TokenKind::semicolon:
        return refuse(path, token.line, "a directive begins without a name",
                      "remove the stray ';' or '{'");
      case TokenKind::word:
        if (!directive(lexer, path, std::move(token), depth, into)) return;
    }
  }
}

bool Parser::directive(Lexer& lexer, const std::string& path, Token first, int depth,
                       std::vector<Directive>& into) {
  if (++directives_ > kMostDirectives) {
    refuse(path, first.line, fmt::format("there are more than {} directives", kMostDirectives),
           "translate parts of it one after the other");
    return false;
  }
  Directive made{{path, first.line, 1}, std::move(first.text)};
  while (true) {
    Token token = lexer.next();
    if (token.kind == TokenKind::word && made.args.size() < kMostArguments) {
      made.args.push_back(std::move(token.text));
      continue;
    }
    if (token.kind == TokenKind::semicolon) {
      if (made.name == "include") {
        include(made, depth, into);
      } else {
        into.push_back(std::move(made));
      }
      return !stopped_;
    }
    if (token.kind == TokenKind::open) {
      made.has_block = true;
      if (is_code(made.name)) {
        const Token code = lexer.skip_code();
        if (code.kind == TokenKind::fault) {
          refuse(path, code.line, code.text, "add the missing '}'");
        }
      } else {
        block(lexer, path, Ending::block, depth + 1, made.block);
      }
      into.push_back(std::move(made));
      return !stopped_;
    }
    const std::string what =
        token.kind == TokenKind::fault ? token.text
        : token.kind == TokenKind::word
            ? fmt::format("'{}' has more than {} arguments", printable(made.name), kMostArguments)
            : fmt::format("'{}' has no ';' at its end", printable(made.name));
    refuse(path, token.kind == TokenKind::fault ? token.line : made.at.line, what,
           "correct it; 'nginx -t' refuses it too");
    return false;
  }
}

void Parser::include(const Directive& directive, int depth, std::vector<Directive>& into) {
  if (directive.args.size() != 1 || directive.args.front().empty()) {
    return refuse(directive.at.file, directive.at.line, "include names no file",
                  "name one file or pattern");
  }
  const std::string path = below(main_file_, directive.args.front());
  if (path.find_first_of("*?[") == std::string::npos) {
    return file(path, directive.at, depth, into);
  }
  std::string why;
  const std::vector<std::string> files = sources_.match(path, why);
  if (!why.empty()) {
    report_.warn(
        directive.at,
        fmt::format("the included files {} cannot be looked for: {}", printable(path), why),
        "what they hold is not translated");
  } else if (files.empty()) {
    into.push_back(directive);  // no fault in nginx
  }
  for (const std::string& matched : files) {
    if (stopped_) return;
    file(matched, directive.at, depth, into);
  }
}

}  // namespace

const std::string& Directive::arg(std::size_t index) const {
  static const std::string none;
  return index < args.size() ? args[index] : none;
}

namespace {

/// Fields and variables by whose names their values are nobody's business.
bool is_secret_name(std::string_view name) {
  const std::string lower = to_lower(name);
  static constexpr std::array<std::string_view, 7> kParts = {
      "authorization", "cookie", "token", "key", "secret", "passw", "credential"};
  return std::any_of(kParts.begin(), kParts.end(),
                     [&](std::string_view part) { return lower.find(part) != std::string::npos; });
}

/// What a client sends may be compared with a secret, but for these.
bool is_open_condition(std::string_view variable) {
  for (const std::string_view begin : {"($http_", "($cookie_", "($arg_"}) {
    if (!variable.starts_with(begin)) continue;
    if (begin != "($http_") return false;
    for (const std::string_view open : {"($http_host", "($http_user_agent", "($http_referer",
                                        "($http_x_forwarded", "($http_upgrade"}) {
      if (variable.starts_with(open)) return true;
    }
    return false;
  }
  return !is_secret_name(variable);
}

/// From which argument on a report must not repeat what stands there.
std::size_t secret_from(const Directive& directive) {
  if (directive.name == "if") {
    return is_open_condition(directive.arg(0)) ? directive.args.size() : 2;
  }
  if (directive.name == "secure_link_md5") return 0;
  const bool sets = directive.name == "set" || directive.name.ends_with("_header") ||
                    directive.name.ends_with("_headers") || directive.name.ends_with("_param");
  if (sets && is_secret_name(directive.arg(0)) && !directive.arg(1).starts_with('$')) return 1;
  return directive.args.size();
}

}  // namespace

std::string Directive::text() const {
  std::string words = name;
  const std::size_t secret = secret_from(*this);
  for (std::size_t i = 0; i < args.size(); ++i) {
    words += ' ';
    if (args[i].empty()) {
      words += "\"\"";
    } else if (i >= secret) {
      words += "***";
    } else if (args[i].starts_with("data:")) {
      words += "data:***";
    } else {
      words += args[i];
    }
  }
  return printable(words, 100);
}

std::optional<std::string> FileSources::read(const std::string& path, std::string& why) const {
  std::error_code failure;
  const auto status = std::filesystem::status(path, failure);
  if (!std::filesystem::exists(status)) {
    why = failure ? failure.message() : "No such file or directory";
    return std::nullopt;
  }
  if (!std::filesystem::is_regular_file(status)) {
    why = "it is no regular file";
    return std::nullopt;
  }
  errno = 0;
  std::ifstream in(path, std::ios::binary);
  if (!in) {
    why = errno_text(errno);
    return std::nullopt;
  }
  std::string text;
  char piece[16384];
  while (in.read(piece, sizeof piece) || in.gcount() > 0) {
    text.append(piece, static_cast<std::size_t>(in.gcount()));
    if (text.size() > kLargestFile) {
      why = "it is larger than 16 MiB";
      return std::nullopt;
    }
  }
  return text;
}

std::vector<std::string> FileSources::match(const std::string& pattern, std::string& why) const {
  std::vector<std::string> found;
  glob_t matches{};
  if (::glob(pattern.c_str(), 0, nullptr, &matches) == 0) {
    found.assign(matches.gl_pathv, matches.gl_pathv + matches.gl_pathc);
  }
  ::globfree(&matches);
  std::sort(found.begin(), found.end());
  if (found.empty()) {
    std::error_code failure;
    const auto folder = std::filesystem::path(pattern).parent_path();
    const std::filesystem::directory_iterator tried(folder.empty() ? "." : folder, failure);
    if (failure == std::errc::permission_denied) why = failure.message();
  }
  return found;
}

std::string below(const std::string& main_file, const std::string& path) {
  if (path.starts_with('/')) return path;
  const auto slash = main_file.rfind('/');
  return slash == std::string::npos ? path : main_file.substr(0, slash + 1) + path;
}

std::string main_file_of(const std::string& path, const Sources& sources) {
  static constexpr std::array<std::string_view, 3> kFolders = {"/sites-enabled", "/sites-available",
                                                               "/conf.d"};
  const std::string folder = path.substr(0, path.rfind('/') == path.npos ? 0 : path.rfind('/'));
  for (const std::string_view each : kFolders) {
    if (!folder.ends_with(each)) continue;
    std::string above = folder.substr(0, folder.size() - each.size()) + "/nginx.conf";
    std::string why;
    if (!sources.match(above, why).empty()) return above;
  }
  return path;
}

std::vector<Directive> parse(const std::string& path, const Sources& sources, Report& report) {
  std::vector<Directive> tree;
  Parser(main_file_of(path, sources), sources, report).file(path, {path, 0, 0}, 0, tree);
  return tree;
}

}  // namespace wssgate::nginx
