# SPDX-License-Identifier: Apache-2.0
# The kernel harness links the kernels and libc alone. dsq_check_static is the same program to carry to
# another machine: cmake --build BUILD --target dsq_check_static
set(DSQ_CHECK_SOURCES
    tests/check/main.c tests/check/random.c tests/check/memory.c tests/check/report.c
    tests/check/bench.c tests/check/peak.c tests/check/quant.c
    tests/check/check_epilogue.c
    tests/check/check_dw_f32.c tests/check/check_dw_s8.c
    tests/check/check_igemm_f32.c tests/check/check_igemm_s8.c tests/check/check_rows.c
    tests/check/check_math_f32.c
    tests/check/check_pixels.c
    tests/check/check_pools.c
    tests/check/check_unary.c
    tests/check/check_binary.c
    ${DSQ_KERNEL_SOURCES} src/base/cpu.c)

add_executable(dsq_check ${DSQ_CHECK_SOURCES})
add_executable(dsq_check_static EXCLUDE_FROM_ALL ${DSQ_CHECK_SOURCES})
target_link_options(dsq_check_static PRIVATE -static)
foreach(program dsq_check dsq_check_static)
  target_include_directories(${program} PRIVATE src tests/check)
  target_link_libraries(${program} PRIVATE m)
endforeach()

# Each level checks its own variants; the functions without variants go with the first.
set(DSQ_CHECK_PATTERN_avx2 __avx2)
set(DSQ_CHECK_PATTERN_avx512vnni __avx512vnni)
foreach(level ref avx2 avx512vnni)
  add_test(NAME check_${level}
           COMMAND dsq_check --seed=1 --cpu=${level} ${DSQ_CHECK_PATTERN_${level}})
  set_tests_properties(check_${level} PROPERTIES SKIP_RETURN_CODE 77)
endforeach()
# A pattern that matches nothing is an error: a test of renamed kernels must not pass.
add_test(NAME check_nothing COMMAND dsq_check no_such_variant)
set_tests_properties(check_nothing PROPERTIES WILL_FAIL TRUE)
