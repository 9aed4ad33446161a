# SPDX-License-Identifier: Apache-2.0
# What users get: the shared library, the tool, the example, and their installation.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

add_library(dsq_shared SHARED $<TARGET_OBJECTS:dsq_objects>)
set_target_properties(dsq_shared PROPERTIES OUTPUT_NAME dsq VERSION ${PROJECT_VERSION}
                      SOVERSION ${PROJECT_VERSION_MAJOR} EXPORT_NAME dsq)
target_include_directories(dsq_shared PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
                                             $<INSTALL_INTERFACE:include>)
target_link_libraries(dsq_shared PRIVATE ${DSQ_LIBRARIES})
target_link_options(dsq_shared PRIVATE -Wl,--no-undefined)

include(tools/dsq/sources.cmake)
add_executable(dsq ${DSQ_TOOL_SOURCES})
target_link_libraries(dsq PRIVATE dsq_static)

add_executable(example_detect examples/detect.c)
target_link_libraries(example_detect PRIVATE dsq_shared)

install(TARGETS dsq DESTINATION ${CMAKE_INSTALL_BINDIR})
install(TARGETS dsq_static DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY include/dsq DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})

# pkg-config: `pkg-config --cflags --libs dsq`, and --static for libdsq.a. The file finds the prefix from
# its own place, so that a staged or moved installation works.
file(RELATIVE_PATH DSQ_PC_UP /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
list(JOIN DSQ_PC_REQUIRES " " DSQ_PC_REQUIRES_PRIVATE)
configure_file(cmake/dsq.pc.in dsq.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/dsq.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

# CMake: find_package(dsq), then link dsq::dsq. The static library's own dependencies are
# pkg-config's business, so only the shared one is exported.
install(TARGETS dsq_shared EXPORT dsq_shared_targets DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(EXPORT dsq_shared_targets NAMESPACE dsq:: FILE dsq-targets.cmake
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/dsq)
write_basic_package_version_file(dsq-config-version.cmake COMPATIBILITY SameMinorVersion)
configure_file(cmake/dsq-config.cmake.in dsq-config.cmake @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/dsq-config.cmake ${PROJECT_BINARY_DIR}/dsq-config-version.cmake
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/dsq)
