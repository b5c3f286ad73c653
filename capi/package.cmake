# cpack -G DEB: two packages, as Debian splits a library. libcostmark1 holds the library alone and is
# named for the SONAME, so that it can stay beside a later libcostmark2; libcostmark-dev holds what it
# takes to build against it. With -DCMAKE_INSTALL_PREFIX=/usr the libraries go to the multiarch
# folder, otherwise to /usr/lib.
set(COSTMARK_PACKAGE_CONTACT "costmark maintainers <maintainers@costmark.invalid>"
  CACHE STRING "The maintainer that packages name, as `Name <address>`")

set(CPACK_GENERATOR DEB)
set(CPACK_SOURCE_GENERATOR TGZ)
set(CPACK_PACKAGE_NAME costmark)
set(CPACK_PACKAGE_VENDOR costmark)
set(CPACK_PACKAGE_CONTACT "${COSTMARK_PACKAGE_CONTACT}")
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "attributes, signs and accounts for Amazon Bedrock calls")
set(CPACK_RESOURCE_FILE_LICENSE ${PROJECT_SOURCE_DIR}/LICENSE)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_PACKAGE_DIRECTORY ${PROJECT_BINARY_DIR}/packages)
set(CPACK_STRIP_FILES ON)
set(CPACK_COMPONENTS_ALL runtime development)

set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_SOURCE costmark)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS_POLICY ">=")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)

set(about "costmark marks every call with the project that pays for it: it writes the
project into the request, signs the request, hands it back or sends it, and
reads the usage out of the answer.
.")

set(runtime libcostmark${COSTMARK_ABI_VERSION})
set(CPACK_DEBIAN_RUNTIME_PACKAGE_NAME ${runtime})
set(CPACK_DEBIAN_RUNTIME_PACKAGE_SECTION libs)
set(CPACK_DEBIAN_RUNTIME_DESCRIPTION "${about}\nThis package holds the shared library.")

set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_NAME libcostmark-dev)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SHLIBDEPS OFF)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS
  "${runtime} (= ${PROJECT_VERSION}-${CPACK_DEBIAN_PACKAGE_RELEASE})")
string(REGEX MATCH "^[0-9]+" cxx_major "${CMAKE_CXX_COMPILER_VERSION}")
# What the archive is linked with, and pkg-config; programs that take the shared library need none.
if(COSTMARK_NETWORK)
  set(curl "libcurl4-openssl-dev | libcurl-dev, ")
endif()
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_RECOMMENDS
  "pkgconf | pkg-config, ${curl}libssl-dev, libsimdjson-dev, libstdc++-${cxx_major}-dev")
set(CPACK_DEBIAN_DEVELOPMENT_DESCRIPTION "${about}
This package holds the headers for C and C++, the archive, the files for
pkg-config and CMake, the manual page and examples.")

# A promise that the files of two architectures do not meet.
if(CMAKE_LIBRARY_ARCHITECTURE AND CMAKE_INSTALL_LIBDIR MATCHES "/${CMAKE_LIBRARY_ARCHITECTURE}$")
  set(CPACK_COSTMARK_MULTI_ARCH same)
else()
  set(CPACK_COSTMARK_MULTI_ARCH no)
endif()

# The symbols file: a program depends on the release that added the newest function that it calls.
file(STRINGS ${CMAKE_CURRENT_SOURCE_DIR}/costmark.symbols lines REGEX "^costmark_")
set(symbols "libcostmark.so.${COSTMARK_ABI_VERSION} ${runtime} #MINVER#\n")
# Each release has a version node of its own; see costmark.map.
set(releases ${lines})
list(TRANSFORM releases REPLACE "^[a-z_]+ " "")
list(REMOVE_DUPLICATES releases)
foreach(release IN LISTS releases)
  string(APPEND symbols " COSTMARK_${release}@COSTMARK_${release} ${release}\n")
endforeach()
foreach(line IN LISTS lines)
  string(REGEX REPLACE "^([a-z_]+) (.*)$" " \\1@COSTMARK_\\2 \\2\n" line "${line}")
  string(APPEND symbols "${line}")
endforeach()
set(control ${CMAKE_CURRENT_BINARY_DIR}/debian)
file(CONFIGURE OUTPUT ${control}/symbols CONTENT "${symbols}")
file(CONFIGURE OUTPUT ${control}/triggers CONTENT "activate-noawait ldconfig\n")
file(CHMOD ${control}/symbols ${control}/triggers
  PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)
set(CPACK_DEBIAN_RUNTIME_PACKAGE_CONTROL_EXTRA ${control}/symbols ${control}/triggers)

set(CPACK_PRE_BUILD_SCRIPTS ${CMAKE_CURRENT_SOURCE_DIR}/debian-files.cmake)
set(CPACK_POST_BUILD_SCRIPTS ${CMAKE_CURRENT_SOURCE_DIR}/debian-control.cmake)
include(CPack)
