# SPDX-License-Identifier: Apache-2.0
dsq_add_test(calib_folder tests/unit/test_calib_folder.c)
dsq_add_test(calib_observer tests/unit/test_calib_observer.c)
dsq_add_test(calib_calibrate tests/unit/test_calib_calibrate.c)
dsq_add_test(calib_judge tests/unit/test_calib_judge.c)
dsq_add_test(calib_evaluate tests/unit/test_calib_evaluate.c)
dsq_add_test(calib_sensitivity tests/unit/test_calib_sensitivity.c)
