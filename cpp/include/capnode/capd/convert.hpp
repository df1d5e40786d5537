// Intervals, vectors and matrices across the border to CAPD: the ends are doubles on both sides and cross unchanged.
// Inside of a CapdCall. An enclosure of CAPD's with NaN or with ends out of order becomes the whole line.
#pragma once

#include <vector>

#include "capd/capdlib.h"
#include "capnode/numerics/interval.hpp"
#include "capnode/numerics/matrix.hpp"

namespace capnode {

inline ::capd::interval to_capd(const Interval& x) { return {x.lo, x.hi}; }
inline Interval from_capd(const ::capd::interval& x) {
    const double lo = x.leftBound();
    const double hi = x.rightBound();
    if (!(lo <= hi)) return {-infinity, infinity};
    return {lo, hi};
}

inline ::capd::IVector to_capd(const std::vector<Interval>& x) {
    ::capd::IVector out(static_cast<int>(x.size()));
    for (std::size_t i = 0; i < x.size(); ++i) out[static_cast<int>(i)] = to_capd(x[i]);
    return out;
}
inline std::vector<Interval> from_capd(const ::capd::IVector& x) {
    std::vector<Interval> out;
    out.reserve(x.dimension());
    for (int i = 0; i < static_cast<int>(x.dimension()); ++i) out.push_back(from_capd(x[i]));
    return out;
}

/// Entries by rows.
inline std::vector<Interval> from_capd(const ::capd::IMatrix& m) {
    std::vector<Interval> out;
    out.reserve(m.numberOfRows() * m.numberOfColumns());
    for (int i = 0; i < static_cast<int>(m.numberOfRows()); ++i) {
        for (int j = 0; j < static_cast<int>(m.numberOfColumns()); ++j) out.push_back(from_capd(m[i][j]));
    }
    return out;
}

}  // namespace capnode
