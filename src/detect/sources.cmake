# SPDX-License-Identifier: Apache-2.0
pkg_check_modules(TURBOJPEG REQUIRED IMPORTED_TARGET libturbojpeg)
pkg_check_modules(PNG REQUIRED IMPORTED_TARGET libpng)
pkg_check_modules(JANSSON REQUIRED IMPORTED_TARGET jansson)
list(APPEND DSQ_LIBRARIES PkgConfig::TURBOJPEG PkgConfig::PNG PkgConfig::JANSSON)
list(APPEND DSQ_PC_REQUIRES libturbojpeg libpng jansson)
list(APPEND DSQ_SOURCES src/detect/anchors.c src/detect/decode.c src/detect/decode_nanodet.c
     src/detect/decode_retinanet.c src/detect/decode_yolox.c src/detect/draw.c src/detect/font.c
     src/detect/levels.c src/detect/nms.c src/detect/outputs.c src/detect/picture.c
     src/detect/picture_exif.c src/detect/picture_jpeg.c src/detect/picture_png.c
     src/detect/prepare.c src/detect/presets.c src/detect/resize.c src/detect/select.c
     src/detect/task.c src/detect/task_fields.c)
