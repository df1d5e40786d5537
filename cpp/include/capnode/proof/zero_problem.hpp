// What a proof about zeros asks of a system F: R^n -> R^n, as function objects. Where weights or parameters are balls,
// F stands for a set of systems F_W, every answer holds for each of them, and so does every theorem about the zeros.
#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include "capnode/numerics/interval.hpp"
#include "capnode/numerics/matrix.hpp"

namespace capnode {

class Field;

/// F at a point: for each member F_W, some c in `center` (n x 1) and e in [-1, 1]^m with F_W(x) = c + G e for some
/// G in `generators` (n x m, m = 0 allowed). The generators keep apart what comes from the m parameters, so that
/// a preconditioner A acts as |A G| and not as |A| |G|.
struct ValueAtPoint {
    BallMatrix center;
    BallMatrix generators;
};

struct ZeroProblem {
    std::size_t dim = 0;

    /// F(x) at a point, as sharply as possible (a residual in double-double where there is one).
    std::function<ValueAtPoint(const std::vector<double>& x)> residual;

    /// Contains F'_W(x) for every x of the box and every member (n x n). F must be C^1 on the box.
    std::function<BallMatrix(const std::vector<Interval>& box)> derivative;

    /// Optional. Contains F_W(x) for every x of the box: used only to prove that there is no zero.
    std::function<std::vector<Interval>(const std::vector<Interval>& box)> value;

    /// Optional. At least |F''_W(x)[u, v]_i| for every x of the box and all |u_j|, |v_j| <= w_j; n numbers, may be inf.
    /// F must then be C^2 on the box.
    std::function<std::vector<double>(const std::vector<Interval>& box, const std::vector<double>& w)>
        second_derivative;
};

/// The system x -> f(x, p) of an autonomous field, for every p in the box `p` at once. Its residual is
/// f(x, p_bar) in double-double plus the generators f_p(x, p) (p - p_bar), by the mean value theorem in p.
/// Throws std::invalid_argument where `p` has not parameter_dim entries or the field depends on time.
ZeroProblem zero_problem(const Field& field, const std::vector<Interval>& p);

}  // namespace capnode
