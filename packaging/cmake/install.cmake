# cmake --install BUILD [--prefix /usr], with DESTDIR for packages. The plugin and its helper lie together in
# lib/tillproof, where the command finds them; links in the libraries' folder are for what is linked with -ltillproof.
include(GNUInstallDirs)
set(home lib/tillproof)
install(TARGETS tillproof LIBRARY DESTINATION ${home} RUNTIME DESTINATION ${home})
install(TARGETS tillproof-helper RUNTIME DESTINATION ${home})
install(TARGETS tillproof_command tillproofd RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(FILES plugin/include/tillproof.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})

file(RELATIVE_PATH home_from_lib /${CMAKE_INSTALL_LIBDIR} /${home})
get_property(soname TARGET tillproof PROPERTY TILLPROOF_SONAME)
install(CODE "
  set(folder \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_LIBDIR}\")
  file(MAKE_DIRECTORY \"\${folder}\")
  file(CREATE_LINK ${home_from_lib}/tillproof.so \"\${folder}/${soname}\" SYMBOLIC)
  file(CREATE_LINK ${soname} \"\${folder}/libtillproof.so\" SYMBOLIC)")

file(RELATIVE_PATH TILLPROOF_PC_UP /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
string(REGEX REPLACE "/$" "" TILLPROOF_PC_UP "${TILLPROOF_PC_UP}")
configure_file(packaging/pkgconfig/tillproof.pc.in ${CMAKE_BINARY_DIR}/pkgconfig/tillproof.pc @ONLY)
install(FILES ${CMAKE_BINARY_DIR}/pkgconfig/tillproof.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

install(FILES packaging/man/tillproof.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES packaging/man/tillproofd.8 DESTINATION ${CMAKE_INSTALL_MANDIR}/man8)
install(FILES packaging/postgres/roles.sql DESTINATION ${CMAKE_INSTALL_DATADIR}/tillproof)
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
# Where udev and systemd look below a prefix: not in the libraries' folder.
install(FILES ${CMAKE_BINARY_DIR}/udev/60-tillproof.rules DESTINATION lib/udev/rules.d)
install(FILES packaging/systemd/tillproof.sysusers DESTINATION lib/sysusers.d RENAME tillproof.conf)
# The unit names the daemon by its whole path.
install(CODE "
  set(unit_file \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/lib/systemd/system/tillproofd.service\")
  file(READ ${CMAKE_SOURCE_DIR}/packaging/systemd/tillproofd.service unit)
  string(REPLACE /usr/bin/tillproofd \${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_BINDIR}/tillproofd unit \"\${unit}\")
  message(STATUS \"Installing: \${unit_file}\")
  file(WRITE \"\${unit_file}\" \"\${unit}\")
  file(CHMOD \"\${unit_file}\" PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)")
