// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 6
//
// The keys or the values of an attention layer, quantized as they come, one scale for each head and token:
//
//     kv_cache<affine<8>> keys(heads, head_dim);          int8; affine<4> for int4, e4m3 for fp8
//     kv_cache<e4m3, bf16> values(heads, head_dim);       scales stored as bf16
//     keys.append(rows);                                  rows of one token or several: [tokens, heads, head_dim]
//     keys.read(head, first, count, out);                 [count, head_dim] of float, bf16 or fp16
//
// A head's rows lie one after the other, oldest first, as attention reads them:
//
//     codes(head)      | token 0: head_dim codes | token 1 ...        each row begins at a byte; low bits first
//     scales(head)     | token 0 | token 1 ...
#ifndef LOWPREC_QUANTIZE_KV_CACHE_HPP
#define LOWPREC_QUANTIZE_KV_CACHE_HPP

#include <lowprec/kernels/convert.hpp>
#include <lowprec/quantize/affine.hpp>

namespace lowprec {

namespace detail {

template <class T>
concept kv_element = affine_parameters<T> ||
    (format<T>&& T::width == 8 && T::sign_bits == 1 && T::has_zero && T::mantissa_bits > 0 &&
     T::min_exponent - T::mantissa_bits >= -126 && T::max_exponent <= 126);
template <class T>
concept kv_scale = std::is_same_v<T, float> ||(format<T>&& T::mantissa_bits <= 23 && T::exponent_bits <= 8);

/// Numbers of a row are taken so many at a time.
inline constexpr std::size_t kv_together = 256;

/// The products of a few-bit float each, none of them subnormal, with a row's scale, rounded once to Out: in double they are exact.
template <class Isa, class Scale, class Out>
LOWPREC_INLINE void scale_row(const float* values, std::size_t count, Scale scale, Out* out) noexcept {
    const auto factor = convert<double>(scale);
    double products[kv_together];
    for (std::size_t i = 0; i < count; ++i) products[i] = static_cast<double>(values[i]) * factor;
    convert_on<Isa, policy{.over = overflow::saturate}>(std::span(products, count), std::span(out, count));
}

/// A row's scale, and what the scale makes of numbers. Affine integers: symmetric.
template <class Isa, class Element, class Scale>
struct kv_row {
    static constexpr std::size_t bytes(std::size_t columns) noexcept { return row_bytes<Element>(columns); }
    LOWPREC_INLINE static Scale scale_of(float amax) {
        return convert<Scale>(Element::template from_amax<integer_recipe::exact, scale_format<Scale>>(amax).scale);
    }
    [[gnu::noinline]] static void quantize(const float* in, std::size_t columns, Scale scale, std::byte* out) noexcept {
        quantize_row<Isa, integer_recipe::exact>(in, columns, Element{convert<float>(scale)}, out);
    }
    template <class Out>
    [[gnu::noinline]] static void dequantize(const std::byte* in, std::size_t columns, Scale scale, Out* out) noexcept {
        if constexpr (std::is_same_v<Out, float>) {
            dequantize_row<Isa>(in, 0, columns, Element{convert<float>(scale)}, out);
        } else {
            float steps[kv_together];
            for (std::size_t i = 0; i < columns; i += kv_together) {
                const std::size_t count = columns - i < kv_together ? columns - i : kv_together;
                dequantize_row<Isa>(in + row_bytes<Element>(i), 0, count, Element{}, steps);
                scale_row<Isa>(steps, count, scale, out + i);
            }
        }
    }
};

template <class Isa, format F, class Scale>
struct kv_row<Isa, F, Scale> {
    static constexpr std::size_t bytes(std::size_t columns) noexcept { return columns; }
    LOWPREC_INLINE static Scale scale_of(float amax) noexcept {
        constexpr exact largest = exact::of(F::from_bits(F::largest_code));
        const exact numerator = exact::of(amax);
        if (numerator.significand == 0) return convert<Scale>(1);
        return convert<Scale>(stored_scale<scale_format<Scale>>(numerator, largest));
    }

    /// Each number times the reciprocal of the scale is at most 6 units from the quotient, whatever the environment (the reciprocal
    /// is 2^-128 at least, so that 22 of its bits are there), or zero where subnormals are flushed. A quotient that may be a tie,
    /// or on the other side of one, is divided exactly: ties have a bit more than F.
    [[gnu::noinline]] static void quantize(const float* in, std::size_t columns, Scale scale, std::byte* out) noexcept {
        constexpr policy saturate{.over = overflow::saturate};
        constexpr std::uint32_t units = 8, below_ties = (std::uint32_t{1} << (22 - F::mantissa_bits)) - 1;
        const exact divisor = exact::of(scale);
        const auto factor = convert<float>(quotient<format_sink<fp32>>(exact::whole(1), divisor, false));
        float quotients[kv_together];
        F codes[kv_together];
        for (std::size_t i = 0; i < columns; i += kv_together) {
            const std::size_t count = columns - i < kv_together ? columns - i : kv_together;
            for (std::size_t k = 0; k < count; ++k) quotients[k] = in[i + k] * factor;
            convert_on<Isa, saturate>(std::span(quotients, count), std::span(codes, count));
            for (std::size_t k = 0; k < count; ++k)
                if (((bits_of_float(quotients + k) + units) & below_ties) <= 2 * units)
                    codes[k] = divide<format_sink<F>>(in[i + k], divisor, saturate);
            for (std::size_t k = 0; k < count; ++k) out[i + k] = static_cast<std::byte>(codes[k].bits());
        }
    }
    template <class Out>
    [[gnu::noinline]] static void dequantize(const std::byte* in, std::size_t columns, Scale scale, Out* out) noexcept {
        F codes[kv_together];
        float values[kv_together];
        for (std::size_t i = 0; i < columns; i += kv_together) {
            const std::size_t count = columns - i < kv_together ? columns - i : kv_together;
            for (std::size_t k = 0; k < count; ++k) codes[k] = F::from_bits(static_cast<unsigned char>(in[i + k]));
            convert_on<Isa, policy{}>(std::span(codes, count), std::span(values, count));
            scale_row<Isa>(values, count, scale, out + i);
        }
    }
};

}  // namespace detail

/// Rows of `head_dim` numbers, one for each head and token, quantized when they are appended.
/// Rounds:  the scale of a row is its largest magnitude over the largest code (127 for affine<8>, 7 for affine<4>, 448 for
///          e4m3), rounded once to Scale; then each code is the rational x / scale, rounded once to nearest even. What is read
///          is the product scale x code, rounded once.
/// Beyond:  a scale is a normal number of Scale: rows below that, or above what it can reach, lose what any quantizer would
///          (codes of zero, codes that saturate). The scale of a row of zeros is 1. NaN and infinity are refused.
/// Needs:   affine integers, or a signed format of 8 bits; scales of float or a format such as fp16 and bf16. Isa is the
///          instruction set, which the compiler's flags say.
template <class Element, class Scale = float, class Isa = simd::native>
    requires detail::kv_element<Element> && detail::kv_scale<Scale>
class kv_cache {
    using row = detail::kv_row<Isa, Element, Scale>;

public:
    /// Errors:  std::invalid_argument if there are no heads or they have no dimension.
    kv_cache(std::size_t heads, std::size_t head_dim) : head_dim_{checked(heads, head_dim)}, rows_(heads) {}

    [[nodiscard]] std::size_t heads() const noexcept { return rows_.size(); }
    [[nodiscard]] std::size_t head_dim() const noexcept { return head_dim_; }
    [[nodiscard]] std::size_t tokens() const noexcept { return tokens_; }

    /// The bytes of a head's row of codes, and of everything that is held for a token.
    [[nodiscard]] std::size_t row_bytes() const noexcept { return row::bytes(head_dim_); }
    [[nodiscard]] std::size_t bytes_per_token() const noexcept { return heads() * (row_bytes() + sizeof(Scale)); }
    /// The bytes of the codes and scales of all tokens; and of the memory that is there for them and for more.
    [[nodiscard]] std::size_t bytes() const noexcept { return tokens_ * bytes_per_token(); }
    [[nodiscard]] std::size_t capacity_bytes() const noexcept {
        std::size_t sum = 0;
        for (const auto& head : rows_) sum += head.codes.capacity() + head.scales.capacity() * sizeof(Scale);
        return sum;
    }

    /// Makes room for so many tokens in all.
    void reserve(std::size_t tokens) {
        for (auto& head : rows_) {
            head.codes.reserve(tokens * row_bytes());
            head.scales.reserve(tokens);
        }
    }

    /// Quantizes the rows of one token or several, and keeps them after those that are there.
    /// Shapes:  [tokens, heads, head_dim], a contiguous range of float: vector, array, span.
    /// Errors:  std::invalid_argument if that is no whole number of tokens, or a number is NaN or infinite, naming the first
    ///          one; std::bad_alloc. Nothing is changed then.
    /// Cost:    memory grows in steps, each a part of what is there, so that its cost for each token stays bounded.
    template <class In>
    LOWPREC_INLINE void append(const In& in) {
        static_assert(detail::contiguous_of<const In, float>,
                      "lowprec: a kv_cache takes a vector, array or span of float");
        const std::size_t per_token = heads() * head_dim_, added = std::size(in) / per_token;
        if (std::size(in) % per_token != 0)
            detail::fail_argument("lowprec::kv_cache::append: a token has ", heads(), " heads of ", head_dim_,
                                  " numbers, but there are ", std::size(in));
        const float* from = std::data(in);
        if (!all_finite(in)) fail_not_finite(from);
        for (auto& head : rows_) {
            head.codes.resize((tokens_ + added) * row_bytes());
            head.scales.resize(tokens_ + added);
        }
        for (std::size_t token = tokens_; token != tokens_ + added; ++token)
            for (auto& head : rows_) {
                head.scales[token] = row::scale_of(abs_max(std::span(from, head_dim_)));
                row::quantize(from, head_dim_, head.scales[token], head.codes.data() + token * row_bytes());
                from += head_dim_;
            }
        tokens_ += added;
    }

    /// The numbers of a head's tokens from number `first` on.
    /// Shapes:  out: [count, head_dim], a contiguous range of float, bf16, fp16 or another format.
    /// Rounds:  once.
    /// Beyond:  saturates at the largest value.
    /// Errors:  std::invalid_argument if there is no such head or not so many tokens, or `out` has another size; nothing is
    ///          written then.
    template <class Out>
    LOWPREC_INLINE void read(std::size_t head, std::size_t first, std::size_t count, Out&& out) const {
        using number = std::remove_cv_t<std::remove_pointer_t<decltype(std::data(out))>>;
        static_assert(detail::contiguous_output_of<std::remove_reference_t<Out>, number> && detail::quantizable<number>,
                      "lowprec: a kv_cache is read into a vector, array or span of float or a format");
        check_head(head, "read");
        if (first > tokens_ || count > tokens_ - first)
            detail::fail_argument("lowprec::kv_cache::read: ", count, " tokens from ", first, " on reach past the ",
                                  tokens_, " that there are");
        if (std::size(out) != count * head_dim_)
            detail::fail_argument("lowprec::kv_cache::read: ", count, " tokens of ", head_dim_,
                                  " numbers, but there is room for ", std::size(out));
        number* to = std::data(out);
        for (std::size_t token = first; token != first + count; ++token, to += head_dim_)
            row::dequantize(rows_[head].codes.data() + token * row_bytes(), head_dim_, rows_[head].scales[token], to);
    }

    /// Forgets all tokens but the first ones, as when drafted tokens are refused. Memory stays.
    /// Errors:  std::invalid_argument if there aren't so many.
    void truncate(std::size_t tokens) {
        if (tokens > tokens_)
            detail::fail_argument("lowprec::kv_cache::truncate: ", tokens, " tokens are to stay, but there are ",
                                  tokens_);
        tokens_ = tokens;
        for (auto& head : rows_) {
            head.codes.resize(tokens * row_bytes());
            head.scales.resize(tokens);
        }
    }

    /// A head's codes and scales, for kernels; valid until the next append.
    /// Errors:  std::invalid_argument if there is no such head.
    [[nodiscard]] std::span<const std::byte> codes(std::size_t head) const {
        check_head(head, "codes");
        return std::span(rows_[head].codes).first(tokens_ * row_bytes());
    }
    [[nodiscard]] std::span<const Scale> scales(std::size_t head) const {
        check_head(head, "scales");
        return std::span(rows_[head].scales).first(tokens_);
    }

private:
    struct rows_of_head {
        std::vector<std::byte> codes;
        std::vector<Scale> scales;  // longer than tokens_ where an append ran out of memory
    };

    static std::size_t checked(std::size_t heads, std::size_t head_dim) {
        if (heads == 0 || head_dim == 0 || heads > ~std::size_t{0} / head_dim / sizeof(float))
            detail::fail_argument("lowprec::kv_cache: ", heads, " heads of ", head_dim, " numbers");
        return head_dim;
    }

    void check_head(std::size_t head, std::string_view function) const {
        if (head >= heads()) detail::fail_argument("lowprec::kv_cache::", function, ": head ", head, " of ", heads());
    }

    [[noreturn]] void fail_not_finite(const float* in) const {
        std::size_t i = 0;
        while ((detail::bits_of_float(in + i) & ~detail::float_sign) < detail::float_infinity) ++i;
        const bool infinite = (detail::bits_of_float(in + i) & ~detail::float_sign) == detail::float_infinity;
        detail::fail_argument("lowprec::kv_cache::append: token ", i / head_dim_ / heads(), ", head ",
                              i / head_dim_ % heads(), ", number ", i % head_dim_, " is ",
                              infinite ? "infinite" : "NaN");
    }

    std::size_t head_dim_;
    std::size_t tokens_ = 0;
    std::vector<rows_of_head> rows_;
};

}  // namespace lowprec

#endif
