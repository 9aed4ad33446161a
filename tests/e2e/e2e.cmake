# SPDX-License-Identifier: Apache-2.0
# Whole commands on the demo model. Tests that need Python's oracles skip (77) where .venv lacks them.
set(DSQ_E2E_DIR ${PROJECT_BINARY_DIR}/e2e)

function(dsq_add_script name)
  add_test(NAME e2e_${name} COMMAND ${ARGN} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
  set_tests_properties(e2e_${name} PROPERTIES SKIP_RETURN_CODE 77
                       ENVIRONMENT "DSQ=$<TARGET_FILE:dsq>;E2E_DIR=${DSQ_E2E_DIR};SANITIZE=${DSQ_SANITIZE}")
endfunction()

# The example's and its consumers' flag, where a sanitizer is on.
set(DSQ_SANITIZE_FLAG -O1)
if(DSQ_SANITIZE)
  set(DSQ_SANITIZE_FLAG -fsanitize=${DSQ_SANITIZE})
endif()

# The engines that the other scripts use.
dsq_add_script(main_job sh tests/e2e/main_job.sh)
set_tests_properties(e2e_main_job PROPERTIES FIXTURES_SETUP engines)
dsq_add_script(same_bits sh tests/e2e/same_bits.sh $<TARGET_FILE:dsq_check>)
dsq_add_script(example sh tests/e2e/example.sh $<TARGET_FILE:example_detect>)
dsq_add_script(install sh tests/e2e/install.sh ${PROJECT_BINARY_DIR} ${CMAKE_C_COMPILER} ${DSQ_SANITIZE_FLAG})
dsq_add_script(versus_onnxruntime sh tests/e2e/python.sh tests/e2e/versus_onnxruntime.py)
dsq_add_script(versus_pycocotools sh tests/e2e/python.sh tests/e2e/versus_pycocotools.py)
dsq_add_script(ap_versus_pycocotools sh tests/e2e/python.sh tests/e2e/ap_versus_pycocotools.py)
add_executable(prepare_pictures tests/e2e/prepare_pictures.c)
target_include_directories(prepare_pictures PRIVATE src ${DSQ_INCLUDES})
target_link_libraries(prepare_pictures PRIVATE dsq_static)
dsq_add_script(versus_opencv_pillow env PREPARE=$<TARGET_FILE:prepare_pictures>
               sh tests/e2e/python.sh tests/e2e/versus_opencv_pillow.py)
dsq_add_script(random_models sh tests/e2e/python.sh tests/e2e/random_models.py)
dsq_add_script(real_models sh tests/e2e/python.sh tests/e2e/real_models.py)
dsq_add_script(forms sh tests/e2e/python.sh tests/e2e/forms.py)
dsq_add_script(matrix_ops sh tests/e2e/python.sh tests/e2e/matrix_ops.py)
dsq_add_script(hostile sh tests/e2e/python.sh tests/e2e/hostile.py)
dsq_add_script(freed_sizes sh tests/e2e/python.sh tests/e2e/freed_sizes.py)
dsq_add_script(conformance sh tests/e2e/python.sh tests/onnx/conformance.py --build ${PROJECT_BINARY_DIR})
dsq_add_script(demo_data sh tests/e2e/python.sh demo/make/check_data.py --n 5)
set_tests_properties(e2e_same_bits e2e_example e2e_install e2e_versus_onnxruntime e2e_versus_pycocotools
                     PROPERTIES FIXTURES_REQUIRED engines)

# The rules of the house.
add_test(NAME rule_includes COMMAND sh scripts/check_includes.sh WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
add_test(NAME rule_lengths COMMAND sh scripts/check_lengths.sh WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
add_test(NAME rule_tables COMMAND sh scripts/check_tables.sh WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
add_test(NAME rule_symbols COMMAND sh tests/e2e/symbols.sh $<TARGET_FILE:dsq_shared> $<TARGET_FILE:dsq_static>
         WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
add_test(NAME rule_headers COMMAND sh tests/e2e/headers.sh WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
set_tests_properties(rule_headers PROPERTIES ENVIRONMENT "CC=${CMAKE_C_COMPILER};GENERATED=${PROJECT_BINARY_DIR}/onnx_proto")
