#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace wssgate::control {

struct AdminRequest {
  std::string method;
  std::string path;
  /// What follows the '?', as it was sent.
  std::string query;
  /// The Accept field.
  std::string accept;
  std::string if_none_match;
};

struct AdminAnswer {
  int status = 200;
  std::string body;
  std::string_view content_type = "application/json";
  std::string_view cache_control = "no-store";
  /// More fields, each with its line's end.
  std::string fields = {};
};

/// Sends the answer; later, if need be.
using SendAnswer = std::function<void(const AdminAnswer&)>;
using AdminHandler = std::function<void(const AdminRequest&, SendAnswer)>;

/// What the admin interface can be asked, in one table.
class AdminRoutes {
 public:
  void add(std::string_view method, std::string_view path, AdminHandler handler) {
    routes_.push_back({method, path, std::move(handler)});
  }
  /// 404 and 405 say what there is.
  void answer(const AdminRequest& request, SendAnswer send) const;

 private:
  struct Route {
    std::string_view method;
    std::string_view path;
    AdminHandler handler;
  };
  std::vector<Route> routes_;
};

}  // namespace wssgate::control
