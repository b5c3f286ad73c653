# TRAINED: the build that counts. BUILD: the one that uses what was counted. PYTHON: the interpreter.
set(site ${TRAINED}/site)
file(GLOB module ${TRAINED}/python/_core*)
file(COPY ${CMAKE_CURRENT_LIST_DIR}/../costmark DESTINATION ${site})
file(COPY ${module} DESTINATION ${site}/costmark)
execute_process(
  COMMAND ${CMAKE_COMMAND} -E env PYTHONPATH=${site} ${PYTHON} ${CMAKE_CURRENT_LIST_DIR}/train.py
  RESULT_VARIABLE result)
if(NOT result STREQUAL "0")
  message(WARNING "the training failed (${result}): the module is built without it")
  return()
endif()

file(GLOB_RECURSE counts RELATIVE ${TRAINED} ${TRAINED}/*.gcda)
foreach(file IN LISTS counts)
  cmake_path(GET file PARENT_PATH folder)
  file(COPY ${TRAINED}/${file} DESTINATION ${BUILD}/${folder})
endforeach()
list(LENGTH counts number)
message(STATUS "Trained: ${number} sources")
