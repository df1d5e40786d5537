#include "capnode/flow/tangent_tile.hpp"

namespace capnode {

std::vector<TangentTile> tangent_tiles(std::size_t columns) {
    const std::size_t count = columns < 200 ? 1 : 2 * ((columns + 255) / 256);
    std::vector<TangentTile> tiles(count);
    for (std::size_t t = 0; t < count; ++t) {
        tiles[t].first = columns * t / count;
        tiles[t].columns = columns * (t + 1) / count - tiles[t].first;
    }
    return tiles;
}

}  // namespace capnode
