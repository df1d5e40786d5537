// Everything of order n^3 in an eigenbasis is done with real matrices, in LAPACK's real form of a basis closed under
// conjugation: for a pair v = a + i b the real columns are (a, b), the dual rows (r_a, r_b), and in complex form
//     column v = a + i b,  row (r_a - i r_b)/2;   for the conjugate their conjugates.
// For any real matrix M (R' M' V' with real-form rows and columns) the complex form is then, block by block,
//     pair, pair:        ((M_ac + M_bd) + i (M_ad - M_bc))/2,   pair, conjugate: ((M_ac - M_bd) - i (M_ad + M_bc))/2
//     real row, pair:    M_rc + i M_rd          pair, real column: (M_ac - i M_bc)/2
// and the conjugate rows and columns are the conjugates: four real products become one.
#pragma once

#include <complex>
#include <vector>

#include "capnode/numerics/matrix.hpp"

namespace capnode::detail {

/// A column of the real form: a real vector, or the real or the imaginary part of a pair's.
enum class Kind : char { real, first, second };

std::vector<Kind> kinds(const std::vector<std::complex<double>>& lambda);

/// The complex form of a real-form matrix. Each part is one rounded sum, halved: |exact - result| <= u |result| in each
/// part.
ComplexMatrix complex_form(const Matrix& m, const std::vector<Kind>& kind);
/// Radii of the complex form from radii of the real one.
Matrix complex_form_radius(const Matrix& d, const std::vector<Kind>& kind);
/// Columns a + i b and their conjugates.
ComplexMatrix complex_columns(const Matrix& v, const std::vector<Kind>& kind);
/// Rows (r_a - i r_b)/2 and their conjugates; exact, provided no entry is below 2^-1000.
ComplexMatrix complex_rows(const Matrix& r, const std::vector<Kind>& kind);

/// Encloses A V - V D in real form, A a float matrix: by a plain product, or to twice the working precision (radius
/// +inf in rows out of the range of accurate_product).
BallMatrix plain_residual(const Matrix& a, const Matrix& v, const std::vector<std::complex<double>>& lambda,
                          const std::vector<Kind>& kind);
BallMatrix sharp_residual(const Matrix& a, const Matrix& v, const std::vector<std::complex<double>>& lambda,
                          const std::vector<Kind>& kind);

}  // namespace capnode::detail
