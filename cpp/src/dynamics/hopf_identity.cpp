// Same or different, by proof. a and b are zeros of the augmented systems with their own psi; both stand in enclosures.
//
// different: two points whose enclosures of p, w or x do not meet cannot be equal. (Equal p, x, w and a simple pair
// have
//   equal eigenvectors up to a factor, so v decides nothing.)
// same: if v solves f_x v = i w v and psi_b v != 0, then (p, w, x, v/(psi_b v)) is a zero of b's system. Where that
// vector
//   lies within b's uniqueness box it is b's zero. With a weight radius: for each network of the ball by itself.
#include <cmath>

#include "capnode/dynamics/hopf.hpp"
#include "capnode/numerics/ball.hpp"

namespace capnode {
namespace {

/// The enclosure of a's eigenvector in its own normalisation psi_a v = 1.
ComplexBall own_vector(const HopfPoint& a, std::size_t k) {
    const auto& z = a.isolation.centre.eigenvector_bar[k];
    return {z.real(), z.imag(), a.isolation.eigenvector_error[k]};
}

bool within(const Interval& inner, double centre, double radius) {
    return inner.lo >= add_up(centre, -radius) && inner.hi <= subtract_down(centre, -radius);
}

/// Is a's zero certainly in b's uniqueness box?
bool in_box(const HopfPoint& a, const HopfPoint& b) {
    const HopfIsolation& box = b.isolation;
    const std::size_t n = a.state.size();
    for (const std::size_t size : {box.psi.size(), box.state_radius.size(), box.eigenvector_radius.size(),
                                   box.centre.eigenvector_bar.size(), a.isolation.eigenvector_error.size()}) {
        if (size != n) return false;  // a point without a box
    }
    if (!within(a.parameter, box.centre.parameter_bar, box.parameter_radius)) return false;
    if (!within(a.frequency, box.centre.frequency_bar, box.frequency_radius)) return false;
    for (std::size_t k = 0; k < n; ++k) {
        if (!within(a.state[k], box.centre.state_bar[k], box.state_radius[k])) return false;
    }
    ComplexBall product{};
    for (std::size_t k = 0; k < n; ++k) {
        product = product + ComplexBall{box.psi[k].real(), box.psi[k].imag(), 0.0} * own_vector(a, k);
    }
    for (std::size_t k = 0; k < n; ++k) {
        const auto& z = box.centre.eigenvector_bar[k];
        const ComplexBall difference = own_vector(a, k) / product - ComplexBall{z.real(), z.imag(), 0.0};
        if (!(magnitude_up(difference) <= box.eigenvector_radius[k])) return false;
    }
    return true;
}

}  // namespace

const char* name(Identity identity) {
    switch (identity) {
        case Identity::same:
            return "same";
        case Identity::different:
            return "different";
        case Identity::unknown:
            break;
    }
    return "unknown";
}

Identity same_solution(const HopfPoint& a, const HopfPoint& b) {
    if (a.state.size() != b.state.size()) return Identity::different;
    if (disjoint(a.parameter, b.parameter) || disjoint(a.frequency, b.frequency)) return Identity::different;
    for (std::size_t k = 0; k < a.state.size(); ++k) {
        if (disjoint(a.state[k], b.state[k])) return Identity::different;
    }
    return in_box(a, b) || in_box(b, a) ? Identity::same : Identity::unknown;
}

}  // namespace capnode
