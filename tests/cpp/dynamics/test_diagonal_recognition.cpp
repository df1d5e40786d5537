// Recognition of the diagonal family: whatever affine expression gives s(A(p) x + b) is recognised with the right M and
// b, and each requirement broken alone is refused with its own reason.
#include <cmath>
#include <random>
#include <string>

#include "capnode/dynamics/diagonal_family.hpp"
#include "capnode/field/field.hpp"
#include "check.hpp"

using namespace capnode;

namespace {

constexpr std::size_t n = 4;

Matrix random_matrix(std::size_t rows, std::size_t cols, unsigned seed) {
    std::mt19937_64 engine(seed);
    std::normal_distribution<double> normal;
    Matrix m(rows, cols);
    for (double& v : m.data) v = normal(engine);
    return m;
}

std::vector<std::uint32_t> zeros(std::size_t k) { return std::vector<std::uint32_t>(k, 0); }

struct Parts {
    FieldBuilder f{n, 1, false};
    NodeId x = f.state();
    NodeId p = f.parameter();
    NodeId p_many = f.gather(p, zeros(n));
    Matrix W = random_matrix(n, n, 1);
    Matrix b = random_matrix(n, 1, 2);
};

bool refused(const Field& field, const std::string& word) {
    std::string reason;
    const bool none = !recognise_diagonal_family(field, &reason);
    const bool named = reason.find(word) != std::string::npos;
    if (!named) std::printf("reason: %s\n", reason.c_str());
    return none && named;
}

bool within(const BallMatrix& m, const Matrix& exact, double slack) {
    for (std::size_t k = 0; k < exact.size(); ++k) {
        if (!(std::fabs(m.mid.data[k] - exact.data[k]) <= m.rad.data[k])) return false;
        if (!(m.rad.data[k] <= slack)) return false;
    }
    return true;
}

void test_forms() {
    {  // tanh(W x + b + p x): exact, no radius at all
        Parts s;
        const NodeId z = s.f.add(s.f.affine(s.x, s.W, {}, s.b), s.f.multiply(s.p_many, s.x));
        const auto family = recognise_diagonal_family(s.f.build(s.f.apply("tanh", z)));
        CHECK(family && family->function == Function::tanh && family->scale == 1.0);
        CHECK(family && within(family->matrix, s.W, 0.0));
        CHECK(family && within(family->bias, s.b, 0.0));
    }
    {  // atan((W - 0.03 I + p I) x + b) by a matrix node: M = W - fl(0.03) I with its rounding error as the radius
        Parts s;
        Matrix eye(n * n, 1), flat(n * n, 1), shift(n * n, 1);
        for (std::size_t i = 0; i < n; ++i) {
            eye.data[i * n + i] = 1.0;
            shift.data[i * n + i] = 0.03;
        }
        flat.data = s.W.data;
        const NodeId m = s.f.subtract(s.f.constant(flat), s.f.constant(shift));
        const NodeId pe = s.f.multiply(s.f.gather(s.p, zeros(n * n)), s.f.constant(eye));
        const NodeId z = s.f.add(s.f.matvec(s.f.add(m, pe), s.x, n, n), s.f.constant(s.b));
        const auto family = recognise_diagonal_family(s.f.build(s.f.apply("atan", z)));
        CHECK(family && family->function == Function::atan);
        for (std::size_t i = 0; family && i < n; ++i)
            for (std::size_t j = 0; j < n; ++j) {
                const long double exact = static_cast<long double>(s.W(i, j)) - (i == j ? 0.03 : 0.0);
                const long double off = exact - static_cast<long double>(family->matrix.mid(i, j));
                CHECK((off < 0 ? -off : off) <= static_cast<long double>(family->matrix.rad(i, j)));
                CHECK(family->matrix.rad(i, j) <= (i == j ? 1e-15 : 0.0));
            }
    }
    {  // 2 erf(W x + p x) written crookedly: negations, halves, permutations, pieces
        Parts s;
        const NodeId wx = s.f.negate(s.f.affine(s.x, s.W));
        Matrix minus(n, 1, -1.0), two(n, 1, 2.0);
        const NodeId back = s.f.divide(wx, s.f.constant(minus));
        const NodeId px = s.f.divide(s.f.multiply(s.f.multiply(s.x, s.f.constant(two)), s.p_many), s.f.constant(two));
        const NodeId z = s.f.add(back, px);
        const NodeId swapped = s.f.apply("erf", s.f.gather(z, {2, 3, 0, 1}));
        const NodeId first = s.f.gather(swapped, {2, 3});
        const NodeId second = s.f.gather(swapped, {0, 1});
        const NodeId whole = s.f.multiply(s.f.concat({first, second}), s.f.constant(two));
        const auto family = recognise_diagonal_family(s.f.build(whole));
        CHECK(family && family->function == Function::erf && family->scale == 2.0);
        CHECK(family && within(family->matrix, s.W, 0.0));
        CHECK(family && within(family->bias, Matrix(n, 1), 0.0));
    }
    {  // two linear layers one after the other, and a weight radius: M encloses their product
        Parts s;
        const Matrix V = random_matrix(n, n, 3);
        const NodeId wx = s.f.affine(s.f.affine(s.x, s.W), V, Matrix(n, n, 1e-9));
        const NodeId z = s.f.add(wx, s.f.multiply(s.x, s.p_many));
        const auto family = recognise_diagonal_family(s.f.build(s.f.apply("tanh", z)));
        CHECK(family.has_value());
        for (std::size_t i = 0; family && i < n; ++i)
            for (std::size_t j = 0; j < n; ++j) {
                double exact = 0.0, weight = 0.0;
                for (std::size_t k = 0; k < n; ++k) {
                    exact += V(i, k) * s.W(k, j);
                    weight += 1e-9 * std::fabs(s.W(k, j));
                }
                CHECK(std::fabs(exact - family->matrix.mid(i, j)) + 0.999 * weight <= family->matrix.rad(i, j));
                CHECK(family->matrix.rad(i, j) <= 1.001 * weight + 1e-14);
            }
    }
}

void test_refusals() {
    const auto with = [](auto&& make) {
        Parts s;
        return s.f.build(make(s));
    };
    const auto z_of = [](Parts& s) { return s.f.add(s.f.affine(s.x, s.W, {}, s.b), s.f.multiply(s.p_many, s.x)); };
    CHECK(refused(with([&](Parts& s) { return s.f.apply("sin", z_of(s)); }), "sin"));
    CHECK(refused(with([&](Parts& s) { return s.f.negate(s.f.apply("tanh", z_of(s))); }), "s'(0)"));
    CHECK(refused(with([&](Parts& s) { return z_of(s); }), "affine in the state"));
    CHECK(refused(with([&](Parts& s) { return s.f.subtract(s.f.apply("tanh", z_of(s)), s.x); }), "added"));
    CHECK(refused(with([&](Parts& s) { return s.f.apply("tanh", s.f.add(z_of(s), s.p_many)); }), "bias depends"));
    CHECK(refused(with([&](Parts& s) { return s.f.apply("tanh", s.f.apply("tanh", z_of(s))); }), "activation"));
    CHECK(refused(with([&](Parts& s) { return s.f.apply("tanh", s.f.multiply(s.p_many, z_of(s))); }), "not affine"));
    CHECK(refused(with([&](Parts& s) { return s.f.apply("tanh", s.f.multiply(s.x, s.x)); }), "not affine"));
    CHECK(refused(with([&](Parts& s) {  // different factors
                      Matrix factors(n, 1, 1.0);
                      factors.data[2] = 2.0;
                      return s.f.multiply(s.f.apply("tanh", z_of(s)), s.f.constant(factors));
                  }),
                  "different factors"));
    // dA/dp one ulp away from the identity, or with a radius, or with one entry missing
    for (int kind = 0; kind < 3; ++kind) {
        CHECK(refused(with([&](Parts& s) {
                          Matrix ones(n, 1, 1.0), rad(n, 1);
                          if (kind == 0) ones.data[1] = 1.0 + 0x1p-52;
                          if (kind == 1) rad.data[3] = 1e-300;
                          if (kind == 2) ones.data[0] = 0.0;
                          const NodeId px = s.f.multiply(s.f.multiply(s.p_many, s.f.constant(ones, rad)), s.x);
                          return s.f.apply("tanh", s.f.add(s.f.affine(s.x, s.W), px));
                      }),
                      "identity"));
    }
    FieldBuilder two(n, 2, false);
    const NodeId shifted = two.add(two.state(), two.gather(two.parameter(), {0, 1, 0, 1}));
    CHECK(refused(two.build(two.apply("tanh", shifted)), "2 parameters"));
}

}  // namespace

int main() {
    test_forms();
    test_refusals();
    return check::report();
}
