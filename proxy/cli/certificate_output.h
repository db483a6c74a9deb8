#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace wssgate::cli {

/// On stdout, for people: one certificate of `GET /status` or `GET /certificates`.
void print_certificate(const nlohmann::json& certificate);
/// Problems as JSON has them.
void print_problems(const nlohmann::json& problems);
/// Words with spaces between them.
std::string joined(const nlohmann::json& words);

}  // namespace wssgate::cli
