# SPDX-License-Identifier: Apache-2.0
# Copyright the lowprec authors
#
# cmake -D COMPILER=... -D INCLUDE=... -D SOURCE=... -P check.cmake
# Fails unless the compiler refuses SOURCE with a message that matches every line "// expect: regex" in it.
cmake_path(GET SOURCE FILENAME name)

function(fail text)
    message(NOTICE "${name}: ${text}") # as it stands; an error message would be wrapped
    message(FATAL_ERROR "${name} failed")
endfunction()

file(STRINGS ${SOURCE} lines REGEX "^// expect: ")
if(NOT lines)
    fail("has no line '// expect: regex'")
endif()
execute_process(
    COMMAND ${COMPILER} -std=c++20 -I ${INCLUDE} -c ${SOURCE} -o /dev/null
    RESULT_VARIABLE status
    OUTPUT_VARIABLE said
    ERROR_VARIABLE said)
if(status EQUAL 0)
    fail("compiles, although it must not")
endif()
foreach(line IN LISTS lines)
    string(REGEX REPLACE "^// expect: *" "" expected "${line}")
    if(NOT said MATCHES "${expected}")
        fail("the compiler's message does not match '${expected}':\n${said}")
    endif()
endforeach()
