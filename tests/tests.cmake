# SPDX-License-Identifier: Apache-2.0
# Tests, one list a module: tests/unit/<module>.cmake is read when the module is built.
pkg_check_modules(CMOCKA REQUIRED IMPORTED_TARGET cmocka)

# dsq_add_test(NAME SOURCE... [ARGS ...]): one program, run from the source folder.
function(dsq_add_test name)
  cmake_parse_arguments(T "" "" "ARGS" ${ARGN})
  add_executable(test_${name} ${T_UNPARSED_ARGUMENTS})
  target_include_directories(test_${name} PRIVATE src tests ${DSQ_INCLUDES})
  target_link_libraries(test_${name} PRIVATE dsq_static PkgConfig::CMOCKA)
  add_test(NAME ${name} COMMAND test_${name} ${T_ARGS} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
endfunction()

foreach(module IN LISTS DSQ_MODULES)
  include(tests/unit/${module}.cmake OPTIONAL)
endforeach()
