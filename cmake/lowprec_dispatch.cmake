# SPDX-License-Identifier: Apache-2.0
# Copyright the lowprec authors
#
# lowprec_dispatch(target [CONVERSIONS "FROM TO [POLICY]" ...] [PRODUCTS "X WEIGHTS Y" ...])
#
# Builds lowprec's conversion kernels once per instruction set and links them into the target, whose own sources then take, at
# start-up, those of the best set that the machine has: a program for any x86-64 gets AVX-512's speed where there is AVX-512.
# Covered are float and double to and from every format of the table, round_to, and packed formats to and from float, under
# the default policy and the presets; and what CONVERSIONS lists, as C++ spells it:
#
#     lowprec_dispatch(app CONVERSIONS "float e4m3 policy{.round = rounding::toward_zero}" "e4m3 bf16")
#
# and the matrix products that PRODUCTS lists: activations, the plain form of the weights, which a program prepares, and outputs.
#
#     lowprec_dispatch(app PRODUCTS "bf16 affine_matrix<affine<4>, fp16> bf16" "nvfp4 block_tensor<nvfp4> float"
#                                   "affine<8> affine_matrix<affine<8>> std::int32_t")
#
# All else keeps the instruction set that its source is compiled for. docs/dispatch.md says more.

# The sets of include/lowprec/kernels/dispatch.hpp, weakest first. (Functions, because variables set here would not be seen
# by a project that has lowprec as a subfolder.)
function(_lowprec_dispatch_sets out)
    set(sets base)
    if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64|amd64)$")
        list(APPEND sets avx2 avx512 avx512_vbmi avx512_bf16)
    endif()
    set(${out} ${sets} PARENT_SCOPE)
endfunction()
function(_lowprec_dispatch_flags out set)
    set(flags)
    if(NOT set STREQUAL "base")
        list(APPEND flags -mavx2 -mfma -mf16c)
    endif()
    if(set MATCHES "^avx512")
        list(APPEND flags -mavx512f -mavx512cd -mavx512bw -mavx512dq -mavx512vl)
    endif()
    if(set MATCHES "^avx512_(vbmi|bf16)$")
        list(APPEND flags -mavx512ifma -mavx512vbmi -mavx512vnni) # xsimd 13 wants the first two or neither
    endif()
    if(set STREQUAL "avx512_bf16")
        list(APPEND flags -mavx512bf16)
    endif()
    set(${out} ${flags} PARENT_SCOPE)
endfunction()

# An object library under one set's flags. Optimised in every build: kernels that aren't inlined would share symbols.
function(_lowprec_dispatch_objects name set)
    _lowprec_dispatch_flags(flags ${set})
    add_library(${name} OBJECT ${ARGN})
    target_link_libraries(${name} PRIVATE lowprec::simd)
    target_compile_options(${name} PRIVATE ${flags} -O2)
    set_target_properties(${name} PROPERTIES POSITION_INDEPENDENT_CODE ON INTERPROCEDURAL_OPTIMIZATION OFF CXX_EXTENSIONS OFF)
endfunction()

# The conversions that a call lists: a header for the target's own sources, and kernels for each set.
function(_lowprec_dispatch_conversions target own sets conversions)
    set(listed)
    foreach(conversion IN LISTS conversions)
        if(NOT conversion MATCHES "^ *([^ ]+) +([^ ]+) *(.*)$")
            message(FATAL_ERROR "lowprec_dispatch(${target}): '${conversion}' is not \"FROM TO\" or \"FROM TO POLICY\"")
        endif()
        set(policy "${CMAKE_MATCH_3}")
        if(policy STREQUAL "")
            set(policy "policy{}")
        endif()
        list(APPEND listed "    dispatch_listed<${CMAKE_MATCH_1}, ${CMAKE_MATCH_2}, ${policy}>")
    endforeach()
    list(JOIN listed ",\n" listed)
    file(CONFIGURE OUTPUT ${own}/conversions/lowprec_dispatch_conversions.hpp @ONLY CONTENT
         "#include <lowprec/presets.hpp>
namespace lowprec::detail {
using dispatched_here = dispatch_list<
@listed@>;
}\n")
    set(number 0)
    foreach(set IN LISTS sets)
        file(CONFIGURE OUTPUT ${own}/conversions/${set}.cpp CONTENT
             "#include <lowprec/kernels/dispatch/kernels.hpp>
template struct lowprec::detail::dispatch_extra<${number}, lowprec::detail::dispatched_here>;\n")
        _lowprec_dispatch_objects(${target}_lowprec_dispatch_${set} ${set} ${own}/conversions/${set}.cpp)
        target_compile_options(${target}_lowprec_dispatch_${set} PRIVATE -fno-exceptions)
        target_compile_definitions(${target}_lowprec_dispatch_${set} PRIVATE LOWPREC_DISPATCH=1)
        target_include_directories(${target}_lowprec_dispatch_${set} PRIVATE ${own}/conversions)
        target_sources(${target} PRIVATE $<TARGET_OBJECTS:${target}_lowprec_dispatch_${set}>)
        math(EXPR number "${number} + 1")
    endforeach()
    target_include_directories(${target} PRIVATE ${own}/conversions)
endfunction()

# The products, likewise. Their kernels keep exceptions: memory may run out, and the caller's executor may throw.
function(_lowprec_dispatch_products target own sets products)
    set(listed)
    foreach(product IN LISTS products)
        if(NOT product MATCHES "^ *([^ ]+) +([^ ].*[^ ]) +([^ ]+) *$")
            message(FATAL_ERROR "lowprec_dispatch(${target}): '${product}' is not \"X WEIGHTS Y\"")
        endif()
        list(APPEND listed "    listed_product<${CMAKE_MATCH_1}, ${CMAKE_MATCH_2}, ${CMAKE_MATCH_3}>")
    endforeach()
    list(JOIN listed ",\n" listed)
    file(CONFIGURE OUTPUT ${own}/products/lowprec_dispatch_products.hpp @ONLY CONTENT
         "namespace lowprec::detail {
using dispatched_products_here = product_list<
@listed@>;
}\n")
    set(number 0)
    foreach(set IN LISTS sets)
        file(CONFIGURE OUTPUT ${own}/products/${set}.cpp CONTENT
             "#include <lowprec/kernels/dispatch/products.hpp>
template struct lowprec::detail::dispatch_products<${number}, lowprec::detail::dispatched_products_here>;\n")
        set(objects ${target}_lowprec_products_${set})
        _lowprec_dispatch_objects(${objects} ${set} ${own}/products/${set}.cpp)
        target_compile_definitions(${objects} PRIVATE LOWPREC_DISPATCH=1)
        target_include_directories(${objects} PRIVATE ${own}/products ${CMAKE_BINARY_DIR}/lowprec_dispatch/none)
        target_sources(${target} PRIVATE $<TARGET_OBJECTS:${objects}>)
        math(EXPR number "${number} + 1")
    endforeach()
    target_include_directories(${target} PRIVATE ${own}/products)
endfunction()

function(lowprec_dispatch target)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "CONVERSIONS;PRODUCTS")
    if(arg_UNPARSED_ARGUMENTS)
        message(FATAL_ERROR "lowprec_dispatch(${target}): '${arg_UNPARSED_ARGUMENTS}' is no argument; conversions follow CONVERSIONS, products PRODUCTS")
    endif()
    set(folder ${CMAKE_BINARY_DIR}/lowprec_dispatch)
    _lowprec_dispatch_sets(sets)

    # Once for all targets of a build.
    if(NOT TARGET lowprec_dispatch_choice)
        file(CONFIGURE OUTPUT ${folder}/none/lowprec_dispatch_conversions.hpp CONTENT
             "namespace lowprec::detail {\nusing dispatched_here = dispatch_list<>;\n}\n")
        file(CONFIGURE OUTPUT ${folder}/none/lowprec_dispatch_products.hpp CONTENT
             "namespace lowprec::detail {\nusing dispatched_products_here = product_list<>;\n}\n")
        file(CONFIGURE OUTPUT ${folder}/choice.cpp CONTENT "#include <lowprec/kernels/dispatch/choice.hpp>\n")
        _lowprec_dispatch_objects(lowprec_dispatch_choice base ${folder}/choice.cpp)
        target_compile_options(lowprec_dispatch_choice PRIVATE -fno-exceptions)
        set(number 0)
        foreach(set IN LISTS sets)
            set(sources)
            foreach(rounding IN ITEMS nearest_even nearest_away upward)
                file(CONFIGURE OUTPUT ${folder}/${set}_${rounding}.cpp CONTENT
                     "#include <lowprec/kernels/dispatch/kernels.hpp>
template struct lowprec::detail::dispatch_default<${number}, lowprec::rounding::${rounding}>;\n")
                list(APPEND sources ${folder}/${set}_${rounding}.cpp)
            endforeach()
            _lowprec_dispatch_objects(lowprec_dispatch_${set} ${set} ${sources})
            target_compile_options(lowprec_dispatch_${set} PRIVATE -fno-exceptions)
            math(EXPR number "${number} + 1")
        endforeach()
    endif()

    target_link_libraries(${target} PRIVATE lowprec::simd)
    target_sources(${target} PRIVATE $<TARGET_OBJECTS:lowprec_dispatch_choice>)
    foreach(set IN LISTS sets)
        target_sources(${target} PRIVATE $<TARGET_OBJECTS:lowprec_dispatch_${set}>)
    endforeach()
    target_compile_definitions(${target} PRIVATE LOWPREC_DISPATCH=1)
    if(arg_CONVERSIONS)
        _lowprec_dispatch_conversions(${target} ${folder}/${target} "${sets}" "${arg_CONVERSIONS}")
    endif()
    if(arg_PRODUCTS)
        _lowprec_dispatch_products(${target} ${folder}/${target} "${sets}" "${arg_PRODUCTS}")
    endif()
    # The headers of lists that are given come first.
    target_include_directories(${target} PRIVATE ${folder}/none)
endfunction()
