// Products, sums and conversions of ball matrices. Every function encloses: for all matrices within the arguments the
// exact result lies within the returned one, entry by entry (real: |a - mid| <= rad, complex: discs).
//
// One formula, in one place (ball_matrix.cpp, `radius_product`), for every product of inner size k (methods: Rump 1999,
// 2012):  rad >= |A| (R_B + gamma |B|) + R_A (|B| + R_B) + k eta,  gamma = gamma_k (real), sqrt(2) gamma_2k (complex).
// Large products take the radius from one binary32 product of rows and columns scaled by powers of two.
//
// Totality: an entry about which nothing is known (overflow, infinite or NaN input) is 0 ± inf.
#pragma once

#include <cstddef>
#include <vector>

#include "capnode/numerics/ball.hpp"
#include "capnode/numerics/matrix.hpp"

namespace capnode {

// ---- moduli and their sums, rounded up -------------------------------------------------------------------------
/// An upper / a lower bound of |re + i im|, within a few ulps.
double modulus_up(double re, double im);
double modulus_down(double re, double im);
/// Entrywise upper bounds of |mid| (of the modulus, where complex), and of |mid| + rad.
Matrix absolute(const Matrix& a);
Matrix absolute(const ComplexMatrix& a);
Matrix magnitude(const BallMatrix& a);
Matrix magnitude(const ComplexBallMatrix& a);
/// Upper bounds of sum_j a_ij (rows) and sum_i a_ij (columns) of a non-negative matrix.
std::vector<double> row_sums(const Matrix& nonnegative);
std::vector<double> column_sums(const Matrix& nonnegative);
/// Entrywise upper bound of a product of non-negative matrices (binary32 where large).
Matrix nonnegative_product(const Matrix& a, const Matrix& b);
/// Upper bound of a x for a non-negative matrix and vector.
std::vector<double> nonnegative_product(const Matrix& a, const std::vector<double>& x);

// ---- products --------------------------------------------------------------------------------------------------
BallMatrix multiply(const Matrix& a, const Matrix& b);  // encloses the exact product
BallMatrix multiply(const Matrix& a, const BallMatrix& b);
BallMatrix multiply(const BallMatrix& a, const Matrix& b);
BallMatrix multiply(const BallMatrix& a, const BallMatrix& b);
ComplexBallMatrix multiply(const ComplexMatrix& a, const ComplexMatrix& b);
ComplexBallMatrix multiply(const ComplexMatrix& a, const ComplexBallMatrix& b);
ComplexBallMatrix multiply(const ComplexBallMatrix& a, const ComplexMatrix& b);
ComplexBallMatrix multiply(const ComplexBallMatrix& a, const ComplexBallMatrix& b);
ComplexBallMatrix multiply(const Matrix& a, const ComplexBallMatrix& b);
ComplexBallMatrix multiply(const BallMatrix& a, const ComplexBallMatrix& b);
ComplexBallMatrix multiply(const ComplexBallMatrix& a, const BallMatrix& b);

/// w x + bias for all weights within w ± w_rad; w_rad empty (0 x 0) = exact weights, bias rows x 1 (added to every
/// column) or empty.
BallMatrix affine(const Matrix& w, const Matrix& w_rad, const BallMatrix& x, const BallMatrix& bias);

// ---- entrywise -------------------------------------------------------------------------------------------------
BallMatrix add(const BallMatrix& a, const BallMatrix& b);
BallMatrix subtract(const BallMatrix& a, const BallMatrix& b);
BallMatrix scale(const BallMatrix& a, Ball factor);
BallMatrix negate(BallMatrix a);
BallMatrix transpose(const BallMatrix& a);
ComplexBallMatrix add(const ComplexBallMatrix& a, const ComplexBallMatrix& b);
ComplexBallMatrix subtract(const ComplexBallMatrix& a, const ComplexBallMatrix& b);
ComplexBallMatrix scale(const ComplexBallMatrix& a, ComplexBall factor);
ComplexBallMatrix negate(ComplexBallMatrix a);
ComplexBallMatrix conjugate(ComplexBallMatrix a);
ComplexBallMatrix transpose(const ComplexBallMatrix& a);
/// Each column j of a times factors[j]; each row i times factors[i].
ComplexBallMatrix scale_columns(const ComplexBallMatrix& a, const std::vector<ComplexBall>& factors);

// ---- conversions -----------------------------------------------------------------------------------------------
ComplexBallMatrix to_complex(const BallMatrix& a);
ComplexBallMatrix to_complex(const BallMatrix& re, const BallMatrix& im);
BallMatrix real_part(const ComplexBallMatrix& a);
BallMatrix imaginary_part(const ComplexBallMatrix& a);
Matrix lower_ends(const BallMatrix& a);
Matrix upper_ends(const BallMatrix& a);
/// The smallest ball matrix found that holds [lo, hi] entrywise.
BallMatrix ball_matrix(const Matrix& lo, const Matrix& hi);
/// a with `extra` added to every radius (a weight radius).
BallMatrix widen(BallMatrix a, const Matrix& extra);

/// True where every entry is finite (mid and rad).
bool is_finite(const Matrix& a);
bool is_finite(const BallMatrix& a);
bool is_finite(const ComplexBallMatrix& a);
/// True where `inner` is certainly within `outer`, entry by entry.
bool subset(const BallMatrix& inner, const BallMatrix& outer);

}  // namespace capnode
