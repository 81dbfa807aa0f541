// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 8
//
// A file as read-only memory: mapped where there is mmap, read into a buffer elsewhere. A mapped checkpoint costs no memory
// until its pages are touched; the price is that a file which another process cuts short while it is mapped ends this
// process with SIGBUS. Replace checkpoints by renaming, as every careful writer does, and that can't happen.
#ifndef LOWPREC_IO_DETAIL_MAPPED_FILE_HPP
#define LOWPREC_IO_DETAIL_MAPPED_FILE_HPP

#include <cstddef>
#include <lowprec/detail/fail.hpp>
#include <span>
#include <string>
#include <utility>

#if __has_include(<sys/mman.h>)
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#else
#include <fstream>
#include <vector>
#endif

namespace lowprec::io::detail {

/// Owns the bytes of a file; movable. Spans taken from it stay valid through a move and end with the last owner.
class mapped_file {
public:
    /// Errors:  std::runtime_error naming the file, if it can't be opened or isn't a regular file.
    explicit mapped_file(const std::string& path);

    mapped_file(mapped_file&& other) noexcept = default;
    mapped_file& operator=(mapped_file&& other) noexcept = default;

    [[nodiscard]] std::span<const std::byte> bytes() const noexcept { return owner_.bytes(); }

private:
#if __has_include(<sys/mman.h>)
    class mapping {
    public:
        mapping() = default;
        mapping(void* data, std::size_t size) noexcept : data_{data}, size_{size} {}
        mapping(mapping&& other) noexcept
            : data_{std::exchange(other.data_, nullptr)}, size_{std::exchange(other.size_, 0)} {}
        mapping& operator=(mapping&& other) noexcept {
            std::swap(data_, other.data_);
            std::swap(size_, other.size_);
            return *this;
        }
        ~mapping() {
            if (data_ != nullptr) ::munmap(data_, size_);
        }
        [[nodiscard]] std::span<const std::byte> bytes() const noexcept {
            return {static_cast<const std::byte*>(data_), size_};
        }

    private:
        void* data_ = nullptr;
        std::size_t size_ = 0;
    };
    mapping owner_;
#else
    struct buffer {
        std::vector<std::byte> data;
        [[nodiscard]] std::span<const std::byte> bytes() const noexcept { return data; }
    };
    buffer owner_;
#endif
};

#if __has_include(<sys/mman.h>)

inline mapped_file::mapped_file(const std::string& path) {
    // O_NONBLOCK: opening a pipe must end in the error below, not wait for a writer
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) lowprec::detail::fail(path + ": " + std::strerror(errno));

    std::string problem;
    struct stat status {};
    if (::fstat(fd, &status) != 0) {
        problem = std::strerror(errno);
    } else if (!S_ISREG(status.st_mode)) {
        problem = "not a regular file";
    } else if (status.st_size > 0) {  // mmap refuses 0 bytes
        const auto size = static_cast<std::size_t>(status.st_size);
        void* const data = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (data != MAP_FAILED)
            owner_ = mapping{data, size};
        else
            problem = std::strerror(errno);
    }
    ::close(fd);
    if (!problem.empty()) lowprec::detail::fail(path + ": " + problem);
}

#else

inline mapped_file::mapped_file(const std::string& path) {
    std::ifstream in(path, std::ios::binary | std::ios::ate);
    if (!in) lowprec::detail::fail(path + ": cannot be opened");
    const std::streamoff size = in.tellg();
    if (size < 0) lowprec::detail::fail(path + ": not a regular file");
    owner_.data.resize(static_cast<std::size_t>(size));
    in.seekg(0);
    if (size > 0 && !in.read(reinterpret_cast<char*>(owner_.data.data()), size))
        lowprec::detail::fail(path + ": cannot be read");
}

#endif

}  // namespace lowprec::io::detail

#endif
