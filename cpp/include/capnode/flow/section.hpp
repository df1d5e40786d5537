// Sections { x : n . x = c } of a flow, and the projection of a set onto one along the flow.
//
// Lemma (projection). Let B be a box, |s| <= r a span of times, H a box with B + [-r, r] f(H) inside H, and n . f(H)
// without 0, of absolute value at least m, with r m >= sup |n . B - c|. Then every solution from y in B stays in H for
// |s| <= r and crosses the section exactly once in that time, at s(y) in -(n . y - c) / (n . f(H)), in a point pi(y) of
// H, and
//     D pi(y) = Phi - f (x) (n . Phi) / (n . f)   at pi(y), Phi the solution operator up to s(y), within s(y) J(H) and
//     sum_{k>=2} (r |J(H)|)^k / k! of I.
// Where |s| <= r' <= r for all of these, r' and B + [-r', r'] f(H) take the place of r and H in the last line.
// Proof. The first condition is Picard's; along every solution n . x - c is strictly monotone with speed at least m.
// The derivative is the implicit function theorem. []
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "capnode/field/field.hpp"
#include "capnode/numerics/interval.hpp"
#include "capnode/numerics/matrix.hpp"

namespace capnode {

/// n . x = offset. The offset is an interval where a product n . point was rounded: what holds, holds for each value in
/// it.
struct Section {
    std::vector<double> normal;  // dim, not zero
    Interval offset{0.0, 0.0};

    /// The only coordinate that enters, with factor 1; empty where there are more.
    std::optional<std::size_t> coordinate() const;
    /// n . x - offset.
    Interval value(const std::vector<Interval>& x) const;
    /// n . v.
    Interval along(const std::vector<Interval>& v) const;
};

/// What the lemma gives for the box `b` (dim) with parameters p, around a point of it, for |s| <= span at least.
struct Projection {
    std::vector<Interval> point;       // pi(centre)
    std::vector<Interval> derivative;  // D pi over b, (dim + parameters)^2 by rows; rows of parameters are the identity
    Interval time;                     // s over b
    Interval speed;                    // n . f
};
std::optional<Projection> project(const Field& field, const Section& section, const std::vector<Interval>& b,
                                  const std::vector<double>& centre, const std::vector<Interval>& p, double span);

}  // namespace capnode
