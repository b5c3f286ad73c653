# Run by cpack when the packages are made: what CPack has no variables for. ldconfig is run by the
# trigger of the package, so the scripts that CPack wrote to run it go.
if(NOT CPACK_GENERATOR STREQUAL "DEB")
  return()
endif()
find_program(DPKG_DEB dpkg-deb REQUIRED)

foreach(package IN LISTS CPACK_PACKAGE_FILES)
  set(root ${package}.root)
  file(REMOVE_RECURSE ${root})
  execute_process(COMMAND ${DPKG_DEB} --raw-extract ${package} ${root} COMMAND_ERROR_IS_FATAL ANY)
  file(REMOVE ${root}/DEBIAN/postinst ${root}/DEBIAN/postrm)
  if(NOT CPACK_COSTMARK_MULTI_ARCH STREQUAL "no")
    file(READ ${root}/DEBIAN/control control)
    string(STRIP "${control}" control)
    file(WRITE ${root}/DEBIAN/control "${control}\nMulti-Arch: ${CPACK_COSTMARK_MULTI_ARCH}\n")
  endif()
  execute_process(COMMAND ${DPKG_DEB} --root-owner-group --build ${root} ${package}
    OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY)
  file(REMOVE_RECURSE ${root})
endforeach()
