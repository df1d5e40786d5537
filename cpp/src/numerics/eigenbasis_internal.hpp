// What the construction of an eigenbasis and the repair of its clusters share: a candidate basis in LAPACK's real form.
#pragma once

#include <complex>
#include <vector>

#include "capnode/numerics/eigenbasis.hpp"

namespace capnode::detail {

/// A candidate: floats, nothing is trusted. Column j of V belongs to lambda_j; where Im lambda_j > 0, columns j and j+1
/// are real and imaginary part of the vector of lambda_j and lambda_{j+1} = conj(lambda_j).
struct CandidateBasis {
    std::vector<std::complex<double>> lambda;
    Matrix V;
    Matrix R;  // empty: computed by inversion
};

/// Verifies the candidate for the ball matrix `a`. `scaling` are powers of two d with |D^-1 A D| balanced (empty:
/// none): V and R are those of the balanced matrix and are returned for A.
VerifiedEigenbasis verify_basis(const BallMatrix& a, const Matrix& balanced_mid, const std::vector<double>& scaling,
                                CandidateBasis candidate, Residual residual);

/// A better candidate where clusters of eigenvalues make the eigenvectors ill-conditioned; `level` = 0, 1, .. are ever
/// coarser clusters. False where there is none left to try.
bool cluster_candidate(const Matrix& balanced_mid, int level, CandidateBasis& candidate);

/// Rescales the columns of V so that the Gershgorin discs of the cluster shrink (Perron weights, powers of two).
bool rescale_candidate(const VerifiedEigenbasis& basis, CandidateBasis& candidate);

}  // namespace capnode::detail
