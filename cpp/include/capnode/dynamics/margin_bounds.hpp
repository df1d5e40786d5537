// Margins over boxes of inputs, enclosed between parallel planes; and how near to a point such planes let them vanish.
//
// Frame. Inputs are y = x + Q u, Q a matrix of doubles with |Q^T Q - I|_F <= epsilon < 1, so that
//     sqrt(1 - epsilon) |u|_2 <= |y - x|_2    and every y has its u.
// Boxes are boxes in u, with doubles as ends; nothing is rounded between them and x.
//
// Theorem (planes). Let every solution from the box B, for every parameter in its interval and every weight in the
// weight radius, end in  centre + D r + e,  |e| <= rest,  r_j = u_j - c_j + eta_j, c the centre of B and |eta| <= delta
// (flow.hpp, AffineForm; delta bounds |Q^-1 (fl(x + Q c) - x - Q c)|_2, the set that is integrated is that much wider).
// With w = w_c - w_k, S = w^T D, s = mid S, rho the radii of B,
//     m_k(u) in [lower, upper] + s . u,
//     [lower, upper] = b_c - b_k + w . (centre + e) + sum_j ((S_j - s_j) [-rho_j - delta, rho_j + delta]
//                                                            + s_j ([-delta, delta] - c_j)).
//
// Theorem (distance). For every lambda >= 0, every u in B with m_k(u) <= 0 has
//     |u|_2^2 >= 2 lambda lower + sum_j min over v in B_j of (v^2 + 2 lambda s_j v).
// Proof. lower + s . u <= m_k(u) <= 0, so |u|^2 >= |u|^2 + 2 lambda (lower + s . u). [] lambda = 0 is the distance of
// the box, B = R^n with the best lambda the distance lower / |s|_2 of the plane. The best lambda is found in floating
// point and needs no proof. Where lower + s . u > 0 on all of B there is no such u.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "capnode/dynamics/readout.hpp"
#include "capnode/dynamics/robust_radius.hpp"
#include "capnode/flow/flow.hpp"
#include "capnode/flow/layered_flow.hpp"
#include "capnode/numerics/interval.hpp"
#include "capnode/numerics/matrix.hpp"
#include "capnode/proof/verdict.hpp"

namespace capnode {

struct InputFrame {
    std::vector<double> x;
    Matrix axes;         // Q
    double least = 1.0;  // |Q u|_2 >= least |u|_2
};

/// The frame of given columns, or of the unit vectors where they are too far from orthonormal for a bound.
InputFrame frame_at(const std::vector<double>& x, const Matrix& axes_bar);

/// About x + Q u.
std::vector<double> point_bar(const InputFrame& frame, const std::vector<double>& u);

/// m(u) in [lower, upper] + slope . u on a box.
struct MarginPlanes {
    double lower = -infinity;
    double upper = infinity;
    std::vector<double> slope;
};

struct InputBox {
    std::vector<double> lo, hi;  // in u; lo < hi
};

struct BoxImage {
    Verdict verdict = Verdict::no_convergence;  // nothing below holds unless it is `proved`
    std::string detail;
    std::vector<Interval> final;
    std::vector<MarginPlanes> margins;  // by class; of the class itself empty
    std::vector<double> stretch_bar;    // by axis, how long its unit vector becomes: a hint
};

/// The images of boxes under the network, and the margins of class `cls` over them; by options.threads threads (0: as
/// many as the machine has), which the answers do not depend on; carried as options.set_degree says (at least 1).
/// `input` for its parameter and time of start.
std::vector<BoxImage> box_images(const std::vector<FlowLayer>& layers, const Readout& readout,
                                 const NetworkInput& input, const InputFrame& frame, std::size_t cls,
                                 const std::vector<InputBox>& boxes, const FlowOptions& options);

struct NearestZero {
    double distance = infinity;     // every u of the box with m(u) <= 0 has |u|_2 >= distance; infinite: there is none
    std::vector<double> point_bar;  // about the nearest zero of the plane half way between the two: a hint
};
NearestZero nearest_zero(const MarginPlanes& planes, const InputBox& box);

/// A lower bound of |u|_2 over the box.
double distance_of(const InputBox& box);

}  // namespace capnode
