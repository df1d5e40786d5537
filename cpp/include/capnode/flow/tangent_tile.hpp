// The columns of the tangents in tiles: a few tiles in wide systems, which threads share out, one in all others. How
// they are cut depends on the number of columns alone, so that results do not depend on the threads.
#pragma once

#include <cstddef>
#include <vector>

#include "capnode/numerics/matrix.hpp"
#include "capnode/numerics/worker_threads.hpp"

namespace capnode {

struct TangentTile {
    std::size_t first = 0, columns = 0;
    std::size_t stride = 0;  // of the orders in `series`
    AlignedVector series, radius, scratch, scratch2, factor;
};

/// Tiles (first and columns set) of so many columns: of 75 to 128 columns from 200 on.
std::vector<TangentTile> tangent_tiles(std::size_t columns);

}  // namespace capnode
