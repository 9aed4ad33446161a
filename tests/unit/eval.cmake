# SPDX-License-Identifier: Apache-2.0
dsq_add_test(eval_coco tests/unit/test_eval_coco.c)
dsq_add_test(eval_results tests/unit/test_eval_results.c)
dsq_add_test(eval_map tests/unit/test_eval_map.c)
dsq_add_test(eval_matches tests/unit/test_eval_matches.c)
# New random cases against pycocotools itself, where the oracles are installed.
add_test(NAME eval_pycocotools COMMAND sh tests/e2e/python.sh tests/eval/make_cases.py compare
         $<TARGET_FILE:test_eval_map> WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
set_tests_properties(eval_pycocotools PROPERTIES SKIP_RETURN_CODE 77)
