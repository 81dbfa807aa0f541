# SPDX-License-Identifier: Apache-2.0
# Copyright the lowprec authors
#
# The programs that every consumer project builds once it has the targets lowprec::lowprec, lowprec::io, lowprec::simd and
# lowprec::ptq.
set(here ${CMAKE_CURRENT_LIST_DIR})

add_executable(consumer ${here}/main.cpp ${here}/other.cpp)
target_link_libraries(consumer PRIVATE lowprec::lowprec)

add_executable(consumer_io ${here}/io.cpp)
target_link_libraries(consumer_io PRIVATE lowprec::io)

add_executable(consumer_simd ${here}/simd.cpp)
target_link_libraries(consumer_simd PRIVATE lowprec::simd)

# Compiled once a compiler: it takes as long as all the others together.
if(lowprec_FOUND)
    add_executable(consumer_ptq ${here}/ptq.cpp)
    target_link_libraries(consumer_ptq PRIVATE lowprec::ptq)
endif()
