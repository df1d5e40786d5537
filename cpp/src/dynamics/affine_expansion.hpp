// The value of a node as a polynomial c + X x + d p + p (K x) in the state x and one parameter p, with ball
// coefficients; a node that is no such polynomial has none.
//
// Coefficients are formed with their exact rounding error as the radius, so that a radius 0 means an exact coefficient:
// the test "K is the identity" is then exact. Only products of two dense matrices go through BLAS, where radius 0 is
// lost.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "capnode/field/field.hpp"
#include "capnode/numerics/ball.hpp"
#include "capnode/numerics/matrix.hpp"

namespace capnode {

/// A size x n matrix of coefficients.
struct CoefficientBlock {
    enum class Kind { zero, identity, dense };
    Kind kind = Kind::zero;
    BallMatrix entries;  // dense only

    bool is_zero() const { return kind == Kind::zero; }
};

struct AffineExpansion {
    std::size_t size = 0;
    std::vector<Ball> constant;   // c
    CoefficientBlock state;       // X
    std::vector<Ball> parameter;  // d; empty = zero
    CoefficientBlock bilinear;    // K

    bool is_constant() const { return state.is_zero() && parameter.empty() && bilinear.is_zero(); }
    bool free_of_state() const { return state.is_zero() && bilinear.is_zero(); }
};

/// function(inner) entrywise times an exact factor, where `inner` is affine: the outermost activation.
struct ActivatedExpansion {
    Function function{};
    double scale = 1.0;
    AffineExpansion inner;
};

/// What is known of a node: one of the two, or why neither.
struct NodeExpansion {
    std::optional<AffineExpansion> affine;
    std::optional<ActivatedExpansion> activated;
    std::string reason;
};

/// The expansion of the output of the field (parameter_dim = 1, autonomous).
NodeExpansion expand_output(const Field& field);

/// Exactly the identity matrix: no radius anywhere, ones and zeros.
bool is_exact_identity(const CoefficientBlock& block, std::size_t n);
/// As a dense ball matrix.
BallMatrix dense(const CoefficientBlock& block, std::size_t rows, std::size_t n);

}  // namespace capnode
