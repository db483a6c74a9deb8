# What `cmake --install` installs besides the programs, and the Debian package (`cpack -G DEB`).
include(GNUInstallDirs)
find_program(GZIP gzip REQUIRED)

# Compressed as Debian has its manual pages; every `man` reads them.
function(wssgate_install_compressed file name folder)
  set(compressed ${CMAKE_BINARY_DIR}/${name}.gz)
  install(CODE "execute_process(COMMAND ${GZIP} -9nc ${file} OUTPUT_FILE ${compressed} COMMAND_ERROR_IS_FATAL ANY)")
  install(FILES ${compressed} DESTINATION ${folder})
endfunction()

set(conf ${PROJECT_SOURCE_DIR}/conf)
wssgate_install_compressed(${conf}/man/wssgate.8 wssgate.8 ${CMAKE_INSTALL_MANDIR}/man8)
wssgate_install_compressed(${PROJECT_SOURCE_DIR}/CHANGELOG.md CHANGELOG.md ${CMAKE_INSTALL_DOCDIR})
install(FILES ${conf}/completion/wssgate.bash RENAME wssgate
  DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
file(GLOB examples CONFIGURE_DEPENDS ${conf}/*.yaml)
install(FILES ${examples} DESTINATION ${CMAKE_INSTALL_DOCDIR}/examples)
install(FILES ${conf}/sysusers.d/wssgate.conf DESTINATION lib/sysusers.d)
# They name the program where it is installed.
foreach(unit wssgate.service wssgate.socket)
  install(CODE "
    file(READ ${conf}/systemd/${unit} text)
    get_filename_component(prefix \"\${CMAKE_INSTALL_PREFIX}\" ABSOLUTE)
    string(REPLACE /usr/bin/ \"\${prefix}/bin/\" text \"\${text}\")
    file(WRITE ${CMAKE_BINARY_DIR}/${unit} \"\${text}\")")
  install(FILES ${CMAKE_BINARY_DIR}/${unit} DESTINATION lib/systemd/system)
endforeach()

set(WSSGATE_PACKAGE_CONTACT "wssgate maintainers <maintainers@wssgate.invalid>" CACHE STRING
  "Who builds the package: its Maintainer field")

# Only in the package: `cmake --install` keeps out of /etc.
install(FILES ${conf}/debian/wssgate.yaml DESTINATION /etc/wssgate COMPONENT debian EXCLUDE_FROM_ALL
  PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ)
install(FILES ${conf}/logrotate/wssgate DESTINATION /etc/logrotate.d COMPONENT debian EXCLUDE_FROM_ALL)
string(TIMESTAMP now "%a, %d %b %Y %H:%M:%S +0000" UTC)
file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/changelog @ONLY CONTENT
"wssgate (@PROJECT_VERSION@) unstable; urgency=medium

  * What is new: CHANGELOG.md.gz.

 -- @WSSGATE_PACKAGE_CONTACT@  @now@
")
execute_process(COMMAND ${GZIP} -9nc ${CMAKE_BINARY_DIR}/changelog
  OUTPUT_FILE ${CMAKE_BINARY_DIR}/changelog.gz COMMAND_ERROR_IS_FATAL ANY)
install(FILES ${CMAKE_BINARY_DIR}/changelog.gz DESTINATION ${CMAKE_INSTALL_DOCDIR}
  COMPONENT debian EXCLUDE_FROM_ALL)
install(DIRECTORY DESTINATION /etc/wssgate/certs COMPONENT debian EXCLUDE_FROM_ALL
  DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE)

set(CPACK_GENERATOR DEB)
set(CPACK_INSTALL_CMAKE_PROJECTS
  "${CMAKE_BINARY_DIR};wssgate;ALL;/;${CMAKE_BINARY_DIR};wssgate;debian;/")
set(CPACK_SET_DESTDIR ON)
set(CPACK_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
  OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_PACKAGE_NAME wssgate)
set(CPACK_PACKAGE_CONTACT ${WSSGATE_PACKAGE_CONTACT})
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "adduser, init-system-helpers (>= 1.52)")
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS ca-certificates)
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "TLS proxy for WebSockets that never shows a wrong certificate")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION
"wssgate terminates TLS in front of WebSocket and HTTP backends. It reads the
server name that a client asks for, picks the full-chain certificate that
covers exactly that name, and carries the connection to an upstream. Unknown
names get a TLS alert: there is no default certificate.
.
It reloads certificates and configuration by itself, and is upgraded without
refusing a connection. The load generator wssbench is included.")
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
  ${conf}/debian/conffiles ${conf}/debian/postinst ${conf}/debian/prerm ${conf}/debian/postrm)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
include(CPack)
