// Discrete systems: iterates of x -> a x + h f(x, p, t), a = 0 or 1, with their derivatives by the initial point.
//
// a = 1 is Euler's method, or a residual network, as an exact map; a = 0, h = 1 the map f itself. Step k sees the time
// t0 + k h of its stage (time only matters where the field has it).
//
// Theorem (one step). Let J hold a I + h f_x and h f_p over the hull X of the set x_bar + s, s in S (parameters are
// rows of s). Then g(x_bar + s) = g(x_bar) + Phi s with a matrix Phi in J, by the mean value theorem on the segments,
// and the derivative of g at every point of the set is in J too. g(x_bar) is enclosed in double-double, so that a step
// adds one rounding of the centre and no more. Sets as in flow.hpp; every enclosure holds for all weights in the weight
// radius.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "capnode/field/field.hpp"
#include "capnode/flow/flow.hpp"

namespace capnode {

struct DiscreteMap {
    Field field;
    bool residual = false;  // a = 1
    double step = 1.0;      // h
};

struct IterationStage {
    DiscreteMap map;
    std::size_t steps = 0;
};

struct IterationOptions {
    bool derivative = false;
    bool keep = false;         // the enclosure after every step
    bool affine_form = false;  // the final set as centre + C r0 + rest, too
    double max_seconds = infinity;
    std::size_t threads = 1;  // which the starts are dealt out to; 0: all of the machine. Results do not depend on it
    std::function<bool()> interrupted;
    std::function<void(double)> progress;  // told the share of the calling thread's steps
    /// Told the derivative of every step over its set: mid and rad, n x n by rows, n = dim + parameter_dim (the rows of
    /// parameters are those of the identity); may be empty. On one thread alone.
    std::function<void(const double* mid, const double* rad)> transition;
};

struct IterationResult {
    Verdict verdict = Verdict::no_convergence;  // proved: all steps were taken
    std::string detail;
    std::size_t steps = 0;                      // taken
    std::vector<Interval> final;                // after them
    std::vector<Interval> derivative;           // dim x dim, by rows; empty unless asked for
    std::vector<std::vector<Interval>> states;  // steps + 1, where kept
    AffineForm affine;                          // where asked for
};

/// The stages one after another, for each initial set; all maps have one dim and one parameter_dim.
std::vector<IterationResult> iterate(const std::vector<IterationStage>& stages, const std::vector<InitialSet>& starts,
                                     const IterationOptions& options);

}  // namespace capnode
