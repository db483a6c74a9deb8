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
  bool known = false;
  for (const Route& route : routes_) {
    all += fmt::format("{}{} {}", all.empty() ? "" : ", ", route.method, route.path);
    known |= route.path == request.path;
  }
  const nlohmann::json body = {{"error", "there are " + all}};
  send({.status = known ? 405 : 404, .body = body.dump()});
}

}  // namespace wssgate::control
