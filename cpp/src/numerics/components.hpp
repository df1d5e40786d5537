// Connected components of n things, by a union of trees: for every thing the least one it is connected with.
#pragma once

#include <cstddef>
#include <numeric>
#include <vector>

namespace capnode {

/// adjacent(i, j) is asked for i < j.
template <class Adjacent>
std::vector<std::size_t> connected(std::size_t n, Adjacent adjacent) {
    std::vector<std::size_t> parent(n);
    std::iota(parent.begin(), parent.end(), std::size_t{0});
    const auto root = [&parent](std::size_t i) {
        while (parent[i] != i) i = parent[i] = parent[parent[i]];
        return i;
    };
    for (std::size_t i = 0; i < n; ++i) {
        for (std::size_t j = i + 1; j < n; ++j) {
            if (!adjacent(i, j)) continue;
            const std::size_t a = root(i), b = root(j);
            (a < b ? parent[b] : parent[a]) = a < b ? a : b;
        }
    }
    for (std::size_t i = 0; i < n; ++i) parent[i] = root(i);
    return parent;
}

}  // namespace capnode
