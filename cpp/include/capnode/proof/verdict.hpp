// What a theorem of capnode answers: proved, or not proved for a reason a user can act on. Each verdict is one
// sentence.
//
// Result<T> holds the validated object only where it is proved, and only the theorem itself (the struct named in
// T::Theorem, see equilibrium.hpp for the pattern) can construct that; everybody else can only say why not.
#pragma once

#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace capnode {

/// The sentences. One table: X(identifier, sentence).
#define CAPNODE_VERDICTS(X)                                                                                            \
    X(proved, "Proved.")                                                                                               \
    X(no_convergence, "No approximate solution was found; start closer to one.")                                       \
    X(inclusion_failed, "The box is not mapped into itself; try a smaller box, or a better approximation.")            \
    X(contraction_failed, "The map does not contract on the ball; refine the approximation or shrink the ball.")       \
    X(singular, "The linearisation is (nearly) singular; the zero may be degenerate.")                                 \
    X(no_zero, "It is proved that the box contains no zero.")                                                          \
    X(counterexample, "A counterexample is proved; what was asked for is false.")                                      \
    X(unbounded, "The enclosure is unbounded; the set leaves the domain of the field, or is too wide.")                \
    X(spectrum_not_separated, "The eigenvalues could not be separated; the matrix is too close to a defective one.")   \
    X(pair_not_isolated,                                                                                               \
      "The critical pair could not be separated from its neighbours; lower the weight radius, or look for a "          \
      "multiple eigenvalue.")                                                                                          \
    X(other_eigenvalue_on_axis,                                                                                        \
      "Another eigenvalue may lie on the imaginary axis; this may be a point of higher codimension.")                  \
    X(zero_eigenvalue, "The Jacobian may have the eigenvalue zero at the point (fold or Bogdanov-Takens).")            \
    X(strong_resonance, "Twice the frequency may be an eigenvalue (1:2 resonance with another pair).")                 \
    X(not_transversal, "The pair may not cross the imaginary axis with non-zero speed.")                               \
    X(augmented_singular,                                                                                              \
      "The augmented system is (nearly) singular, likely a multiple pair or a pair that does not cross the axis.")     \
    X(not_diagonal_family, "The field is not of the form s(A(p) x + b) with dA/dp = I; use the general method.")       \
    X(not_definite, "The symmetric part could not be proved definite.")                                                \
    X(too_wide,                                                                                                        \
      "The enclosure is too wide to decide; lower the weight radius, narrow the parameter, or refine the "             \
      "approximation.")                                                                                                \
    X(tangent, "The flow may touch the section without crossing it; move or tilt the section, or take a smaller set.") \
    X(section_not_reached, "The section was not crossed as often as asked in the time allowed.")                       \
    X(lost,                                                                                                            \
      "The trajectory was lost before the time asked for: its enclosure outgrew every step (chaos, blow-up, or the "   \
      "edge of the domain); ask for a shorter time.")                                                                  \
    X(interrupted, "The computation was stopped before it finished.")                                                  \
    X(tied, "Classes with the same row and bias of the readout have equal scores everywhere; leave one of them out.")

enum class Verdict {
#define CAPNODE_VERDICT_NAME(name, sentence) name,
    CAPNODE_VERDICTS(CAPNODE_VERDICT_NAME)
#undef CAPNODE_VERDICT_NAME
};

const char* name(Verdict verdict);
const char* sentence(Verdict verdict);

/// One hypothesis as it was checked: `name: left relation right`, both sides as enclosures [lo, hi].
struct Evidence {
    std::string name;
    double left_lo = 0.0;
    double left_hi = 0.0;
    std::string relation;  // "<", "<=", ">", "subset", "interior", "excludes", "contains"
    double right_lo = 0.0;
    double right_hi = 0.0;
    bool holds = false;
};

template <class T>
class Result {
  public:
    static Result not_proved(Verdict verdict, std::string detail, std::vector<Evidence> evidence = {}) {
        if (verdict == Verdict::proved) throw std::logic_error("not_proved called with the verdict `proved`");
        Result r;
        r.verdict_ = verdict;
        r.detail_ = std::move(detail);
        r.evidence_ = std::move(evidence);
        return r;
    }

    bool proved() const { return verdict_ == Verdict::proved; }
    Verdict verdict() const { return verdict_; }
    const std::string& detail() const { return detail_; }
    const std::vector<Evidence>& evidence() const { return evidence_; }
    const T& value() const { return value_.value(); }

  private:
    friend typename T::Theorem;
    static Result make_proved(T value, std::vector<Evidence> evidence) {
        for (const Evidence& e : evidence) {
            if (!e.holds) throw std::logic_error("a theorem was declared proved although `" + e.name + "` fails");
        }
        Result r;
        r.verdict_ = Verdict::proved;
        r.value_ = std::move(value);
        r.evidence_ = std::move(evidence);
        return r;
    }
    Result() = default;

    Verdict verdict_ = Verdict::no_convergence;
    std::string detail_;
    std::optional<T> value_;
    std::vector<Evidence> evidence_;
};

/// Two enclosures of one object that do not meet, or another contradiction: a bug of ours. Ask for a report.
class InternalError : public std::runtime_error {
  public:
    explicit InternalError(const std::string& what)
        : std::runtime_error(what + " -- this is a bug in capnode; please report it with the field file") {}
};

}  // namespace capnode
