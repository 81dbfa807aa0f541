// SPDX-License-Identifier: Apache-2.0
// Copyright the lowprec authors
//
// The character-level GPT that examples/train_char_gpt.py trains: its weights in float32, and what it makes of characters.
#ifndef LOWPREC_EXAMPLES_NETWORKS_CHAR_GPT_HPP
#define LOWPREC_EXAMPLES_NETWORKS_CHAR_GPT_HPP

#include <Eigen/Core>
#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <fstream>
#include <iterator>
#include <lowprec/io/safetensors.hpp>
#include <lowprec/lowprec.hpp>
#include <map>
#include <mutex>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "linear.hpp"

namespace networks {

/// A character as its place in the vocabulary.
using token = std::uint8_t;

struct char_gpt {
    static constexpr std::size_t heads = 4;
    static constexpr float epsilon = 1e-5F;

    std::string vocabulary;  ///< token n stands for vocabulary[n]
    std::size_t layers = 0;
    matrix embed_tokens;                                        ///< [characters, width]
    matrix embed_positions;                                     ///< [context, width]
    std::map<std::string, Eigen::VectorXf, std::less<>> gains;  ///< of the norms
    weight_map weights;

    [[nodiscard]] std::size_t width() const { return static_cast<std::size_t>(embed_tokens.cols()); }
    [[nodiscard]] std::size_t context() const { return static_cast<std::size_t>(embed_positions.rows()); }

    /// All norms with the linear layers behind them, in the order in which they run.
    [[nodiscard]] std::vector<norm_linear_pair> pairs() const {
        std::vector<norm_linear_pair> result;
        for (std::size_t n = 0; n < layers; ++n) {
            const auto layer = "layers." + std::to_string(n);
            const auto attention = layer + ".self_attn.";
            result.push_back(
                {layer + ".input_norm", {attention + "q_proj", attention + "k_proj", attention + "v_proj"}});
            result.push_back({layer + ".post_attention_norm", {layer + ".mlp.up_proj"}});
        }
        result.push_back({"norm", {"lm_head"}});
        return result;
    }

    /// The names of the linear layers, in the order in which they run.
    [[nodiscard]] std::vector<std::string> linear_names() const {
        std::vector<std::string> result;
        for (std::size_t n = 0; n < layers; ++n)
            for (const auto* name : {"self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj",
                                     "mlp.up_proj", "mlp.down_proj"})
                result.push_back("layers." + std::to_string(n) + "." + name);
        result.emplace_back("lm_head");
        return result;
    }
};

/// Reads the file of the network. Its tensors are FP16.
/// Errors:  std::runtime_error that names the file and the tensor.
inline char_gpt read_char_gpt(const std::string& path) {
    const auto file = lowprec::io::safetensors::open(path);
    // Eigen cuts sums where the caches of the machine suggest; with fixed sizes processors of one kind add in one order.
    Eigen::setCpuCacheSizes(32 * 1024, 512 * 1024, 4 * 1024 * 1024);
    const auto read = [&](const std::string& name, std::vector<std::uint64_t> shape) -> matrix {
        if (shape[0] == 0) shape[0] = file.tensor(name).shape.empty() ? 0 : file.tensor(name).shape[0];
        if (file.tensor(name).shape != shape || shape[0] == 0)
            throw std::runtime_error(path + ": " + name + " has another shape than the network needs");
        const auto values = file.values<lowprec::fp16>(name);
        matrix result(static_cast<Eigen::Index>(shape[0]), shape.size() < 2 ? 1 : static_cast<Eigen::Index>(shape[1]));
        std::transform(values.begin(), values.end(), result.data(),
                       [](auto value) { return static_cast<float>(value); });
        return result;
    };

    char_gpt net;
    const auto characters = file.values<std::uint8_t>("vocabulary");
    net.vocabulary.assign(characters.begin(), characters.end());
    const auto& embedded = file.tensor("embed_tokens.weight").shape;
    const auto width = embedded.size() == 2 ? embedded[1] : 0;
    if (width == 0 || width % char_gpt::heads != 0)
        throw std::runtime_error(path + ": embed_tokens.weight is no matrix of a width that the heads share");
    net.embed_tokens = read("embed_tokens.weight", {characters.size(), width});
    net.embed_positions = read("embed_positions.weight", {0, width});
    while (file.find("layers." + std::to_string(net.layers) + ".input_norm.weight") != nullptr) ++net.layers;
    for (const auto& pair : net.pairs()) net.gains[pair.norm] = read(pair.norm + ".weight", {width}).col(0);
    for (const auto& name : net.linear_names()) {
        const bool up = name.ends_with("up_proj"), down = name.ends_with("down_proj");
        const auto hidden = up || down ? static_cast<std::uint64_t>(0) : width;
        if (down) {
            const auto up_name = name.substr(0, name.size() - 9) + "up_proj";
            net.weights[name] =
                read(name + ".weight", {width, static_cast<std::uint64_t>(net.weights[up_name].rows())});
        } else {
            net.weights[name] = read(name + ".weight", {name == "lm_head" ? characters.size() : hidden, width});
        }
    }
    return net;
}

/// The tokens of a text.
/// Errors:  std::runtime_error that names the first character which is not in the vocabulary, and its place.
inline std::vector<token> tokens_of(const char_gpt& net, std::string_view text) {
    std::vector<token> result;
    result.reserve(text.size());
    for (const char character : text) {
        const auto place = net.vocabulary.find(character);
        if (place == std::string::npos)
            throw std::runtime_error("character " + std::to_string(static_cast<unsigned char>(character)) + " at " +
                                     std::to_string(result.size()) + " of the text is not in the vocabulary");
        result.push_back(static_cast<token>(place));
    }
    return result;
}

/// The tokens of a text file.
inline std::vector<token> read_tokens(const char_gpt& net, const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) throw std::runtime_error(path + ": cannot be opened");
    return tokens_of(net, std::string(std::istreambuf_iterator<char>(file), {}));
}

namespace detail {

inline matrix rms_norm(const char_gpt& net, const std::string& name, const matrix& x) {
    const Eigen::VectorXf& gain = net.gains.at(name);
    const Eigen::ArrayXf factor =
        (x.array().square().rowwise().sum() / static_cast<float>(x.cols()) + char_gpt::epsilon).sqrt().inverse();
    return (x.array().colwise() * factor).rowwise() * gain.transpose().array();
}

// Causal attention of one window and one head; q, k, v and y are [length, width of a head].
template <class Q, class Y>
void attend(const Q& q, const Q& k, const Q& v, Y&& y) {
    matrix p = q * k.transpose();
    p /= std::sqrt(static_cast<float>(q.cols()));
    for (Eigen::Index i = 0; i < p.rows(); ++i) {
        auto seen = p.row(i).head(i + 1).array();
        seen = (seen - seen.maxCoeff()).exp().eval();
        seen /= seen.sum();
        p.row(i).tail(p.cols() - i - 1).setZero();
    }
    y.noalias() = p * v;
}

inline void gelu(matrix& x) {
    constexpr float root = 0.7978845608F;  // sqrt(2 / pi)
    x = 0.5F * x.array() * (1.0F + (root * (x.array() + 0.044715F * x.array().cube())).tanh());
}

// The logits of windows that follow one another in `tokens`.
inline matrix forward(const char_gpt& net, std::span<const token> tokens, std::size_t length, const linear& apply) {
    const auto m = static_cast<Eigen::Index>(tokens.size()), d = net.embed_tokens.cols();
    const auto t = static_cast<Eigen::Index>(length), head = d / static_cast<Eigen::Index>(char_gpt::heads);
    const auto project = [&](const std::string& name, const matrix& x) {
        matrix y(m, weights_of(net.weights, name).rows());
        apply(name, x, y);
        return y;
    };
    matrix x(m, d);
    for (Eigen::Index i = 0; i < m; ++i)
        x.row(i) = net.embed_tokens.row(tokens[static_cast<std::size_t>(i)]) + net.embed_positions.row(i % t);
    for (std::size_t n = 0; n < net.layers; ++n) {
        const auto layer = "layers." + std::to_string(n) + ".";
        matrix y = rms_norm(net, layer + "input_norm", x);
        const matrix q = project(layer + "self_attn.q_proj", y), k = project(layer + "self_attn.k_proj", y),
                     v = project(layer + "self_attn.v_proj", y);
        for (Eigen::Index i = 0; i < m; i += t)
            for (Eigen::Index c = 0; c < d; c += head)
                attend(q.block(i, c, t, head), k.block(i, c, t, head), v.block(i, c, t, head), y.block(i, c, t, head));
        x += project(layer + "self_attn.o_proj", y);
        y = rms_norm(net, layer + "post_attention_norm", x);
        y = project(layer + "mlp.up_proj", y);
        gelu(y);
        x += project(layer + "mlp.down_proj", y);
    }
    return project("lm_head", rms_norm(net, "norm", x));
}

}  // namespace detail

/// The logits of the next character at every position, [tokens, characters]. The tokens are cut into windows of `length`, of
/// which none knows the others; `apply` gets batches of 16 windows, whatever the number of threads.
/// Needs:   tokens a multiple of length, length at most the context; with more than one thread, an `apply` for several.
/// Errors:  std::runtime_error; and whatever `apply` throws.
inline matrix logits_of(const char_gpt& net, std::span<const token> tokens, const linear& apply, unsigned threads = 1,
                        std::size_t length = 128) {
    if (length == 0 || length > net.context() || tokens.size() % length != 0)
        throw std::runtime_error(std::to_string(tokens.size()) + " tokens in windows of " + std::to_string(length) +
                                 ": windows must be full and at most " + std::to_string(net.context()) + " long");
    if (std::any_of(tokens.begin(), tokens.end(), [&](token t) { return t >= net.vocabulary.size(); }))
        throw std::runtime_error("a token beyond the vocabulary of " + std::to_string(net.vocabulary.size()));
    matrix result(static_cast<Eigen::Index>(tokens.size()), static_cast<Eigen::Index>(net.vocabulary.size()));
    const std::size_t batch = 16 * length;
    std::atomic<std::size_t> next = 0;
    std::exception_ptr error;
    std::mutex error_mutex;
    const auto work = [&] {
        try {
            for (std::size_t first = next.fetch_add(batch); first < tokens.size(); first = next.fetch_add(batch)) {
                const auto size = (std::min)(batch, tokens.size() - first);
                result.middleRows(static_cast<Eigen::Index>(first), static_cast<Eigen::Index>(size)) =
                    detail::forward(net, tokens.subspan(first, size), length, apply);
            }
        } catch (...) {
            const std::scoped_lock lock(error_mutex);
            error = std::current_exception();
            next = tokens.size();
        }
    };
    {
        std::vector<std::jthread> others((std::max)(threads, 1U) - 1);
        for (auto& thread : others) thread = std::jthread(work);
        work();
    }  // waits
    if (error) std::rethrow_exception(error);
    return result;
}

}  // namespace networks

#endif
