// Long products of matrices, Y = A_N ... A_1, each factor known as a set: their singular values and the diagonal of
// their QR factorisation, on a logarithmic scale. The product itself is never formed, and nothing overflows.
//
// Theorem. Let S_0, ..., S_N be nonsingular (any floating-point matrices), D_k > 0 diagonal, and
//     S_k^-1 A_k S_{k-1} = D_k (I + H_k),   |H_k| <= eta_k entrywise, k = 1 ... N.
// Put d_k = D_k ... D_1 and q_k = 2 |K_k|_F^2 with bounds K_k of |H_k + l + H_k l|, l strictly lower triangular, |l| <=
// Lambda_{k-1}; if all |K_k|_F <= 1/4, then
//     S_N^-1 Y S_0 = (I + l_N) d_N (I + w_N),
//     l_N strictly lower, |l_N| <= Lambda_N, Lambda_k,ij = (K_k,ij + q_k) D_k,i / D_k,j  (i > j), Lambda_0 = 0,
//     w_N upper, |w_N|_F <= exp(sum_k |x_k|_F) - 1,      x_k,ij = (K_k,ij + q_k) d_{k-1},j / d_{k-1},i  (i <= j).
// Proof. I + K = (I + l')(I + u') (LU without pivoting): K = l' + u' + l' u', so z = |(l', u')|_F obeys z <= |K|_F +
// z^2 / 2; along t K, t in [0, 1], the factors are continuous and start at 0, hence z <= 2 |K|_F and every entry of l',
// u' differs from that of K by at most z^2 / 2 <= 2 |K|_F^2. Then D_k (I + K) d_{k-1} = (I + D_k l' D_k^-1) d_k (I +
// d_{k-1}^-1 u' d_{k-1}). []
// What it says about singular values. To first order only the diagonal of w counts where the d_i differ: l and the rest
// of w turn the singular vectors. Split those rotations off: I + w = (I + X) Q2, X lower triangular, Q2 orthogonal, and
// X + X^T + X X^T = w + w^T + w w^T gives, with omega = |w|_F <= 1/8, |X|_F <= 2 omega and |X_ij - w_ji| <= 5 omega^2
// (z <= omega + omega^2 + z^2, z from 0 on along t w). Likewise I + l = Q1 (I + r), r upper triangular, |r_ij - l_ji|
// <= 5 |l|_F^2. With d = d_N, r' = d^-1 r d,
//     Q1^T (I + l) d (I + w) Q2^T = d (I + r') (I + X) = d (I + X) (I + (I + X)^-1 r' (I + X)),
//     d (I + X) = (I + y) d (I + diag X),   y_ij = X_ij d_i / (d_j (1 + X_jj)), i > j,
// so that sigma_i((I + l) d (I + w)) is sigma_i(d (I + diag X)) within factors 1 +- |y| and 1 +- 2 |r'|: both are
// damped by d_i / d_j. sigma_i(Y) follows with the singular values of S_N and S_0 (Ostrowski, multiplicative form).
//     QR. With S_0 upper triangular and Y = Q R: R_ii = d_i (1 + w_ii) / S_0,ii times the diagonal factor of S_N (I +
//     l),
// which lies within 1 +- 5 |l|_F^2 and, S_N^T S_N = I + E, |E|_F = s <= 1/16, |l|_F <= 1/16, within 1 +- 3 s: S_N = Q_s
// R_s with |R_s - I| <= 2 s, and R_s (I + l) = (I + l) (I + e), |e| <= 2 s (1 + |l|) / (1 - |l|), moved once more past
// I
// + r.
//
// Where the frames come from. With V the right singular vectors of Y, S_k holds the directions of Y_k V, column by
// column: then H_k is rounding. V: QR sweeps of the product, and one-sided Jacobi rotations of the rows of the
// triangular product, each row with a scale of its own (Demmel, Veselic 1992). The directions: Q_k C_k, A_k Q_{k-1} =
// Q_k R_k, C_{k-1} ~ R_k^-1 C_k backward from C_N = I (Ginelli and others 2007). All of that is a hint; the theorem
// decides. Sources: product SVD by QR sweeps, methods section 6; the perturbation theorem is an own derivation.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "capnode/numerics/interval.hpp"
#include "capnode/numerics/matrix.hpp"

namespace capnode {

/// All matrices mid + R + E with |R| <= rad entrywise (rad may be 0 x 0: zero) and |E|_2 <= norm.
struct MatrixSet {
    Matrix mid;
    Matrix rad;
    double norm = 0.0;
};

enum class ProductKind { singular, qr };

struct ProductExponents {
    bool proved = false;
    bool stopped = false;       // by the caller
    bool singular = false;      // a factor has no inverse, as far as one can tell
    std::string reason;         // where not proved, with numbers
    std::vector<Interval> log;  // log sigma_i(Y), descending; or log R_ii in the order of the columns
    double frame_defect = 0.0;  // largest |Z_k S_k - I|_F, Z_k the approximate inverses: below 1/2 where proved
    double remainder = 0.0;     // largest |K_k|_F: at most 1/4 where proved
    double lower = 0.0;         // |l_N|_F, at most 1/16, and |w_N|_F, at most 1/8
    double upper = 0.0;
};

/// For every choice of the factors in their sets. factors[0] acts first; at least one, all n x n.
ProductExponents product_exponents(const std::vector<MatrixSet>& factors, std::size_t count, ProductKind kind,
                                   const std::function<bool()>& interrupted = {});

}  // namespace capnode
