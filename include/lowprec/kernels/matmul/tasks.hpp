// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
// Floor 5
//
// How a product is split: a task is one strip of weights with some rows of activations. What every product does around its
// kernel is here: checks at the door, tasks, finished outputs.
#ifndef LOWPREC_KERNELS_MATMUL_TASKS_HPP
#define LOWPREC_KERNELS_MATMUL_TASKS_HPP

#include <lowprec/kernels/matmul/epilogue.hpp>
#include <lowprec/kernels/matmul/weights.hpp>

namespace lowprec::detail {

template <class T>
inline constexpr bool is_prepared = false;
template <class Codes, class Scale>
inline constexpr bool is_prepared<prepared_weights<Codes, Scale>> = true;
template <class W>
concept matmul_weights = is_prepared<W> || weights_in_rows<W>;

template <class T>
concept matmul_number = std::is_same_v<T, float> || std::is_same_v<T, bf16> || std::is_same_v<T, fp16>;

/// Prepared weights, or plain ones of which every strip is laid out when a task needs it.
template <class W>
struct strips_of {
    using weights = W;
    using codes_type = typename W::codes_type;
    using scale_type = typename W::scale_type;
    const W& w;

    LOWPREC_INLINE explicit strips_of(const W& prepared) noexcept : w{prepared} {}
    LOWPREC_INLINE const weight_shape& shape() const noexcept { return w.shape(); }
    LOWPREC_INLINE float tensor_scale() const noexcept { return w.tensor_scale(); }
    template <class Function>
    LOWPREC_INLINE void with(std::size_t i, Function&& f) const {
        const std::int32_t* sums = nullptr;
        if constexpr (has_row_sums<codes_type>) sums = w.row_sums() + i * strip_rows;
        f(weight_strip{w.strip(i), shape().panels_of(i), &w.shape(), w.table()}, sums);
    }
};
template <class W>
    requires(!is_prepared<W>)
struct strips_of<W> {
    using weights = prepared<W>;
    using codes_type = typename weights::codes_type;
    using scale_type = typename weights::scale_type;
    source_of<W> source;
    weight_shape own_shape;

    LOWPREC_INLINE explicit strips_of(const W& plain) : source{source_view(plain)}, own_shape{source.shape()} {
        check_weights(source);
    }
    LOWPREC_INLINE const weight_shape& shape() const noexcept { return own_shape; }
    LOWPREC_INLINE float tensor_scale() const noexcept { return source.tensor_scale(); }
    template <class Function>
    LOWPREC_INLINE void with(std::size_t i, Function&& f) const {
        const std::size_t panels = own_shape.panels_of(i);
        const line_bytes bytes(own_shape.strip_bytes(panels));
        std::int32_t sums[strip_rows] = {};
        weights::lay_out_strip(source, own_shape, i, bytes.data(), sums);
        const float* table = nullptr;
        if constexpr (has_table<codes_type>) table = source.w.table().data();
        f(weight_strip{bytes.data(), panels, &own_shape, table}, sums);
    }
};

/// Activations that are numbers.
template <class X>
struct number_rows {
    const X* data;
    std::size_t rows;
};

/// The rows of x, which must be whole.
LOWPREC_INLINE std::size_t whole_rows(std::string_view function, std::size_t numbers, std::size_t columns) {
    if (columns == 0 || numbers % columns != 0)
        fail_argument("lowprec::", function, ": x has ", numbers, " elements, which are no rows of the weights' ",
                      columns, " columns");
    return numbers / columns;
}
/// The same, with an output for each channel and a bias for each or none.
LOWPREC_INLINE std::size_t checked_rows(std::string_view function, std::size_t numbers, const weight_shape& w,
                                        std::size_t outputs, std::size_t bias) {
    const std::size_t rows = whole_rows(function, numbers, w.columns);
    if (outputs != rows * w.rows)
        fail_argument("lowprec::", function, ": ", rows, " rows times ", w.rows, " output channels are ", rows * w.rows,
                      " outputs, but y has ", outputs);
    if (bias != 0 && bias != w.rows)
        fail_argument("lowprec::", function, ": there are ", w.rows, " output channels, but bias has ", bias);
    return rows;
}

/// Tasks of a strip and some rows of activations. f(strip, its row sums, strip number, first row, rows).
template <class W, class Executor, class Function>
LOWPREC_INLINE void for_each_task(const strips_of<W>& w, std::size_t rows, Executor&& executor, Function&& f) {
    const std::size_t strips = w.shape().strips();
    if (strips == 0 || rows == 0) return;
    const std::size_t blocks = divide_up(rows, rows_together);
    const std::size_t size = divide_up(rows, blocks);
    const auto block = [&](const weight_strip& strip, const std::int32_t* sums, std::size_t s, std::size_t b) {
        const std::size_t first = b * size;
        if (first < rows) f(strip, sums, s, first, rows - first < size ? rows - first : size);
    };
    if constexpr (is_prepared<W>) {
        executor(strips * blocks, [&](std::size_t task) {
            w.with(task % strips, [&](const weight_strip& strip, const std::int32_t* sums) {
                block(strip, sums, task % strips, task / strips);
            });
        });
    } else {
        executor(strips, [&](std::size_t s) {
            w.with(s, [&](const weight_strip& strip, const std::int32_t* sums) {
                for (std::size_t b = 0; b < blocks; ++b) block(strip, sums, s, b);
            });
        });
    }
}

/// The output channels of a strip.
struct channels_of_strip {
    std::size_t first, count;
    LOWPREC_INLINE channels_of_strip(std::size_t strip, std::size_t all) noexcept
        : first{strip * strip_rows}, count{all - first < strip_rows ? all - first : strip_rows} {}
};

/// What a task's outputs are finished with.
template <class Out>
struct output_matrix {
    Out* data;
    std::size_t channels;
    const float* bias;  ///< or none
    activation function;

    template <class Isa>
    LOWPREC_INLINE void finish(float* totals, std::size_t row, std::size_t strip, float factor) const noexcept {
        const channels_of_strip own(strip, channels);
        finish_row<Isa>(totals, own.count, factor, bias == nullptr ? nullptr : bias + own.first, function,
                        data + row * channels + own.first);
    }
};

/// totals_of_strip(strip, first row, rows, totals) for each task; then each row's totals times factor_of(row) are finished. All of
/// it in one floating-point environment, whatever the caller's is.
template <class Isa, class W, class Out, class Executor, class Factor, class Totals>
LOWPREC_INLINE void run_tasks(const strips_of<W>& w, std::size_t all_rows, const output_matrix<Out>& y,
                              Executor&& executor, Factor&& factor_of, Totals&& totals_of_strip) {
    for_each_task(
        w, all_rows, executor,
        [&](const weight_strip& strip, const std::int32_t*, std::size_t s, std::size_t first, std::size_t rows) {
            alignas(64) float totals[rows_together * strip_rows];
            const environment<Isa> guard;
            totals_of_strip(strip, first, rows, totals);
            for (std::size_t m = 0; m < rows; ++m)
                y.template finish<Isa>(totals + m * strip_rows, first + m, s, factor_of(first + m));
        });
}

}  // namespace lowprec::detail

#endif
