// A verified approximate eigenbasis of a real ball matrix A: floats V, R ~ V^-1, lambda, and the facts
//
//     |I - R V| 1 <= e,  alpha = max e < 1/2                    (so V, R are nonsingular)
//     R (A V - V diag(lambda)) within T ± T_rad                for every A of the ball
//     V^-1 A V = diag(lambda) + F,   |F - T|_ij <= T_rad_ij + e_i column_bound_j =: F_rad_ij
//
// because V^-1 A V - diag(lambda) = (I-E)^-1 T* and (I-E)^-1 T* - T* = E (I-E)^-1 T*, column_bound_j =
// max_k(|T|+T_rad)_kj/(1-alpha). Every eigenvalue lies in a Gershgorin disc |z - center_i| <= row_radius_i (and in one
// of the column discs); the discs of a connected component of the union hold as many eigenvalues as there are discs.
// Disc i, with radius_i = max(row, column), is *isolated* where it meets no other disc: then it holds exactly one
// eigenvalue, for which second-order bounds hold:
//
//   right vector V y, y_i = 1, |y_j| <= 1:   (lambda - c_j - dF_jj) y_j = F_ji + sum_{k != i,j} F_jk y_k
//   |y_j| <= Y_ji := (|F_ji| + row_radius_j max_k Y_ki) / gap_ij;    |lambda - center_i| <= F_rad_ii + sum_{j != i}
//   |F_ij| Y_ji
//
// No eigenpair refinement is needed: T_ii is the correction. Source: Rump (2001), Miyajima (2012) for the setting; the
// second-order radii are our own derivation, proved above the code in eigenbasis.cpp.
#pragma once

#include <complex>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "capnode/numerics/ball.hpp"
#include "capnode/numerics/matrix.hpp"

namespace capnode {

/// How A V - V diag(lambda) is computed: by a plain product (radius ~ n u |A||V|), or to twice the working precision.
enum class Residual { plain, accurate };

struct EigenbasisOptions {
    Residual residual = Residual::plain;
    bool repair_clusters =
        true;  // replace the vectors of ill-conditioned clusters by an orthonormal basis of their subspace
};

struct VerifiedEigenbasis {
    bool valid = false;  // false: nothing below is a fact, `reason` says why
    std::string reason;
    bool repaired = false;  // some columns of V are not eigenvectors but span the invariant subspace of a cluster
    std::size_t n = 0;

    std::vector<std::complex<double>> lambda;
    ComplexMatrix V, R;   // column i of V ~ right eigenvector, row i of R ~ left one, (R V)_ii ~ 1
    Matrix V_abs, R_abs;  // moduli, rounded up
    ComplexMatrix T;
    Matrix T_rad;
    std::vector<double> diagonal_rounding;  // the part of T_rad_ii that is not due to the radius of A
    std::vector<double> e;
    double alpha = 1.0;

    // derived by `update_discs`
    std::vector<double> column_bound;
    std::vector<std::complex<double>> center;  // lambda_i + T_ii, rounded
    std::vector<double> center_rounding;       // |center_i - lambda_i - T_ii|
    std::vector<double> row_radius;     // rho_i >= F_rad_ii + sum_{j != i} |F_ij|, with the rounding of the centre
    std::vector<double> column_radius;  // kappa_i
    std::vector<double> radius;         // max of both
    std::vector<double> separation;     // min_j gap_ij, -inf.. where discs overlap; +inf for n = 1
    std::vector<char> isolated;
    std::vector<double> coupling;           // sum_j |F_ij| Y_ji of isolated discs
    std::vector<double> coupling_max;       // max_j Y_ji of isolated discs
    std::vector<double> eigenvalue_radius;  // second order where isolated, else the disc's
    std::vector<std::size_t> conjugate;     // index of the complex conjugate disc (itself for real ones)

    /// |F_ij - T_ij| <= this, rounded up.
    double F_rad(std::size_t i, std::size_t j) const;
};

/// Throws std::invalid_argument for a matrix that is not square; everything else that goes wrong is `valid == false`
/// with a reason.
VerifiedEigenbasis verified_eigenbasis(const BallMatrix& a, const EigenbasisOptions& options = {});

/// Recomputes everything below `alpha` from what stands above it.
void update_discs(VerifiedEigenbasis& basis);

/// The same basis for A with `extra` >= 0 added to its radius: T_rad += |R| extra |V|; discs recomputed.
VerifiedEigenbasis widen(VerifiedEigenbasis basis, const Matrix& extra);

/// The enclosure of the one eigenvalue in the isolated disc i (its imaginary part is exactly 0 where the disc is its
/// own conjugate; then the ball's centre is real). Throws std::invalid_argument where i is not isolated.
ComplexBall eigenvalue(const VerifiedEigenbasis& basis, std::size_t i);

/// Columns: right eigenvectors V y of the isolated discs `indices`, normalised by y_i = 1. n x k.
ComplexBallMatrix right_eigenvectors(const VerifiedEigenbasis& basis, const std::vector<std::size_t>& indices);
/// Rows: left eigenvectors p with p A = lambda p (so p^H is the adjoint eigenvector of the text books), normalised by
/// z_i = 1, p = z V^-1. k x n. For vectors of both functions p_i q_i = sum_j z_j y_j, see `pairing`.
ComplexBallMatrix left_eigenvectors(const VerifiedEigenbasis& basis, const std::vector<std::size_t>& indices);
/// Encloses p_i q_i of the vectors above: a disc about 1 (second order).
ComplexBall pairing(const VerifiedEigenbasis& basis, std::size_t i);

// ---- half planes --------------------------------------------------------------------------------------------------
/// How many eigenvalues certainly have real part > 0, < 0, and how many discs decide neither, for every A of the ball.
struct HalfPlaneCount {
    std::size_t positive = 0;
    std::size_t negative = 0;
    std::size_t undecided = 0;
};
HalfPlaneCount count_half_planes(const VerifiedEigenbasis& basis);
/// The same for all eigenvalues but those of the isolated disc i and its conjugate.
HalfPlaneCount count_others(const VerifiedEigenbasis& basis, std::size_t i);

// ---- radii of A: sharp to first order -----------------------------------------------------------------------------
/// Encloses Re(lambda_i), i isolated, for all A within mid ± a_rad (the radius the basis was made with): the
/// first-order part is sum_kl |Re(R_ik V_li)| a_rad_kl instead of the moduli's.
Ball real_part(const VerifiedEigenbasis& basis, const Matrix& a_rad, std::size_t i);
/// Encloses Re(lambda_i - lambda_j) for one and the same A: first-order part sum_kl |Re(R_ik V_li - R_jk V_lj)|
/// a_rad_kl.
Ball real_part_difference(const VerifiedEigenbasis& basis, const Matrix& a_rad, std::size_t i, std::size_t j);

}  // namespace capnode
