// One simple eigenpair of a real ball matrix, independent of all other eigenvectors.
//
// Theorem. Let F(v, lambda) = (A v - lambda v, phi v - 1) with phi a fixed row vector. If a Newton-like operator with
// an approximate inverse of F' maps the box (v_bar, lambda_bar) ± radii strictly into itself and contracts there, then
// for every A of the ball F has exactly one zero in it: lambda is a simple eigenvalue and v its eigenvector with phi v
// = 1. (Rump 2010, section 13.4; the inequalities stand above the code.)
#pragma once

#include <complex>
#include <optional>
#include <string>

#include "capnode/numerics/ball.hpp"
#include "capnode/numerics/matrix.hpp"

namespace capnode {

struct Eigenpair {
    ComplexBall value;
    ComplexBallMatrix vector;  // n x 1, phi v = 1
    ComplexMatrix phi;         // 1 x n
};

/// The pair near (lambda_bar, v_bar); phi is taken as the conjugate of v_bar / |v_bar|^2.
std::optional<Eigenpair> verified_eigenpair(const BallMatrix& a, std::complex<double> lambda_bar,
                                            const ComplexMatrix& v_bar, std::string* reason = nullptr);

}  // namespace capnode
