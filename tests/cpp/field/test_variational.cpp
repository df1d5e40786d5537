// The variational field against the Jacobian of the field, through every function and operation: V' encloses J V, and
// the two meet to rounding.
#include <cmath>
#include <random>
#include <vector>

#include "capnode/field/evaluate.hpp"
#include "capnode/field/jacobian.hpp"
#include "capnode/field/variational.hpp"
#include "check.hpp"

using namespace capnode;

namespace {

// J V from the Jacobian, V' from the variational field, at a thin box about x; both hold the true number.
void compare(const Field& field, const std::vector<double>& x, const std::vector<double>& p, double t, double rad) {
    const std::size_t n = field.dim();
    std::mt19937 random(7);
    std::normal_distribution<double> normal;
    const Field big = variational_field(field, 2);
    CHECK(big.dim() == 3 * n);
    CHECK(big.parameter_dim() == field.parameter_dim());
    BallMatrix state(3 * n, 1);
    BallMatrix start(n, 1);
    BallMatrix parameter(p.size(), 1);
    Matrix v(n, 2);
    for (std::size_t i = 0; i < n; ++i) {
        start.mid(i, 0) = state.mid(i, 0) = x[i];
        start.rad(i, 0) = state.rad(i, 0) = rad;
        for (std::size_t j = 0; j < 2; ++j) state.mid(n * (1 + j) + i, 0) = v(i, j) = normal(random);
    }
    for (std::size_t k = 0; k < p.size(); ++k) parameter.mid(k, 0) = p[k];
    const BallMatrix slope = evaluate(big, state, parameter, Ball{t, 0.0});
    const BallMatrix value = evaluate(field, start, parameter, Ball{t, 0.0});
    const BallJacobian J = jacobian(field, start, parameter, Ball{t, 0.0});
    for (std::size_t i = 0; i < n; ++i) {
        CHECK(std::fabs(slope.mid(i, 0) - value.mid(i, 0)) <= slope.rad(i, 0) + value.rad(i, 0));
        for (std::size_t j = 0; j < 2; ++j) {
            double mid = 0.0;
            double spread = 0.0;
            for (std::size_t k = 0; k < n; ++k) {
                mid += J.dx.mid(i, k) * v(k, j);
                spread += J.dx.rad(i, k) * std::fabs(v(k, j)) + 1e-14 * std::fabs(J.dx.mid(i, k) * v(k, j));
            }
            const std::size_t row = n * (1 + j) + i;
            CHECK(std::fabs(slope.mid(row, 0) - mid) <= slope.rad(row, 0) + spread);
            if (rad == 0.0) CHECK(slope.rad(row, 0) <= 1e-12 * (1.0 + std::fabs(mid)));
        }
    }
}

void test_functions() {
    for (const Function f : all_functions()) {
        FieldBuilder b(2, 0, false);
        Matrix w(2, 2);
        w.data = {0.7, -0.4, 0.3, 0.9};
        Matrix c(2, 1);
        c.data = {1.5, 2.0};  // inside of every domain
        const Field field = b.build(b.apply(f, b.affine(b.state(), w, {}, c)));
        compare(field, {0.3, -0.2}, {}, 0.0, 0.0);
        compare(field, {0.3, -0.2}, {}, 0.0, 1e-3);
    }
    for (const int k : {-2, -1, 0, 1, 2, 3, 7}) {
        FieldBuilder b(2, 0, false);
        compare(b.build(b.power(b.state(), k)), {1.3, -0.7}, {}, 0.0, 0.0);
    }
}

void test_operations() {
    FieldBuilder b(2, 4, true);
    const NodeId x = b.state();
    const NodeId p = b.parameter();
    const NodeId t = b.gather(b.time(), {0, 0});
    const NodeId moved = b.matvec(b.multiply(p, b.gather(x, {0, 1, 1, 0})), x, 2, 2);  // a matrix that moves as well
    const NodeId still = b.matvec(p, b.apply(Function::tanh, x), 2, 2);
    const NodeId quotient = b.divide(b.add(x, t), b.gather(p, {0, 1}));
    const NodeId inverse = b.divide(b.gather(p, {1, 2}), b.add(b.apply(Function::exp, x), t));
    const NodeId difference = b.subtract(b.gather(p, {2, 3}), b.negate(b.multiply(x, x)));
    const NodeId swapped = b.concat({b.gather(x, {1}), b.gather(p, {3})});
    const NodeId sum = b.add(b.add(moved, still), b.add(quotient, b.add(inverse, b.add(difference, swapped))));
    compare(b.build(sum), {0.4, -0.9}, {1.25, -0.5, 2.0, 0.75}, 1.5, 0.0);
    compare(b.build(sum), {0.4, -0.9}, {1.25, -0.5, 2.0, 0.75}, 1.5, 1e-4);
    compare(b.build(b.gather(p, {0, 1})), {0.4, -0.9}, {1.25, -0.5, 2.0, 0.75}, 1.5, 0.0);  // J = 0
}

}  // namespace

int main() {
    test_functions();
    test_operations();
    return check::report();
}
