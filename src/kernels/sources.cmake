# SPDX-License-Identifier: Apache-2.0
# A file for one instruction set gets that set's flags and no other file does. Such a file exports
# only the functions in its family's .def.
set(DSQ_KERNEL_SOURCES
  src/kernels/binary.c
  src/kernels/binary_avx2.c
  src/kernels/binary_ref.c
  src/kernels/dw_f32.c
  src/kernels/dw_f32_avx2.c
  src/kernels/dw_f32_avx512vnni.c
  src/kernels/dw_f32_ref.c
  src/kernels/dw_s8.c
  src/kernels/dw_s8_avx2.c
  src/kernels/dw_s8_avx512vnni.c
  src/kernels/dw_s8_ref.c
  src/kernels/igemm_f32.c
  src/kernels/igemm_f32_avx2.c
  src/kernels/igemm_f32_avx512vnni.c
  src/kernels/igemm_f32_ref.c
  src/kernels/igemm_s8.c
  src/kernels/igemm_s8_avx2.c
  src/kernels/igemm_s8_avx512vnni.c
  src/kernels/igemm_s8_ref.c
  src/kernels/math_f32.c
  src/kernels/pixels.c
  src/kernels/pixels_avx2.c
  src/kernels/pixels_pool_avx2.c
  src/kernels/pixels_ref.c
  src/kernels/rows.c
  src/kernels/rows_avx2.c
  src/kernels/rows_ref.c
  src/kernels/rows_transpose_avx2.c
  src/kernels/unary.c
  src/kernels/unary_avx2.c
  src/kernels/unary_avx512vnni.c
  src/kernels/unary_ref.c
)
list(APPEND DSQ_SOURCES ${DSQ_KERNEL_SOURCES})

foreach(source IN LISTS DSQ_KERNEL_SOURCES)
  if(source MATCHES "_avx2\\.c$")
    set_source_files_properties(${source} PROPERTIES COMPILE_OPTIONS "-mavx2;-mfma")
  elseif(source MATCHES "_avx512vnni\\.c$")
    set_source_files_properties(${source} PROPERTIES COMPILE_OPTIONS
      "-mfma;-mavx512f;-mavx512bw;-mavx512vl;-mavx512dq;-mavx512vnni")
  endif()
endforeach()
