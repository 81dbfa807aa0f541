// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// Memory whose place in its page is known. Input and output that begin at one offset in their pages alias in the store
// buffer (it compares 12 bits of an address), which halves the speed of everyone.
#ifndef LOWPREC_BENCH_SUPPORT_BUFFER_HPP
#define LOWPREC_BENCH_SUPPORT_BUFFER_HPP

#include <sys/mman.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <new>

namespace lowprec_bench {

class buffer {
public:
    /// `offset` is the place of the first byte in its page.
    buffer(std::size_t size, std::size_t offset) : offset_{offset}, size_{size} {
        const std::size_t whole = (size + offset + huge_page - 1) / huge_page * huge_page;
        memory_ = static_cast<std::byte*>(std::aligned_alloc(huge_page, whole));
        if (memory_ == nullptr) throw std::bad_alloc();
        // Fewer page-table walks, and the same for every run; where the system has none, nothing happens.
        (void)madvise(memory_, whole, MADV_HUGEPAGE);
        std::memset(memory_, 0, whole);
    }
    ~buffer() { std::free(memory_); }
    buffer(const buffer&) = delete;
    buffer& operator=(const buffer&) = delete;

    std::byte* data() const { return memory_ + offset_; }
    std::size_t size() const { return size_; }

private:
    static constexpr std::size_t huge_page = std::size_t{2} << 20;
    std::byte* memory_ = nullptr;
    std::size_t offset_;
    std::size_t size_;
};

}  // namespace lowprec_bench

#endif
