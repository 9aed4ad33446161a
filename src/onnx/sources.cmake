# SPDX-License-Identifier: Apache-2.0
# ONNX in and out. The format's own schema (libonnx-dev) goes through protoc-c into the build
# folder. The generated functions get our prefix, so that libdsq.a can be linked beside a program's own.
pkg_check_modules(PROTOBUF_C REQUIRED IMPORTED_TARGET libprotobuf-c)
find_program(DSQ_PROTOC_C protoc-c)
if(NOT DSQ_PROTOC_C)
  message(FATAL_ERROR "protoc-c not found: install protobuf-c-compiler (scripts/deps.sh)")
endif()
find_file(DSQ_ONNX_PROTO onnx.proto PATH_SUFFIXES include/onnx onnx PATHS /usr /usr/local)
if(NOT DSQ_ONNX_PROTO)
  message(FATAL_ERROR "onnx.proto not found: install libonnx-dev (scripts/deps.sh), "
                      "or say where it is with -DDSQ_ONNX_PROTO=/path/to/onnx.proto")
endif()

set(onnx_generated ${PROJECT_BINARY_DIR}/onnx_proto)
file(MAKE_DIRECTORY ${onnx_generated})
get_filename_component(onnx_proto_folder ${DSQ_ONNX_PROTO} DIRECTORY)
get_filename_component(onnx_proto_name ${DSQ_ONNX_PROTO} NAME)
add_custom_command(
  OUTPUT ${onnx_generated}/onnx.pb-c.c ${onnx_generated}/onnx.pb-c.h
  COMMAND ${DSQ_PROTOC_C} --c_out=${onnx_generated} -I${onnx_proto_folder} ${onnx_proto_name}
  COMMAND sed -i "s/\\bonnx__/dsq_onnx__/g" ${onnx_generated}/onnx.pb-c.c ${onnx_generated}/onnx.pb-c.h
  DEPENDS ${DSQ_ONNX_PROTO}
  COMMENT "Generating onnx.pb-c.c from ${DSQ_ONNX_PROTO}"
  VERBATIM)
# Not our text: not our warnings.
set_source_files_properties(${onnx_generated}/onnx.pb-c.c PROPERTIES COMPILE_OPTIONS -w)

list(APPEND DSQ_LIBRARIES PkgConfig::PROTOBUF_C)
list(APPEND DSQ_PC_REQUIRES libprotobuf-c)
list(APPEND DSQ_INCLUDES ${onnx_generated})
list(APPEND DSQ_SOURCES
  ${onnx_generated}/onnx.pb-c.c
  src/onnx/external.c
  src/onnx/import.c
  src/onnx/import_conv.c
  src/onnx/import_binary.c
  src/onnx/import_elementwise.c
  src/onnx/import_fold.c
  src/onnx/import_inputs.c
  src/onnx/import_matrix.c
  src/onnx/import_move.c
  src/onnx/import_names.c
  src/onnx/import_node.c
  src/onnx/import_norm.c
  src/onnx/import_pool.c
  src/onnx/import_opset6.c
  src/onnx/import_quant.c
  src/onnx/import_reduce.c
  src/onnx/import_resize.c
  src/onnx/import_shape.c
  src/onnx/import_unary.c
  src/onnx/import_window.c
  src/onnx/model.c
  src/onnx/model_nodes.c
  src/onnx/model_walk.c
  src/onnx/model_write.c
  src/onnx/onnx_attr.c
  src/onnx/onnx_tensor.c
)
