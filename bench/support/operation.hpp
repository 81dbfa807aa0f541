// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// What the harness measures, as data: an operation from bytes to bytes, and those who compete at it. The types of the
// numbers stay with whoever makes an operation, so that peers and harness compile without them.
#ifndef LOWPREC_BENCH_SUPPORT_OPERATION_HPP
#define LOWPREC_BENCH_SUPPORT_OPERATION_HPP

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace lowprec_bench {

/// Reads `count` elements and writes as many.
using kernel = std::function<void(const std::byte* in, std::byte* out, std::size_t count)>;

enum class role {
    stream,     ///< moves the bytes, computes nothing
    lowprec,    ///< must return the scalar definition's bits
    reference,  ///< lowprec at another operation, for its time
    peer,       ///< may return other bits, which is reported
};

struct contender {
    std::string name;
    role what = role::peer;
    kernel run;
};

/// How many elements two outputs differ in.
struct difference {
    std::size_t wrong = 0;      ///< other values
    std::size_t other_nan = 0;  ///< NaN in both, other bits
};

struct operation {
    std::string from, to;
    std::string detail;                     ///< "in place", "toward zero", ... or nothing
    std::string data;                       ///< "mixed", "rare specials" or "plain"
    std::size_t in_bits = 0, out_bits = 0;  ///< of an element
    bool in_place = false;                  ///< kernels change `out` and leave `in` alone
    std::string reference;                  ///< a contender to whom lowprec is compared, besides stream; or nothing

    std::vector<contender> streams;  ///< the fastest of them at a size is `stream` there
    std::vector<contender> contenders;

    std::function<void(std::byte* in, std::size_t count)> fill;  ///< the input data
    /// The output that is right for numbers of which the first is number `first` of all.
    std::function<void(const std::byte* in, std::byte* out, std::size_t count, std::size_t first)> definition;
    bool by_place = false;  ///< the output depends on an element's place, too
    std::function<difference(const std::byte* right, const std::byte* other, std::size_t count)> compare;

    std::string name() const {
        return from + " -> " + to + (detail.empty() ? "" : ", " + detail) + (data == "mixed" ? "" : ", " + data);
    }
};

/// Another library. Its file makes one of these before main begins.
struct peer {
    struct conversion {
        std::string from, to;  ///< "float", "bf16", "fp16", ... as operations name them
        kernel run;
    };
    std::string name, version;
    std::vector<conversion> conversions;
};

inline std::vector<peer>& peers() {
    static std::vector<peer> all;
    return all;
}

struct peer_registration {
    explicit peer_registration(peer added) { peers().push_back(static_cast<peer&&>(added)); }
};

}  // namespace lowprec_bench

#endif
