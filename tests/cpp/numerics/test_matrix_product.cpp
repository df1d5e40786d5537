// Products of matrices without Python: diagonal factors whose answer is known exactly, turned by rotations; refusals.
#include "capnode/numerics/matrix_product.hpp"

#include <cmath>
#include <stdexcept>
#include <vector>

#include "capnode/numerics/log_determinant.hpp"
#include "check.hpp"

using namespace capnode;

namespace {

Matrix matrix(double a, double b, double c, double d) {
    Matrix m(2, 2);
    m(0, 0) = a;
    m(0, 1) = b;
    m(1, 0) = c;
    m(1, 1) = d;
    return m;
}

bool holds(const Interval& x, double value, double width) { return contains(x, value) && x.hi - x.lo < width; }

}  // namespace

int main() {
    const double log2 = std::log(2.0);
    // 500 times diag(2, 1/4): exactly 2^500 and 2^-1000
    const std::vector<MatrixSet> diagonal(500, MatrixSet{matrix(2.0, 0.0, 0.0, 0.25), {}, 0.0});
    for (const ProductKind kind : {ProductKind::singular, ProductKind::qr}) {
        const ProductExponents e = product_exponents(diagonal, diagonal.size(), kind);
        CHECK(e.proved);
        CHECK(e.log.size() == 2);
        CHECK(std::fabs(midpoint(e.log[0]) - 500.0 * log2) < 1e-9);
        CHECK(std::fabs(midpoint(e.log[1]) + 1000.0 * log2) < 1e-9);
        CHECK(e.log[0].hi - e.log[0].lo < 1e-9);
    }
    // the first 3 factors alone
    CHECK(std::fabs(midpoint(product_exponents(diagonal, 3, ProductKind::singular).log[0]) - 3.0 * log2) < 1e-12);
    // quarter turns: orthogonal, exactly
    const std::vector<MatrixSet> turns(7, MatrixSet{matrix(0.0, -1.0, 1.0, 0.0), {}, 0.0});
    for (const Interval& x : product_exponents(turns, turns.size(), ProductKind::singular).log)
        CHECK(holds(x, 0.0, 1e-12));
    // a radius by entries and one by norm both widen
    const MatrixSet thin{Matrix::identity(2), Matrix(2, 2, 1e-6), 0.0};
    const MatrixSet normed{Matrix::identity(2), {}, 1e-6};
    for (const MatrixSet& set : {thin, normed}) {
        const ProductExponents e = product_exponents({set, set}, 2, ProductKind::singular);
        CHECK(e.proved);
        CHECK(e.log[0].hi >= 2e-6);
        CHECK(e.log[1].lo <= -2e-6);
        CHECK(e.log[0].hi < 1e-4);
    }
    // what is refused
    CHECK(!product_exponents({MatrixSet{matrix(1.0, 2.0, 2.0, 4.0), {}, 0.0}}, 1, ProductKind::singular).proved);
    CHECK(!product_exponents({MatrixSet{Matrix::identity(2), {}, 0.9}}, 1, ProductKind::singular).proved);
    CHECK(!product_exponents({MatrixSet{matrix(1.0, 0.0, 0.0, std::nan("")), {}, 0.0}}, 1, ProductKind::qr).proved);
    const ProductExponents stopped = product_exponents(diagonal, 500, ProductKind::singular, [] { return true; });
    CHECK(!stopped.proved);
    CHECK(stopped.stopped);
    bool threw = false;
    try {
        (void)product_exponents(diagonal, 501, ProductKind::singular);
    } catch (const std::invalid_argument&) {
        threw = true;
    }
    CHECK(threw);

    const auto det = log_determinant(MatrixSet{matrix(4.0, 1.0, 2.0, 1.0), {}, 0.0});
    CHECK(det.has_value());
    CHECK(det && std::fabs(midpoint(*det) - log2) < 1e-12);
    CHECK(!log_determinant(MatrixSet{Matrix::identity(2), {}, 1.0}));
    return check::report();
}
