# SPDX-License-Identifier: Apache-2.0
# One fuzz target a parser of untrusted bytes; docs/testing.md says how to run them.
#
# Every build replays the corpus: fuzz_<target> in ctest. With -DDSQ_FUZZ=ON (clang) the same targets are
# also linked with libFuzzer, as BUILD/libfuzzer_<target>, and everything is instrumented for it.
# Files of other tests that are inputs too.
set(DSQ_FUZZ_FILES_onnx tests/onnx tests/onnx/bad)
set(DSQ_FUZZ_FILES_coco tests/eval)
set(DSQ_FUZZ_FILES_coco_results tests/eval)
set(DSQ_FUZZ_FILES_picture tests/data/detect)
set(DSQ_FUZZ_TARGETS onnx engine graph ranges decisions task coco coco_results npy picture shapes)

if(DSQ_FUZZ)
  if(NOT CMAKE_C_COMPILER_ID STREQUAL "Clang")
    message(FATAL_ERROR "DSQ_FUZZ needs clang: CC=clang cmake -DDSQ_FUZZ=ON ...")
  endif()
  set(DSQ_FUZZ_FLAGS -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer -g)
  target_compile_options(dsq_objects PRIVATE -fsanitize=fuzzer-no-link ${DSQ_FUZZ_FLAGS})
  target_link_options(dsq_objects INTERFACE -fsanitize=address,undefined)
  target_link_options(dsq_static INTERFACE -fsanitize=address,undefined)
  if(TARGET dsq_shared) # -Wl,--no-undefined does not suit a sanitized library
    set_target_properties(dsq_shared PROPERTIES EXCLUDE_FROM_ALL TRUE)
    set_target_properties(example_detect PROPERTIES EXCLUDE_FROM_ALL TRUE)
  endif()
endif()

if(DSQ_FUZZ)
  add_custom_target(fuzzers) # all of them; scripts/fuzzers.sh packs them with their inputs
endif()
foreach(target IN LISTS DSQ_FUZZ_TARGETS)
  set(sources tests/fuzz/fuzz_${target}.c)
  if(target MATCHES "^(onnx|graph)$")
    list(APPEND sources tests/fuzz/round_trip.c)
  endif()
  set(programs fuzz_${target})
  add_executable(fuzz_${target} ${sources} tests/fuzz/replay.c)
  if(DSQ_FUZZ)
    list(APPEND programs libfuzzer_${target})
    add_executable(libfuzzer_${target} ${sources})
    target_link_options(libfuzzer_${target} PRIVATE -fsanitize=fuzzer -static-libstdc++ -static-libgcc)
    add_dependencies(fuzzers libfuzzer_${target})
    if(target STREQUAL "onnx")
      target_sources(libfuzzer_onnx PRIVATE tests/fuzz/mutate_protobuf.c)
    endif()
  endif()
  foreach(program IN LISTS programs)
    target_include_directories(${program} PRIVATE src tests/fuzz ${DSQ_INCLUDES})
    target_compile_options(${program} PRIVATE ${DSQ_FUZZ_FLAGS})
    target_link_libraries(${program} PRIVATE dsq_static)
  endforeach()
  add_test(NAME fuzz_${target} COMMAND fuzz_${target} tests/fuzz/corpus/${target} ${DSQ_FUZZ_FILES_${target}}
           WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
endforeach()
