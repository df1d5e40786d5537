#include "capnode/flow/weight_facts.hpp"

#include <algorithm>
#include <cmath>

#include "growth.hpp"
#include "radius_rounding.hpp"

namespace capnode {
namespace {

double frobenius_norm(const Matrix& a) {
    double sum = 0.0;
    for (const double x : a.data) sum += x * x;
    return bound(std::sqrt(sum)) + tiny_norm;
}

}  // namespace

const Matrix& WeightFacts::absolute() const {
    std::call_once(absolute_once_, [&] {
        absolute_ = weight_.mid;
        for (double& x : absolute_.data) x = std::fabs(x);
    });
    return absolute_;
}

const std::vector<double>& WeightFacts::row_norms() const {
    std::call_once(rows_once_, [&] {
        const Matrix& a = weight_.mid;
        row_norms_.assign(a.rows, 0.0);
        for (std::size_t r = 0; r < a.rows; ++r) {
            double sum = 0.0;
            for (std::size_t c = 0; c < a.cols; ++c) {
                const double x = std::fabs(a(r, c)) + (weight_.exact() ? 0.0 : weight_.rad(r, c));
                sum += x * x;
            }
            row_norms_[r] = bound(std::sqrt(sum)) + tiny_norm;
        }
    });
    return row_norms_;
}

const WeightFacts::Norms& WeightFacts::norms() const {
    std::call_once(norms_once_, [&] {
        norms_.frobenius = frobenius_norm(weight_.mid);
        norms_.spectral = std::min(norms_.frobenius, spectral_norm(weight_.mid));
        if (!weight_.exact()) norms_.radius = frobenius_norm(weight_.rad);
    });
    return norms_;
}

}  // namespace capnode
