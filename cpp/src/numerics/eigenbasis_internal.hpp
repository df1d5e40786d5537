// What the construction of an eigenbasis and the repair of its clusters share: a candidate basis in LAPACK's real form.
#pragma once

#include <complex>
#include <vector>

#include "capnode/numerics/blas.hpp"
#include "capnode/numerics/eigenbasis.hpp"

namespace capnode::detail {

/// A candidate: floats, nothing is trusted. Column j of V belongs to lambda_j; where Im lambda_j > 0, columns j and j+1
/// are real and imaginary part of the vector of lambda_j and lambda_{j+1} = conj(lambda_j).
struct CandidateBasis {
    std::vector<std::complex<double>> lambda;
    Matrix V;
    Matrix R;                  // empty: computed by inversion
    std::vector<int> cluster;  // number of the cluster a column belongs to, -1 for eigenvectors; empty: no clusters
};

/// Verifies the candidate for the ball matrix `a`. `scaling` are powers of two d with |D^-1 A D| balanced (empty:
/// none): V and R are those of the balanced matrix and are returned for A.
VerifiedEigenbasis verify_basis(const BallMatrix& a, const Matrix& balanced_mid, const std::vector<double>& scaling,
                                CandidateBasis candidate, Residual residual);

/// Candidates for matrices whose eigenvectors are ill-conditioned: the columns of a cluster of eigenvalues are replaced
/// by a basis of their invariant subspace, the leading vectors of a Schur form with the cluster moved to the top (so
/// that the matrix is triangular on the subspace; then the columns are weighted so that its strict triangle enters the
/// discs as little as possible).
class ClusterRepair {
  public:
    explicit ClusterRepair(const Matrix& balanced_mid);
    static constexpr int levels = 6;
    /// The candidate with clusters formed at the given level, coarser and coarser; false where it adds nothing to the
    /// one before.
    bool candidate(int level, CandidateBasis& candidate);

  private:
    bool usable_ = false;
    blas::Schur schur_;
    Matrix right_;
    std::vector<int> last_;
};

/// Weights the columns of the clusters by powers of two near the Perron vector of |T| on the cluster, which minimises
/// the largest row sum; false where that gains nothing.
bool rescale_candidate(const VerifiedEigenbasis& basis, CandidateBasis& candidate);

}  // namespace capnode::detail
