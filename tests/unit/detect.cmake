# SPDX-License-Identifier: Apache-2.0
dsq_add_test(detect_task tests/unit/test_detect_task.c)
dsq_add_test(detect_picture tests/unit/test_detect_picture.c)
dsq_add_test(detect_exif tests/unit/test_detect_exif.c)
dsq_add_test(detect_prepare tests/unit/test_detect_prepare.c)
dsq_add_test(detect_decode tests/unit/test_detect_decode.c)
dsq_add_test(detect_families tests/unit/test_detect_families.c)
dsq_add_test(detect_nms tests/unit/test_detect_nms.c)
dsq_add_test(detect_draw tests/unit/test_detect_draw.c)
