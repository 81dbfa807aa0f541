# SPDX-License-Identifier: Apache-2.0
# Copyright the lowprec authors
#
# Install rules: headers, the CMake package (one file of targets per component) and a pkg-config file.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_DATADIR}/cmake/lowprec)

install(TARGETS lowprec EXPORT lowprecTargets FILE_SET HEADERS)
install(EXPORT lowprecTargets NAMESPACE lowprec:: DESTINATION ${package_dir})
foreach(component IN ITEMS io simd ptq)
    if(TARGET lowprec_${component})
        install(TARGETS lowprec_${component} EXPORT lowprec-${component}Targets FILE_SET HEADERS)
        install(EXPORT lowprec-${component}Targets NAMESPACE lowprec:: DESTINATION ${package_dir})
    endif()
endforeach()

configure_package_config_file(
    ${CMAKE_CURRENT_LIST_DIR}/lowprecConfig.cmake.in ${CMAKE_CURRENT_BINARY_DIR}/lowprecConfig.cmake
    INSTALL_DESTINATION ${package_dir} NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(
    ${CMAKE_CURRENT_BINARY_DIR}/lowprecConfigVersion.cmake COMPATIBILITY SameMinorVersion ARCH_INDEPENDENT)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/lowprecConfig.cmake ${CMAKE_CURRENT_BINARY_DIR}/lowprecConfigVersion.cmake
        ${CMAKE_CURRENT_LIST_DIR}/lowprec_dispatch.cmake
        DESTINATION ${package_dir})

configure_file(${CMAKE_CURRENT_LIST_DIR}/lowprec.pc.in ${CMAKE_CURRENT_BINARY_DIR}/lowprec.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/lowprec.pc DESTINATION ${CMAKE_INSTALL_DATADIR}/pkgconfig)
