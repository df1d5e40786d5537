// The LAPACK wrappers return what they say they return: each factorisation is multiplied out again.
#include <cmath>
#include <limits>
#include <random>

#include "capnode/numerics/blas.hpp"
#include "check.hpp"

using namespace capnode;

namespace {

Matrix random(std::size_t rows, std::size_t cols, std::mt19937_64& generator) {
    std::normal_distribution<double> draw;
    Matrix m(rows, cols);
    for (double& x : m.data) x = draw(generator);
    return m;
}

double distance(const Matrix& a, const Matrix& b) {
    double d = a.rows == b.rows && a.cols == b.cols ? 0.0 : 1e300;
    for (std::size_t i = 0; i < a.size() && i < b.size(); ++i) d = std::max(d, std::fabs(a.data[i] - b.data[i]));
    return d;
}

using blas::Op;

void products(std::mt19937_64& g) {
    const Matrix a = random(3, 4, g), b = random(4, 5, g);
    const Matrix c = blas::multiply(a, b);
    CHECK(distance(c, blas::multiply(transpose(a), b, Op::transpose, Op::none)) < 1e-14);
    CHECK(distance(c, blas::multiply(a, transpose(b), Op::none, Op::transpose)) < 1e-14);
    CHECK(distance(c, blas::multiply(transpose(a), transpose(b), Op::transpose, Op::transpose)) < 1e-14);
    CHECK(distance(blas::syrk(a), blas::multiply(a, transpose(a))) < 1e-14);
    Matrix y(3, 1);
    blas::gemv(Op::none, a, b.data.data(), y.data.data());
    double first = 0.0;
    for (std::size_t l = 0; l < 4; ++l) first += a(0, l) * b.data[l];
    CHECK(std::fabs(y(0, 0) - first) < 1e-14);
    const ComplexMatrix u(random(3, 3, g), random(3, 3, g)), v(random(3, 3, g), random(3, 3, g));
    const ComplexMatrix w = blas::multiply(u, v);
    const Matrix re = blas::multiply(u.re, v.re), im = blas::multiply(u.im, v.im);
    CHECK(std::fabs(w.re(1, 2) - (re(1, 2) - im(1, 2))) < 1e-14);
}

void eigenvectors(std::mt19937_64& g) {
    for (const std::size_t n : {1, 2, 9, 40}) {
        const Matrix a = random(n, n, g);
        blas::Eigen e;
        CHECK(blas::geev(a, true, true, e));
        blas::Schur s;
        CHECK(blas::gees(a, s));
        Matrix from_schur;
        CHECK(blas::schur_eigenvectors(s, from_schur));
        CHECK(distance(blas::multiply(blas::multiply(s.q, s.t), transpose(s.q)), a) < 1e-12);
        const auto residual = [&](const Matrix& v, const std::vector<std::complex<double>>& values) {
            const Matrix av = blas::multiply(a, v);
            double worst = 0.0;
            for (std::size_t j = 0; j < n; ++j) {
                const bool pair = values[j].imag() > 0.0;
                for (std::size_t k = 0; k < n; ++k) {
                    const double re = values[j].real() * v(k, j) - (pair ? values[j].imag() * v(k, j + 1) : 0.0);
                    worst = std::max(worst, std::fabs(av(k, j) - re));
                }
                if (pair) ++j;
            }
            return worst;
        };
        CHECK(residual(e.right, e.values) < 1e-12);
        CHECK(residual(from_schur, s.values) < 1e-10);
        // left vectors: u^H A = lambda u^H, real part of it
        const Matrix ua = blas::multiply(e.left, a, Op::transpose, Op::none);
        double worst = 0.0;
        for (std::size_t j = 0; j < n; ++j) {
            const bool pair = e.values[j].imag() > 0.0;
            for (std::size_t k = 0; k < n; ++k) {
                const double re =
                    e.values[j].real() * e.left(k, j) + (pair ? e.values[j].imag() * e.left(k, j + 1) : 0.0);
                worst = std::max(worst, std::fabs(ua(j, k) - re));
            }
            if (pair) ++j;
        }
        CHECK(worst < 1e-12);

        std::vector<char> unstable(n);
        std::size_t count = 0;
        for (std::size_t j = 0; j < n; ++j) count += static_cast<std::size_t>(unstable[j] = s.values[j].real() > 0.0);
        CHECK(blas::reorder(s, unstable));
        for (std::size_t j = 0; j < n; ++j) CHECK((s.values[j].real() > 0.0) == (j < count));
        CHECK(distance(blas::multiply(blas::multiply(s.q, s.t), transpose(s.q)), a) < 1e-12);
    }
}

void complex_schur(std::mt19937_64& g) {
    const ComplexMatrix a(random(6, 6, g), random(6, 6, g));
    blas::ComplexSchur s;
    CHECK(blas::gees(a, s));
    std::vector<char> select(6);
    for (std::size_t j = 0; j < 6; ++j) select[j] = s.values[j].imag() > 0.0;
    CHECK(blas::reorder(s, select));
    ComplexMatrix adjoint(transpose(s.q.re), transpose(s.q.im));
    for (double& x : adjoint.im.data) x = -x;
    const ComplexMatrix back = blas::multiply(blas::multiply(s.q, s.t), adjoint);
    CHECK(distance(back.re, a.re) < 1e-13 && distance(back.im, a.im) < 1e-13);
    CHECK(s.t.re(3, 1) == 0.0 && s.t.im(3, 1) == 0.0);
}

void systems(std::mt19937_64& g) {
    const std::size_t n = 12;
    const Matrix a = random(n, n, g), b = random(n, 3, g);
    Matrix x, r;
    CHECK(blas::solve(a, b, x));
    CHECK(distance(blas::multiply(a, x), b) < 1e-11);
    CHECK(blas::inverse(a, r));
    CHECK(distance(blas::multiply(a, r), Matrix::identity(n)) < 1e-11);
    const ComplexMatrix c(a, random(n, n, g)), d(b, random(n, 3, g));
    ComplexMatrix y, s;
    CHECK(blas::solve(c, d, y));
    CHECK(distance(blas::multiply(c, y).im, d.im) < 1e-11);
    CHECK(blas::inverse(c, s));
    CHECK(distance(blas::multiply(c, s).re, Matrix::identity(n)) < 1e-11);
    CHECK(!blas::inverse(Matrix(3, 3), r));

    Matrix l;
    const Matrix spd = blas::syrk(a);
    CHECK(blas::cholesky(spd, l));
    CHECK(distance(blas::syrk(l), spd) < 1e-12);
    Matrix indefinite = Matrix::identity(4);
    indefinite(2, 2) = -1.0;
    CHECK(!blas::cholesky(indefinite, l));

    std::vector<double> values;
    Matrix vectors;
    CHECK(blas::syev(spd, true, values, vectors));
    Matrix scaled = vectors;
    for (std::size_t i = 0; i < n; ++i) {
        for (std::size_t j = 0; j < n; ++j) scaled(i, j) *= values[j];
    }
    CHECK(distance(blas::multiply(scaled, transpose(vectors)), spd) < 1e-11);
    Matrix q;
    CHECK(blas::full_orthogonal_factor(b, q));
    CHECK(distance(blas::multiply(q, transpose(q)), Matrix::identity(n)) < 1e-13);
    const Matrix r_factor = blas::multiply(transpose(q), b);
    CHECK(std::fabs(r_factor(n - 1, 0)) < 1e-13 && std::fabs(r_factor(3, 2)) < 1e-13);

    // Sylvester with quasi-triangular factors
    blas::Schur s1, s2;
    CHECK(blas::gees(random(5, 5, g), s1) && blas::gees(random(4, 4, g), s2));
    const Matrix rhs = random(5, 4, g);
    Matrix z;
    CHECK(blas::sylvester(Op::none, Op::none, -1.0, s1.t, s2.t, rhs, z));
    Matrix left = blas::multiply(s1.t, z);
    blas::gemm(Op::none, Op::none, -1.0, z, s2.t, 1.0, left);
    CHECK(distance(left, rhs) < 1e-11);
    CHECK(blas::sylvester(Op::transpose, Op::none, 1.0, s1.t, s1.t, Matrix::identity(5), z));
    left = blas::multiply(s1.t, z, Op::transpose, Op::none);
    blas::gemm(Op::none, Op::none, 1.0, z, s1.t, 1.0, left);
    CHECK(distance(left, Matrix::identity(5)) < 1e-10);
}

void refuses_what_is_not_finite() {
    Matrix a = Matrix::identity(3), r;
    a(1, 2) = std::numeric_limits<double>::quiet_NaN();
    blas::Eigen e;
    blas::Schur s;
    std::vector<double> values;
    CHECK(!blas::geev(a, true, false, e));
    CHECK(!blas::gees(a, s));
    CHECK(!blas::inverse(a, r));
    CHECK(!blas::cholesky(a, r));
    CHECK(!blas::syev(a, false, values, r));
}

}  // namespace

int main() {
    std::mt19937_64 generator(7);
    products(generator);
    eigenvectors(generator);
    complex_schur(generator);
    systems(generator);
    refuses_what_is_not_finite();
    return check::report();
}
