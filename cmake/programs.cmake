# SPDX-License-Identifier: Apache-2.0
# Copyright the lowprec authors
#
# How lowprec's own tests, examples and benchmarks are built. Users of the library never read this file.
#
# A source says what it needs in comment lines that begin in the first column:
#     // needs: mpfr          one of io, mpfr, eigen, zlib, cli11, cuda (its headers); a program whose need is missing here is left out
#     // ctest-label: slow    a ctest label (tests only)

# The warnings under which everything here must be clean. They are never part of lowprec::lowprec.
set(lowprec_warnings
    -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wold-style-cast -Wundef -Wdouble-promotion -Werror)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
    list(APPEND lowprec_warnings -Wno-restrict) # wrong about std::string's own code, GCC bug 105651
endif()

# lowprec_tags(out tag source...): the distinct values of the lines "// tag: value" of the sources.
function(lowprec_tags out tag)
    set(values)
    foreach(source IN LISTS ARGN)
        file(STRINGS ${source} lines REGEX "^// ${tag}: ")
        foreach(line IN LISTS lines)
            string(REGEX REPLACE "^// ${tag}: *" "" value "${line}")
            string(STRIP "${value}" value)
            list(APPEND values "${value}")
        endforeach()
    endforeach()
    list(REMOVE_DUPLICATES values)
    set(${out} "${values}" PARENT_SCOPE)
endfunction()

# lowprec_find_need(need out): out becomes the target that stands for a need, or empty where this machine has none.
function(lowprec_find_need need out)
    set(target)
    if(need STREQUAL "io")
        set(target lowprec::io)
    elseif(need STREQUAL "eigen")
        find_package(Eigen3 3.3 QUIET NO_MODULE)
        set(target Eigen3::Eigen)
    elseif(need STREQUAL "zlib")
        find_package(ZLIB QUIET)
        set(target ZLIB::ZLIB)
    elseif(need STREQUAL "cli11")
        find_package(CLI11 QUIET)
        set(target CLI11::CLI11)
    elseif(need STREQUAL "mpfr")
        set(target lowprec_mpfr)
        if(NOT TARGET lowprec_mpfr)
            find_path(LOWPREC_MPFR_INCLUDE_DIR mpfr.h)
            find_library(LOWPREC_MPFR_LIBRARY mpfr)
            find_library(LOWPREC_GMP_LIBRARY gmp)
            mark_as_advanced(LOWPREC_MPFR_INCLUDE_DIR LOWPREC_MPFR_LIBRARY LOWPREC_GMP_LIBRARY)
            if(LOWPREC_MPFR_INCLUDE_DIR AND LOWPREC_MPFR_LIBRARY AND LOWPREC_GMP_LIBRARY)
                add_library(lowprec_mpfr INTERFACE IMPORTED GLOBAL)
                target_include_directories(lowprec_mpfr SYSTEM INTERFACE ${LOWPREC_MPFR_INCLUDE_DIR})
                target_link_libraries(lowprec_mpfr INTERFACE ${LOWPREC_MPFR_LIBRARY} ${LOWPREC_GMP_LIBRARY})
            endif()
        endif()
    elseif(need STREQUAL "cuda")
        set(target lowprec_cuda_headers)
        if(NOT TARGET lowprec_cuda_headers)
            find_package(CUDAToolkit 12.8 QUIET)
            if(CUDAToolkit_FOUND)
                add_library(lowprec_cuda_headers INTERFACE IMPORTED GLOBAL)
                target_include_directories(lowprec_cuda_headers SYSTEM INTERFACE ${CUDAToolkit_INCLUDE_DIRS})
            endif()
        endif()
    else()
        message(FATAL_ERROR "no such need: '${need}'; see cmake/programs.cmake")
    endif()
    # find_package makes imported targets of this directory only
    if(TARGET ${target})
        set(${out} ${target} PARENT_SCOPE)
    else()
        set(${out} "" PARENT_SCOPE)
    endif()
endfunction()

# lowprec_program(name source...): an executable under the strict warnings with what its sources say they need;
# no target of that name exists afterwards where a need is missing.
function(lowprec_program name)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${ARGN}) # the tags are read while configuring
    set(targets)
    lowprec_tags(needs needs ${ARGN})
    foreach(need IN LISTS needs)
        lowprec_find_need(${need} target)
        if(NOT target)
            message(STATUS "lowprec: ${name} is left out, ${need} was not found")
            return()
        endif()
        list(APPEND targets ${target})
    endforeach()
    add_executable(${name} ${ARGN})
    target_link_libraries(${name} PRIVATE lowprec::lowprec ${targets})
    target_compile_options(${name} PRIVATE ${lowprec_warnings})
    set_target_properties(${name} PROPERTIES CXX_EXTENSIONS OFF)
endfunction()
