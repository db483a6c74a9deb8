#include "control/admin_routes.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

namespace wssgate::control {

void AdminRoutes::answer(const AdminRequest& request, SendAnswer send) const {
  const std::string_view method =
      request.method == "HEAD" ? "GET" : std::string_view(request.method);
  const auto fits = [&](const Route& route) {
    return route.path == request.path && route.method == method;
  };
  const auto found = std::find_if(routes_.begin(), routes_.end(), fits);
  if (found != routes_.end()) return found->handler(request, std::move(send));
  std::string all;
  std::string allowed;  // of this path; RFC 9110 §15.5.6 wants them told
  for (const Route& route : routes_) {
    all += fmt::format("{}{} {}", all.empty() ? "" : ", ", route.method, route.path);
    if (route.path != request.path) continue;
    allowed += fmt::format("{}{}", allowed.empty() ? "" : ", ", route.method);
    if (route.method == "GET") allowed += ", HEAD";
  }
  const nlohmann::json body = {{"error", "there are " + all}};
  AdminAnswer answer{.status = 404, .body = body.dump()};
  if (!allowed.empty()) {
    answer.status = 405;
    answer.fields = fmt::format("Allow: {}\r\n", allowed);
  }
  send(answer);
}

}  // namespace wssgate::control
