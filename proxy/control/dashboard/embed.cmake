# Run by cmake -P: writes OUTPUT, the C++ of the page's files in FOLDER, which control/dashboard.h declares.
function(embed variable file)
  file(READ ${FOLDER}/${file} bytes HEX)
  # A byte each, some to a line: compilers are slow with very long ones.
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "'\\\\x\\1'," bytes "${bytes}")
  string(REGEX REPLACE "(('[^']*',)('[^']*',)('[^']*',)('[^']*',)('[^']*',)('[^']*',)('[^']*',)('[^']*',))"
         "\\1\n" bytes "${bytes}")
  string(APPEND source "constexpr char ${variable}[] = {\n${bytes}};\n\n")
  set(source "${source}" PARENT_SCOPE)
endfunction()

function(entry path type variable file)
  file(SHA256 ${FOLDER}/${file} hash)
  string(SUBSTRING ${hash} 0 32 hash)
  string(APPEND entries
    "    {\"${path}\", \"${type}\", \"\\\"${hash}\\\"\", {${variable}, sizeof ${variable}}},\n")
  set(entries "${entries}" PARENT_SCOPE)
endfunction()

set(source "// Made of proxy/control/dashboard/ by embed.cmake.\n#include \"control/dashboard.h\"\n\n")
string(APPEND source "namespace wssgate::control {\nnamespace {\n\n")
embed(kPage index.html)
embed(kStyle dashboard.css)
embed(kScript dashboard.js)
entry("/" "text/html; charset=utf-8" kPage index.html)
entry("/dashboard.css" "text/css; charset=utf-8" kStyle dashboard.css)
entry("/dashboard.js" "text/javascript; charset=utf-8" kScript dashboard.js)
string(APPEND source "constexpr DashboardFile kFiles[] = {\n${entries}};\n\n}  // namespace\n\n"
  "std::span<const DashboardFile> dashboard_files() { return kFiles; }\n\n}  // namespace wssgate::control\n")
file(WRITE ${OUTPUT} "${source}")
