#include "gateway/access_record.h"

#include <vector>

#include "base/log.h"
#include "base/text.h"
#include "gateway/connection.h"

namespace wssgate::gateway {
namespace {

/// To the microsecond.
double milliseconds(AccessRecord::Clock::duration duration) {
  const auto whole = std::chrono::duration_cast<std::chrono::microseconds>(duration).count();
  return static_cast<double>(whole) / 1000;
}

std::string_view event_of(const AccessRecord& record) {
  if (record.passthrough) return "passthrough";
  return record.tunnel ? "tunnel" : "request";
}

void write_line(const Connection& connection, const AccessRecord& record) {
  if (!log::writes_access()) return;
  const std::string client = connection.client.text();
  std::string host;
  if (connection.site != nullptr) host = connection.site->host->label();
  const std::string path = printable(record.path, 1024);
  const std::string authority = printable(record.authority);
  const std::string request_id = record.request_id.text();
  const std::string trace_id = record.trace_id ? record.trace_id->text() : "";
  std::vector<log::Field> fields;
  fields.reserve(29);
  const auto text = [&](std::string_view name, std::string_view value) {
    if (!value.empty()) fields.push_back({name, value});
  };
  const auto number = [&](std::string_view name, auto value) {
    fields.push_back({name, static_cast<std::int64_t>(value)});
  };
  text("client", client);
  number("conn", connection.id);
  text("server_name", connection.server_name);
  text("host", host);
  if (record.authority != connection.server_name) text("requested_host", authority);
  text("method", record.method);
  text("path", path);
  text("request_id", request_id);
  text("trace_id", trace_id);
  if (!record.passthrough) number("status", record.status);
  text("route", record.route);
  text("upstream", record.upstream);
  text("endpoint", record.endpoint);
  number("bytes_received", record.bytes_received);
  number("bytes_sent", record.bytes_sent);
  fields.push_back({"duration_ms", milliseconds(AccessRecord::Clock::now() - record.begun)});
  if (record.connect_time) fields.push_back({"connect_ms", milliseconds(*record.connect_time)});
  if (record.upstream_time) fields.push_back({"upstream_ms", milliseconds(*record.upstream_time)});
  text("tls", connection.tls_version);
  if (record.tunnel) {
    number("messages_received", record.messages_received);
    number("messages_sent", record.messages_sent);
    if (record.client_close_code) number("client_close_code", *record.client_close_code);
    if (record.upstream_close_code) number("upstream_close_code", *record.upstream_close_code);
    if (record.proxy_close_code) number("proxy_close_code", *record.proxy_close_code);
  }
  if (record.ended_by) text("ended_by", side_label(*record.ended_by));
  if (record.reason != Reason::none) text("reason", reason_label(record.reason));
  text("detail", record.detail);
  log::access(event_of(record), fields.data(), fields.size());
}

}  // namespace

void AccessRecord::ended(const Error& error) {
  reason = error.reason;
  ended_by = error.side;
  detail = error.text();
}

void conclude(const Connection& connection, const AccessRecord& record, Line line) {
  connection.gateway.telemetry().ended(connection, record);
  if (line == Line::written) write_line(connection, record);
}

}  // namespace wssgate::gateway
