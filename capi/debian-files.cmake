# Run by cpack between the installation and the packing: the places and forms that Debian has for
# documents. What `cmake --install` puts into doc/costmark goes to doc/PACKAGE.
if(NOT CPACK_GENERATOR STREQUAL "DEB")
  return()
endif()
find_program(GZIP gzip REQUIRED)

function(compress file)
  execute_process(COMMAND ${GZIP} -9nf ${file} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

function(write_copyright file)
  file(WRITE ${file} "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: costmark

Files: *
Copyright: 2026 the authors of costmark
License: Apache-2.0
 On Debian systems the full text of the Apache License, version 2.0, is in
 /usr/share/common-licenses/Apache-2.0.
")
endfunction()

# The changelog in Debian's form has one entry, for the package; costmark's own lies beside it.
function(write_changelog file)
  set(ENV{LC_ALL} C)
  string(TIMESTAMP date "%a, %d %b %Y %H:%M:%S +0000" UTC)
  file(WRITE ${file} "costmark (${CPACK_PACKAGE_VERSION}-${CPACK_DEBIAN_PACKAGE_RELEASE}) unstable; urgency=medium

  * Release ${CPACK_PACKAGE_VERSION}.

 -- ${CPACK_PACKAGE_CONTACT}  ${date}
")
  compress(${file})
endfunction()

set(share ${CPACK_PACKAGING_INSTALL_PREFIX}/share)
foreach(component IN ITEMS runtime development)
  string(TOUPPER ${component} upper)
  set(root ${CPACK_TEMPORARY_DIRECTORY}/${component})
  set(doc ${root}${share}/doc/${CPACK_DEBIAN_${upper}_PACKAGE_NAME})
  if(EXISTS ${root}${share}/doc/costmark)
    file(RENAME ${root}${share}/doc/costmark ${doc})
  endif()
  file(MAKE_DIRECTORY ${doc})
  file(REMOVE ${doc}/LICENSE)
  if(EXISTS ${doc}/CHANGELOG.md)
    file(RENAME ${doc}/CHANGELOG.md ${doc}/changelog)
    compress(${doc}/changelog)
  endif()
  write_copyright(${doc}/copyright)
  write_changelog(${doc}/changelog.Debian)
  file(GLOB pages ${root}${share}/man/man*/*.[0-9])
  foreach(page IN LISTS pages)
    compress(${page})
  endforeach()
  file(GLOB_RECURSE everything LIST_DIRECTORIES TRUE ${root}/*)
  foreach(path IN LISTS everything)
    if(IS_DIRECTORY ${path})
      file(CHMOD ${path} PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE
        GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
    elseif(NOT IS_SYMLINK ${path})
      file(CHMOD ${path} PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)
    endif()
  endforeach()
endforeach()
