// Cutting initial sets in two, exactly.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>
#include <vector>

#include "capnode/flow/flow.hpp"
#include "capnode/numerics/rounding.hpp"

namespace capnode {

// Halves across direction j (of the state, then of the parameters). The new centre is rounded: |error| <= u |c| + ...,
// put into the radius of the rows through a direction of its own would add directions; instead the centres are moved by
// +- half the direction, and what the rounding of the move misses is added along the unit directions `rounding`.
class Cutter {
  public:
    explicit Cutter(const InitialSet& start) : dim_(start.centre.size()), own_(start.directions.cols) {}

    // Adds one unit direction a row, of radius 0, where the state has directions at all: they take in the roundings.
    InitialSet prepared(const InitialSet& start) const {
        InitialSet s = start;
        Matrix d(dim_, own_ + dim_);
        for (std::size_t i = 0; i < dim_; ++i) {
            for (std::size_t j = 0; j < own_; ++j) d(i, j) = start.directions(i, j);
            d(i, own_ + i) = 1.0;
        }
        s.directions = std::move(d);
        s.radii.resize(own_ + dim_, 0.0);
        return s;
    }
    std::size_t directions(const InitialSet& s) const { return own_ + s.parameter.size(); }
    double radius(const InitialSet& s, std::size_t j) const {
        return j < own_ ? s.radii[j] : 0.5 * width_up(s.parameter[j - own_]);
    }

    // The size of what direction j moves: the largest entry of the centre, or the parameter.
    double magnitude(const InitialSet& s, std::size_t j) const {
        if (j >= own_) return capnode::magnitude(s.parameter[j - own_]);
        double size = 0.0;
        for (const double c : s.centre) size = std::max(size, std::fabs(c));
        return size;
    }

    // The point of the set at position x in [-1, 1] along j, in floating point.
    void point(const InitialSet& s, std::size_t j, double x, double* state, double* parameter) const {
        for (std::size_t i = 0; i < dim_; ++i) state[i] = s.centre[i];
        for (std::size_t k = 0; k < s.parameter.size(); ++k) parameter[k] = midpoint(s.parameter[k]);
        if (j == directions(s)) return;
        if (j < own_) {
            for (std::size_t i = 0; i < dim_; ++i) state[i] += x * s.radii[j] * s.directions(i, j);
        } else {
            parameter[j - own_] += x * radius(s, j);
        }
    }

    // { c + d r : |r| <= R } = the union over both signs of { c +- d R/2 + d r : |r| <= R/2 }.
    std::vector<InitialSet> halves(const InitialSet& s, std::size_t j) const {
        std::vector<InitialSet> result;
        if (j >= own_) {
            const Interval p = s.parameter[j - own_];
            const double m = midpoint(p);
            for (const Interval& half : {Interval(p.lo, m), Interval(m, p.hi)}) {
                result.push_back(s);
                result.back().parameter[j - own_] = half;
            }
            return result;
        }
        const double half = next_up(0.5 * s.radii[j]);  // R/2, and one ulp so that the halves overlap
        for (const double sign : {-1.0, 1.0}) {
            InitialSet part = s;
            part.radii[j] = half;
            for (std::size_t i = 0; i < dim_; ++i) {
                // The move sign R/2 d_i: the product and the sum round, each by at most u times its size.
                const double move = sign * 0.5 * s.radii[j] * s.directions(i, j);
                part.centre[i] = s.centre[i] + move;
                const double rounding =
                    2.0 * unit_roundoff * (std::fabs(move) + std::fabs(part.centre[i])) + smallest_subnormal;
                if (s.directions(i, j) != 0.0) part.radii[own_ + i] = add_up(part.radii[own_ + i], rounding);
            }
            result.push_back(std::move(part));
        }
        return result;
    }

  private:
    std::size_t dim_, own_;
};

}  // namespace capnode
