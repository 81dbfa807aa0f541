# SPDX-License-Identifier: Apache-2.0
# Copyright the lowprec authors
#
# The same program under flags and macros that users have; one consumer project builds these.
set(here ${CMAKE_CURRENT_LIST_DIR})

# Two translation units under different flags: their symbols must be interchangeable.
add_executable(consumer_mixed_flags ${here}/main.cpp ${here}/other.cpp)
target_link_libraries(consumer_mixed_flags PRIVATE lowprec::lowprec)
set_source_files_properties(${here}/other.cpp TARGET_DIRECTORY consumer_mixed_flags PROPERTIES COMPILE_OPTIONS "-O2;-ffast-math")

add_executable(consumer_bare ${here}/main.cpp ${here}/other.cpp)
target_link_libraries(consumer_bare PRIVATE lowprec::lowprec)
target_compile_options(consumer_bare PRIVATE -fno-exceptions -fno-rtti)

# <complex.h> defines I where the dialect has extensions.
add_executable(consumer_complex ${here}/complex_macros.cpp)
target_link_libraries(consumer_complex PRIVATE lowprec::lowprec lowprec::io)
set_target_properties(consumer_complex PROPERTIES CXX_EXTENSIONS ON)

add_executable(consumer_min_max ${here}/min_max_macros.cpp)
target_link_libraries(consumer_min_max PRIVATE lowprec::simd)

# Without exceptions failures go to a hook, and only there: the linker must not mix the two ways.
add_executable(consumer_hook ${here}/hook.cpp ${here}/hook_throws.cpp)
target_link_libraries(consumer_hook PRIVATE lowprec::lowprec)
set_source_files_properties(${here}/hook.cpp TARGET_DIRECTORY consumer_hook PROPERTIES COMPILE_OPTIONS "-fno-exceptions;-fno-rtti")
