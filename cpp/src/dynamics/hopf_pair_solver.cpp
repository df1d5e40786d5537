#include "capnode/dynamics/hopf_pair_solver.hpp"

#include <utility>

#include "capnode/numerics/ball_matrix.hpp"
#include "capnode/numerics/linear_solve.hpp"
#include "capnode/numerics/rounding.hpp"

namespace capnode::hopf {
namespace {

/// The contraction number at which shifted_solve gives up (eigenbasis_solve.hpp).
constexpr double eigenbasis_limit = 0.5;

class EigenbasisSolver final : public PairSolver {
  public:
    EigenbasisSolver(std::shared_ptr<const VerifiedEigenbasis> basis, BallMatrix jacobian, Ball w)
        : basis_(std::move(basis)), jacobian_(std::move(jacobian)), w_(w) {}

    bool border(std::size_t i, const ComplexBallMatrix& v, std::string* reason) {
        bordered_ = BorderedSystem::of(*basis_, jacobian_, i, {0.0, w_.mid, w_.rad}, v, reason);
        return bordered_.has_value();
    }

    std::optional<ComplexBallMatrix> inverse(const ComplexBallMatrix& r) const override {
        return shifted_solve(*basis_, jacobian_, {0.0, 0.0, 0.0}, r, &at_zero_);
    }
    BorderedSolution bordered(const ComplexBallMatrix& r, ComplexBall sigma) const override {
        return bordered_->solve(r, sigma);
    }
    std::optional<ComplexBallMatrix> inverse_at_twice(const ComplexBallMatrix& r) const override {
        return shifted_solve(*basis_, jacobian_, {0.0, 2.0 * w_.mid, 2.0 * w_.rad}, r, &at_twice_);
    }
    Margin inverse_margin() const override { return {at_zero_, eigenbasis_limit}; }
    Margin bordered_margin() const override { return {subtract_up(1.0, bordered_->denominator()), 1.0}; }
    Margin twice_margin() const override { return {at_twice_, eigenbasis_limit}; }

  private:
    std::shared_ptr<const VerifiedEigenbasis> basis_;
    BallMatrix jacobian_;
    Ball w_;
    std::optional<BorderedSystem> bordered_;
    mutable double at_zero_ = infinity;
    mutable double at_twice_ = infinity;
};

/// J - i w for all J and w of the balls: the disc of a diagonal entry is J_jj's radius plus w's.
ComplexBallMatrix shifted(const BallMatrix& j, const Ball& w) {
    ComplexBallMatrix out = to_complex(j);
    for (std::size_t k = 0; k < j.rows(); ++k) {
        out.mid.im(k, k) = -w.mid;
        out.rad(k, k) = add_up(out.rad(k, k), w.rad);
    }
    return out;
}

class FactorisationSolver final : public PairSolver {
  public:
    static std::unique_ptr<PairSolver> of(BallMatrix jacobian, Ball w, const ComplexBallMatrix& v,
                                          const ComplexMatrix& psi, std::string* reason) {
        const std::size_t n = jacobian.rows();
        const ComplexBallMatrix a = shifted(jacobian, w);
        ComplexBallMatrix b(n + 1, n + 1);
        for (std::size_t r = 0; r < n; ++r) {
            for (std::size_t c = 0; c < n; ++c) {
                b.mid.re(r, c) = a.mid.re(r, c);
                b.mid.im(r, c) = a.mid.im(r, c);
                b.rad(r, c) = a.rad(r, c);
            }
            b.mid.re(r, n) = -v.mid.re(r, 0);
            b.mid.im(r, n) = -v.mid.im(r, 0);
            b.rad(r, n) = v.rad(r, 0);
            b.mid.re(n, r) = psi.re(0, r);
            b.mid.im(n, r) = psi.im(0, r);
        }
        auto solver = std::make_unique<FactorisationSolver>();
        solver->bordered_ = VerifiedComplexInverse::of(std::move(b), reason);
        if (!solver->bordered_) return nullptr;
        solver->twice_ = VerifiedComplexInverse::of(shifted(jacobian, {2.0 * w.mid, 2.0 * w.rad}));
        solver->inverse_ = VerifiedInverse::of(std::move(jacobian));
        return solver;
    }

    std::optional<ComplexBallMatrix> inverse(const ComplexBallMatrix& r) const override {
        if (!inverse_) return std::nullopt;
        return inverse_->solve(r);
    }
    BorderedSolution bordered(const ComplexBallMatrix& r, ComplexBall sigma) const override {
        const std::size_t n = r.rows();
        ComplexBallMatrix right(n + 1, 1);
        for (std::size_t k = 0; k < n; ++k) {
            right.mid.re(k, 0) = r.mid.re(k, 0);
            right.mid.im(k, 0) = r.mid.im(k, 0);
            right.rad(k, 0) = r.rad(k, 0);
        }
        right.mid.re(n, 0) = sigma.re;
        right.mid.im(n, 0) = sigma.im;
        right.rad(n, 0) = sigma.rad;
        const ComplexBallMatrix y = bordered_->solve(right);
        BorderedSolution out;
        out.z = ComplexBallMatrix(n, 1);
        for (std::size_t k = 0; k < n; ++k) {
            out.z.mid.re(k, 0) = y.mid.re(k, 0);
            out.z.mid.im(k, 0) = y.mid.im(k, 0);
            out.z.rad(k, 0) = y.rad(k, 0);
        }
        out.mu = {y.mid.re(n, 0), y.mid.im(n, 0), y.rad(n, 0)};
        return out;
    }
    std::optional<ComplexBallMatrix> inverse_at_twice(const ComplexBallMatrix& r) const override {
        if (!twice_) return std::nullopt;
        return twice_->solve(r);
    }
    Margin inverse_margin() const override { return {inverse_ ? inverse_->alpha() : infinity, 1.0}; }
    Margin bordered_margin() const override { return {bordered_->alpha(), 1.0}; }
    Margin twice_margin() const override { return {twice_ ? twice_->alpha() : infinity, 1.0}; }

  private:
    std::optional<VerifiedInverse> inverse_;
    std::optional<VerifiedComplexInverse> bordered_;
    std::optional<VerifiedComplexInverse> twice_;
};

}  // namespace

std::unique_ptr<PairSolver> solve_by_eigenbasis(std::shared_ptr<const VerifiedEigenbasis> basis, std::size_t i,
                                                BallMatrix jacobian, Ball w, ComplexBallMatrix v, std::string* reason) {
    auto solver = std::make_unique<EigenbasisSolver>(std::move(basis), std::move(jacobian), w);
    if (!solver->border(i, v, reason)) return nullptr;
    return solver;
}

std::unique_ptr<PairSolver> solve_by_factorisation(BallMatrix jacobian, Ball w, ComplexBallMatrix v,
                                                   const ComplexMatrix& psi, std::string* reason) {
    return FactorisationSolver::of(std::move(jacobian), w, v, psi, reason);
}

}  // namespace capnode::hopf
