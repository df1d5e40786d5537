#include "capnode/dynamics/no_periodic_orbits.hpp"

#include <cmath>
#include <stdexcept>

#include "capnode/field/field.hpp"
#include "capnode/numerics/float_environment.hpp"
#include "check.hpp"

using namespace capnode;

namespace {

Matrix matrix(std::size_t rows, std::size_t cols, std::initializer_list<double> entries) {
    Matrix m(rows, cols);
    std::copy(entries.begin(), entries.end(), m.data.begin());
    return m;
}

/// x' = s(M x + q (row x), ...): the parameter multiplies every state (mask = identity) or only the first.
Field family(const Matrix& M, const char* function, bool first_only = false) {
    const std::size_t n = M.rows;
    FieldBuilder b(n, 1, false);
    Matrix spread(n, 1, 1.0);
    if (first_only)
        for (std::size_t i = 1; i < n; ++i) spread(i, 0) = 0.0;
    const NodeId p = b.affine(b.parameter(), spread);
    return b.build(b.apply(function, b.add(b.affine(b.state(), M), b.multiply(p, b.state()))));
}

bool covered(const std::vector<Interval>& intervals, double p) {
    for (const Interval& i : intervals)
        if (contains(i, p)) return true;
    return false;
}

template <class Call>
bool refuses(Call&& call) {
    try {
        call();
    } catch (const std::invalid_argument&) {
        return true;
    }
    return false;
}

}  // namespace

int main() {
    const FloatEnvironment guard;

    // M = [[0.5, -1], [3, -0.5]]: symmetric part [[0.5, 1], [1, -0.5]], eigenvalues +-sqrt(1.25); spectrum +-i
    // sqrt(2.75).
    const Matrix M = matrix(2, 2, {0.5, -1.0, 3.0, -0.5});
    const auto diagonal = no_periodic_orbits(family(M, "tanh"), {-2.0, 2.0});
    CHECK(diagonal.proved());
    const auto& found = diagonal.value();
    CHECK(found.criterion == "diagonal family");
    CHECK(contains(square(*found.symmetric_upper), 1.25) && contains(square(*found.symmetric_lower), 1.25));
    CHECK(covered(found.intervals, 1.2) && covered(found.intervals, -1.2));
    CHECK(!covered(found.intervals, 0.0));  // the Hopf point
    CHECK(covered(found.remaining, 0.0));
    CHECK(found.intervals[0].hi > -1.0);  // sharper than D = I
    CHECK(!no_periodic_orbits(family(M, "tanh"), {-0.1, 0.1}).proved());
    CHECK(no_periodic_orbits(family(M, "tanh"), {-0.1, 0.1}).verdict() == Verdict::not_definite);

    // No use is made of the function: sin and softplus have the same potential argument.
    for (const char* s : {"sin", "softplus", "erf"}) {
        const auto other = no_periodic_orbits(family(M, s), {-2.0, 2.0});
        CHECK(other.proved() && other.value().criterion == "diagonal family");
    }
    // The parameter at one entry: cells.
    const Matrix stable = matrix(2, 2, {-1.0, -1.0, 1.0, -1.0});
    const auto single = no_periodic_orbits(family(stable, "tanh", true), {-1.0, 3.0});
    CHECK(single.proved() && single.value().criterion == "potential");
    CHECK(covered(single.value().intervals, 0.0) && !covered(single.value().intervals, 2.0));  // singular at p = 2

    // Linear fields: a definite form exists iff no eigenvalue lies on the axis.
    const auto linear = [](const Matrix& A) {
        FieldBuilder b(A.rows, 0, false);
        return b.build(b.affine(b.state(), A));
    };
    CHECK(no_periodic_orbits(linear(matrix(2, 2, {-1.0, 5.0, 0.0, -2.0})), {0.0, 0.0}).proved());
    CHECK(
        no_periodic_orbits(linear(matrix(3, 3, {1.0, 5.0, 0.0, 0.0, -1.0, 3.0, 0.0, 0.0, -2.0})), {0.0, 0.0}).proved());
    CHECK(!no_periodic_orbits(linear(matrix(2, 2, {0.0, 1.0, -1.0, 0.0})), {0.0, 0.0}).proved());
    CHECK(!no_periodic_orbits(linear(matrix(3, 3, {0.0, 1.0, 0.0, -1.0, 0.0, 0.0, 0.0, 0.0, -1.0})), {0.0, 0.0})
               .proved());

    CHECK(refuses([&] { no_periodic_orbits(family(M, "tanh"), {0.0, infinity}); }));
    ExclusionOptions wrong;
    wrong.region = std::vector<Interval>{{0.0, 1.0}};
    CHECK(refuses([&] { no_periodic_orbits(family(M, "tanh"), {0.0, 1.0}, wrong); }));
    return check::report();
}
