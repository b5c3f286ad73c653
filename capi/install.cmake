# What `cmake --install` puts where. Component runtime: what a linked program needs to run;
# development: what it takes to build one.
include(CMakePackageConfigHelpers)

# The release that brought COSTMARK_ABI_VERSION; changes with that number and only with it.
set(COSTMARK_ABI_SINCE 0.1)
math(EXPR COSTMARK_BITS "8 * ${CMAKE_SIZEOF_VOID_P}")
set(COSTMARK_CXX_RUNTIME ${CMAKE_CXX_IMPLICIT_LINK_LIBRARIES})
# With libm: a C program does not link it, and code that is not optimized calls it.
list(FILTER COSTMARK_CXX_RUNTIME INCLUDE REGEX "^(stdc\\+\\+|c\\+\\+|c\\+\\+abi|m)$")
list(REMOVE_DUPLICATES COSTMARK_CXX_RUNTIME)

# What links a library by its name: the archive of one machine is linked on another, so a path says
# no more than a folder that the linker does not search by itself.
function(costmark_link_flags out target name)
  set(flags -l${name})
  foreach(suffix IN ITEMS "" _RELEASE _RELWITHDEBINFO _NOCONFIG _NONE)
    get_target_property(file ${target} IMPORTED_LOCATION${suffix})
    if(file)
      get_filename_component(folder "${file}" DIRECTORY)
      if(NOT folder IN_LIST CMAKE_CXX_IMPLICIT_LINK_DIRECTORIES)
        string(PREPEND flags "-L${folder} ")
      endif()
      break()
    endif()
  endforeach()
  set(${out} "${flags}" PARENT_SCOPE)
endfunction()

set(curl)
set(COSTMARK_FIND_CURL)
set(COSTMARK_CURL)
if(COSTMARK_NETWORK)
  costmark_link_flags(curl CURL::libcurl curl)
  set(COSTMARK_FIND_CURL "find_dependency(CURL)")
  set(COSTMARK_CURL "CURL::libcurl;")
endif()
costmark_link_flags(crypto OpenSSL::Crypto crypto)
costmark_link_flags(simdjson simdjson::simdjson simdjson)
set(private ${curl} ${crypto} ${simdjson})
foreach(library IN LISTS COSTMARK_CXX_RUNTIME)
  list(APPEND private -l${library})
endforeach()
list(JOIN private " " COSTMARK_PRIVATE_LIBS)
string(APPEND COSTMARK_PRIVATE_LIBS " -pthread")

# From where the .pc file lies, so that the prefix may move; a distribution that names whole paths
# wants exactly those.
if(IS_ABSOLUTE "${CMAKE_INSTALL_LIBDIR}" OR IS_ABSOLUTE "${CMAKE_INSTALL_INCLUDEDIR}")
  set(COSTMARK_PC_PREFIX "${CMAKE_INSTALL_PREFIX}")
  set(COSTMARK_PC_LIBDIR "${CMAKE_INSTALL_FULL_LIBDIR}")
  set(COSTMARK_PC_INCLUDEDIR "${CMAKE_INSTALL_FULL_INCLUDEDIR}")
else()
  file(RELATIVE_PATH up /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
  string(REGEX REPLACE "/$" "" up "${up}")
  set(COSTMARK_PC_PREFIX "\${pcfiledir}/${up}")
  set(COSTMARK_PC_LIBDIR "\${prefix}/${CMAKE_INSTALL_LIBDIR}")
  set(COSTMARK_PC_INCLUDEDIR "\${prefix}/${CMAKE_INSTALL_INCLUDEDIR}")
endif()
configure_file(costmark.pc.in costmark.pc @ONLY)
configure_file(costmark-static.pc.in costmark-static.pc @ONLY)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/costmark)
configure_package_config_file(costmark-config.cmake.in costmark-config.cmake
  INSTALL_DESTINATION ${package_dir}
  PATH_VARS CMAKE_INSTALL_LIBDIR CMAKE_INSTALL_INCLUDEDIR)
configure_file(costmark-config-version.cmake.in costmark-config-version.cmake @ONLY)

install(TARGETS costmark EXPORT costmark
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
    COMPONENT runtime NAMELINK_COMPONENT development
  RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT runtime
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT development)
install(FILES ${archive} DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT development)
if(NOT IS_ABSOLUTE "${CMAKE_INSTALL_LIBDIR}")
  set(archive_prefix "\${CMAKE_INSTALL_PREFIX}/")
endif()
install(CODE "
  # As for every target; CMake leaves plain files alone.
  if(CMAKE_INSTALL_DO_STRIP)
    execute_process(COMMAND \"${CMAKE_STRIP}\" --strip-debug --enable-deterministic-archives
      --remove-section=.comment --remove-section=.note
      \"\$ENV{DESTDIR}${archive_prefix}${CMAKE_INSTALL_LIBDIR}/libcostmark.a\"
      COMMAND_ERROR_IS_FATAL ANY)
  endif()" COMPONENT development)
install(DIRECTORY include/costmark DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
  COMPONENT development FILES_MATCHING PATTERN "*.h" PATTERN "*.hpp")
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/costmark.pc ${CMAKE_CURRENT_BINARY_DIR}/costmark-static.pc
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT development)
install(EXPORT costmark NAMESPACE costmark:: FILE costmark-targets.cmake
  DESTINATION ${package_dir} COMPONENT development)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/costmark-config.cmake
  ${CMAKE_CURRENT_BINARY_DIR}/costmark-config-version.cmake
  DESTINATION ${package_dir} COMPONENT development)

install(FILES ${PROJECT_SOURCE_DIR}/LICENSE ${PROJECT_SOURCE_DIR}/CHANGELOG.md
  DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT runtime)
install(FILES ${PROJECT_SOURCE_DIR}/README.md DESTINATION ${CMAKE_INSTALL_DOCDIR}
  COMPONENT development)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/docs DESTINATION ${CMAKE_INSTALL_DOCDIR}
  COMPONENT development FILES_MATCHING PATTERN "*.md")
foreach(language IN ITEMS c cpp node)
  install(DIRECTORY ${PROJECT_SOURCE_DIR}/examples/${language}
    DESTINATION ${CMAKE_INSTALL_DOCDIR}/examples
    COMPONENT development PATTERN node_modules EXCLUDE)
endforeach()

# The page is made from the headers; without Python there is none.
find_package(Python3 COMPONENTS Interpreter QUIET)
if(Python3_Interpreter_FOUND)
  set(page ${CMAKE_CURRENT_BINARY_DIR}/costmark.3)
  file(GLOB parts_of_the_manual CONFIGURE_DEPENDS ${headers}/costmark/*.h)
  add_custom_command(OUTPUT ${page}
    COMMAND Python3::Interpreter ${CMAKE_CURRENT_SOURCE_DIR}/man.py ${headers}/costmark/costmark.h ${page}
    DEPENDS man.py ${parts_of_the_manual}
    COMMENT "Writing costmark(3)"
    VERBATIM)
  add_custom_target(costmark_man ALL DEPENDS ${page})
  install(FILES ${page} DESTINATION ${CMAKE_INSTALL_MANDIR}/man3 COMPONENT development OPTIONAL)
else()
  message(STATUS "costmark(3) is not made: that takes Python 3")
endif()
